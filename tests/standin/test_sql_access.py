"""SQL by the query engine: users and their rights, system tables, many queries at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sql_calls import FIRST, SqlCalls, SqlError, content, pairs
from tabular import BUCKET

from vast_standin.sql.running import MOST_OF_A_KEY

pytest_plugins = ("tabular_fixtures", "sql_fixtures")


@pytest.fixture
def guest(standin, vms):
    """Return a user who may read the bucket of these tests, removed afterwards."""
    user = vms.users.post(name="sql-guest", local_provider_id=1)
    document = (
        '{"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], '
        f'"Resource": ["arn:aws:s3:::{BUCKET}/*"]}}]}}'
    )
    policy = vms.s3policies.post(name="sql-reader", policy=document)
    vms.users[str(user["id"])].patch(s3_policies_ids=[policy["id"]])
    pair = vms.users[str(user["id"])].access_keys.post()
    yield SqlCalls(standin.endpoint, pair["access_key"], pair["secret_key"])
    vms.users[str(user["id"])].delete()
    vms.s3policies[str(policy["id"])].delete()


def test_who_may_read_reads_and_may_not_change(sql, guest, table):
    assert FIRST == content(guest, table)

    for statement in (
        f"INSERT INTO {table} VALUES (1, 'x')",
        f"UPDATE {table} SET a = 1",
        f"DELETE FROM {table}",
        f"MERGE INTO {table} USING {table} u ON false WHEN MATCHED THEN DELETE",
        f"DROP TABLE {table}",
        f"CREATE TABLE {table}2 (a INT)",
        f"ALTER TABLE {table} ADD COLUMN c INT",
    ):
        with pytest.raises(SqlError, match="AccessDenied") as refused:
            guest.rows(statement)
        assert 403 == refused.value.status
    assert FIRST == content(sql, table)


CATALOGUE = '"vast-big-catalog-bucket/vast_big_catalog_schema".vast_big_catalog_table'


AUDIT = '"vast-audit-log-bucket/vast_audit_log_schema".vast_audit_log_table'


def test_the_systems_tables_are_read_joined_and_never_written(
    sql, guest, table, schema_name
):
    listed = (
        f"SELECT name FROM {CATALOGUE} WHERE parent_path = '/{BUCKET}/{schema_name}'"
    )
    until = time.monotonic() + 30
    while pairs(sql.rows(listed)) != [("t",)] and time.monotonic() < until:
        time.sleep(0.2)

    sql.rows(f"INSERT INTO {table} SELECT 9, name FROM ({listed})")
    audited = sql.rows(
        f"SELECT count(*) > 0 FROM {AUDIT} WHERE command = 'vastdb-run-query'"
    )

    assert [*FIRST, (9, "t")] == content(sql, table)
    assert [(True,)] == pairs(audited)
    with pytest.raises(SqlError, match="AccessDenied"):
        sql.rows(f"DELETE FROM {AUDIT}")
    with pytest.raises(SqlError, match="does not exist"):
        guest.rows(listed)


def test_who_may_not_read_a_table_does_not_see_it(sql, standin, vms, table):
    user = vms.users.post(name="sql-nobody", local_provider_id=1)
    pair = vms.users[str(user["id"])].access_keys.post()
    nobody = SqlCalls(standin.endpoint, pair["access_key"], pair["secret_key"])

    query, _ = sql.start(f"SELECT * FROM {table}")  # left open: what it sees is its own
    with pytest.raises(SqlError, match="does not exist"):
        content(nobody, table)
    listed = pairs(nobody.rows("SELECT table_name FROM information_schema.tables"))
    sql.call("DELETE", "vastdb-run-query", {1: query})
    vms.users[str(user["id"])].delete()

    assert [] == listed


def test_many_statements_at_once_are_all_answered(sql, table):
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda _: content(sql, table), range(24)))

    assert [FIRST] * 24 == contents


def test_more_open_queries_than_allowed_have_to_wait(sql):
    opened = [sql.start("SELECT 1")[0] for _ in range(MOST_OF_A_KEY)]
    with pytest.raises(SqlError, match="<Code>SlowDown</Code>") as refused:
        sql.start("SELECT 1")
    for query in opened:
        sql.call("DELETE", "vastdb-run-query", {1: query})

    assert 503 == refused.value.status
    assert [(1,)] == pairs(sql.rows("SELECT 1"))


def test_a_long_result_comes_in_pieces_whole_and_in_order(sql):
    rows = sql.rows("SELECT i, repeat('x', 20) FROM range(1000000) r(i)")

    assert 1_000_000 == len(rows)
    assert list(range(1_000_000)) == rows["i"].to_pylist()
