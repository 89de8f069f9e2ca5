"""README and guide: code blocks run, commands parse, pages bring nothing from outside."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

from orbital_kernel.__main__ import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
FILES = re.compile(r"```\{code-block\} \w+\n:caption: (\S+)\n(.*?)\n```", re.DOTALL)
CHEAP = ("query", "status", "env", "observatory list", "bursts catalogued")
"""Commands whose examples are run too, and must exit with 0."""
LINKS = re.compile(
    r"""<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=["'](https?:)?//"""
    r"|@import|url\(\s*[\"']?(?:https?:)?//",
)


def _page(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="session")
def reader_of_the_guide(stocked, home):
    """Return a platform with the sample sky and an empty database for own tables."""
    return home


@pytest.fixture
def desk(tmp_path, monkeypatch, reader_of_the_guide):
    """Go to an empty folder, connected to the platform as a reader of the guide is."""
    for name in ("AWS_S3_ENDPOINT_URL", "VMS_ADDRESS", "ORBITAL_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORBITAL_HOME", str(reader_of_the_guide))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _parse(words):
    """Parse a command line as click does; usage errors are raised, nothing runs."""
    command, context, arguments = cli, click.Context(cli, info_name="orbital"), words
    while isinstance(command, click.Group):
        _, arguments, _ = command.make_parser(context).parse_args(list(arguments))
        name, command, arguments = command.resolve_command(context, arguments)
        context = click.Context(command, info_name=name, parent=context)
    if "--help" in arguments:
        return
    try:
        command.make_context(context.info_name, list(arguments), context.parent)
    except click.BadParameter as error:
        if "does not exist" not in error.message:
            raise


def _shell(example):
    """Parse each `orbital` line of a block; run those that are cheap."""
    for line in example.parsed.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] != ["orbital"]:
            continue
        _parse(words[1:])
        if line.removeprefix("orbital ").startswith(CHEAP):
            outcome = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
            assert outcome.exit_code == 0, f"{line}: {outcome.output}"


def _document(path):
    parsers = [PythonCodeBlockParser(), CodeBlockParser("shell", _shell)]
    return Sybil(parsers, path=str(path.parent)).parse(path)


def test_every_guide_is_a_page_of_the_index():
    index = (ROOT / "docs" / "index.md").read_text()

    assert len(PAGES) > 5
    assert [] == [p.stem for p in PAGES[1:] if f"guide/{p.stem}\n" not in index]


@pytest.mark.parametrize("path", PAGES, ids=_page)
def test_the_code_of_a_page_runs_from_top_to_bottom(path, desk):
    for name, text in FILES.findall(path.read_text()):
        (desk / name).write_text(text + "\n")
    document = _document(path)
    examples = list(document.examples())

    assert examples
    for example in examples:
        example.evaluate()


@pytest.mark.parametrize("words", ["query cone", "query cone t --rad 3", "nothing"])
def test_a_wrong_command_in_a_page_is_noticed(words):
    with pytest.raises(click.UsageError):
        _parse(words.split())


def test_built_pages_load_nothing_from_the_network(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "docs", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    pages = [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]

    assert any(page.name == "formats.html" for page in pages)
    assert {} == {p.name: m for p in pages if (m := LINKS.findall(p.read_text()))}
    shutil.rmtree(tmp_path)
