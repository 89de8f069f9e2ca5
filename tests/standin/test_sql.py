"""SQL by the query engine: reading and changing."""

import duckdb
import pyarrow as pa
import pytest
from sql_calls import FIRST, SqlError, content, pairs
from tabular import BUCKET, make_table, table_in

pytest_plugins = ("tabular_fixtures", "sql_fixtures")


READS = [
    ("SELECT b FROM {t} WHERE a = 2", [("y",)]),
    ("FROM {t} ORDER BY a DESC LIMIT 1", [(3, "z")]),
    ("SELECT sum(a), count(*) FROM {t}", [(6, 3)]),
    ("SELECT l.b FROM {t} l JOIN {t} r ON l.a = r.a + 2", [("z",)]),
    ("SELECT sum(a) OVER (ORDER BY a) FROM {t}", [(1,), (3,), (6,)]),
    ("WITH q AS (SELECT max(a) m FROM {t}) SELECT b FROM {t}, q WHERE a = m", [("z",)]),
    ("SELECT count(*) FROM vastdb.{t}", [(3,)]),
    ("VALUES (1), (2)", [(1,), (2,)]),
]


@pytest.mark.parametrize(("statement", "expected"), READS)
def test_a_question_is_answered(sql, table, statement, expected):
    assert expected == pairs(sql.rows(statement.format(t=table)))


CHANGES = [
    ("INSERT INTO {t} VALUES (4, 'w'), (5, DEFAULT)", 2, [*FIRST, (4, "w"), (5, None)]),
    ("INSERT INTO {t} (b) VALUES ('b only')", 1, [*FIRST, (None, "b only")]),
    ("INSERT INTO {t} SELECT a + 10, b FROM {t} WHERE a < 2", 1, [*FIRST, (11, "x")]),
    ("INSERT INTO {t} BY NAME SELECT 'n' AS b, 7 AS a", 1, [*FIRST, (7, "n")]),
    ("INSERT INTO {t} DEFAULT VALUES", 1, [*FIRST, (None, None)]),
    ("WITH q AS (SELECT 9 n) INSERT INTO {t} SELECT n, n FROM q", 1, [*FIRST, (9, "9")]),
    ("UPDATE {t} SET b = b || '!' WHERE a > 1", 2, [(1, "x"), (2, "y!"), (3, "z!")]),
    ("UPDATE {t} SET a = -a, b = DEFAULT", 3, [(-3, None), (-2, None), (-1, None)]),
    ("UPDATE {t} SET b = k FROM (VALUES (1, 'q'), (1, 'q')) u(n, k) WHERE a = n", 1,
     [(1, "q"), (2, "y"), (3, "z")]),
    ("UPDATE {t} SET a = (SELECT max(a) FROM {t}) WHERE b = 'x'", 1,
     [(2, "y"), (3, "x"), (3, "z")]),
    ("DELETE FROM {t} WHERE a = 2", 1, [(1, "x"), (3, "z")]),
    ("DELETE FROM {t} USING (VALUES (1)) u(n) WHERE a = n", 1, FIRST[1:]),
    ("DELETE FROM {t}", 3, []),
    ("TRUNCATE {t}", 3, []),
    ("ALTER TABLE {t} DROP COLUMN IF EXISTS nope", 0, FIRST),
    ("CREATE OR REPLACE TABLE {t} AS SELECT a, b FROM {t} WHERE a = 3", 1, [(3, "z")]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "count", "expected"), CHANGES)
def test_a_change_counts_its_rows_and_is_there(sql, table, statement, count, expected):
    assert [(count,)] == pairs(sql.rows(statement.format(t=table)))

    assert expected == content(sql, table)


RETURNS = [
    ("INSERT INTO {t} VALUES (4, 'w'), (5, DEFAULT) RETURNING *", [(4, "w"), (5, None)]),
    ("INSERT INTO {t} (b) SELECT b || '2' FROM {t} RETURNING upper(b) AS up",
     [("X2",), ("Y2",), ("Z2",)]),
    ("UPDATE {t} AS u SET b = b || '!' WHERE a > 1 RETURNING u.a, b", [(2, "y!"), (3, "z!")]),
    ("UPDATE {t} SET b = k FROM (VALUES (3, 'q')) u(n, k) WHERE a = n RETURNING {t}.b",
     [("q",)]),
    ("DELETE FROM {t} WHERE a > 1 RETURNING a, (SELECT count(*) FROM {t}) AS n",
     [(2, 3), (3, 3)]),
    ("DELETE FROM {t} WHERE a > 9 RETURNING *", []),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), RETURNS)
def test_returning_gives_the_rows_that_were_written(sql, table, statement, expected):
    assert expected == pairs(sql.rows(statement.format(t=table)))


SOURCE = "(VALUES (1, 'one'), (3, 'three'), (3, 'other'), (7, 'seven')) AS s(n, name)"
MERGES = [
    ("USING {s} ON a = n AND name <> 'other' WHEN MATCHED THEN UPDATE SET b = name",
     2, [(1, "one"), (2, "y"), (3, "three")]),
    (("USING {s} ON t.a = s.n AND name <> 'other' WHEN MATCHED AND n > 2 THEN DELETE "
     "WHEN MATCHED THEN UPDATE SET a = -a, b = DEFAULT "
     "WHEN NOT MATCHED AND name = 'seven' THEN INSERT (b, a) VALUES (name, n + 1)"),
     3, [(-1, None), (2, "y"), (8, "seven")]),
    (("USING {s} ON a = n WHEN MATCHED AND name = 'other' THEN DO NOTHING "
     "WHEN MATCHED THEN DELETE"), 2, [(2, "y")]),
    ("USING {s} ON a = n WHEN NOT MATCHED THEN INSERT VALUES (n, name)",
     1, [*FIRST, (7, "seven")]),
    ("USING {s} ON a = n WHEN NOT MATCHED BY SOURCE THEN UPDATE SET b = 'alone'",
     1, [(1, "x"), (2, "alone"), (3, "z")]),
    (("USING {s} ON a = n WHEN NOT MATCHED BY SOURCE THEN DELETE "
     "WHEN NOT MATCHED BY TARGET THEN INSERT VALUES (n, name)"),
     2, [(1, "x"), (3, "z"), (7, "seven")]),
    ("USING (SELECT 2 AS a, 'two' AS new) USING (a) WHEN MATCHED THEN UPDATE SET b = new",
     1, [(1, "x"), (2, "two"), (3, "z")]),
    ("USING {s} ON false WHEN MATCHED THEN DELETE", 0, FIRST),
]  # fmt: skip


@pytest.mark.parametrize(("clauses", "count", "expected"), MERGES)
def test_merge_does_what_duckdb_does(sql, table, clauses, count, expected):
    statement = f"MERGE INTO {{t}} AS t {clauses.format(s=SOURCE)}"
    reference = duckdb.connect()
    reference.execute("CREATE TABLE t (a BIGINT, b VARCHAR)")
    reference.executemany("INSERT INTO t VALUES (?, ?)", FIRST)
    reference.execute(statement.format(t="t"))

    assert [(count,)] == pairs(sql.rows(statement.format(t=table)))

    assert expected == content(sql, table)
    assert expected == reference.execute("FROM t ORDER BY a NULLS LAST, b").fetchall()


def test_merge_takes_a_table_many_times_larger_than_a_batch(sql, table):
    many = f"{table}many"
    sql.rows(
        f"CREATE TABLE {many} AS SELECT i AS a, 'new' AS b FROM range(600000) r(i)"
    )

    merged = sql.rows(
        f"MERGE INTO {table} USING {many} m ON {table}.a = m.a "
        "WHEN MATCHED THEN UPDATE SET b = m.b "
        "WHEN NOT MATCHED THEN INSERT VALUES (m.a, m.b)"
    )

    assert [(600_000,)] == pairs(merged)
    summary = sql.rows(
        f"SELECT count(*), count(DISTINCT a), min(b), max(b) FROM {table}"
    )
    assert [(600_000, 600_000, "new", "new")] == pairs(summary)


def test_schemas_and_tables_are_made_altered_and_dropped(sql, session, schema_name):
    inner = f"{schema_name}/inner"
    sql.rows(f'CREATE SCHEMA "{BUCKET}/{inner}"')
    sql.rows(f'CREATE SCHEMA IF NOT EXISTS "{BUCKET}/{inner}"')
    sql.rows(f'CREATE TABLE "{BUCKET}/{inner}".n (a INT, b VARCHAR)')
    sql.rows(f'ALTER TABLE "{BUCKET}/{inner}".n ADD COLUMN c DOUBLE')
    sql.rows(f'ALTER TABLE "{BUCKET}/{inner}".n RENAME COLUMN a TO "A b"')
    sql.rows(f'ALTER TABLE "{BUCKET}/{inner}".n DROP COLUMN b')
    sql.rows(f'ALTER TABLE "{BUCKET}/{inner}".n RENAME TO m')

    with session.transaction() as tx:
        stored = tx.bucket(BUCKET).schema(schema_name).schema("inner").table("m")
        assert (
            pa.schema([("A b", pa.int32()), ("c", pa.float64())]) == stored.arrow_schema
        )

    with pytest.raises(SqlError, match="still holds") as refused:
        sql.rows(f'DROP SCHEMA "{BUCKET}/{inner}"')
    assert 409 == refused.value.status
    sql.rows(f'DROP SCHEMA "{BUCKET}/{inner}" CASCADE')
    sql.rows(f'DROP SCHEMA IF EXISTS "{BUCKET}/{inner}"')
    with session.transaction() as tx:
        assert [] == tx.bucket(BUCKET).schema(schema_name).schemas()


TYPES = [
    ("BOOLEAN", pa.bool_(), "true", True),
    ("UTINYINT", pa.uint8(), "255", 255),
    ("BIGINT", pa.int64(), "'-9223372036854775808'", -(2**63)),
    ("FLOAT", pa.float32(), "1.5", 1.5),
    ("DECIMAL(10,2)", pa.decimal128(10, 2), "'1.25'", "1.25"),
    ("VARCHAR", pa.string(), "'é'", "é"),
    ("BLOB", pa.binary(), "'\\x00\\x01'", b"\x00\x01"),
    ("DATE", pa.date32(), "'2020-02-29'", "2020-02-29"),
    ("TIME", pa.time64("us"), "'10:20:30.5'", "10:20:30.500000"),
    ("TIMESTAMP_MS", pa.timestamp("ms"), "'2020-01-01'", "2020-01-01 00:00:00"),
    ("TIMESTAMPTZ", pa.timestamp("us", "UTC"), "'2020-01-01 01:00:00+01'",
     "2020-01-01 00:00:00+00:00"),
    ("INTEGER[]", pa.list_(pa.int32()), "[1, NULL]", [1, None]),
    ("FLOAT[2]", pa.list_(pa.field("item", pa.float32(), nullable=False), 2), "[1, 2]",
     [1.0, 2.0]),
    ("STRUCT(x INTEGER, y VARCHAR)", pa.struct([("x", pa.int32()), ("y", pa.string())]),
     "{'x': 1, 'y': 'z'}", {"x": 1, "y": "z"}),
    ("MAP(VARCHAR, INTEGER)", pa.map_(pa.string(), pa.int32()), "map {'k': 1}",
     [("k", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "arrow", "literal", "value"), TYPES)
def test_a_type_is_kept(sql, session, schema_name, kind, arrow, literal, value):
    name = f'"{BUCKET}/{schema_name}".t'
    sql.rows(f"CREATE TABLE {name} (id INT, v {kind})")
    sql.rows(f"INSERT INTO {name} VALUES (1, {literal}), (2, NULL)")
    sql.rows(f"UPDATE {name} SET v = {literal} WHERE id = 2")
    sql.rows(f"INSERT INTO {name} VALUES (3, NULL)")

    with session.transaction() as tx:
        stored = table_in(tx, schema_name)
        values = stored.select().read_all().sort_by("id")["v"].to_pylist()
        assert arrow == stored.arrow_schema.field("v").type
    plain = [value, value, None]
    assert plain == [str(v) if isinstance(value, str) and v is not None else v
                     for v in values]  # fmt: skip


HALF = pa.table(
    {
        "h": pa.array([1.5, None], pa.float16()),
        "t": pa.array([1, 2], pa.time32("ms")),
        "f": pa.array([b"abc", b"def"], pa.binary(3)),
    }
)


def test_types_that_sql_has_not_are_read_and_written(sql, session, schema_name):
    make_table(session, schema_name, HALF.drop(["f"]))
    name = f'"{BUCKET}/{schema_name}".t'

    sql.rows(f"INSERT INTO {name} VALUES (2.5, '00:00:01')")
    sql.rows(f"UPDATE {name} SET h = h * 2 WHERE h > 2")

    assert [1.5, 5.0] == [h for h, _ in pairs(sql.rows(f"FROM {name}")) if h]
    with session.transaction() as tx:
        kinds = table_in(tx, schema_name).select().read_all().schema.types
        assert [pa.float16(), pa.time32("ms")] == kinds


REFUSED = [
    (400, "InvalidQuery", "SELEKT 1"),
    (400, "InvalidQuery", "SELECT 1; SELECT 2"),
    (400, "InvalidQuery", "SELECT nope FROM {t}"),
    (400, "InvalidQuery", 'SELECT * FROM "nobody/here".x'),
    (400, "InvalidQuery", "INSERT INTO {t} VALUES (1)"),
    (400, "InvalidQuery", "INSERT INTO {t} VALUES ('no', 'number')"),
    (400, "InvalidQuery", "INSERT INTO {t} (a, a) VALUES (1, 2)"),
    (400, "InvalidQuery", "INSERT INTO {t} (zz) VALUES (1)"),
    (400, "InvalidQuery", "UPDATE {t} SET zz = 1"),
    (400, "InvalidQuery", "CREATE TABLE nowhere (a INT)"),
    (400, "InvalidQuery", 'CREATE TABLE other."b/s".t (a INT)'),
    (400, "TabularUnsupportedColumnType", "CREATE TABLE {t}2 (a INTERVAL)"),
    (404, "NoSuchKey", "DROP TABLE {t}2"),
    (404, "NoSuchBucket", 'CREATE SCHEMA "nobody/here"'),
    (409, "TabularTableAlreadyExists", "CREATE TABLE {t} (a INT)"),
    (400, "InvalidQuery", "INSERT INTO {t} VALUES (1, 'x') RETURNING zz"),
    (400, "InvalidQuery", "DELETE FROM {t} RETURNING b::INT"),
    (501, "NotImplemented", "INSERT INTO {t} VALUES (1, 'x') ON CONFLICT DO NOTHING"),
    (501, "NotImplemented", "INSERT OR REPLACE INTO {t} VALUES (1, 'x')"),
    (501, "NotImplemented", "CREATE TABLE {t}2 (a INT PRIMARY KEY)"),
    (501, "NotImplemented", "CREATE TABLE {t}2 (a INT NOT NULL)"),
    (501, "NotImplemented", "CREATE TEMP TABLE {t}2 (a INT)"),
    (501, "NotImplemented", "CREATE VIEW {t}2 AS SELECT 1"),
    (501, "NotImplemented", "ALTER TABLE {t} ALTER a TYPE VARCHAR"),
    (400, "InvalidQuery", "MERGE INTO {t} USING {t} u ON true WHEN MATCHED THEN DELETE"),
    (400, "InvalidQuery", ("MERGE INTO {t} t USING (VALUES (1), (1)) u(n) ON a = n "
     "WHEN MATCHED THEN UPDATE SET b = 'twice'")),
    (400, "InvalidQuery", ("MERGE INTO {t} t USING (VALUES (1)) u(n) ON a = n "
     "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (n)")),
    (400, "InvalidQuery", ("MERGE INTO {t} t USING (VALUES (1), (9)) u(n) ON a = n "
     "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES ('no number', 'b')")),
    (501, "NotImplemented", ("MERGE INTO {t} t USING {t} u ON t.a = u.a "
     "WHEN MATCHED THEN UPDATE SET *")),
    (501, "NotImplemented", "BEGIN"),
    (501, "NotImplemented", "SET threads = 1"),
    (501, "NotImplemented", "ATTACH '/tmp/other.db'"),
    (501, "NotImplemented", "COPY {t} TO '/tmp/rows.csv'"),
    (400, "InvalidQuery", "SELECT * FROM read_csv('/etc/passwd')"),
    (400, "InvalidQuery", "SELECT * FROM '/etc/passwd'"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "statement"), REFUSED)
def test_unsupported_and_wrong_statements_are_refused_and_change_nothing(
    sql, table, status, code, statement
):
    with pytest.raises(SqlError, match=f"<Code>{code}</Code>") as refused:
        sql.rows(statement.format(t=table))

    assert status == refused.value.status
    assert FIRST == content(sql, table)
