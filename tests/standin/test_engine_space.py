"""A full quota or disk: the writer gets an error, and nobody else notices."""

import resource
import time

import numpy as np
import pyarrow as pa
import pytest
from tabular import BUCKET, connect
from vastdb import errors

ROWS = 10_000
PART = pa.table({"n": np.arange(ROWS), "value": np.random.default_rng(0).random(ROWS)})
LARGE = pa.concat_tables([PART] * 12).combine_chunks()
NEW = pa.table({"n": pa.array([1], pa.int64()), "value": [1.0]})


def make_table(session, name="t"):
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).schema("space", fail_if_missing=False)
        schema = schema or tx.bucket(BUCKET).create_schema("space")
        schema.create_table(name, PART.schema)


def table_of(tx, name="t"):
    return tx.bucket(BUCKET).schema("space").table(name)


def rows_of(session, name="t"):
    with session.transaction() as tx:
        return len(table_of(tx, name).select(columns=["n"]).read_all())


@pytest.fixture
def limited(fresh_standin):
    """A session on a bucket that may hold 400,000 bytes: two parts, not three."""
    standin = fresh_standin()
    session = connect(standin)
    make_table(session)
    vms = standin.vms()
    view = vms.views.get(bucket=BUCKET)[0]
    vms.quotas.post(name="q", path=view["path"], hard_limit=400_000)
    return session


def insert(tx, times=1):
    for _ in range(times):
        table_of(tx).insert(PART)


def test_a_hard_limit_counts_what_is_not_committed_yet(limited):
    with limited.transaction() as tx:
        insert(tx, 2)
        with pytest.raises(errors.InsufficientCapacity):
            insert(tx)
        table_of(tx).insert(NEW)
    assert 2 * ROWS + 1 == rows_of(limited)


def test_transactions_that_fit_alone_but_not_together_are_refused_at_commit(limited):
    late = limited.transaction()
    insert(late.__enter__(), 2)
    with limited.transaction() as tx:
        insert(tx)

    with pytest.raises(errors.InsufficientCapacity):
        late.__exit__(None, None, None)
    assert ROWS == rows_of(limited)


def test_what_the_same_transaction_drops_makes_room(limited):
    with limited.transaction() as tx:
        insert(tx, 2)

    with pytest.raises(errors.InsufficientCapacity), limited.transaction() as tx:
        table_of(tx).insert(PART)
    with limited.transaction() as tx:
        table_of(tx).drop()
    make_table(limited)
    with limited.transaction() as tx:
        table_of(tx).insert(PART)
    assert ROWS == rows_of(limited)


@pytest.fixture
def disk(fresh_standin):
    """A stand-in, and a switch that lets none of its files grow past some bytes."""
    standin = fresh_standin()
    _, most = resource.prlimit(standin.process.pid, resource.RLIMIT_FSIZE)

    def limit(nbytes):
        size = most if nbytes is None else nbytes
        resource.prlimit(standin.process.pid, resource.RLIMIT_FSIZE, (size, most))

    return standin, limit


def test_a_full_disk_is_an_error_to_the_writer_and_nothing_else(disk):
    standin, limit = disk
    session = connect(standin)
    make_table(session)
    with session.transaction() as tx:
        table_of(tx).insert(PART)
    client = standin.s3()
    client.put_object(Bucket=BUCKET, Key="before", Body=b"here")

    limit(64)
    for _ in range(3):
        with pytest.raises(errors.InsufficientCapacity), session.transaction() as tx:
            table_of(tx).insert(PART)
        with pytest.raises(errors.InsufficientCapacity), session.transaction() as tx:
            tx.bucket(BUCKET).create_schema("no_room")
        assert ROWS == rows_of(session)
    with pytest.raises(client.exceptions.ClientError, match="InsufficientCapacity"):
        client.put_object(Bucket=BUCKET, Key="k", Body=bytes(100_000))
    assert b"here" == client.get_object(Bucket=BUCKET, Key="before")["Body"].read()

    limit(None)
    with session.transaction() as tx:
        table_of(tx).insert(PART)
    client.put_object(Bucket=BUCKET, Key="k", Body=bytes(100_000))
    client.close()
    assert 2 * ROWS == rows_of(session)
    standin.kill()
    session = connect(standin.start())
    assert 2 * ROWS == rows_of(session)


@pytest.mark.parametrize("part", [PART, LARGE], ids=["small", "large"])
def test_a_disk_full_within_a_transaction_leaves_the_transaction_usable(disk, part):
    standin, limit = disk
    session = connect(standin)
    make_table(session)

    with session.transaction() as tx:
        table_of(tx).insert(NEW)
        limit(4096)
        with pytest.raises(errors.InsufficientCapacity):
            table_of(tx).insert(part)
        limit(None)
        table_of(tx).insert(part)

    assert len(part) + 1 == rows_of(session)


def test_what_was_read_and_then_dropped_leaves_the_disk(fresh_standin):
    standin = fresh_standin()
    session = connect(standin)
    make_table(session)
    with session.transaction() as tx:
        insert(tx)
    assert ROWS == rows_of(session)
    segments = standin.data / "tables" / "segments"
    assert sum(p.stat().st_size for p in segments.iterdir()) > 16 * ROWS

    with session.transaction() as tx:
        table_of(tx).drop()

    for _ in range(100):
        if not any(segments.iterdir()):
            break
        time.sleep(0.05)
    assert [] == list(segments.iterdir())
