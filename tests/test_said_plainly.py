"""What the system refuses is one sentence with the place and what to do, and exit 1."""

import errno
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from orbital_kernel import config, connect, embedded
from vast_standin.custody.database import readable

LONG = "n" * 300
PRIVILEGES = "-dac_override,-dac_read_search"
AS_OWNER = ["setpriv", "--bounding-set", PRIVILEGES, "--inh-caps", PRIVILEGES]
"""The superuser obeys the modes of folders only without these capabilities."""

WRITERS = {
    "report": ("report", "02_provision_storage", "--out"),
    "demo": ("demo", "--out"),
    "sample": ("sample",),
    "observatory new": ("observatory", "new", "abc", "--folder"),
    "mapping draft": ("mapping", "draft", __file__, "--out"),
    "ingest --quarantine": ("ingest", __file__, "--quarantine"),
    "health --prometheus": ("health", "--prometheus"),
    "fetch": ("fetch", "heasarc", "SELECT 1", "--out"),
    "bursts population": ("bursts", "population", "--html"),
    "bursts followup": ("bursts", "followup", "B1", "--html"),
    "bursts watch": ("bursts", "watch", "--file"),
    "bursts scan": ("bursts", "scan", "--plots"),
}
"""Each command that writes where its user says, up to the place."""


@pytest.fixture
def run(home, orbital):
    """Return a call of the command line, which gives its only line on stderr."""

    def call(*arguments, prefix=(), limit=None):
        def small():
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

        done = subprocess.run(
            [*prefix, sys.executable, "-m", "orbital_kernel", *map(str, arguments)],
            env={**config.without_vendor_variables(os.environ), "ORBITAL_HOME": home},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            preexec_fn=None if limit is None else small,
        )
        assert 1 == done.returncode, done.stdout + done.stderr
        (line,) = filter(None, done.stderr.splitlines())
        assert line.startswith("orbital: ")
        return line

    return call


@pytest.fixture
def unwritable(tmp_path):
    folder = tmp_path / "unwritable"
    folder.mkdir(mode=0o555)
    return folder


@pytest.mark.parametrize("command", WRITERS)
def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(
    command, run, unwritable
):
    place = unwritable / "x"
    prefix = AS_OWNER if os.geteuid() == 0 else ()

    line = run(*WRITERS[command], place, prefix=prefix)

    assert f"orbital: cannot write to {place}: Permission denied; choose" in line
    assert [] == list(unwritable.iterdir())


def test_a_disk_that_is_read_only_is_named(run, tmp_path):
    mount = f'mount -t tmpfs -o ro none "{tmp_path}" && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")

    line = run("sample", tmp_path / "sky", prefix=prefix)
    folder = run("up", "--data", tmp_path / "home", prefix=prefix)

    assert f"cannot write to {tmp_path}/sky: {os.strerror(errno.EROFS)}" in line
    assert "choose a place on a disk that can be written to" in line
    assert f"{tmp_path}/home: {os.strerror(errno.EROFS)}" in folder
    assert "choose a folder that you may write to with --data" in folder


def test_a_place_below_a_file_is_refused(run):
    assert "a part of this path is a file" in run("sample", Path(__file__, "x"))


@pytest.mark.parametrize("command", WRITERS)
def test_a_name_that_is_too_long_for_the_disk_is_refused(command, run, tmp_path):
    line = run(*WRITERS[command], tmp_path / LONG)

    assert "File name too long; choose a shorter name" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ingest", f"/tmp/{LONG}"), "choose a shorter name"),
        (("up", "--data", f"/tmp/{LONG}"), "choose a shorter name"),
        (("query", "place", LONG), "no table has a position of"),
        (("query", "sql", f"SELECT a FROM swift.{LONG}"), "unknown table"),
        (("query", "time", f"swift.{LONG}", "2020-01-01", "2021-01-01"), "unknown"),
        (("bursts", "catalogued", LONG), "no burst catalogue and no notice has"),
        (("bursts", "followup", LONG), "has no burst"),
        (("observatory", "new", LONG), "cannot name an observatory"),
        (("--database", LONG, "query", "sql", "SELECT 1"), "a database cannot be"),
    ],
)
def test_a_name_that_is_too_long_is_an_answer_like_any_other(arguments, words, run):
    assert words in run(*arguments)


@pytest.mark.parametrize(
    "arguments", [("status",), ("query", "sql", "SELECT 1"), ("bursts", "scan")]
)
def test_too_few_open_files_are_refused_with_the_number(arguments, run):
    line = run(*arguments, limit=12)

    assert "needs 64 open files and this shell allows 12" in line
    assert "`ulimit -n 4096`" in line


def test_a_soft_limit_is_raised_as_far_as_the_hard_one_allows(home, orbital):
    def small():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, hard))

    command = [sys.executable, "-m", "orbital_kernel", "status"]
    environment = {**os.environ, "ORBITAL_HOME": str(home)}
    subprocess.run(command, env=environment, preexec_fn=small, check=True)


def test_a_platform_without_open_files_never_calls_its_data_damaged_or_lost(tmp_path):
    connect(tmp_path)
    embedded.stop(tmp_path)
    command = [sys.executable, "-m", "vast_standin", "--data", str(tmp_path)]
    texts = []

    for limit in (8, 16, 32, 64):

        def small(limit=limit):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

        server = subprocess.Popen(
            command,
            preexec_fn=small,  # noqa: PLW1509 - no thread runs here
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        server.stdout.readline()  # its addresses, or nothing if it ends
        server.send_signal(signal.SIGTERM)
        texts.append(server.communicate()[1])

    refusals = ["needs 64 open files" in text for text in texts]
    assert [True, True, True, False] == refusals
    assert not any("damaged" in text or "Traceback" in text for text in texts)
    assert not (tmp_path / "lost").exists()
    assert connect(tmp_path).tables() == {}
    embedded.stop(tmp_path)


def test_a_database_that_the_system_does_not_open_is_not_called_damaged(tmp_path):
    path = tmp_path / "catalogue.sqlite"
    path.mkdir()

    with pytest.raises(sqlite3.OperationalError) as refusal, readable(path):
        sqlite3.connect(path)

    assert f"{path} cannot be opened or written" in str(refusal.value)
    assert "nothing in it was changed" in str(refusal.value)


def test_sql_that_runs_while_the_platform_stops_ends_with_a_sentence(tmp_path):
    session = connect(tmp_path)
    session.storage.apply()
    session.store.insert("swift.events", pa.table({"obs_id": ["1"] * 300}))
    log = tmp_path / "access.log"
    tables = ", ".join(f"swift.events AS t{number}" for number in range(8))
    text = f"SELECT count(*) AS n FROM {tables}"
    client = subprocess.Popen(
        [sys.executable, "-m", "orbital_kernel", "query", "sql", text],
        env={**os.environ, "ORBITAL_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while b"query-engine-capabilities" not in log.read_bytes():  # the SQL follows
        assert client.poll() is None
        time.sleep(0.01)
    embedded.stop(tmp_path)
    _, line = client.communicate(timeout=120)

    assert 1 == client.returncode
    assert re.search(r"does not answer \(.+\): it was stopped, or the network", line)
    assert "Traceback" not in line
