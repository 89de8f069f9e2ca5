"""SQL in transactions: conflicts, failures and row ids."""

import contextlib

import pyarrow as pa
import pytest
from sql_calls import CONTENT, FIRST, SqlError, content, pairs
from tabular import BUCKET, make_table, table_in
from vastdb import errors

pytest_plugins = ("tabular_fixtures", "sql_fixtures")


class ChangedMind(Exception):
    """Rolls a transaction back."""


def test_a_statement_is_seen_in_its_transaction_only_and_goes_with_it(
    sql, session, table
):
    with contextlib.suppress(ChangedMind), session.transaction() as tx:
        sql.rows(f"UPDATE {table} SET b = 'new'", tx.txid)
        sql.rows(f"CREATE TABLE {table}2 AS FROM {table}", tx.txid)
        inside = content(sql, table + "2", tx.txid)
        raise ChangedMind

    assert [(a, "new") for a, _ in FIRST] == inside
    assert FIRST == content(sql, table)
    with pytest.raises(SqlError, match="does not exist"):
        content(sql, table + "2")


def test_a_statement_that_fails_midway_leaves_its_transaction_as_it_was(
    sql, session, table
):
    many = "SELECT CASE WHEN i < 600000 THEN i::VARCHAR ELSE 'no' END, 'x' FROM range(600001) r(i)"
    with session.transaction() as tx:
        sql.rows(f"INSERT INTO {table} VALUES (4, 'kept')", tx.txid)
        with pytest.raises(SqlError, match="Could not convert"):
            sql.rows(f"INSERT INTO {table} {many}", tx.txid)

    assert [*FIRST, (4, "kept")] == content(sql, table)


def test_the_second_writer_of_a_row_gets_the_conflict(sql, session, table):
    with session.transaction() as tx:
        sql.rows(f"UPDATE {table} SET b = 'mine' WHERE a = 1", tx.txid)
        with pytest.raises(SqlError, match="TabularConflict") as refused:
            sql.rows(f"DELETE FROM {table} WHERE a < 3")

    assert 409 == refused.value.status
    assert [(1, "mine"), *FIRST[1:]] == content(sql, table)


def test_columns_of_a_sorting_key_are_inserted_but_not_updated(
    sql, session, schema_name
):
    make_table(session, schema_name, CONTENT, sorting_key=["a"])
    name = f'"{BUCKET}/{schema_name}".t'

    sql.rows(f"INSERT INTO {name} VALUES (0, 'first')")
    with pytest.raises(SqlError, match="cannot be updated"):
        sql.rows(f"UPDATE {name} SET a = 1")
    sql.rows(f"UPDATE {name} SET b = 'changed' WHERE a = 0")

    assert [(0, "changed"), *FIRST] == content(sql, name)


def test_row_ids_given_by_clients_are_given_in_sql_too(sql, session, schema_name):
    schema = pa.schema([("vastdb_rowid", pa.int64()), ("v", pa.string())])
    make_table(
        session, schema_name, pa.table({"vastdb_rowid": [5], "v": ["a"]}, schema)
    )
    name = f'"{BUCKET}/{schema_name}".t'

    sql.rows(f"INSERT INTO {name} VALUES (9, 'b')")
    with pytest.raises(SqlError, match="duplicate row ids"):
        sql.rows(f"INSERT INTO {name} VALUES (9, 'again')")

    assert [(5, "a"), (9, "b")] == pairs(sql.rows(f"FROM {name} ORDER BY 1"))


def test_what_a_rolled_back_sql_insert_took_is_an_error_of_the_sdk_too(
    sql, session, table, schema_name
):
    """SQL and the SDK see the same rows, and conflict with each other."""
    with session.transaction() as tx:
        rows = table_in(tx, schema_name).select(["a"], internal_row_id=True).read_all()
        sql.rows(f"UPDATE {table} SET b = 'sql' WHERE a = 1")
        with pytest.raises(errors.Conflict):
            table_in(tx, schema_name).delete(rows.select(["$row_id"]))
