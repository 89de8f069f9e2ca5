"""What `orbital` logs: tracebacks in the platform's folder, one sentence on screen."""

import json
import stat
import subprocess
import sys

import pytest
from test_cli import run

from orbital_kernel.commands import log

BROKEN = "import json, os\nraise RuntimeError({reason})\n"


@pytest.fixture
def broken(tmp_path):
    """Return what breaks an installation: a module that fails when it is imported."""

    def write(reason):
        (tmp_path / "papermill.py").write_text(BROKEN.format(reason=reason))
        return str(tmp_path)

    return write


@pytest.fixture
def report(tmp_path, broken):
    """Return what runs `orbital report` in such an installation."""

    def run_report(*options, reason="'half installed'", home=None, **environment):
        home = home or tmp_path / "home"
        path = broken(reason)
        words = (*options, "report", "01_start_here", "--out", tmp_path / "out")
        return run(*words, home=home, PYTHONPATH=path, **environment)

    return run_report


def test_an_unexpected_failure_is_one_sentence_that_names_command_reason_and_log(
    report, tmp_path
):
    ended = report()
    path = tmp_path / "home" / log.FILE
    logged = path.read_text()

    assert 1 == ended.returncode
    assert "" == ended.stdout
    assert (
        "orbital: `orbital report` failed unexpectedly (RuntimeError: half installed); "
        f"the log with the traceback is {path}\n"
    ) == ended.stderr
    assert "Traceback (most recent call last)" in logged
    assert logged.endswith("RuntimeError: half installed\n")


def test_verbose_shows_the_traceback_too(report):
    ended = report("--verbose")

    assert 1 == ended.returncode
    assert "Traceback (most recent call last)" in ended.stderr
    assert "`orbital report` failed unexpectedly" in ended.stderr.splitlines()[-1]


def test_verbose_shows_the_traceback_of_an_error_on_purpose(tmp_path):
    ended = run("--verbose", "report", "nope", home=tmp_path)

    assert "Traceback (most recent call last)" in ended.stderr
    assert "orbital: there is no report 'nope'" in ended.stderr
    assert "ReportError" in (tmp_path / log.FILE).read_text()


def test_an_error_on_purpose_is_not_logged_without_verbose(tmp_path):
    ended = run("report", "nope", home=tmp_path / "home")

    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "home").exists()


def test_the_log_is_in_the_folder_that_data_names(tmp_path):
    folder = tmp_path / "platform"
    folder.mkdir()
    (folder / "standin.json").write_text("{")

    ended = run("--verbose", "status", "--data", folder, home=tmp_path / "home")

    assert 1 == ended.returncode
    assert "`orbital status` ended with an error" in (folder / log.FILE).read_text()
    assert not (tmp_path / "home").exists()


def test_only_its_owner_may_read_the_log(report, tmp_path):
    report()
    path = tmp_path / "home" / log.FILE

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


def test_a_full_log_is_followed_by_a_new_file(report, tmp_path):
    path = tmp_path / "home" / log.FILE
    path.parent.mkdir(parents=True)
    path.write_text("x" * log.MOST_BYTES)

    report()

    assert "x" * log.MOST_BYTES == path.with_name("orbital.log.1").read_text()
    assert "half installed" in path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_secret_of_the_environment_is_in_neither_log_nor_sentence(report, tmp_path):
    reason = "'cannot sign with ' + os.environ['AWS_SECRET_ACCESS_KEY']"

    ended = report("--verbose", reason=reason, AWS_SECRET_ACCESS_KEY="my-own-secret")

    logged = (tmp_path / "home" / log.FILE).read_text()
    assert "my-own-secret" not in ended.stderr + logged
    assert f"cannot sign with {log.HIDDEN}" in logged


def test_keys_of_the_embedded_platform_are_in_neither_log_nor_sentence(
    report, home, orbital
):
    keys = json.loads((home / "credentials.json").read_text())
    reason = f"open({str(home / 'credentials.json')!r}).read()"

    ended = report("--verbose", reason=reason, home=home)

    text = ended.stderr + (home / log.FILE).read_text()
    assert f'"secret_key": "{log.HIDDEN}"' in text
    assert keys["secret_key"] not in text
    assert keys["vms_password"] not in text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("https://me:word@host/hook", "https://(hidden)@host/hook"),
        ("post to https://host/hook?key=word: 403", "https://host/hook?(hidden) 403"),
        ("is it there? yes", "is it there? yes"),
    ],
)
def test_private_parts_of_an_address_are_hidden(text, hidden):
    assert hidden in log.without_secrets(text)


def test_without_a_folder_to_write_to_verbose_shows_why_and_the_traceback(
    report, tmp_path
):
    (tmp_path / "file").touch()

    brief = report(home=tmp_path / "file" / "home")
    verbose = report("--verbose", home=tmp_path / "file" / "home")

    assert "no log file could be written: run it again as" in brief.stderr
    assert 1 == len(brief.stderr.splitlines())
    assert "orbital: no log file is written: " in verbose.stderr
    assert "Traceback (most recent call last)" in verbose.stderr


def test_a_warning_is_shown_as_a_sentence_and_logged(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", WARNS],
        env={"ORBITAL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "warning: the ledger lacks 3 rows\n" == ended.stderr
    assert (
        "WARNING orbital_kernel.query: the ledger lacks 3 rows"
        in (tmp_path / log.FILE).read_text()
    )


WARNS = """
import logging
from orbital_kernel.commands import log

log.begin(verbose=False)
logging.getLogger("orbital_kernel.query").warning("the ledger lacks %d rows", 3)
"""


def test_loggers_of_libraries_and_the_root_logger_stay_as_they_are():
    printed = subprocess.check_output([sys.executable, "-c", LEVELS], text=True)

    assert "[]\n" == printed


LEVELS = """
import logging
from orbital_kernel.commands import log

names = ("", "urllib3", "vastdb", "asyncio")
state = lambda: [(logging.getLogger(n).level, *logging.getLogger(n).handlers) for n in names]
before = state()
log.begin(verbose=True)
print([] if before == state() else state())
"""
