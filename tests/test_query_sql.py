"""SQL goes to the database's engine by the vendor's driver, where there is one."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from orbital_kernel.__main__ import cli
from orbital_kernel.errors import ConfigError, QueryError
from orbital_kernel.query import sql
from orbital_kernel.query.lineage import output_units
from orbital_kernel.query.statement import statement

LOCK = Path(__file__).parent.parent / "sql.lock"


def test_tables_are_named_as_the_engine_wants_them_and_all_else_stays_as_written():
    parsed = statement(
        "WITH a AS (SELECT * FROM swift.rates)  SELECT a.*, epoch(time) -- why\n"
        "FROM a JOIN orbital.Chandra.rates r USING (time) WHERE chandra.rates.rate > 1;",
        "orbital",
    )

    assert {"swift.rates", "chandra.rates"} == set(parsed.tables)
    assert (
        'WITH a AS (SELECT * FROM "orbital/swift"."rates")  SELECT a.*, epoch(time) -- why\n'
        'FROM a JOIN "orbital/chandra"."rates" r USING (time) '
        'WHERE "orbital/chandra".rates.rate > 1'
    ) == parsed.sent


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DELETE FROM swift.rates", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("", "one SELECT"),
        ("SHOW TABLES", "one SELECT"),
        (
            "SELECT *\nFROM rates",
            "line 2, column 6: .*e.g. chandra.rates or .*swift.rates",
        ),
        ("SELEKT (", "not valid SQL at line 1, column 8"),
        ("SELECT 'abc", "not closed"),
        (
            "SELECT * FROM swift.rates WHERE (rate > 3",
            "not valid SQL at line 1, column 41",
        ),
    ],
)
def test_what_is_no_single_select_is_refused_with_the_place_of_the_mistake(
    text, reason
):
    with pytest.raises(QueryError, match=reason) as refused:
        statement(text, "orbital")

    assert "\x1b" not in str(refused.value)


OBSERVATIONS = "FROM swift.observations o"
UNITS = {
    f"SELECT ra, o.dec AS d, count(*), avg(exposure_s) {OBSERVATIONS} GROUP BY 1, 2": (
        ["deg", "deg", "", "s"]
    ),
    f"WITH x AS (SELECT object, max(exposure_s) m {OBSERVATIONS} GROUP BY 1) "
    "SELECT x.*, m - 3, 1000 * m, (m) FROM x": ["", "s", None, None, "s"],
    "SELECT a.ra - b.ra, coalesce(a.dec, b.dec), CASE WHEN a.ra > 1 THEN a.ra END "
    "FROM swift.observations a JOIN chandra.observations b USING (obs_id)": (
        ["deg", "deg", "deg"]
    ),
    "SELECT flux, max(flux), flux_unit FROM swift.sources": (
        ["see flux_unit", None, ""]
    ),
    "SELECT ra FROM swift.grbs UNION ALL SELECT ra FROM chandra.grbs": ["deg"],
    "SELECT ra FROM swift.grbs UNION ALL SELECT t90_s FROM chandra.grbs": [None],
    "SELECT (SELECT max(exposure_s) FROM chandra.observations c WHERE c.ra = o.ra), "
    f"lag(exposure_s) OVER (ORDER BY time), stddev(ra), ra > 3, sqrt(ra) {OBSERVATIONS}": (
        ["s", "s", "deg", "", None]
    ),
    "SELECT * FROM (SELECT met_s, rate_err, counts FROM swift.rates)": (
        ["s", "see unit", "count"]
    ),
}


@pytest.mark.parametrize(("text", "units"), UNITS.items())
def test_units_are_followed_from_the_tables_as_far_as_they_stay_the_same(text, units):
    columns = [str(n) for n in range(len(units))]

    assert units == list(output_units(statement(text, "orbital"), columns).values())


def test_where_columns_cannot_be_counted_no_unit_is_claimed():
    parsed = statement("SELECT swift.observations.* FROM swift.observations", "orbital")

    assert {"a": None, "b": None} == output_units(parsed, ["a", "b"])


def test_without_a_driver_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.delenv(sql.VARIABLE, raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))

    with pytest.raises(
        ConfigError, match=r"-m pip install --no-deps --target"
    ) as refused:
        sql.driver(tmp_path)

    assert sql.PACKAGE in str(refused.value)
    assert f"\n{sql.PACKAGE} ;" in LOCK.read_text()


def test_the_driver_named_goes_before_the_environments_and_that_before_the_platforms(
    tmp_path, monkeypatch
):
    monkeypatch.delenv(sql.VARIABLE, raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    libraries = [
        tmp_path / "named.so",
        tmp_path / "environment" / "sql" / "lib" / "libadbc_driver_vastdb.so",
        tmp_path / "sql" / "lib" / "libadbc_driver_vastdb.so",
    ]
    for library in libraries:
        library.parent.mkdir(parents=True, exist_ok=True)
        library.touch()
    assert libraries[1] == sql.driver(tmp_path)

    libraries[1].unlink()
    assert libraries[2] == sql.driver(tmp_path)

    monkeypatch.setenv(sql.VARIABLE, str(libraries[0]))
    assert libraries[0] == sql.driver(tmp_path)


def test_only_sql_pays_for_the_driver():
    """The SDK opens it in every transaction as soon as it can be imported."""
    assert find_spec("adbc_driver_vastdb") is None


@pytest.fixture
def rows(orbital, holding):
    """Return a session that has a driver, with a few rows."""
    try:
        sql.driver(orbital.home)
    except ConfigError as error:
        pytest.skip(str(error))
    few = pa.table(
        {
            "series": ["sql a", "sql b", "sql a"],
            "rate": [1.0, 2.0, 4.0],
            "met_s": [10.0, 20.0, 30.0],
            "channel": pa.array([1, 2, 3], pa.int16()),
        }
    )
    with holding("chandra.rates", few, "series"):
        yield orbital


def test_an_aggregate_runs_in_the_engine_and_leaves_a_row_in_the_ledger(rows):
    text = (
        "SELECT series, sum(rate) AS total, sum(channel) AS channels "
        "FROM chandra.rates WHERE series LIKE 'sql %' GROUP BY series ORDER BY series"
    )

    frame = rows.sql(text)

    assert [("sql a", 5.0, 4), ("sql b", 2.0, 2)] == frame.rows()
    ledger = rows.table("ops.queries").filter(pl.col("predicate") == text)
    assert {"sql"} == set(ledger["kind"])


def test_a_join_of_two_observatories_keeps_units_and_names_columns_differently(rows):
    answer = rows.ask_sql(
        "SELECT a.met_s, b.met_s, a.rate / b.rate AS ratio FROM chandra.rates a "
        "LEFT JOIN swift.rates b ON a.series = b.series WHERE a.series = 'sql b'"
    )

    assert [(20.0, None, None)] == answer.frame.rows()
    assert {"met_s": "s", "met_s_2": "s", "ratio": None} == answer.units
    assert "chandra.rates, swift.rates" == answer.how.table


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "SELECT series, expozure_s FROM chandra.observations",
            r"line 1, column 16: unknown column 'expozure_s' \(did you mean exposure_s",
        ),
        (
            "SELECT 1 FROM chandra.rate",
            r"unknown table 'chandra.rate' \(did you mean chandra.rates",
        ),
        ("SELECT 1 FROM nicer.rates", "choose from chandra.*swift.rates"),
        ("SELECT nope(rate) FROM chandra.rates", "(?i)function with name nope"),
        (
            "SELECT max(time) - min(time) FROM chandra.rates",
            r"epoch\(a\) - epoch\(b\)",
        ),
    ],
)
def test_an_error_in_sql_names_the_place_and_what_to_write_instead(rows, text, reason):
    with pytest.raises(QueryError, match=reason) as refused:
        rows.sql(text)

    assert "StartQueryRequest" not in str(refused.value)


def test_the_shell_prints_units_in_headers_and_in_json(rows, capsys, monkeypatch):
    monkeypatch.setattr("orbital_kernel.connect", lambda: rows)
    text = "SELECT met_s, rate FROM chandra.rates WHERE series = 'sql b'"

    cli(["query", "sql", text, "--explain"], standalone_mode=False)
    shown = capsys.readouterr().out
    cli(["query", "sql", text, "--json"], standalone_mode=False)
    document = json.loads(capsys.readouterr().out)

    lines = shown.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("met_s"))
    header, units = lines[at : at + 2]
    assert ["met_s", "rate"] == header.split()
    assert ["[s]", "[see", "unit]"] == units.split()
    assert '"orbital/chandra"."rates"' in shown
    assert {"met_s": "s", "rate": "see unit"} == document["units"]
    assert [{"met_s": 20.0, "rate": 2.0}] == document["rows"]
