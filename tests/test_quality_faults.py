"""Planted faults are all found by `orbital quality run`, and clean rows show none."""

import json
from datetime import timedelta

import polars as pl
import pyarrow as pa
import pytest
import quality_faults as planted
from click.testing import CliRunner

from orbital_kernel import connect
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.questions.quality_ingest import Watched
from orbital_kernel.questions.quality_passes import Survey
from orbital_kernel.questions.quality_report import lines_of
from orbital_kernel.science.quality import (
    CHECKS,
)

CLEAN = {
    "swift.photometry": [planted.calibrator()],
    "swift.rates": [planted.bins()],
    "swift.intervals": [planted.good_times()],
    "swift.observations": [planted.pointings()],
    "swift.grbs": [planted.bursts(2.1, 2.11)],
    "swift.sources": [planted.catalogue(name="second", seed=9)],
    "chandra.sources": [planted.catalogue(name="first")],
}
FAULTS = {
    "step": (
        "swift.photometry",
        planted.calibrator(step=-0.1),
        "calibrator flux ratio",
    ),
    "drift": (
        "swift.photometry",
        planted.calibrator(drift=0.001),
        "calibrator flux ratio",
    ),
    "jump": ("swift.rates", planted.bins(jump_s=0.3), "clock jumps"),
    "jump back": ("swift.rates", planted.bins(jump_s=-0.3), "clock jumps"),
    "clock": (
        "swift.intervals",
        planted.good_times(clock_jump_s=0.3),
        "clock correction jumps",
    ),
    "gap": ("swift.rates", planted.bins(gap_s=90.0), "clock gaps"),
    "overlap": (
        "swift.intervals",
        planted.good_times(overlap=True),
        "overlapping intervals",
    ),
    "repeat": (
        "swift.intervals",
        planted.good_times(repeat=True),
        "repeated intervals",
    ),
    "negative": (
        "swift.observations",
        planted.pointings(exposure_s=-5.0),
        "impossible values",
    ),
    "z = 34": ("swift.grbs", planted.bursts(34.0), "impossible values"),
    "redshifts": ("swift.grbs", planted.bursts(0.5, 2.1), "redshift contradictions"),
    "offset": (
        "swift.sources",
        planted.catalogue(name="second", seed=9, offset_arcsec=(3.0, -4.0)),
        "astrometric offset",
    ),
    "rotation": (
        "swift.sources",
        planted.catalogue(name="second", seed=9, rotation=8.0),
        "astrometric rotation",
    ),
    "frame": (
        "swift.sources",
        planted.catalogue(name="second", seed=9, frame_arcsec=5.0),
        "frame rotation",
    ),
}

BY_SLICE = (
    *("astrometric offset", "astrometric rotation", "glitch rate", "SAA loss"),
    *("turn-on rate", "background level", "frame rotation"),
)
"""Checks whose medians and neighbours are of a slice."""
BESIDE = {
    "repeat": ("repeated rows",),
    "offset": ("frame rotation",),
    "frame": ("astrometric offset",),
}
"""What a fault also upsets."""


@pytest.fixture(scope="module")
def empty(home):
    """Return a session on a provisioned database of its own."""
    session = connect(home, database="faults")
    session.storage.apply()
    return session


@pytest.fixture
def store(empty):
    """Return what fills that database with tables; it is empty again afterwards."""
    filled = set()

    def fill(tables):
        for name, parts in tables.items():
            filled.add(name)
            for part in parts:
                empty.store.insert(name, part)
        return empty

    yield fill
    with empty.store.transaction() as tx:
        for name in filled:
            tx.delete(name, [])


def state(board, check):
    return board.filter(name=check)["state"].to_list()


def test_clean_rows_show_no_fault(store):
    board = store(CLEAN).quality.run("swift", "chandra")
    faults = board.filter(pl.col("state").is_in(["bad", "warn"]))

    assert [] == faults.select("name", "evidence").rows()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_found(fault, store):
    table, faulty, check = FAULTS[fault]
    board = store(CLEAN | {table: [faulty]}).quality.run("swift", "chandra")
    found = board.filter(pl.col("state").is_in(["bad", "warn"]))["name"].unique()

    assert check in found.to_list()
    assert {check, *BESIDE.get(fault, ())} == set(found.to_list())


def test_the_step_is_dated_and_its_size_stated(store):
    session = store({"swift.photometry": [planted.calibrator(step=-0.1)]})
    row = session.quality.run("swift", checks=["calibrator flux ratio"]).row(
        0, named=True
    )

    assert ("bad", "step") == (row["state"], row["change"])
    assert row["since_utc"].startswith("2020-04-29T23:58:50")
    assert row["since_low_utc"] <= row["since_utc"] <= row["since_high_utc"]
    assert "a step of -0.0974 (9.7 % of 1)" in row["evidence"]


def test_the_onset_of_the_drift_is_inside_its_interval(store):
    session = store({"swift.photometry": [planted.calibrator(drift=0.001)]})
    row = session.quality.run("swift", checks=["calibrator flux ratio"]).row(
        0, named=True
    )

    assert "drift" == row["change"]
    assert row["since_low_utc"] <= "2020-03-21" <= row["since_high_utc"]


def test_slices_give_what_one_query_gives(store):
    session = store(CLEAN | {"swift.rates": [planted.bins(jump_s=0.3, gap_s=90.0)]})
    names = ("swift", "chandra")
    at_once, sliced = (
        {
            (m.check, m.subject): (m.value, m.since)
            for _, m in Survey(names, tuple(CHECKS), most=most).run(session)
            if m.check not in BY_SLICE
        }
        for most in (1_000_000, 250)
    )

    assert at_once == {key: pytest.approx(sliced[key], nan_ok=True) for key in at_once}


def test_what_cannot_be_computed_is_unknown_with_its_reason(store):
    board = store({}).quality.run("chandra", checks=["live-time fraction"])

    assert ["unknown"] == board["state"].to_list()
    assert "no good time intervals" in board["evidence"][0]


def test_results_and_samples_are_kept_as_time_series(store):
    quality = store({"swift.photometry": [planted.calibrator(step=-0.1)]}).quality
    runs = len(quality.history("calibrator flux ratio"))
    quality.run("swift", checks=["calibrator flux ratio"])
    quality.run("swift", checks=["calibrator flux ratio"])
    samples = quality.history("calibrator flux ratio", samples=True)

    assert runs + 2 == len(quality.history("calibrator flux ratio"))
    assert planted.DAYS == len(samples)
    assert samples["time"].is_sorted()


def test_a_gate_marks_rows_after_the_fault_and_can_refuse_them(store):
    session = store({"swift.photometry": [planted.calibrator(step=-0.1)]})
    session.quality.run("swift")
    frame = session.table("swift.photometry").sort("time")
    gated = session.quality.gate(frame, observatory="swift")
    bad = gated.filter(quality="bad")

    assert (
        planted.DAYS - planted.STEP_AT + 1 >= len(bad) >= planted.DAYS - planted.STEP_AT
    )
    assert bad["quality_reason"].str.contains("calibrator flux ratio").all()
    with pytest.raises(
        QueryError, match="rows are in time that quality checks found bad"
    ):
        session.quality.gate(frame, observatory="swift", refuse="bad")


def test_a_light_curve_excludes_points_in_bad_time(store):
    session = store({"swift.photometry": [planted.calibrator(step=-0.1)]})
    session.quality.run("swift")
    name = session.table("swift.photometry")["object"][0]
    curve = session.light_curve(name)
    gated = session.quality.gate_curve(curve)
    marked = session.quality.gate_curve(curve, bad="mark")
    bad = marked.frame.filter(quality="bad")

    assert len(bad) >= planted.DAYS - planted.STEP_AT
    assert len(curve.points) - len(bad) == len(gated.points)
    assert gated.reasons["excluded"].str.contains("bad time: calibrator flux").all()
    assert len(curve.points) == len(marked.points)
    with pytest.raises(QueryError, match="calibrator flux ratio"):
        session.quality.gate_curve(curve, bad="refuse")


def test_the_command_prints_the_board_as_one_document(store, home, monkeypatch):
    store({"swift.observations": [planted.pointings(exposure_s=-5.0)]})
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    monkeypatch.setenv("ORBITAL_DATABASE", "faults")
    call = ["quality", "run", "swift", "--check", "impossible values", "--json"]
    reply = CliRunner().invoke(cli, call)
    (row,) = json.loads(reply.output)["checks"]

    assert 1 == reply.exit_code
    assert ("impossible values", "swift", 1.0, "rows", "bad") == tuple(
        row[k] for k in ("name", "observatory", "value", "unit", "state")
    )
    assert "a negative exposure" in row["evidence"]
    board = json.loads(CliRunner().invoke(cli, ["quality", "board", "--json"]).output)
    assert "impossible values" in [check["name"] for check in board["checks"]]


def test_an_ingest_records_the_quality_of_its_rows(stocked):
    history = stocked.quality.history("impossible values")

    assert "ingest" in history["scope"].to_list()
    assert {"ok"} == set(history.filter(scope="ingest")["state"])


@pytest.mark.parametrize(("file", "inside"), [("a", 1), ("b", 0)])
def test_an_ingest_says_whether_intervals_overlap_within_one_file(file, inside):
    times = planted.good_times()
    late = times.slice(40, 1).to_pylist()[0]
    late["time"] += timedelta(seconds=500)
    late["time_stop"] += timedelta(seconds=500)
    watched = Watched()
    watched.take("swift.intervals", times, "a")
    watched.take("swift.intervals", pa.Table.from_pylist([late], times.schema), file)
    (overlaps,) = (
        m for _, m in watched.measured(2) if m.check == "overlapping intervals"
    )

    assert 1.0 == overlaps.value
    assert f"{inside} of them within one file" in overlaps.evidence
    assert overlaps.worst == ("bad" if inside else "warn")


def test_a_clock_value_that_is_no_time_is_a_fault_and_no_error(store):
    rows = planted.good_times()
    met = rows["met_start_s"].to_pylist()
    wild = rows.set_column(
        rows.column_names.index("met_start_s"), "met_start_s", [[1e30, *met[1:]]]
    )
    board = store({"swift.intervals": [wild]}).quality.run(
        "swift", checks=["time against clock"]
    )

    assert ["bad"] == board["state"].to_list()
    assert "1 of 60 rows" in board["evidence"][0]


def test_a_run_over_more_observatories_replaces_what_fewer_found(store):
    session = store({"chandra.sources": [planted.catalogue(name="first")]})
    check = ["astrometric offset", "redshift contradictions"]
    alone = session.quality.run("chandra", checks=check)
    store({"swift.sources": [planted.catalogue(name="second", seed=9)]})
    store({"swift.grbs": [planted.bursts(0.5, 2.1)]})
    session.quality.run("swift", "chandra", checks=check)
    board = session.quality.board().filter(pl.col("name").is_in(check))

    assert {"unknown"} == set(alone["state"])
    assert [("redshift contradictions", "bad"), ("astrometric offset", "ok")] == (
        board.select("name", "state").rows()
    )


def test_a_result_in_lines_has_value_error_date_evidence_and_limits(store):
    session = store({"swift.photometry": [planted.calibrator(step=-0.1)]})
    rows = session.quality.run("swift", checks=["calibrator flux ratio"]).to_dicts()
    first, evidence, limits = lines_of(rows[0]).splitlines()

    assert first.startswith("bad     SIMULATED calibrator flux ratio (swift Crab BAT")
    assert "since 2020-04-29T23:58:50" in first
    assert "a step of -0.0974" in evidence
    assert limits.strip().startswith(
        "limits: warning outside 0.93 to 1.07, fault outside 0.9 to 1.1 (calibrators"
    )
