"""Damaged and shortened files: answered with 500 and the file's name, and seen by health."""

import json
import os
import sqlite3
from contextlib import closing

import flips
import numpy as np
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from sql_calls import SqlCalls, SqlError
from tabular import BUCKET, connect, make_table, table_in
from vastdb import errors

from vast_standin.custody import Home
from vast_standin.engine import Engine
from vast_standin.s3.checksums import Digests
from vast_standin.s3.objects import ObjectStore
from vast_standin.verification import Verification

SCHEMA = "damage"
ROWS = 200_000
COLUMNS = pa.schema(
    [
        ("n", pa.int64()),
        ("flux", pa.float64()),
        ("name", pa.string()),
        ("b", pa.bool_()),
    ]
)
BIG = np.arange(400_000).tobytes()


def rows(first=0, count=ROWS):
    numbers = np.arange(first, first + count)
    names = [f"source {n}" for n in numbers]
    return pa.table(
        [numbers, np.sqrt(numbers), names, numbers % 3 == 0], schema=COLUMNS
    )


def flip(path, at, bit=3):
    """Change one bit of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ (1 << bit)]))


def largest(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_size)


def fill(standin):
    session = connect(standin)
    with session.transaction() as tx:
        tx.bucket(BUCKET).create_schema(SCHEMA)
    make_table(session, SCHEMA, rows())
    standin.s3().put_object(Bucket=BUCKET, Key="big", Body=BIG)


@pytest.fixture
def stored(fresh_standin):
    """A stand-in with a table of four row groups and an object of 3 MB, stopped."""
    standin = fresh_standin()
    fill(standin)
    standin.stop()
    return standin


def read(standin, columns=None, predicate=None):
    with connect(standin).transaction() as tx:
        table = table_in(tx, SCHEMA)
        return table.select(columns=columns, predicate=predicate).read_all()


def alarms(standin):
    return {a["event_name"]: a["alarm_message"] for a in standin.vms().alarms.get()}


@pytest.mark.parametrize("share", [0.00002, 0.2, 0.5, 0.8])
def test_a_flipped_bit_of_a_segment_is_an_error_that_names_the_file(stored, share):
    path = largest(stored.data / "tables" / "segments")
    flip(path, int(path.stat().st_size * share))
    stored.start()

    for _ in range(2):
        with pytest.raises(errors.InternalServerError, match=path.name):
            read(stored)

    assert path.name in alarms(stored)["DATA_DAMAGED"]
    assert stored.process.poll() is None
    note = json.loads((stored.data / "standin.json").read_bytes())
    (warning,) = note["warnings"]
    assert f"tables/segments/{path.name} is damaged" in warning
    stored.stop()


def test_what_is_elsewhere_in_a_damaged_file_is_still_read(stored):
    path = largest(stored.data / "tables" / "segments")
    flip(path, path.stat().st_size - 20_000)
    stored.start()

    damaged = []
    for column in COLUMNS.names:
        try:
            values = read(stored, columns=[column])[column]
        except errors.InternalServerError:
            damaged.append(column)
        else:
            assert rows()[column].equals(values)

    assert set() < set(damaged) < set(COLUMNS.names)
    stored.stop()


def test_sql_reports_a_damaged_file_as_such(stored):
    path = largest(stored.data / "tables" / "segments")
    flip(path, path.stat().st_size // 2)
    stored.start()
    sql = SqlCalls(stored.endpoint, stored.access, stored.secret)

    with pytest.raises(SqlError, match=path.name) as refused:
        sql.rows(f'SELECT sum(length(name)) FROM "{BUCKET}/{SCHEMA}".t')

    assert 500 == refused.value.status
    stored.stop()


def test_a_file_that_is_cut_while_it_is_mapped_ends_no_process(stored):
    stored.start()
    assert ROWS == len(read(stored))
    path = largest(stored.data / "tables" / "segments")
    os.truncate(path, 4096)

    with pytest.raises(errors.InternalServerError, match=path.name):
        read(stored)

    assert stored.process.poll() is None
    assert path.name in alarms(stored)["DATA_DAMAGED"]
    stored.stop()


@pytest.mark.parametrize("bytes_", ["", "bytes=2000000-2000010"])
def test_a_flipped_bit_of_an_object_is_an_error_that_names_the_file(stored, bytes_):
    path = largest(stored.data / "objects" / "data")
    flip(path, 2_000_005)
    stored.start()
    client = stored.s3()
    asked = {"Range": bytes_} if bytes_ else {}

    with pytest.raises(ClientError, match=path.name) as refused:
        client.get_object(Bucket=BUCKET, Key="big", **asked)

    assert 500 == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    reply = client.get_object(Bucket=BUCKET, Key="big", Range="bytes=0-99")
    assert BIG[:100] == reply["Body"].read()
    assert path.name in alarms(stored)["DATA_DAMAGED"]
    stored.stop()


def test_copies_and_parts_never_launder_damage(stored):
    path = largest(stored.data / "objects" / "data")
    flip(path, 2_000_005)
    stored.start()
    client = stored.s3()
    source = {"Bucket": BUCKET, "Key": "big"}

    client.copy_object(Bucket=BUCKET, Key="copy", CopySource=source)
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="part")["UploadId"]

    with pytest.raises(ClientError, match="damaged"):
        client.get_object(Bucket=BUCKET, Key="copy")["Body"].read()
    with pytest.raises(ClientError, match=path.name):
        client.upload_part_copy(
            Bucket=BUCKET, Key="part", UploadId=upload, PartNumber=1, CopySource=source
        )
    stored.stop()


def test_parts_joined_into_an_object_keep_their_checksums(tmp_path):
    objects = ObjectStore(tmp_path / "objects")
    names = []
    for size in (100_000, 70_000, 1):
        with objects.incoming(os.urandom(size), Digests({})) as (file, _, _):
            names.append((file, size))
    joined = objects.new_file()
    whole = b"".join(objects.path(name).read_bytes() for name, _ in names)
    objects.path(joined).write_bytes(whole)

    objects.sums.joined(names, joined)

    runs = objects.sums.runs(joined)
    assert [None] * 3 == [
        run.damage(lambda a, b, o=run.offset: whole[o + a : o + b], 0, run.length)
        for run in runs
    ]
    objects.close()


def test_a_store_without_checksums_gets_them_by_upkeep(stored):
    for name in ("tables/catalogue.sqlite", "objects/index.sqlite"):
        with closing(sqlite3.connect(stored.data / name)) as db:
            db.executescript("DELETE FROM sums; DROP TABLE row_sums")
            if name.startswith("tables"):
                db.execute("CREATE TABLE copy (id INTEGER PRIMARY KEY)")
                db.execute("UPDATE meta SET value='2' WHERE key='format'")
            else:
                db.execute("PRAGMA user_version=3")
            db.commit()
    home = Home(stored.data)
    engine = Engine.open(stored.data / "tables", home)
    objects = ObjectStore(stored.data / "objects", home)
    verification = Verification(home, engine, objects)
    unverified = home.unverified

    verification.run()

    assert len(engine.files()) + 1 == unverified
    assert (0, {}) == (home.unverified, home.damaged)
    segment = largest(stored.data / "tables" / "segments")
    flip(segment, segment.stat().st_size // 3)
    flip(largest(stored.data / "objects" / "data"), 17)
    verification.run()
    assert 2 == len(home.damaged)
    engine.close()
    objects.close()


@pytest.mark.parametrize(
    ("name", "table", "column"),
    [
        ("tables/catalogue.sqlite", "tbl", "name"),
        ("objects/index.sqlite", "objects", "etag"),
        ("vms.sqlite", "records", "body"),
    ],
)
def test_a_changed_row_of_a_database_is_refused_by_name(stored, name, table, column):
    with closing(sqlite3.connect(stored.data / name)) as db:
        db.execute(
            f"UPDATE {table} SET {column}=replace({column}, 'a', 'c') "
            f"WHERE {column} LIKE '%a%'"
        )
        db.commit()

    with pytest.raises(RuntimeError, match=f"{name}.* is damaged .*{table}"):
        stored.start()


def test_no_flip_or_cut_goes_unnoticed(fresh_standin, tmp_path):
    results = flips.campaign(
        lambda data: fresh_standin(name=data.relative_to(tmp_path)),
        tmp_path,
        trials=4,
        seed=7,
        count=2000,
    )

    assert [] == [result for result in results if result[2].startswith("FAULT")]
    assert 4 == len(results)
