"""A query's answer is what brute force gives, and it says how it was found."""

import os
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from click.shell_completion import ShellComplete
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital_kernel import Box, Cone, Polygon, Query, TimeSpan, connect
from orbital_kernel import query as planner
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.model import sky, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import (
    Clause,
    Contains,
    Equal,
    NotNull,
    Null,
    Prefix,
    Range,
)

ROWS = 3_000


@pytest.fixture(scope="module")
def sources(holding):
    """Return random sources, crowded at poles and RA 0, as stored in a table."""
    dice = np.random.default_rng(7)
    ra = np.concatenate([dice.uniform(0, 360, ROWS), dice.normal(0, 0.05, 600) % 360])
    dec = np.degrees(np.arcsin(dice.uniform(-1, 1, ROWS)))
    dec = np.concatenate([dec, dice.normal(0, 0.05, 600)])
    dec[:200] = 90 - np.abs(dice.normal(0, 0.2, 200))
    dec[200:400] = -90 + np.abs(dice.normal(0, 0.2, 200))
    number = np.arange(len(ra))
    rows = pa.table(
        {
            "catalog": pa.repeat("brute force", len(ra)),
            "source_id": [f"BF {n}" for n in number],
            "ra": ra,
            "dec": dec,
            "healpix": sky.healpix(ra, dec),
            "flux": pa.array(dice.lognormal(-30, 2, len(ra)), mask=number % 7 == 0),
            "kind": pa.array([("star", "agn", None)[n % 3] for n in number]),
        }
    )
    with holding("chandra.sources", rows, "catalog"):
        yield frame_of(rows)


CENTRES = st.one_of(
    st.tuples(st.floats(0, 360), st.sampled_from([-90.0, -89.9, 89.95, 90.0])),
    st.tuples(st.sampled_from([0.0, 359.99, 0.02, 360.0]), st.floats(-0.2, 0.2)),
    st.tuples(st.floats(0, 360), st.floats(-90, 90)),
)


@settings(
    max_examples=int(os.environ.get("ORBITAL_EXAMPLES", "40")),
    suppress_health_check=list(HealthCheck),
)
@given(centre=CENTRES, radius=st.sampled_from([0.1 / 60, 1.0, 12.0, 300.0, 1800.0]))
def test_a_cone_gives_what_brute_force_gives(orbital, sources, centre, radius):
    ra, dec = centre
    answer = planner.run(
        Query(
            "chandra.sources", cone=Cone(ra, dec, radius), prefix={"source_id": "BF"}
        ),
        orbital.store,
    )

    near = sky.separation_deg(
        ra, dec, sources["ra"].to_numpy(), sources["dec"].to_numpy()
    )
    expected = sources.filter(pl.Series(near <= radius / 60))["source_id"].sort()
    assert expected.to_list() == answer.frame["source_id"].sort().to_list()
    assert answer.how.sky_ranges <= planner.MAX_SKY_RANGES


CLAUSES = {
    "a range": Clause("flux", (Range(1e-14, 1e-12),)),
    "below": Clause("flux", (Range(None, 1e-13),)),
    "two ranges": Clause("dec", (Range(-10, -5), Range(5, 10))),
    "a set": Clause("source_id", tuple(Equal(f"BF {n}") for n in range(0, 900, 3))),
    "null": Clause("flux", (Null(),)),
    "not null": Clause("kind", (NotNull(),)),
    "prefix": Clause("source_id", (Prefix("BF 12"),)),
    "contains": Clause("kind", (Contains("ta"),)),
    "null or one": Clause("kind", (Null(), Equal("agn"))),
}


@pytest.mark.parametrize("name", CLAUSES)
def test_the_server_evaluates_a_clause_as_polars_does(orbital, sources, name):
    catalog = Clause("catalog", (Equal("brute force"),))

    answer = orbital.store.read("chandra.sources", [catalog, CLAUSES[name]])

    expected = sources.filter(CLAUSES[name].expr())["source_id"].sort()
    assert expected.to_list() == sorted(answer["source_id"].to_pylist())
    assert 0 < len(answer) < len(sources)


def test_a_box_may_cross_ra_zero(orbital, sources):
    box = Box(359.9, 0.1, -0.1, 0.1)

    answer = planner.run(
        Query("chandra.sources", box=box, prefix={"source_id": "BF"}), orbital.store
    )

    inside = ((pl.col("ra") >= 359.9) | (pl.col("ra") <= 0.1)) & pl.col(
        "dec"
    ).is_between(-0.1, 0.1)
    assert sorted(sources.filter(inside)["source_id"]) == sorted(
        answer.frame["source_id"]
    )


def test_a_time_span_is_exact_to_the_nanosecond_and_includes_its_ends(orbital, holding):
    ends = times.tt_from_utc(
        ["2020-01-01T00:00:00.000000001", "2020-01-01T00:00:00.000000003"]
    )
    steps = ends[0] + np.arange(-2, 6).astype("timedelta64[ns]")
    rows = pa.table(
        {
            "series": pa.repeat("ns", len(steps)),
            "time": steps,
            "channel": pa.array(range(8), pa.int16()),
        }
    )
    span = TimeSpan("2020-01-01T00:00:00.000000001", "2020-01-01T00:00:00.000000003")
    query = Query("chandra.rates", time=span, sets={"series": ["ns"]})

    with holding("chandra.rates", rows, "series"):
        answer = planner.run(query, orbital.store)

    assert [2, 3, 4] == sorted(answer.frame["channel"])


def test_limit_columns_and_where_are_applied_after_everything_else(orbital, sources):
    query = Query(
        "chandra.sources",
        columns=("source_id",),
        cone=Cone(0, 0, 20),
        prefix={"source_id": "BF"},
        where=pl.col("dec") > 0,
        limit=5,
    )

    answer = planner.run(query, orbital.store)

    assert ["source_id"] == answer.frame.columns
    assert 5 == len(answer.frame)
    north = set(sources.filter(pl.col("dec") > 0)["source_id"])
    assert set(answer.frame["source_id"]) <= north


def test_explain_names_pushed_conditions_and_rows_read(orbital, sources):
    how = orbital.query(Query("chandra.sources", cone=Cone(0, 0, 5))).explain()

    assert ["healpix"] == how.sort_key
    assert how.pushed[0].startswith("healpix in [")
    assert any("separation" in text for text in how.residual)
    assert how.rows_stored >= len(sources)
    assert how.rows_read is not None
    assert how.rows_returned <= how.rows_read <= how.rows_stored
    assert "rows read" in str(how)


def test_rows_read_in_several_passes_are_not_a_share_above_all(orbital, sources):
    how = orbital.query(Query("chandra.sources", cone=Cone(0, 0, 5))).explain()
    once = str(replace(how, rows_read=30, rows_stored=120))
    again = str(replace(how, rows_read=300, rows_stored=120))

    assert "30 of 120 (25.00%)" in once
    assert "300 of 120 (2.5 times all, in several passes)" in again


def test_each_query_leaves_a_row_in_the_ledger(orbital, sources):
    orbital.flush()
    before = orbital.store.rows("ops.queries")

    orbital.cone("chandra.sources", ra=0, dec=0, radius_arcmin=1)
    orbital.flush()

    assert before + 1 == orbital.store.rows("ops.queries")
    assert "cone" in orbital.table("ops.queries")["kind"].to_list()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (
            Query("chandra.sources", ranges={"fluxx": (0, 1)}),
            r"unknown column 'fluxx' \(did you mean flux",
        ),
        (Query("chandra.sources", columns=("nope",)), "unknown column 'nope'"),
        (Query("chandra.rates", cone=Cone(0, 0, 1)), "unknown column 'ra'"),
        (Query("chandra.sources", ranges={"flux": (None, None)}), "neither"),
        (Query("chandra.sources", ranges={"kind": (1, 2)}), "is text"),
        (Query("chandra.rates", time=TimeSpan("yesterday", None)), "yesterday"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_in_words(orbital, query, reason):
    with pytest.raises(QueryError, match=reason):
        planner.run(query, orbital.store)


def test_positions_off_the_sky_are_refused():
    for make in (
        lambda: Cone(0, 91, 1),
        lambda: Cone(-181, 0, 1),
        lambda: Cone(0, 0, 0),
        lambda: Box(0, 1, 5, 5),
    ):
        with pytest.raises(QueryError):
            make()


def test_a_missing_table_says_how_to_create_it(home):
    bare = connect(home, database="bare")

    with pytest.raises(StoreError, match="provision apply"):
        planner.run(Query("swift.sources", limit=1), bare.store)


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        (((0, 0), (1, 1)), "3 to 200 corners"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "sides of the polygon cross"),
        (((0, 0), (120, 0), (240, 0)), "no middle"),
        (((0, 0), (140, 0), (140, 1)), "within 80 degrees"),
        (((0, 95), (1, 1), (1, 0)), "Dec within"),
    ],
)
def test_a_polygon_without_an_inside_is_refused(corners, reason):
    with pytest.raises(QueryError, match=reason):
        Polygon(corners)


def test_a_polygon_may_hold_the_pole_and_cross_ra_zero(orbital, sources):
    corners = tuple((ra, 89.9) for ra in (10.0, 130.0, 250.0))

    answer = planner.run(
        Query("chandra.sources", polygon=Polygon(corners), prefix={"source_id": "BF"}),
        orbital.store,
    )

    inscribed, circumscribed = (
        sources.filter(pl.col("dec") >= dec)["source_id"] for dec in (89.951, 89.9)
    )
    names = set(answer.frame["source_id"])
    assert set(inscribed) <= names <= set(circumscribed)
    assert len(inscribed)


def test_a_long_set_is_asked_in_parts_and_each_row_comes_once(
    orbital, sources, monkeypatch
):
    monkeypatch.setattr("orbital_kernel.query.compiled.MAX_SET", 50)
    identifiers = [f"BF {n}" for n in range(0, 360, 2)] * 2

    answer = planner.run(
        Query("chandra.sources", sets={"source_id": identifiers}), orbital.store
    )

    assert sorted(set(identifiers)) == sorted(answer.frame["source_id"])
    assert 4 == answer.how.selects


def test_two_long_sets_are_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(planner.planning, "MAX_SET", 2)
    three = {"source_id": ["a", "b", "c"], "catalog": ["a", "b", "c"]}

    with pytest.raises(QueryError, match="join locally"):
        planner.plan(Query("chandra.sources", sets=three))


def test_a_limit_stops_the_server_though_rows_are_filtered_here(
    orbital, sources, monkeypatch
):
    monkeypatch.setattr(planner.fetching, "FIRST_STEP_ROWS", 10)

    answer = planner.run(
        Query("chandra.sources", where=pl.col("dec") > -91, limit=5), orbital.store
    )

    assert 5 == len(answer.frame)
    assert 20 == answer.how.rows_fetched


def test_a_limit_is_filled_though_few_rows_pass_the_filters_here(
    orbital, sources, monkeypatch
):
    monkeypatch.setattr(planner.fetching, "FIRST_STEP_ROWS", 10)
    rare = pl.col("source_id").is_in(["BF 3", "BF 1700", "BF 3500"])

    answer = planner.run(
        Query("chandra.sources", where=rare, prefix={"source_id": "BF"}, limit=3),
        orbital.store,
    )

    assert ["BF 1700", "BF 3", "BF 3500"] == sorted(answer.frame["source_id"])


@pytest.mark.parametrize(
    "query",
    [
        Query("chandra.sources"),
        Query("chandra.sources", contains={"source_id": "BF"}),
        Query("chandra.sources", cone=Cone(0, 0, 10_800)),
    ],
)
def test_reading_most_of_a_large_table_is_refused_with_advice(
    orbital, sources, monkeypatch, query
):
    monkeypatch.setattr(planner.running, "LARGE_TABLE_ROWS", 1_000)

    with pytest.raises(QueryError, match=r"a cone, box or polygon.*full_scan=True"):
        planner.run(query, orbital.store)

    everything = planner.run(replace(query, full_scan=True), orbital.store)
    assert len(everything.frame) >= len(sources)
    few = planner.run(replace(query, limit=7), orbital.store)
    assert 7 == len(few.frame)


def test_a_cone_in_a_large_table_is_not_refused(orbital, sources, monkeypatch):
    monkeypatch.setattr(planner.running, "LARGE_TABLE_ROWS", 1_000)

    assert len(
        planner.run(Query("chandra.sources", cone=Cone(0, 0, 5)), orbital.store).frame
    )


def test_explain_has_stages_row_groups_and_rows_left_by_statistics(orbital, sources):
    query = Query("chandra.sources", cone=Cone(0, 0, 5))
    planner.run(query, orbital.store)

    how = planner.run(query, orbital.store, estimate=True).how

    assert {"plan", "open", "statistics", "server", "local"} == set(how.stages)
    assert sum(how.stages.values()) <= how.milliseconds + 0.001 * len(how.stages)
    assert how.rows_read <= how.estimated_rows <= how.rows_stored
    assert how.row_groups_read >= 1
    assert not how.cold
    assert "statistics left at most" in str(how)


def test_names_of_tables_complete_by_tab():
    shell = ShellComplete(cli, {}, "orbital", "_ORBITAL_COMPLETE")

    answer = shell.get_completions(["query", "cone"], "swift.ra")

    assert ["swift.rates"] == [completion.value for completion in answer]
