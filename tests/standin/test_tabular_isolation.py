"""Transactions seen through the vendor's SDK: isolation, conflicts, visibility."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from tabular import BUCKET, make_table, table_in, until_no_conflict
from vastdb import errors

pytest_plugins = ("tabular_fixtures",)

ROW = "$row_id"
NUMBERS = pa.schema([("a", pa.int64()), ("s", pa.string())])


def numbers(*values):
    return pa.table({"a": list(values), "s": [str(v) for v in values]}, NUMBERS)


def values(tx, schema):
    return sorted(table_in(tx, schema).select(["a"]).read_all()["a"].to_pylist())


def change(tx, schema, row, value):
    table_in(tx, schema).update(
        pa.table(
            {ROW: pa.array([row], pa.uint64()), "a": pa.array([value], pa.int64())}
        )
    )


def test_contended_increments_are_all_counted(session, schema_name):
    make_table(session, schema_name, numbers(0))

    def increment():
        with session.transaction() as tx:
            table = table_in(tx, schema_name)
            before = table.select(["a"], internal_row_id=True).read_all()
            change(tx, schema_name, before[ROW][0].as_py(), before["a"][0].as_py() + 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: until_no_conflict(increment), range(24)))

    with session.transaction() as tx:
        assert [24] == values(tx, schema_name)


def test_a_reader_keeps_seeing_its_beginning(session, schema_name):
    make_table(session, schema_name, numbers(1, 2))
    with session.transaction() as reader:
        assert [1, 2] == values(reader, schema_name)
        with session.transaction() as writer:
            table_in(writer, schema_name).insert(numbers(3))
            change(writer, schema_name, 0, 100)

        assert [1, 2] == values(reader, schema_name)
    with session.transaction() as later:
        assert [2, 3, 100] == values(later, schema_name)


def test_what_was_rolled_back_never_was(session, schema_name):
    make_table(session, schema_name, numbers(1))

    def change_and_fail():
        with session.transaction() as tx:
            table_in(tx, schema_name).insert(numbers(2))
            tx.bucket(BUCKET).schema(schema_name).create_table("other", NUMBERS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()

    with session.transaction() as tx:
        assert [1] == values(tx, schema_name)
        assert ["t"] == tx.bucket(BUCKET).schema(schema_name).tablenames()


def test_writers_of_different_rows_do_not_meet(session, schema_name):
    make_table(session, schema_name, numbers(1, 2))
    with session.transaction() as first, session.transaction() as second:
        change(first, schema_name, 0, 10)
        change(second, schema_name, 1, 20)

    with session.transaction() as tx:
        assert [10, 20] == values(tx, schema_name)


def test_the_second_writer_of_a_row_fails_at_once(session, schema_name):
    make_table(session, schema_name, numbers(1))
    with session.transaction() as first:
        change(first, schema_name, 0, 10)
        with pytest.raises(errors.Conflict), session.transaction() as other:
            change(other, schema_name, 0, 20)

    with session.transaction() as tx:
        assert [10] == values(tx, schema_name)


def test_a_row_changed_since_the_beginning_cannot_be_changed(session, schema_name):
    make_table(session, schema_name, numbers(1))

    def change_too_late():
        with session.transaction() as late:
            assert [1] == values(late, schema_name)
            with session.transaction() as early:
                change(early, schema_name, 0, 10)
            change(late, schema_name, 0, 20)

    with pytest.raises(errors.Conflict):
        change_too_late()


def test_inserts_beside_an_altered_table_conflict(session, schema_name):
    make_table(session, schema_name, numbers(1))
    with session.transaction() as altering:
        table_in(altering, schema_name).rename_column("s", "text")
        with pytest.raises(errors.Conflict), session.transaction() as inserting:
            table_in(inserting, schema_name).insert(numbers(2))


def test_many_may_insert_at_once(session, schema_name):
    make_table(session, schema_name, numbers())

    def insert(number):
        with session.transaction() as tx:
            table_in(tx, schema_name).insert(numbers(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insert, range(32)))

    with session.transaction() as tx:
        assert list(range(32)) == values(tx, schema_name)
        rows = table_in(tx, schema_name).select([], internal_row_id=True).read_all()
        assert 32 == len(set(rows[ROW].to_pylist()))
