"""SQL goes to the database's engine by the vendor's driver, where there is one."""

import os
from pathlib import Path

import pyarrow as pa
import pytest

from orbital_kernel.errors import ConfigError, QueryError
from orbital_kernel.query import sql


def test_tables_are_named_as_the_engine_wants_them():
    text, tables = sql.named(
        "WITH a AS (SELECT * FROM swift.rates) SELECT * FROM a JOIN chandra.rates USING (time)",
        "orbital",
    )

    assert ["swift.rates", "chandra.rates"] == sorted(tables, reverse=True)
    assert '"orbital/swift".rates' in text
    assert '"orbital/chandra".rates' in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DELETE FROM swift.rates", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT * FROM rates", "e.g. swift.rates"),
        ("SELEKT (", "no SQL|one SELECT"),
    ],
)
def test_what_is_no_single_select_is_refused(text, reason):
    with pytest.raises(QueryError, match=reason):
        sql.named(text, "orbital")


def test_without_a_driver_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.delenv(sql.VARIABLE, raising=False)

    with pytest.raises(ConfigError, match=r"pip install --no-deps --target .*sql"):
        sql.driver(tmp_path)


@pytest.fixture
def rows(orbital):
    """Return a session that has a driver, with a few rows."""
    if not Path(os.environ.get(sql.VARIABLE, "")).is_file():
        pytest.skip(f"no driver for SQL: name its library in {sql.VARIABLE}")
    orbital.store.insert(
        "chandra.rates",
        pa.table({"series": ["sql a", "sql b", "sql a"], "rate": [1.0, 2.0, 4.0]}),
    )
    return orbital


def test_an_aggregate_runs_in_the_engine_and_leaves_a_row_in_the_ledger(rows):
    found = rows.sql(
        "SELECT series, sum(rate) AS total FROM chandra.rates "
        "WHERE series LIKE 'sql %' GROUP BY series ORDER BY series"
    )

    assert [("sql a", 5.0), ("sql b", 2.0)] == found.rows()
    assert "sql" in rows.table("ops.queries")["kind"].to_list()


def test_a_wrong_column_is_told_in_words(rows):
    with pytest.raises(QueryError, match="nope"):
        rows.sql("SELECT nope FROM chandra.rates")
