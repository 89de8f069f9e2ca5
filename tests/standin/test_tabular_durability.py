"""Committed means on disk: processes killed in the middle of commits, by SIGKILL."""

import threading
import time

import pyarrow as pa
from tabular import BUCKET, connect
from vastdb import errors

ROWS = 5


def write_until_killed(session, writer, acknowledged):
    """Commit to two tables at once, noting each number the server confirmed."""
    number = 0
    while True:
        row = pa.table({"w": [writer] * ROWS, "n": [number] * ROWS})
        try:
            with session.transaction() as tx:
                schema = tx.bucket(BUCKET).schema("s")
                schema.table("one").insert(row)
                schema.table("two").insert(row)
        except (errors.ConnectionError, errors.HttpError, OSError):
            return
        acknowledged.append((writer, number))
        number += 1


def counted(session, name):
    with session.transaction() as tx:
        rows = tx.bucket(BUCKET).schema("s").table(name).select().read_all()
    pairs = list(zip(rows["w"].to_pylist(), rows["n"].to_pylist(), strict=True))
    return {pair: pairs.count(pair) for pair in set(pairs)}


def test_nothing_confirmed_is_lost_and_nothing_half_is_seen(fresh_standin):
    standin = fresh_standin()
    session = connect(standin)
    columns = pa.schema([("w", pa.int64()), ("n", pa.int64())])
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema("s")
        schema.create_table("one", columns, sorting_key=["n"])
        schema.create_table("two", columns)
    confirmed, base = [], 0
    for enough in (8, 20):
        acknowledged = []
        writers = [
            threading.Thread(
                target=write_until_killed, args=(session, base + i, acknowledged)
            )
            for i in range(3)
        ]
        for writer in writers:
            writer.start()
        while len(acknowledged) < enough and any(w.is_alive() for w in writers):
            time.sleep(0.001)
        standin.kill()
        for writer in writers:
            writer.join()
        confirmed += acknowledged
        base += len(writers)
        standin.start()
        session = connect(standin)
        first, second = counted(session, "one"), counted(session, "two")

        assert first == second
        assert set() == set(confirmed) - set(first)
        assert {ROWS} == set(first.values())
    assert len(confirmed) >= 28


def test_a_restart_changes_nothing(fresh_standin):
    standin = fresh_standin()
    session = connect(standin)
    content = pa.table(
        {
            "k": [3, 1, 2],
            "l": pa.array([[1], None, []], pa.list_(pa.int8())),
            "s": pa.array(
                [{"x": 1}, None, {"x": None}], pa.struct([("x", pa.int16())])
            ),
        }
    )
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema("s")
        table = schema.create_table("t", content.schema)
        table.insert(content)
        table.create_projection("p", ["k"], ["l"])
    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema("s").table("t")
        table.rename_column("k", "key")
        table.update(
            pa.table({"$row_id": pa.array([1], pa.uint64()), "key": pa.array([10])})
        )
        table.delete(pa.table({"$row_id": pa.array([2], pa.uint64())}))
    expected = content.rename_columns(["key", "l", "s"]).slice(0, 2)
    expected = expected.set_column(0, "key", pa.array([3, 10]))
    assert 0 == standin.stop()
    session = connect(standin.start())

    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema("s").table("t")
        assert expected == table.select().read_all()
        assert ["p"] == [p.name for p in table.projections()]
