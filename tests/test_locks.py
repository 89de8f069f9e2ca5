"""Locks say whom they wait for, end at a limit, and are out of strangers' reach."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from orbital_kernel import connect, embedded
from orbital_kernel.config.locks import Lock
from orbital_kernel.embedded.backup import backup
from orbital_kernel.errors import PlatformError, StoreError
from orbital_kernel.ingest.lock import only_one
from orbital_kernel.monitor.checkpoint import Checkpoints

HOLDER = """
import sys
from pathlib import Path
from orbital_kernel.config.locks import Lock
from orbital_kernel.errors import StoreError
with Lock(Path(sys.argv[1]), "an ingest", StoreError).held(0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold():
    """Return a function that has another process hold a lock file."""
    holders = []

    def start(path):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        holders.append(holder)
        assert b"held\n" == holder.stdout.readline()
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.communicate()


def test_who_waits_is_shown_whom_it_waits_for(tmp_path, hold, caplog):
    holder = hold(tmp_path / "x.lock")
    lock = Lock(tmp_path / "x.lock", "another ingest", StoreError)

    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(StoreError, match=f"process {holder.pid} of .* since .* UTC"),
    ):
        lock.acquire(2.5)

    (message,) = caplog.messages
    assert message.startswith("waiting at most 2 s for another ingest to end: process ")
    assert str(tmp_path / "x.lock") in message


def test_a_lock_is_free_when_its_owner_was_killed_whatever_the_note_says(
    tmp_path, hold
):
    path = tmp_path / "x.lock"
    holder = hold(path)
    holder.kill()
    holder.wait()
    lock = Lock(path, "another ingest", StoreError)

    assert holder.pid == lock.owner.pid
    with lock.held(0):
        assert os.getpid() == lock.owner.pid
    assert lock.owner is None


@pytest.mark.parametrize("note", [b"", b"\xff", b"[]", b'{"pid": 1}', b"{}"])
def test_a_note_that_cannot_be_read_blocks_nothing(tmp_path, note):
    (tmp_path / "x.lock.owner").write_bytes(note)

    with Lock(tmp_path / "x.lock", "another ingest", StoreError).held(0):
        pass


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session on a platform of its own."""
    home = tmp_path_factory.mktemp("locks") / "home"
    yield connect(home)
    embedded.stop(home)


def ingest_files(session):
    return {path.suffix: path for path in session.home.glob("ingest-*")}


def test_the_lock_of_an_ingest_is_in_the_platforms_own_folder(session):
    before = set(Path(tempfile.gettempdir()).glob("orbital-ingest-*"))

    with only_one(session.store) as begun:
        begun(17)
        files = ingest_files(session)
        modes = {path.stat().st_mode & 0o777 for path in files.values()}

    assert {".lock", ".owner", ".transaction"} == set(files)
    assert {0o600} == modes
    assert 0o700 == session.home.stat().st_mode & 0o777
    assert before == set(Path(tempfile.gettempdir()).glob("orbital-ingest-*"))


def test_a_second_ingest_ends_at_its_limit_with_the_name_of_the_first(session):
    waited = []

    def second():
        with (
            pytest.raises(StoreError, match=f"process {os.getpid()} of") as refused,
            only_one(session.store, wait_s=0.1),
        ):
            pass
        waited.append(str(refused.value))

    with only_one(session.store):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    assert "another ingest into orbital is not finished" in waited[0]


@pytest.mark.parametrize(
    "text", ["", "12", "no number", '{"target": "elsewhere", "transaction": %d}']
)
def test_a_strangers_note_ends_no_transaction(session, text):
    with only_one(session.store) as begun:
        begun(0)
        note = ingest_files(session)[".transaction"]
    with session.store.transaction() as tx:
        number = tx._tx.txid
        note.write_text(text % number if "%" in text else text)
        with only_one(session.store):
            assert not note.exists()
        tx.tables()


def test_a_note_of_a_killed_ingest_ends_its_transaction(session):
    left = session.store._session.transaction()
    transaction = left.__enter__()
    with only_one(session.store) as begun:
        begun(transaction.txid)
        note = ingest_files(session)[".transaction"]
        content = note.read_text()
    note.write_text(content)
    assert transaction.txid == json.loads(content)["transaction"]

    with only_one(session.store):
        pass

    assert not session.store.roll_back(transaction.txid)


def test_watchers_backups_and_starts_name_who_holds_them(session, tmp_path, hold):
    watch = hold(tmp_path / "watch.lock")
    with (
        pytest.raises(StoreError, match=f"another watcher.* process {watch.pid} of"),
        Checkpoints(tmp_path).held(),
    ):
        pass
    other = hold(session.home / "backup.lock")
    with pytest.raises(PlatformError, match=f"another backup.* process {other.pid} of"):
        backup(session.home, tmp_path / "safe")


def test_status_shows_who_holds_a_lock_and_no_longer_who_has_ended(hold, tmp_path):
    held, ended = (
        hold(tmp_path / "ingest.lock"),
        hold(tmp_path / "watch" / "watch.lock"),
    )
    both = embedded.status(tmp_path).locks
    ended.kill()
    ended.wait()
    after = embedded.status(tmp_path).locks

    assert {"ingest.lock", "watch/watch.lock"} == set(both)
    assert ["ingest.lock"] == list(after)
    assert f"process {held.pid} of " in after["ingest.lock"]
