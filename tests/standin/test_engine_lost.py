"""Databases lost, emptied, aged or exchanged: a start deletes nothing it does not know.

One folder is built in stages, with the vendors' clients, and copied after each. A test
damages a copy as a failed restore would, starts the stand-in on it, and looks where
every file went; then the right databases return, and with them every row and object.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import Standin
from tabular import BUCKET, connect, make_table, table_in
from vastdb import errors

SCHEMA = "lost"
CATALOGUE, INDEX, VMS = "tables/catalogue.sqlite", "objects/index.sqlite", "vms.sqlite"
DATABASES = (CATALOGUE, INDEX, VMS)
LOGS = ("-wal", "-shm")
REFUSED, ASIDE, FINE = "refused", "set aside", "fine"


def rows(seed, count=500):
    draws = np.random.default_rng(seed)
    return pa.table({"n": np.arange(count), "value": draws.random(count)})


@dataclass(frozen=True)
class Contents:
    """What clients read: tables by name, objects by key."""

    tables: dict
    objects: dict

    @classmethod
    def of(cls, standin):
        session = connect(standin)
        with session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema(SCHEMA)
            tables = {
                table.name: table.select().read_all().sort_by("n").to_pydict()
                for table in schema.tables()
            }
        client = standin.s3()
        listing = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        objects = {
            item["Key"]: client.get_object(Bucket=BUCKET, Key=item["Key"])[
                "Body"
            ].read()
            for item in listing
        }
        client.close()
        return cls(tables, objects)


@dataclass(frozen=True)
class Stage:
    """A copy of the folder, the stand-in having ended, and what it held."""

    data: Path
    contents: Contents


@pytest.fixture(scope="session")
def stages(tmp_path_factory):
    """The folder as it was early, in the middle, late, killed, and another folder."""
    root = tmp_path_factory.mktemp("stages")
    standin = Standin(root / "data")
    stored = {}

    def stage(name, work, end="stop"):
        standin.start()
        session, client = connect(standin), standin.s3()
        work(session, client)
        client.close()
        contents = Contents.of(standin)
        getattr(standin, end)()
        shutil.copytree(standin.data, root / name)
        stored[name] = Stage(root / name, contents)

    def early(session, client):
        with session.transaction() as tx:
            tx.bucket(BUCKET).create_schema(SCHEMA)
        make_table(session, SCHEMA, rows(1), "first")
        client.put_object(Bucket=BUCKET, Key="first", Body=b"1" * 5000)

    def middle(session, client):
        make_table(session, SCHEMA, rows(2), "gone")
        client.put_object(Bucket=BUCKET, Key="gone", Body=b"2" * 5000)

    def late(session, client):
        with session.transaction() as tx:
            table_in(tx, SCHEMA, "gone").drop()
        client.delete_object(Bucket=BUCKET, Key="gone")
        make_table(session, SCHEMA, rows(3), "second")
        client.put_object(Bucket=BUCKET, Key="second", Body=b"3" * 5000)
        upload = client.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
        client.upload_part(
            Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=b"4" * 9000
        )
        standin.vms().snapshots.post(name="kept", path=f"/{BUCKET}")

    def killed(session, client):
        make_table(session, SCHEMA, rows(5), "third")
        client.put_object(Bucket=BUCKET, Key="third", Body=b"5" * 5000)

    for work, end in ((early, "stop"), (middle, "stop"), (late, "stop")):
        stage(work.__name__, work, end)
    stage("killed", killed, "kill")
    standin = Standin(root / "other data")
    stage("other", early)
    return stored


class Case:
    """A damaged copy of a stage, and where its files go."""

    def __init__(self, stages, name, folder):
        self.stages, self.right = stages, stages[name]
        self.data = folder / "data"
        shutil.copytree(self.right.data, self.data)
        self.standin = Standin(self.data)

    def put(self, name, stage, logs=()):
        """Put a database of another stage in place of the one here, if there is one."""
        for suffix in ("", *LOGS):
            (self.data / (name + suffix)).unlink(missing_ok=True)
        for suffix in ("", *LOGS):
            source = self.stages[stage].data / (name + suffix)
            if source.exists():
                shutil.copy2(source, self.data / (name + suffix))

    def remove(self, *names):
        for name in names:
            path = self.data / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def cut(self, name, size):
        with (self.data / name).open("r+b") as file:
            file.truncate(size)

    def restore(self):
        """Put the right databases back, as a person would."""
        self.remove("store.json")
        shutil.copy2(self.right.data / "store.json", self.data)
        for name in DATABASES:
            self.put_right(name)

    def put_right(self, name):
        for suffix in ("", *LOGS):
            (self.data / (name + suffix)).unlink(missing_ok=True)
            source = self.right.data / (name + suffix)
            if source.exists():
                shutil.copy2(source, self.data / (name + suffix))

    def files(self):
        """Data files by path, the bytes with them; below lost/ as they lay before."""
        files = {}
        for path in sorted(self.data.rglob("*")):
            if path.is_dir():
                continue
            name = path.relative_to(self.data).as_posix()
            if name.startswith("lost/"):
                name = name.split("/", 2)[2]
            if name.startswith(("tables/segments/", "objects/data/")):
                files.setdefault(name, path.read_bytes())
        return files

    def refusal(self):
        """Start in vain; returns the last line that was printed."""
        done = subprocess.run(
            [sys.executable, "-m", "vast_standin", "--data", str(self.data)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 1 == done.returncode, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr.splitlines()[-1]


@pytest.fixture
def case(stages, tmp_path):
    """Make cases of a stage; their stand-ins are killed at the end."""
    cases = []

    def make(name):
        cases.append(Case(stages, name, tmp_path / str(len(cases))))
        return cases[-1]

    yield make
    for each in cases:
        if each.standin.process and each.standin.process.poll() is None:
            each.standin.kill()


def empty(case, name):
    """Leave a file of no bytes, as a full disk does."""
    case.remove(name + "-wal", name + "-shm")
    case.cut(name, 0)


def unstamped(case, name):
    """Leave a database that a program without ids made beside the data."""
    case.put(name, "late")
    table = {CATALOGUE: ("segment", "tbl"), INDEX: ("objects", "parts", "kept")}[name]
    with sqlite3.connect(case.data / name) as db:
        for each in (*table, "custody"):
            db.execute(f"DELETE FROM {each}")
    db.close()


def garble(case, name):
    (case.data / name).write_bytes(b"no database at all\n" * 500)


def swap(case):
    catalogue, index = case.data / CATALOGUE, case.data / INDEX
    content = catalogue.read_bytes()
    catalogue.write_bytes(index.read_bytes())
    index.write_bytes(content)


def overlaid(case, stage):
    """Copy an old backup over the folder without deleting what is newer."""
    shutil.copytree(case.stages[stage].data, case.data, dirs_exist_ok=True)


def first_data_file(case, folder):
    return min(p for p in (case.data / folder).rglob("*") if p.is_file())


DAMAGES = {
    "catalogue missing": ("late", lambda c: c.remove(CATALOGUE), REFUSED),
    "index missing": ("late", lambda c: c.remove(INDEX), REFUSED),
    "vms missing": ("late", lambda c: c.remove(VMS), REFUSED),
    "catalogue empty": ("late", lambda c: empty(c, CATALOGUE), REFUSED),
    "index empty": ("late", lambda c: empty(c, INDEX), REFUSED),
    "vms empty": ("late", lambda c: empty(c, VMS), REFUSED),
    "catalogue cut short": ("late", lambda c: c.cut(CATALOGUE, 8192), REFUSED),
    "index cut short": ("late", lambda c: c.cut(INDEX, 4096), REFUSED),
    "catalogue is text": ("late", lambda c: garble(c, CATALOGUE), REFUSED),
    "index is text": ("late", lambda c: garble(c, INDEX), REFUSED),
    "catalogue without rows": ("late", lambda c: unstamped(c, CATALOGUE), REFUSED),
    "index without rows": ("late", lambda c: unstamped(c, INDEX), REFUSED),
    "catalogue from early": ("late", lambda c: c.put(CATALOGUE, "early"), ASIDE),
    "index from early": ("late", lambda c: c.put(INDEX, "early"), ASIDE),
    "vms from early": ("late", lambda c: c.put(VMS, "early"), ASIDE),
    "catalogue from before a drop": (
        "late",
        lambda c: c.put(CATALOGUE, "middle"),
        REFUSED,
    ),
    "index from before a delete": ("late", lambda c: c.put(INDEX, "middle"), REFUSED),
    "catalogue of another folder": (
        "late",
        lambda c: c.put(CATALOGUE, "other"),
        REFUSED,
    ),
    "index of another folder": ("late", lambda c: c.put(INDEX, "other"), REFUSED),
    "vms of another folder": ("late", lambda c: c.put(VMS, "other"), REFUSED),
    "both of another folder": (
        "late",
        lambda c: (c.put(CATALOGUE, "other"), c.put(INDEX, "other")),
        REFUSED,
    ),
    "catalogue and index swapped": ("late", swap, REFUSED),
    "catalogue's log lost": (
        "killed",
        lambda c: c.remove(CATALOGUE + "-wal", CATALOGUE + "-shm"),
        ASIDE,
    ),
    "index's log lost": (
        "killed",
        lambda c: c.remove(INDEX + "-wal", INDEX + "-shm"),
        ASIDE,
    ),
    "only the catalogue's log": ("killed", lambda c: c.remove(CATALOGUE), REFUSED),
    "only the index's log": ("killed", lambda c: c.remove(INDEX), REFUSED),
    "all databases from early": (
        "late",
        lambda c: [c.put(name, "early") for name in DATABASES],
        ASIDE,
    ),
    "all of early laid over late": ("late", lambda c: overlaid(c, "early"), ASIDE),
    "marks missing": (
        "late",
        lambda c: c.remove("tables/mark.json", "objects/mark.json", "mark.json"),
        ASIDE,
    ),
    "tables excluded": ("late", lambda c: c.remove("tables"), REFUSED),
    "objects excluded": ("late", lambda c: c.remove("objects"), REFUSED),
    "segments excluded": ("late", lambda c: c.remove("tables/segments"), REFUSED),
    "object files excluded": ("late", lambda c: c.remove("objects/data"), REFUSED),
    "snapshots excluded": ("late", lambda c: c.remove("tables/snapshots"), REFUSED),
    "a segment cut short": (
        "late",
        lambda c: c.cut(first_data_file(c, "tables/segments"), 100),
        REFUSED,
    ),
    "an object cut short": (
        "late",
        lambda c: c.cut(first_data_file(c, "objects/data"), 100),
        REFUSED,
    ),
    "store.json missing": ("late", lambda c: c.remove("store.json"), FINE),
}


@pytest.mark.parametrize("name", [n for n, d in DAMAGES.items() if d[2] == REFUSED])
def test_a_start_is_refused_in_words_and_nothing_moves(case, name):
    stage, damage, _ = DAMAGES[name]
    damaged = case(stage)
    damage(damaged)
    before = damaged.files()

    reason = damaged.refusal()

    assert before == damaged.files()
    assert not (damaged.data / "lost").exists()
    assert str(damaged.data) in reason
    assert "nothing was deleted" in reason
    assert "restore" in reason
    assert "--accept-loss" in reason


@pytest.mark.parametrize("name", [n for n, d in DAMAGES.items() if d[2] != REFUSED])
def test_what_is_not_known_is_set_aside_and_returns_with_its_database(case, name):
    stage, damage, expected = DAMAGES[name]
    damaged = case(stage)
    damage(damaged)
    before = damaged.files()

    damaged.standin.start()
    contents = Contents.of(damaged.standin)
    warnings = damaged.standin.note["warnings"]
    names = [a["event_name"] for a in damaged.standin.vms().alarms.get()]
    alarms = [
        n for n in names if n != "DATA_UNVERIFIED"
    ]  # an earlier catalogue's files
    damaged.standin.stop()

    assert before.items() <= damaged.files().items()
    assert contents.tables.items() <= damaged.right.contents.tables.items()
    assert contents.objects.items() <= damaged.right.contents.objects.items()
    assert (expected == ASIDE) == bool(warnings)
    assert (["DATA_SET_ASIDE"] if expected == ASIDE else []) == alarms

    damaged.restore()
    damaged.standin.start()
    assert damaged.right.contents == Contents.of(damaged.standin)
    snapshots = damaged.standin.vms().snapshots.get()
    assert ["kept"] == [snapshot["name"] for snapshot in snapshots]


def test_what_is_dropped_after_an_old_restore_still_returns(case):
    """An old state that goes on deletes nothing the right databases may name."""
    damaged = case("late")
    for name in DATABASES:
        damaged.put(name, "early")
    before = damaged.files()

    damaged.standin.start()
    session, client = connect(damaged.standin), damaged.standin.s3()
    with session.transaction() as tx:
        table_in(tx, SCHEMA, "first").drop()
    make_table(session, SCHEMA, rows(9), "second")
    client.put_object(Bucket=BUCKET, Key="first", Body=b"9" * 7000)
    client.put_object(Bucket=BUCKET, Key="second", Body=b"9" * 7000)
    client.delete_object(Bucket=BUCKET, Key="first")
    client.close()
    went_on = Contents.of(damaged.standin)
    damaged.standin.kill()
    fork = {name: damaged.data.with_name(Path(name).name) for name in DATABASES}
    for name, copy in fork.items():
        for suffix in ("", *LOGS):
            if (damaged.data / (name + suffix)).exists():
                shutil.copy2(damaged.data / (name + suffix), f"{copy}{suffix}")

    assert before.items() <= damaged.files().items()
    damaged.restore()
    damaged.standin.start()
    assert damaged.right.contents == Contents.of(damaged.standin)
    damaged.standin.stop()

    for name, copy in fork.items():
        for suffix in ("", *LOGS):
            damaged.remove(name + suffix)
            if Path(f"{copy}{suffix}").exists():
                shutil.copy2(f"{copy}{suffix}", damaged.data / (name + suffix))
    damaged.standin.start()
    assert went_on == Contents.of(damaged.standin)


def test_a_kill_leaves_nothing_that_the_next_start_keeps(case):
    """What a killed run left unfinished, or dropped and still read, goes away."""
    killed = case("killed")
    segments, objects = killed.data / "tables/segments", killed.data / "objects/data"
    with sqlite3.connect(killed.data / CATALOGUE) as db:
        db.execute("INSERT INTO pending VALUES ('t0.arrows')")
    db.close()
    with sqlite3.connect(killed.data / INDEX) as db:
        db.execute("INSERT INTO pending VALUES ('00/0')")
    db.close()
    (segments / "t0.arrows").write_bytes(b"unfinished")
    (objects / "00").mkdir(exist_ok=True)
    (objects / "00/0").write_bytes(b"unfinished")

    killed.standin.start()

    assert [] == killed.standin.note["warnings"]
    assert not (segments / "t0.arrows").exists()
    assert not (objects / "00/0").exists()
    assert not (killed.data / "lost").exists()
    assert killed.right.contents == Contents.of(killed.standin)


def test_files_that_no_program_of_the_folder_made_are_set_aside(case):
    late = case("late")
    (late.data / "tables/segments/notes.txt").write_text("mine")
    (late.data / "objects/data/notes.txt").write_text("mine")

    late.standin.start()

    aside = {p.parent.name for p in (late.data / "lost").rglob("notes.txt")}
    assert {"segments", "data"} == aside
    assert late.right.contents == Contents.of(late.standin)


def test_an_accepted_loss_serves_the_rest_and_says_what_is_missing(case):
    damaged = case("late")
    damaged.remove(INDEX)
    segments = damaged.data / "tables/segments"
    with sqlite3.connect(damaged.data / CATALOGUE) as db:
        query = "SELECT file FROM segment s JOIN tbl t ON t.id=table_id WHERE name=?"
        (name,) = db.execute(query, ("second",)).fetchone()
    db.close()
    (segments / name).rename(damaged.data / name)
    before = damaged.files()
    damaged.standin.arguments = ("--accept-loss",)
    damaged.standin.start()

    session = connect(damaged.standin)
    with session.transaction() as tx:
        rows = table_in(tx, SCHEMA, "first").select().read_all()
        assert 500 == len(rows)
    with (
        pytest.raises(errors.InternalServerError, match="missing or cut"),
        session.transaction() as tx,
    ):
        table_in(tx, SCHEMA, "second").select().read_all()
    alarms = {a["event_name"] for a in damaged.standin.vms().alarms.get()}
    assert {"DATA_MISSING", "DATA_SET_ASIDE"} == alarms
    assert name in json.dumps(damaged.standin.note["warnings"])
    damaged.standin.stop()

    assert before.items() <= damaged.files().items()
    (damaged.data / name).rename(segments / name)
    damaged.put_right(INDEX)
    damaged.standin.arguments = ()
    damaged.standin.start()
    assert damaged.right.contents == Contents.of(damaged.standin)


def test_deleting_lost_ends_the_warning(case):
    late = case("late")
    (late.data / "tables/segments/notes.txt").write_text("mine")
    late.standin.start()
    assert late.standin.note["warnings"]
    late.standin.stop()

    late.remove("lost")
    late.standin.start()

    assert [] == late.standin.note["warnings"]
    assert late.right.contents == Contents.of(late.standin)
