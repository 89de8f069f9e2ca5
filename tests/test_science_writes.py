"""Science takes values in and gives values out: it writes no file."""

import ast
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import orbital_kernel
from orbital_kernel.__main__ import cli
from orbital_kernel.commands.bursts import thresholds
from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts.calibration import packaged

PACKAGE = Path(orbital_kernel.__file__).parent
WRITERS = frozenset(
    [
        "chmod",
        "dump",
        "hardlink_to",
        "makedirs",
        "memmap",
        "mkdir",
        "mkstemp",
        "open",
        "rmdir",
        "save",
        "savetxt",
        "sink_csv",
        "sink_ipc",
        "sink_parquet",
        "symlink_to",
        "to_csv",
        "tofile",
        "touch",
        "unlink",
        "write",
        "write_bytes",
        "write_csv",
        "write_json",
        "write_ndjson",
        "write_parquet",
        "write_text",
    ]
)
INTO_MEMORY = frozenset(["savez", "write_ipc"])
CALIBRATE = ["bursts", "calibrate", "--days", "0.01", "--tries", "0", "--keep"]


def _calls(node):
    """Yield (name, call) of each function or method that is called."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            function = call.func
            yield getattr(function, "attr", getattr(function, "id", "")), call


def _buffers(function):
    """Return the names that a function binds to buffers in memory."""
    return {
        target.id
        for statement in ast.walk(function)
        if isinstance(statement, ast.Assign)
        and ast.unparse(statement.value) == "io.BytesIO()"
        for target in statement.targets
    }


def test_science_calls_no_function_that_writes_a_file():
    writers = []
    for path in sorted((PACKAGE / "science").rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        writers += [(path.name, name) for name, _ in _calls(module) if name in WRITERS]
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef):
                buffers = _buffers(function)
                writers += [
                    (path.name, name)
                    for name, call in _calls(function)
                    if name in INTO_MEMORY and ast.unparse(call.args[0]) not in buffers
                ]

    assert [] == writers


def _digests():
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ORBITAL_HOME", str(tmp_path))
    return tmp_path


def test_a_kept_calibration_changes_no_file_of_the_package(home):
    before = _digests()

    result = CliRunner().invoke(cli, [*CALIBRATE, "--json"])

    assert 0 == result.exit_code, result.output
    assert before == _digests()
    assert str(home / "thresholds.json") == json.loads(result.stdout)["kept"]
    assert [home / "thresholds.json"] == list(home.glob("thresholds*"))


def test_a_kept_calibration_is_used_before_the_packages(home):
    assert "package" == thresholds.used(1.0)[1]["calibration"]

    CliRunner().invoke(cli, CALIBRATE)
    settings, origin = thresholds.used(1.0)

    stored = json.loads((home / "thresholds.json").read_text(encoding="utf-8"))
    assert str(home / "thresholds.json") == origin["calibration"]
    assert stored["provenance"]["date"] == origin["date"]
    assert origin["date"] in thresholds.sentence(origin)
    assert thresholds.calibration().settings_for(1.0) == settings
    assert packaged().settings_for(1.0) != settings


def test_the_default_thresholds_are_the_packages(home):
    CliRunner().invoke(cli, CALIBRATE)

    assert "package" == thresholds.used(None)[1]["calibration"]


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"curves": {}, "provenance": {}}'])
def test_a_damaged_calibration_is_refused_with_its_file_and_a_remedy(home, text):
    (home / "thresholds.json").write_text(text, encoding="utf-8")

    with pytest.raises(QueryError, match=r"thresholds\.json.*calibrate --keep"):
        thresholds.calibration()
