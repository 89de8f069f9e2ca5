"""Backups of a platform: one moment of all it holds, whole or not there at all."""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from backup_platform import (
    BUCKET,
    COUNTED,
    PATH,
    TEXTS,
    Writer,
    numbers,
    s3_of,
    session_of,
    state,
    vms_of,
)
from filelock import FileLock

from orbital_kernel import config, connect, embedded
from orbital_kernel.commands import INTERRUPTED
from orbital_kernel.embedded.backup import backup, verify
from orbital_kernel.embedded.manifest import NAME
from orbital_kernel.embedded.restore import restore
from orbital_kernel.errors import PlatformError
from orbital_kernel.monitor.checkpoint import Checkpoints

HALF = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma cache_size=5")
db.execute("create table rows (n, text)")
db.execute("insert into rows values (0, '')")
db.execute("begin")
db.execute("update rows set n=1")
db.executemany("insert into rows values (1, ?)", [("x" * 999,)] * 999)
print("written", flush=True)
sys.stdin.read()
"""
"""Leaves a transaction that is partly on disk."""
SEEDS = range(12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample):
    """Return the folder of a platform that holds the sample, objects and a snapshot."""
    folder = tmp_path_factory.mktemp("backup") / "data"
    orbital = connect(folder)
    orbital.storage.apply()
    assert () == orbital.ingest(sample.archive).in_state("refused")
    orbital.flush()
    s3 = s3_of(orbital.settings)
    for number in range(60):
        s3.put_object(Bucket=COUNTED, Key=f"object {number}", Body=b"%d" % number * 999)
    vms_of(orbital.settings).snapshots.post(name="before", path=PATH)
    yield folder
    embedded.stop(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the backup of a platform without rows, and what that platform held."""
    folder = tmp_path_factory.mktemp("small")
    connect(folder / "data").storage.apply()
    held = state(folder / "data")
    embedded.stop(folder / "data")
    backup(folder / "data", folder / "safe")
    return folder / "safe", held


@pytest.fixture(scope="module")
def held(folder):
    """Return what that platform holds; no test changes it."""
    return state(folder)


@pytest.fixture(scope="module")
def stored(folder, held, tmp_path_factory):
    """Return a backup of the platform, and what the platform holds."""
    safe = tmp_path_factory.mktemp("stored") / "safe"
    backup(folder, safe)
    return safe, held


@pytest.fixture
def counted(tmp_path):
    """Return a platform whose writer is ready, and its folder."""
    folder = tmp_path / "counted"
    orbital = connect(folder)
    orbital.storage.apply()
    writer = Writer(orbital.settings)
    writer.prepare()
    yield folder, writer
    writer.ended.set()
    embedded.stop(folder)


@pytest.fixture
def elsewhere(tmp_path):
    """Return a folder for a restored platform, which is stopped at the end."""
    yield tmp_path / "elsewhere"
    embedded.stop(tmp_path / "elsewhere")


def orbital_command(*arguments, **options):
    """Start an `orbital` command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "orbital_kernel", *map(str, arguments)],
        env=config.without_vendor_variables(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def moment(stored, seed):
    """Return after how many files a command is killed; the last ones are the end."""
    last = sum(len(files) for _, _, files in os.walk(stored[0])) + 1
    return random.Random(seed).randrange(1, last + 1) if seed else last


def killed(process, partial, count, number=signal.SIGKILL):
    """Send a signal once a folder holds so many files, or is gone again."""
    seen = 0
    while process.poll() is None and seen < count:
        now = sum(len(files) for _, _, files in os.walk(partial))
        if now < seen:
            break
        seen = now
    process.send_signal(number)
    process.communicate()


def test_a_restored_platform_holds_what_was_there_at_the_backup(
    folder, held, tmp_path, elsewhere
):
    summary = backup(folder, tmp_path / "safe")

    restored = restore(tmp_path / "safe", elsewhere)

    assert (summary.files, summary.bytes) == (restored.files, restored.bytes)
    assert () == restored.missing
    assert held == state(elsewhere)
    s3 = s3_of(embedded.ensure(elsewhere))
    s3.put_object(Bucket=COUNTED, Key="later", Body=b"later")
    s3.delete_object(Bucket=COUNTED, Key="object 1")
    assert held == state(folder)
    status = embedded.status(elsewhere)
    assert (True, ()) == (status.healthy, status.warnings)
    assert embedded.ensure(folder).secret_key == embedded.ensure(elsewhere).secret_key


def test_a_backup_while_clients_write_is_one_moment_of_rows_objects_and_records(
    counted, tmp_path
):
    folder, writer = counted
    thread = threading.Thread(target=writer.run)
    thread.start()
    bounds = []
    for number in range(4):
        while writer.confirmed < 4 * (number + 1):
            assert [] == writer.errors
        before = writer.confirmed
        backup(folder, tmp_path / f"safe {number}")
        bounds.append((before, writer.started))
    writer.ended.set()
    thread.join()

    assert [] == writer.errors
    for number, (low, high) in enumerate(bounds):
        target = tmp_path / f"restored {number}"
        restore(tmp_path / f"safe {number}", target)
        rows, newest, second, quota = numbers(target)
        healthy = embedded.status(target).healthy
        embedded.stop(target)
        assert healthy
        assert low <= quota <= second <= newest <= rows[-1] <= high
        assert rows[-1] <= quota + 1
        assert list(range(max(1, rows[-1] - 2), rows[-1] + 1)) == rows
    assert not (folder / "copying").exists()


def test_what_the_platform_dropped_during_a_backup_is_removed_after_it(
    counted, tmp_path
):
    folder, writer = counted
    thread = threading.Thread(target=writer.run)
    thread.start()
    while writer.confirmed < 6:
        assert [] == writer.errors
    for number in range(3):
        backup(folder, tmp_path / f"safe {number}")
    writer.ended.set()
    thread.join()
    embedded.stop(folder)
    embedded.ensure(folder)

    files = [
        path for path in (folder / "objects" / "data").rglob("*") if path.is_file()
    ]
    assert 4 == len(files)
    assert not (folder / "lost").exists()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_backup_killed_at_any_moment_is_whole_or_not_there(
    folder, stored, tmp_path, seed
):
    settings = embedded.ensure(folder)
    pid = embedded.status(folder).pid
    target, partial = tmp_path / "safe", tmp_path / "safe.partial"
    process = orbital_command("backup", target, "--data", folder)
    killed(process, partial, moment(stored, seed))

    if target.exists():
        verify(target)
        target.rename(tmp_path / "complete")
    else:
        with pytest.raises(PlatformError, match="not a complete backup"):
            restore(partial, tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    assert settings == embedded.ensure(folder)
    assert pid == embedded.status(folder).pid
    assert [] == list((folder / "lost").glob("*"))
    if seed % 4 == 0:
        assert stored[1] == state(folder)
    backup(folder, target)
    verify(target)
    assert not (tmp_path / "safe.partial").exists()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restore_killed_at_any_moment_leaves_the_old_platform_or_the_new(
    stored, small, tmp_path, seed
):
    (safe, saved), (earlier_safe, earlier) = stored, small
    place = tmp_path / "data"
    restore(earlier_safe, place)
    restoring = ("restore", safe, "--data", place, "--replace")
    process = orbital_command(*restoring)
    killed(process, tmp_path / "data.restoring", moment(stored, seed))

    present = state(place)
    embedded.stop(place)

    assert present in (earlier, saved)
    if present == saved:
        (aside,) = (p for p in place.parent.iterdir() if p != place)
        aside = aside.rename(place.parent / "set aside")
        assert earlier == state(aside)
        embedded.stop(aside)
    restored = restore(safe, place, replace=True)
    assert Path(restored.set_aside).is_dir()
    assert saved == state(place)
    embedded.stop(place)


@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_leaves_nothing_half(folder, stored, tmp_path, seed):
    process = orbital_command("backup", tmp_path / "safe", "--data", folder)
    killed(process, tmp_path / "safe.partial", moment(stored, seed), signal.SIGINT)

    assert process.returncode in (0, INTERRUPTED)
    if (tmp_path / "safe").exists():
        verify(tmp_path / "safe")
    assert not (tmp_path / "safe.partial").exists()
    assert not (folder / "copying").exists()


@pytest.mark.parametrize("late", [False, True])
def test_a_platform_killed_during_a_backup_gives_a_whole_backup_or_an_error(
    folder, held, tmp_path, late
):
    embedded.ensure(folder)
    process = orbital_command("backup", tmp_path / "safe", "--data", folder)
    while process.poll() is None and not (tmp_path / "safe.partial").exists():
        pass
    while process.poll() is None and late and not (folder / "copying").exists():
        pass
    os.kill(embedded.status(folder).pid, signal.SIGKILL)
    _, errors = process.communicate()

    if process.returncode == 0:
        verify(tmp_path / "safe")
    else:
        assert 1 == len(errors.strip().splitlines()), errors
        assert not (tmp_path / "safe").exists()
    assert held == state(folder)


@pytest.mark.parametrize(
    "name",
    ["tables/catalogue.sqlite", "objects/data", "vms.sqlite", "credentials.json"],
)
def test_a_flipped_byte_is_named_and_nothing_is_changed(folder, tmp_path, name):
    safe, place = tmp_path / "safe", tmp_path / "place"
    backup(folder, safe)
    path = safe / name
    if path.is_dir():
        path = next(p for p in sorted(path.rglob("*")) if p.is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    listed = path.relative_to(safe).as_posix()

    with pytest.raises(PlatformError, match=f"{listed} of the backup .* is damaged"):
        restore(safe, place)
    with pytest.raises(PlatformError, match=f"{listed} of the backup .* is damaged"):
        verify(safe)
    path.unlink()
    with pytest.raises(PlatformError, match=f"{listed} of the backup .* is missing"):
        restore(safe, place)

    assert [safe] == list(tmp_path.iterdir())


def test_no_byte_of_the_manifest_can_be_flipped_unnoticed(folder, tmp_path):
    safe = tmp_path / "safe"
    backup(folder, safe)
    content = (safe / NAME).read_bytes()
    dice = random.Random(0)
    for _ in range(300):
        position, bit = dice.randrange(len(content)), 1 << dice.randrange(8)
        changed = bytearray(content)
        changed[position] ^= bit
        (safe / NAME).write_bytes(changed)
        if _is_space(content[position]) and _is_space(changed[position]):
            continue
        with pytest.raises(PlatformError, match=NAME):
            verify(safe)


def _is_space(byte: int) -> bool:
    return bytes([byte]) in (b" ", b"\n", b"\t", b"\r")


def test_a_platform_that_was_killed_is_backed_up_and_not_left_running(
    folder, held, tmp_path, elsewhere
):
    embedded.ensure(folder)
    os.kill(embedded.status(folder).pid, signal.SIGKILL)

    backup(folder, tmp_path / "safe")

    assert not embedded.status(folder).running
    restore(tmp_path / "safe", elsewhere)
    assert held == state(elsewhere)


def test_a_backup_is_private_and_holds_the_watchers_checkpoint(
    folder, tmp_path, elsewhere
):
    Checkpoints(folder / "watch")
    observatory = folder / "observatories" / "mine.toml"
    observatory.parent.mkdir()
    observatory.write_text("name = 'mine'\n")
    backup(folder, tmp_path / "safe")
    shutil.rmtree(observatory.parent)

    paths = [tmp_path / "safe", *(tmp_path / "safe").rglob("*")]
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in paths}

    assert {(True, 0o700), (False, 0o600)} == modes
    restore(tmp_path / "safe", elsewhere)
    assert {} == Checkpoints(elsewhere / "watch").courses()
    assert "name = 'mine'\n" == (elsewhere / "observatories" / "mine.toml").read_text()


def test_a_checkpoint_that_a_kill_left_unfinished_is_undone_in_the_backup(
    folder, tmp_path
):
    path = folder / "watch" / "half.sqlite"
    path.parent.mkdir(exist_ok=True)
    writer = subprocess.Popen(
        [sys.executable, "-c", HALF, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    writer.stdout.readline()
    writer.kill()
    writer.communicate()
    assert path.with_name("half.sqlite-journal").exists()
    backup(folder, tmp_path / "safe")

    with closing(sqlite3.connect(tmp_path / "safe" / "watch" / "half.sqlite")) as copy:
        assert (1, 0) == copy.execute("select count(*), sum(n) from rows").fetchone()
    assert not (tmp_path / "safe" / "watch" / "half.sqlite-journal").exists()
    path.write_bytes(b"no database" * 99)
    with pytest.raises(
        PlatformError, match=r"half\.sqlite cannot be read as a database"
    ):
        backup(folder, tmp_path / "other")
    path.unlink()


def test_a_backup_never_replaces_anything_and_lies_outside_its_platform(
    folder, tmp_path
):
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(PlatformError, match="exists already"):
        backup(folder, tmp_path)
    with pytest.raises(PlatformError, match="within the platform's folder"):
        backup(folder, folder / "safe")
    with pytest.raises(PlatformError, match="holds no platform"):
        backup(tmp_path / "nothing", tmp_path / "safe")
    assert ["notes.txt"] == [path.name for path in tmp_path.iterdir()]


def test_a_restore_is_refused_onto_data_and_onto_a_running_platform(folder, tmp_path):
    backup(folder, tmp_path / "safe")
    embedded.ensure(folder)

    with pytest.raises(PlatformError, match=r"holds data already .* --replace"):
        restore(tmp_path / "safe", folder)
    with pytest.raises(PlatformError, match=r"in use \(pid \d+\): run `orbital down"):
        restore(tmp_path / "safe", folder, replace=True)
    with pytest.raises(PlatformError, match="not a complete backup"):
        restore(tmp_path, tmp_path / "new")
    assert ["safe"] == [path.name for path in tmp_path.iterdir()]


def test_a_folder_that_lies_where_a_backup_would_be_filled_is_refused(folder, tmp_path):
    (tmp_path / "safe.partial").mkdir()
    (tmp_path / "safe.partial" / "mine.txt").write_text("mine")

    with pytest.raises(PlatformError, match="not those of an interrupted run"):
        backup(folder, tmp_path / "safe")
    assert "mine" == (tmp_path / "safe.partial" / "mine.txt").read_text()


def test_two_backups_of_a_platform_at_once_are_refused(folder, tmp_path):
    with (
        FileLock(folder / "backup.lock"),
        pytest.raises(PlatformError, match="another backup"),
    ):
        backup(folder, tmp_path / "safe")
    assert [] == list(tmp_path.iterdir())


def test_the_commands_print_one_document_and_progress_only_on_stderr(
    folder, tmp_path, elsewhere
):
    def document(*arguments):
        process = orbital_command(*arguments, "--json")
        output, _ = process.communicate()
        assert 0 == process.returncode
        return json.loads(output)

    first = document("backup", tmp_path / "safe", "--data", folder)
    again = document("backup", tmp_path / "safe", "--verify")
    restored = document("restore", tmp_path / "safe", "--data", elsewhere)

    assert first | {"verified": True} == again
    assert first["moment_utc"] == restored["moment_utc"]
    assert None is restored["set_aside"]


def test_damage_in_the_platform_is_named_and_never_copied_in_silence(
    tmp_path, elsewhere
):
    place = tmp_path / "data"
    orbital = connect(place)
    orbital.storage.apply()
    Writer(orbital.settings).prepare()
    body = os.urandom(300_000)
    s3_of(orbital.settings).put_object(Bucket=COUNTED, Key="rotten", Body=body)
    with session_of(orbital.settings).transaction() as tx:
        rows = pa.table({"n": range(9000), "text": ["t"] * 9000}, schema=TEXTS)
        tx.bucket(BUCKET).schema("counted").table("first").insert(rows)
    embedded.stop(place)
    rotten = {
        max(
            (path for path in (place / folder).rglob("*") if path.is_file()),
            key=lambda path: path.stat().st_size,
        )
        for folder in ("objects/data", "tables/segments")
    }
    for path in rotten:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    names = sorted(path.relative_to(place).as_posix() for path in rotten)

    process = orbital_command("backup", tmp_path / "safe", "--data", place)
    output, _ = process.communicate()
    restored = restore(tmp_path / "safe", elsewhere)

    assert 1 == process.returncode
    assert "warning: 2 files were damaged in the platform itself" in output
    assert names == sorted(restored.damaged)
    assert names == sorted(verify(tmp_path / "safe").damaged)
    for name in names:
        assert name in output
        assert (place / name).read_bytes() == (elsewhere / name).read_bytes()


def test_a_whole_platform_has_no_damage(stored):
    assert () == verify(stored[0]).damaged


def test_a_backup_of_an_earlier_version_is_still_read(folder, tmp_path):
    backup(folder, tmp_path / "safe")
    path = tmp_path / "safe" / NAME
    document = json.loads(path.read_text())
    del document["damaged"], document["digest"]
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(document | {"digest": digest}))

    assert () == verify(tmp_path / "safe").damaged
