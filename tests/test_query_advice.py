"""The advisor reads the ledger, estimates what a projection saves, and measures it."""

import json
from datetime import datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

from orbital_kernel import Box, Cone, Polygon, Query, TimeSpan
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema, times
from orbital_kernel.model.predicate import (
    Clause,
    Contains,
    Equal,
    NotNull,
    Null,
    Prefix,
    Range,
)
from orbital_kernel.query import advice, latency, planning
from orbital_kernel.query.predicate_json import clauses, dumped
from orbital_kernel.query.recording import recorded, remembered

ROWS, SERIES = 200_000, 100
TABLE = "chandra.rates"


@pytest.fixture
def observed(orbital, holding):
    """Return the ledger after ten questions for one series of a hundred each."""
    start = times.tt_from_utc(["2022-01-01T00:00:00"])[0]
    number = np.arange(ROWS)
    rows = pa.table(
        {
            "file_sha256": np.char.add("advice ", (number % SERIES).astype("U3")),
            "time": start + number * np.timedelta64(64_000_000, "ns"),
        }
    )
    with holding(TABLE, rows, "file_sha256"):
        for n in range(10):
            query = Query(TABLE, ("time",), sets={"file_sha256": [f"advice {n}"]})
            assert ROWS // SERIES == len(orbital.query(query, kind="advice").frame)
        orbital.flush()
        ledger = orbital.table("ops.queries").sort("asked")
        yield ledger.filter(pl.col("kind") == "advice")
    with orbital.store.transaction() as tx:
        if "by_file_sha256" in tx.projections(TABLE, fresh=True):
            tx.drop_projection(TABLE, "by_file_sha256")


def test_a_projection_is_advised_estimated_made_and_measured(orbital, observed):
    (reply,) = advice.advise(observed, orbital.store)

    assert (TABLE, ("file_sha256", "time")) == (reply.table, reply.projection.sort)
    assert reply.rows_read >= 10 * ROWS
    assert 10 * ROWS // SERIES == reply.estimated_rows
    assert reply.sort_first

    followed = advice.follow(reply, orbital.store, patience=60)

    assert reply.rows_read == followed.rows_before
    assert followed.rows_after <= reply.estimated_rows + 10 * 65_536
    assert followed.rows_after < followed.rows_before / 2
    assert abs(followed.saving - reply.saving) < 0.3
    assert [] == advice.advise(observed, orbital.store)
    query = Query(TABLE, ("time",), sets={"file_sha256": ["advice 3"]})
    how = orbital.query(query).how
    assert ("by_file_sha256", "file_sha256") == (how.projection, how.sort_key[0])


def test_what_is_served_already_brings_no_advice(orbital):
    span = TimeSpan("2022-01-01T00:00:00", "2022-01-01T00:01:00")
    for _ in range(5):
        orbital.query(Query(TABLE, time=span), kind="served")
    orbital.flush()
    ledger = orbital.table("ops.queries").filter(pl.col("kind") == "served")

    assert [] == advice.advise(ledger, orbital.store)


def test_the_command_shows_advice_and_applies_it(orbital, observed, home, monkeypatch):
    for name in ("AWS_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORBITAL_HOME", str(home))

    def call(*arguments):
        done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert 0 == done.exit_code, done.output
        return done.stdout

    reply = json.loads(call("queries", "advise", "--last", "10", "--json"))
    applied = json.loads(call("queries", "advise", "--last", "10", "--apply", "--json"))

    assert ["by_file_sha256"] == [entry["projection"] for entry in reply["advice"]]
    assert [] == reply["followed"]
    (measured,) = applied["followed"]
    assert measured["rows_after"] < measured["rows_before"] / 2
    assert "no projection would reduce the rows" in call(
        "queries", "advise", "--last", "10"
    )


TERMS = (
    Clause("object", (Equal("it's 'odd'"), Null(), NotNull())),
    Clause("object", (Prefix("GRB "), Contains(" or "))),
    Clause("value", (Range(1e-13, 2.5), Range(None, -1.0), Range(3.0, None))),
    Clause("healpix", (Range(1, 1 << 60),)),
    Clause("is_limit", (Equal(value=True),)),
    Clause("time", (Range(datetime(2020, 1, 1, 0, 1), datetime(2020, 1, 2)),)),  # noqa: DTZ001
    Clause("time", (Equal(datetime(2020, 1, 1, 0, 1, 9, 184000)),)),  # noqa: DTZ001
)


@pytest.mark.parametrize("clause", TERMS, ids=str)
def test_clauses_are_read_back_as_they_were_written(clause):
    (restored,) = remembered([str(clause)], schema.table("swift.photometry"))

    assert clause == restored.clause
    assert len(clause.any_of) == restored.terms


def test_a_long_clause_is_remembered_by_its_first_terms_and_their_number():
    clause = planning.set_clause("object", [f"o{n}" for n in range(9)], pa.string())

    (restored,) = remembered([str(clause)], schema.table("swift.photometry"))

    assert clause.any_of[:3] == restored.clause.any_of
    assert 9 == restored.terms
    assert [] == remembered(["no_such > 5", "object ~ x"], schema.table("swift.rates"))


QUERIES = (
    Query("swift.photometry", sets={"object": ["it's 'odd'", None]}),
    Query("swift.photometry", not_null=("object",), null=("band",)),
    Query("swift.photometry", prefix={"object": "GRB "}, contains={"object": " or "}),
    Query("swift.photometry", ranges={"value": (1e-13, None), "ra": (None, 5)}),
    Query("swift.photometry", ranges={"time": (datetime(2020, 1, 1, 0, 1), None)}),  # noqa: DTZ001
    Query("swift.photometry", time=TimeSpan("2020-01-01T00:00:00.5", "2020-01-02")),
    Query("swift.photometry", time=TimeSpan(datetime(2020, 1, 1), None)),  # noqa: DTZ001
    Query("swift.photometry", cone=Cone(10, 20, 5), box=Box(350, 10, -5, 5)),
    Query("swift.photometry", polygon=Polygon(((0, 0), (1, 0), (1, 1)))),
    Query(
        "swift.photometry", sets={"is_limit": [True], "healpix": [np.int64(1 << 59)]}
    ),
)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_conditions_are_read_back_from_json_as_they_were_planned(query):
    pushed = planning.plan(query).pushed

    assert [(clause, len(clause.any_of)) for clause in pushed] == clauses(dumped(query))


def test_a_row_of_the_ledger_is_read_from_json_and_an_older_one_from_its_texts():
    query = Query("swift.photometry", sets={"object": ["a or object = 'b'"]})
    (clause,) = planning.plan(query).pushed
    table = schema.table("swift.photometry")
    texts = json.dumps(["value >= 3.0"])

    (from_json,) = recorded({"pushed": texts, "predicate_json": dumped(query)}, table)
    (from_text,) = recorded({"pushed": texts, "predicate_json": None}, table)
    (older,) = recorded({"pushed": texts}, table)

    assert clause == from_json.clause
    assert Clause("value", (Range(3.0, None),)) == from_text.clause == older.clause


def test_json_of_a_long_set_has_its_first_values_and_their_number():
    query = Query("swift.photometry", sets={"object": [f"o{n}" for n in range(5_000)]})

    ((clause, terms),) = clauses(dumped(query))

    assert (100, 5_000) == (len(clause.any_of), terms)


def test_json_of_a_later_version_or_of_a_column_that_is_gone_gives_no_clauses():
    document = json.loads(dumped(Query("swift.rates", sets={"series": ["a"]})))

    assert 1 == document["version"]
    assert [] == clauses(json.dumps(document | {"version": 2}))
    assert [] == clauses(json.dumps(document | {"null": ["gone"]}))


def test_a_query_too_long_for_a_cell_is_stored_without_json():
    names = ["n" * 200 + str(n) for n in range(100)]

    assert dumped(Query("swift.photometry", sets={"object": names})) is None


def ledger_of(days):
    """Return a ledger of 30 queries a day that took so many milliseconds each."""
    return pl.DataFrame(
        {
            "asked": [
                datetime(2024, 5, day, 3)  # noqa: DTZ001
                for day in range(1, len(days) + 1)
                for _ in range(30)
            ],
            "kind": ["cone"] * 30 * len(days),
            "milliseconds": [float(ms) for ms in days for _ in range(30)],
        }
    )


def test_a_day_that_is_half_as_slow_again_is_a_regression():
    ledger = ledger_of([20, 21, 40, 20, 2000])

    steps = latency.over_time(ledger, "1d")

    assert ["", "", "SLOWER", "", "SLOWER"] == [step.said for step in steps]
    assert [3, 5] == [step.start.day for step in latency.regressions(ledger)]
    assert ["over budget"] == [s.said for s in latency.over_time(ledger_of([3000]))]


def test_a_step_that_is_none_is_refused():
    with pytest.raises(QueryError, match="10m, 1h"):
        latency.over_time(ledger_of([1]), "a day")
