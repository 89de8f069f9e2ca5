"""Tables are laid out for what is asked of them, and the planner follows the layout."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from orbital_kernel import Cone, Query, TimeSpan
from orbital_kernel import query as planner
from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema, sky, times
from orbital_kernel.model.columns import Projection
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.layout import BY_TABLE, EVERY
from orbital_kernel.model.predicate import Clause, Equal, Range
from orbital_kernel.query import Largest, planning

TAG = "layout"
ROWS = 4_000
OTHERS = ROWS + 4_096
"""Rows of other tests in the table, and the part of a row group opened."""
SPAN = TimeSpan("2021-03-04T00:00:00", "2021-03-04T00:10:00")


@pytest.fixture(scope="module")
def points(holding):
    """Return photometry of twenty objects, a point a second, as it is stored."""
    start = times.tt_from_utc(["2021-03-04T00:00:00"])[0]
    ra = np.arange(ROWS) % 20 * 18.0
    rows = pa.table(
        {
            "object": [f"{TAG} {n % 20}" for n in range(ROWS)],
            "time": start + np.arange(ROWS) * np.timedelta64(1_000_000_000, "ns"),
            "ra": ra,
            "dec": np.zeros(ROWS),
            "healpix": sky.healpix(ra, np.zeros(ROWS)),
            "value": np.random.default_rng(3).lognormal(0, 1, ROWS),
        }
    )
    with (
        holding("swift.photometry", rows, "object"),
        holding("chandra.photometry", rows, "object"),
    ):
        yield pl.DataFrame(rows)


def test_every_layout_names_columns_its_table_has():
    for name in schema.tables(("swift", "chandra")):
        table = schema.table(name)
        used = {*table.sort, *(c for p in table.projections for c in p.sort)}
        assert used <= {column.name for column in table.columns}, name

    assert set(BY_TABLE) <= set(schema.tables(("swift", "chandra")))
    assert set(EVERY) <= {table.name for table in schema.OBSERVATORY_TABLES}


def test_swift_streams_are_time_first_and_chandra_deep_exposures_sky_first():
    assert "time" == schema.table("swift.events").sort[0]
    assert "healpix" == schema.table("chandra.events").sort[0]


def test_provisioning_makes_the_projections_and_then_plans_nothing(orbital):
    actual = orbital.store.actual()

    for name, table in schema.tables(("swift", "chandra")).items():
        assert set(table.projections) <= set(actual[name].projections), name
    assert not [c for c in orbital.storage.plan().changes if c.resource == "table"]


def test_a_projection_that_is_missing_is_drift_and_is_made_again(orbital):
    with orbital.store.transaction() as tx:
        tx.drop_projection("swift.sources", "by_flux")

    (change,) = (c for c in orbital.storage.plan().changes if c.resource == "table")
    orbital.storage.apply()

    assert ("update", "swift.sources") == (change.action, change.name)
    assert "by_flux" in {
        p.name for p in orbital.store.actual()["swift.sources"].projections
    }


FOLLOWED = (
    (Query("swift.photometry", sets={"object": [f"{TAG} 7"]}), "by_object"),
    (Query("swift.photometry", time=SPAN), ""),
    (Query("chandra.photometry", time=SPAN), "by_time"),
    (Query("chandra.photometry", cone=Cone(18.0, 0.0, 1.0)), ""),
    (Query("swift.photometry", contains={"object": f"{TAG} 7"}, limit=3), ""),
)


@pytest.mark.parametrize(("query", "projection"), FOLLOWED)
def test_the_order_narrowed_most_is_followed_and_changes_no_answer(
    orbital, points, query, projection
):
    answer = planner.run(query, orbital.store)
    with orbital.store.transaction() as tx:
        plain = tx.select(query.table, planner.plan(query).pushed, projection="")

    assert projection == answer.how.projection
    if query.limit is None:
        ours = answer.frame.filter(pl.col("object").str.starts_with(TAG))
        held = planner.plan(query).residual
        right = pl.DataFrame(plain).filter(pl.col("object").str.starts_with(TAG))
        right = right.filter(*(e for _, e in held)) if held else right
        assert len(ours)
        assert sorted(right["time"]) == sorted(ours["time"])
    assert (f"(projection {projection})" in str(answer.how)) == bool(projection)


def test_an_object_in_a_large_table_is_found_without_a_full_scan(
    orbital, points, monkeypatch
):
    monkeypatch.setattr(planner.running, "LARGE_TABLE_ROWS", 1_000)

    answer = planner.run(FOLLOWED[0][0], orbital.store)

    assert ROWS // 20 == len(answer.frame)


@pytest.mark.parametrize(
    "part",
    [
        {"time": TimeSpan("2000-01-01", "2040-01-01")},
        {"ranges": {"value": (-1e300, 1e300)}},
    ],
)
def test_a_range_with_both_ends_that_holds_most_of_a_large_table_is_refused(
    orbital, points, monkeypatch, part
):
    monkeypatch.setattr(planner.running, "LARGE_TABLE_ROWS", 1_000)
    query = Query("swift.photometry", **part)

    with pytest.raises(
        QueryError, match=r"most of swift.photometry, .*: give .* full_scan=True"
    ):
        planner.run(query, orbital.store)

    everything = planner.run(replace(query, full_scan=True), orbital.store).frame
    assert ROWS <= len(everything)


def test_of_several_orders_the_server_reads_the_one_it_opens_least_of(
    orbital, holding, in_step
):
    number = np.arange(200_000)
    start = times.tt_from_utc(["2021-03-05T00:00:00"])[0]
    rows = {
        "object": [f"{TAG} least"] * len(number),
        "time": start + number * np.timedelta64(1_000_000_000, "ns"),
        "value": np.random.default_rng(9).uniform(0, 1, len(number)),
    }
    table = "swift.photometry"
    span = TimeSpan("2021-03-05T00:00:00", "2021-03-06T00:00:00")
    bright = Query(table, ("value",), time=span, ranges={"value": (0.999, None)})
    all_of_it = replace(bright, ranges={"value": (0.0, None)})
    cuts = [0.95, 0.8, 0.6, 0.5, 0.4, 0.2]
    between = [replace(bright, ranges={"value": (cut, None)}) for cut in cuts]

    with holding(table, pa.table(rows), "object"):
        in_step(table)
        few, all_ = (orbital.query(query) for query in (bright, all_of_it))
        cut = [orbital.query(query).how for query in between]

    one_clause = [min(86_401, int(np.sum(rows["value"] >= low))) for low in cuts]
    for how, alone in zip(cut, one_clause, strict=True):
        assert how.rows_returned <= how.rows_read <= alone + OTHERS
    assert ("by_value", "value") == (few.how.projection, few.how.sort_key[0])
    assert 50 < len(few.frame) <= few.how.rows_read < 400 + ROWS
    assert ("", "time") == (all_.how.projection, all_.how.sort_key[0])
    assert 86_401 == len(all_.frame) <= all_.how.rows_read < 90_000


def test_on_a_cluster_a_rule_of_thumb_chooses_the_order():
    query = Query("chandra.photometry", sets={"object": ["a"]}, time=SPAN)
    table = schema.table(query.table)
    named = {projection.name: projection for projection in table.projections}

    planned = planning.ordered(planner.plan(query), table.sort, named)

    assert ("by_time", ("time",)) == (planned.projection, planned.sort_key)
    assert 2 == planning.choices(planned, table.sort, named)


def test_a_projection_must_be_twice_as_good_as_the_table():
    plan = planner.plan(Query("swift.rates"))
    clauses = (
        Clause("time", (Range(datetime(2020, 1, 1), datetime(2020, 1, 2)),)),  # noqa: DTZ001
        Clause("series", (Equal("a"),)),
    )
    plan = replace(plan, pushed=clauses)
    by_series = {"by_series": Projection("by_series", ("series",))}
    wider = Range(datetime(2019, 1, 1), datetime(2020, 1, 2))  # noqa: DTZ001

    near = planning.ordered(plan, ("time",), by_series)
    far = planning.ordered(
        replace(plan, pushed=(Clause("time", (wider,)), clauses[1])),
        ("time",),
        by_series,
    )

    assert ("", ("time",)) == (near.projection, near.sort_key)
    assert ("by_series", ("series",)) == (far.projection, far.sort_key)


@pytest.mark.parametrize("rows", [1, 7, 500])
def test_the_largest_are_those_of_a_sort_with_and_without_an_order_by_value(
    orbital, holding, rows
):
    dice = np.random.default_rng(rows)
    flux = [float(v) for v in dice.lognormal(50, 2, 3_000)] + [None, float("nan")]
    tag = f"{TAG} largest {rows}"
    table = {
        "catalog": [tag] * len(flux),
        "source_id": [str(n) for n in range(len(flux))],
        "flux": pa.array(flux, pa.float64()),
        "significance": pa.array(flux, pa.float64()),
    }
    right = sorted((f for f in flux[:-2]), reverse=True)[:rows]
    queries = {
        column: Query(
            "swift.sources",
            (column,),
            sets={"catalog": [tag]},
            largest=Largest(column, rows),
        )
        for column in ("flux", "significance")
    }

    with holding("swift.sources", pa.table(table), "catalog"):
        answers = {c: planner.run(q, orbital.store) for c, q in queries.items()}

    for column, answer in answers.items():
        assert right == answer.frame[column].to_list()
    assert "by_flux" == answers["flux"].how.projection
    assert "" == answers["significance"].how.projection


def test_the_brightest_are_found_by_one_request_the_second_time_and_stay_right(
    orbital, holding, monkeypatch
):
    query = Query("chandra.sources", ("source_id", "flux"), largest=Largest("flux", 5))
    tag = f"{TAG} brightest"

    def more(first, count):
        rows = {
            "catalog": [tag] * count,
            "source_id": [f"{tag} {n}" for n in range(first, first + count)],
            "flux": [1e30 * (n + 1) for n in range(first, first + count)],
        }
        return holding("chandra.sources", pa.table(rows), "catalog")

    with more(0, 50):
        first = planner.run(query, orbital.store)
        begun = []
        with monkeypatch.context() as patch:
            patch.setattr(orbital.store, "_begin", lambda: begun.append(1) or 0)
            again = planner.run(query, orbital.store)
        with more(50, 3):
            risen = planner.run(query, orbital.store)
    after = planner.run(query, orbital.store)

    assert [f"{tag} {n}" for n in (49, 48, 47, 46, 45)] == first.frame[
        "source_id"
    ].to_list()
    assert first.frame.equals(again.frame)
    assert 1 == again.how.selects == again.how.requests
    assert [] == begun
    assert f"{tag} 52" == risen.frame["source_id"][0]
    assert tag not in "".join(filter(None, after.frame["source_id"]))


def test_a_largest_and_a_limit_are_refused_together():
    with pytest.raises(QueryError, match="no limit"):
        Query("swift.sources", largest=Largest("flux", 5), limit=3)
    with pytest.raises(QueryError, match="1 or more"):
        Query("swift.sources", largest=Largest("flux", 0))


def test_a_count_fetches_no_rows_and_is_that_of_the_query(orbital, points):
    query = Query("swift.photometry", sets={"object": [f"{TAG} 7"]}, time=SPAN)

    counted = orbital.counted(query)

    assert 30 == orbital.count(query) == counted.frame["count"][0]
    assert 0 == counted.how.rows_fetched
    assert orbital.count(replace(query, limit=4)) == 4
    near = Query("swift.photometry", cone=Cone(18.0, 0.0, 1.0), time=SPAN)
    assert len(orbital.query(near).frame) == orbital.count(near)


def test_a_question_sees_what_was_committed_before_it_was_asked(orbital, holding):
    query = Query("swift.notices", sets={"notice_id": [TAG]})
    start = times.tt_from_utc(["2021-03-04T00:00:00"])[0]
    with ExitStack() as held:
        for n in range(1, 4):
            rows = {"notice_id": [TAG], "time": [start + np.timedelta64(n, "s")]}
            held.enter_context(holding("swift.notices", pa.table(rows), "notice_id"))
            assert n == len(orbital.query(query).frame) == orbital.count(query)
    assert 0 == orbital.count(query)


def test_an_answer_of_several_pages_is_read_in_one_transaction(
    orbital, points, monkeypatch
):
    monkeypatch.setattr("orbital_kernel.database.transaction.MOST_ROWS_ALONE", 50)
    query = FOLLOWED[0][0]
    assert orbital.store.answers_alone

    answer = planner.run(query, orbital.store)

    assert ROWS // 20 == len(answer.frame)
    assert answer.how.rows_read >= ROWS // 20
    assert 1 == answer.how.requests


def test_rows_read_before_a_second_page_are_still_counted(
    orbital, holding, monkeypatch
):
    monkeypatch.setattr("orbital_kernel.database.transaction.MOST_ROWS_ALONE", 50)
    rows = {
        "catalog": [f"{TAG} pages"] * 500,
        "source_id": [f"{TAG} {n}" for n in range(500)],
        "flux": [1e30 * (n + 1) for n in range(500)],
    }
    query = Query("swift.sources", ("flux",), largest=Largest("flux", 300))

    with holding("swift.sources", pa.table(rows), "catalog"):
        answer = planner.run(query, orbital.store)

    assert [1e30 * n for n in range(500, 200, -1)] == answer.frame["flux"].to_list()
    assert 2 <= answer.how.selects == answer.how.requests


def test_a_limit_stops_the_server_after_few_rows(orbital, holding):
    start = times.tt_from_utc(["2023-01-01T00:00:00"])[0]
    number = np.arange(150_000)
    rows = {
        "series": [f"{TAG} limit"] * len(number),
        "time": start + number * np.timedelta64(1_000_000, "ns"),
    }

    with holding("swift.rates", pa.table(rows), "series"):
        few = orbital.query(Query("swift.rates", ("time",), limit=5)).how
        everything = orbital.query(Query("swift.rates", ("time",), full_scan=True)).how

    assert 5 == few.rows_fetched == few.rows_returned
    assert few.rows_read <= 65_536 < 150_000 <= everything.rows_read
    assert 1 == few.splits
    assert "in 1 select, 1 split, " in str(few)


def test_numbers_reach_the_frame_without_being_copied(orbital, points):
    clauses = planner.plan(FOLLOWED[0][0]).pushed
    rows = orbital.store.read("swift.photometry", clauses, columns=["value", "ra"])

    frame = frame_of(rows)

    for name in ("value", "ra"):
        before = [c.buffers()[1].address for c in rows[name].chunks]

        assert before == [frame[name].to_arrow().buffers()[1].address]


def test_a_span_to_the_microsecond_leaves_nothing_to_do_here(orbital):
    everything = planner.plan(Query("swift.rates", time=SPAN))
    finer = planner.plan(
        Query("swift.rates", time=TimeSpan("2021-03-04T00:00:00.000000001", None))
    )

    assert () == everything.residual
    assert 1 == len(finer.residual)
    (term,) = everything.pushed[0].any_of
    assert timedelta(minutes=10) == term.high - term.low
