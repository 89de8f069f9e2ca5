"""Cross-observatory questions give what the sample sky's truth says."""

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from orbital_kernel import CountsToFlux
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model import times
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.questions import followups
from orbital_kernel.science import rarity, transients

CHANDRA_EPOCH = datetime(1998, 1, 1)  # noqa: DTZ001 TT
AGN = "SIM AGN 1"


@pytest.fixture(scope="module")
def seen_at_once(holding, stocked, sample):
    """Return when Chandra was on the AGN, with snapshots of Swift put around that."""
    row = sample.photometry.row(by_predicate=pl.col("object") == AGN, named=True)
    start, stop = (
        CHANDRA_EPOCH + timedelta(seconds=row[f"chandra_{end}_s"])
        for end in ("start", "stop")
    )
    snapshots = [
        (start - timedelta(seconds=500), start + timedelta(seconds=700)),
        (start + timedelta(seconds=600), start + timedelta(seconds=1_000)),
        (start + timedelta(seconds=9_000), start + timedelta(seconds=10_500)),
        (stop, stop + timedelta(seconds=900)),
    ]
    rows = [
        {
            "obs_id": "09990001001",
            "time": begin,
            "time_stop": end,
            "kind": "planned" if n > 3 else "snapshot",
            "instrument": "XRT",
        }
        for n, (begin, end) in enumerate([*snapshots, (start + timedelta(1e-9), stop)])
    ]
    rows = [{**row, "time_rule": "swift-met-utcf"} for row in rows]
    at_barycentre = {"time": start, "time_stop": stop, "kind": "gti"}
    rows.append(rows[0] | at_barycentre | {"time_rule": "swift-met-utcf at barycentre"})
    with holding("swift.intervals", pa.Table.from_pylist(rows), "obs_id"):
        yield start, stop


def test_simultaneous_is_of_good_time_united_and_never_of_plans(stocked, seen_at_once):
    start, _ = seen_at_once

    shared = stocked.simultaneous("swift", "chandra")

    expected = [
        (start, start + timedelta(seconds=1_000), 1_000.0),
        (start + timedelta(seconds=9_000), start + timedelta(seconds=10_500), 1_500.0),
    ]
    for row, right in zip(
        shared.select("time", "time_stop", "overlap_s").rows(), expected, strict=True
    ):
        assert right[:2] == row[:2]
        assert pytest.approx(right[2]) == row[2]
    assert {("09990001001", "90002", AGN)} == set(
        shared.select("obs_id_a", "obs_id_b", "object_b").rows()
    )


def test_good_times_at_the_barycentre_are_counted_and_not_compared(
    stocked, seen_at_once
):
    answer = stocked.questions.simultaneous("swift", "chandra", within_arcmin=8)

    assert sum(answer.frame["overlap_s"]) == pytest.approx(2_500.0)
    assert any("1 intervals with times of arrival" in r for r in answer.how.residual)


def test_simultaneous_can_be_cut_by_time_length_and_separation(stocked, seen_at_once):
    start, _ = seen_at_once
    from_, until = (
        times.to_utc_iso(np.array([start + timedelta(hours=h)], "datetime64[ns]"))[0]
        for h in (1, 2)
    )

    def rows(**limits):
        return len(stocked.simultaneous("swift", "chandra", **limits))

    assert 1 == rows(at_least_s=1_200)
    assert 1 == rows(start=from_)
    assert 1 == rows(stop=from_)
    assert 0 == rows(start=from_, stop=until)
    with pytest.raises(QueryError, match="within_arcmin is above 0"):
        stocked.simultaneous("swift", "chandra", within_arcmin=0)
    with pytest.raises(QueryError, match="two observatories"):
        stocked.simultaneous("swift", "swift")


def test_follow_ups_of_all_bursts_are_those_of_the_truth(stocked):
    answer = stocked.questions.follow_ups(within_days=30)

    assert [("GRB 120102S", "90001")] == answer.frame.select("name", "obs_id").rows()
    assert pytest.approx(4.2, abs=1e-3) == answer.frame["dt_days"][0]
    assert "d" == answer.units["dt_days"]
    assert {"swift.grbs, chandra.observations"} == {answer.how.table}
    assert any("time in" in clause for clause in answer.how.pushed)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"within_days": 4.0}, 0),
        ({"within_days": 5.0, "after_days": 4.0}, 1),
        ({"within_days": 5.0, "after_days": 4.5}, 0),
        ({"bursts": "120102s", "within_days": 5.0}, 1),
        ({"bursts": ["GRB 140315S"], "within_days": 400.0}, 0),
        ({"within_days": 5.0, "by": "swift", "after_days": -1.0}, 5),
    ],
)
def test_follow_ups_are_cut_by_lag_and_list(stocked, limits, expected):
    assert expected == len(stocked.follow_ups(limits.pop("bursts", None), **limits))


def test_a_burst_list_can_be_a_frame_and_no_list_at_all_gives_no_rows(stocked):
    listed = stocked.table("swift.grbs").filter(pl.col("name").str.contains("120102S"))
    content = listed.select("name", "time", "ra", "dec").drop_nulls().head(1)

    assert 1 == len(stocked.follow_ups(content, within_days=5))
    assert 0 == len(stocked.follow_ups(content.clear(), within_days=5))
    with pytest.raises(QueryError, match="lacks dec, ra"):
        stocked.follow_ups(content.select("name", "time"))
    with pytest.raises(QueryError, match="no burst catalogue of swift has GRB 999999X"):
        stocked.follow_ups(["GRB 120102S", "GRB 999999X"])


def test_many_bursts_are_asked_of_the_log_and_give_the_same(stocked, monkeypatch):
    few = stocked.follow_ups(within_days=30)
    monkeypatch.setattr(followups, "FEW_BURSTS", 1)

    assert few.equals(stocked.follow_ups(within_days=30))


def test_everything_known_at_a_position_is_returned_by_table(stocked, sample):
    burst = sample.photometry.row(
        by_predicate=pl.col("object") == "SIM GRB 120102S", named=True
    )
    place = burst["ra"], burst["dec"]

    content = stocked.known_at(place, radius_arcmin=0.5)

    rows = dict(content.summary.select("table", "rows").rows())
    photons = stocked.table("chandra.events").filter(pl.col("obs_id") == "90001")
    near = separation_deg(*place, photons["ra"].to_numpy(), photons["dec"].to_numpy())
    curves = {
        o: stocked.table(f"{o}.photometry").filter(pl.col("object") == burst["object"])
        for o in ("swift", "chandra")
    }
    assert {
        "chandra.events": np.count_nonzero(near <= 0.5 / 60),
        "chandra.observations": 1,
        "chandra.photometry": len(curves["chandra"]),
        "swift.grbs": 2,
        "swift.observations": 1,
        "swift.photometry": len(curves["swift"]),
    } == rows
    assert ["90001"] == content.tables["chandra.observations"]["obs_id"].to_list()


def test_a_place_can_be_a_name_and_nothing_is_known_of_nowhere(stocked):
    assert "swift.grbs" in stocked.known_at("grb 120102S").tables
    assert {} == stocked.known_at((10.0, -89.0)).tables
    assert "" == str(stocked.known_at((10.0, -89.0)))
    with pytest.raises(QueryError, match="no table has a position"):
        stocked.known_at("no such object")


def test_sources_count_within_their_own_error_too(stocked, sample):
    source = sample.sources.drop_nulls("chandra_ra").row(0, named=True)
    place = source["chandra_ra"], source["chandra_dec"]

    content = stocked.known_at(place, radius_arcmin=0.001)

    assert len(content.tables["chandra.sources"]) >= 1
    assert 1e-3 < content.tables["chandra.sources"]["separation_arcmin"][0] < 0.02


def test_the_afterglow_and_the_flaring_nucleus_are_the_surest_variables(stocked):
    result = stocked.rare("variability")

    best = result.rows.row(0, named=True)
    assert ("swift", "SIM GRB 120102S") == (best["observatory"], best["object"])
    flaring = result.rows.filter(pl.col("object") == AGN)
    assert max(flaring["expected"]) < 1e-6
    assert any("null: a constant source" in text for text in result.selection)


def test_the_burst_nobody_lists_is_the_lone_one(stocked, sample):
    unlisted = sample.bursts.filter(~pl.col("listed"))["obs_id"].to_list()

    result = stocked.rare("lone-burst")

    assert unlisted == result.rows["obs_id"].to_list()
    assert result.looked_at > len(result.rows)


def test_flux_ratios_are_ranked_among_pairs_that_are_really_one_source(stocked):
    factor = CountsToFlux(4e-11, (0.3, 10.0), "stated for the test")

    result = stocked.rare("flux-ratio", counts_to_flux={"swift": factor})

    unconverted = stocked.rare("flux-ratio")
    assert 0 == len(unconverted.rows)
    assert any("sources excluded: a count rate" in r for r in unconverted.selection)
    assert len(result.rows) == result.looked_at > 50
    assert result.rows["p_value"].is_sorted()
    assert abs(result.rows["statistic"].median()) < 0.5


def test_a_source_the_other_observatory_missed_is_no_match_of_the_truth(
    stocked, sample
):
    result = stocked.rare("transient")
    missed = result.rows.filter(pl.col("observatory") == "swift")
    detected = sample.sources.drop_nulls(["swift_ra", "chandra_ra"])

    assert len(missed) > 0
    for ra, dec in missed.select("ra", "dec").rows():
        apart = separation_deg(ra, dec, detected["swift_ra"], detected["swift_dec"])
        nearest = detected.row(int(np.argmin(apart)), named=True)
        gap = (
            separation_deg(ra, dec, nearest["chandra_ra"], nearest["chandra_dec"])
            * 3600
        )
        sigma = np.hypot(nearest["swift_sigma_arcsec"], nearest["chandra_sigma_arcsec"])
        assert min(apart) * 3600 > 1 or gap > 3 * sigma


def test_an_unknown_kind_is_answered_with_those_there_are(stocked):
    with pytest.raises(QueryError, match="variability, flux-ratio, lone-burst, trans"):
        stocked.rare("miracle")


@pytest.mark.parametrize(
    ("value", "degrees", "tail"),
    [
        (3.841459, 1, 0.05),
        (5.991465, 2, 0.05),
        (124.3421, 100, 0.05),
        (1000.0, 1001, 0.502),
        (0.0, 5, 1.0),
    ],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(value, degrees, tail):
    assert pytest.approx(tail, rel=2e-3) == rarity.chi_square_tail(value, degrees)


def test_a_constant_source_is_not_rare_and_a_jump_is():
    dice = np.random.default_rng(4)
    steady = dice.normal(5, 1, 40)
    jumping = np.where(np.arange(40) == 20, 15.0, steady)
    points = pl.DataFrame(
        {
            "observatory": "swift",
            "object": np.repeat(["steady", "jumping"], 40),
            "instrument": "XRT",
            "unit": "count / s",
            "band": "0.3-10 keV",
            "value": np.concatenate([steady, jumping]),
            "value_err_plus": 1.0,
            "value_err_minus": 1.0,
            "is_limit": False,
        }
    )

    result = rarity.variable(points)

    assert ["jumping", "steady"] == result["object"].to_list()
    assert result["expected"][0] < 1e-3 < 0.05 < result["expected"][1]


def test_missed_sources_are_judged_by_those_at_least_as_bright():
    covered = pl.DataFrame(
        {
            "kind": "a",
            "flux": [9.0, 8.0, 7.0, 6.0, 1.0, 0.5],
            "matched": [True, True, False, True, False, False],
        }
    )

    result = transients.missed(covered)

    assert [(7.0, 2, 0), (1.0, 4, 1), (0.5, 5, 2)] == result.select(
        "flux", "as_bright", "missed_too"
    ).rows()
    assert pytest.approx([1 / 3, 2 / 5, 3 / 6]) == result["p_value"].to_list()
    assert pytest.approx(7 / 6) == result["statistic"][0]


COMMANDS = [
    (["simultaneous", "swift", "chandra"], "obs_id_a", "overlap_s [s]"),
    (["follow-ups", "120102S"], "name", "dt_days [d]"),
    (["place", "GRB 120102S"], "table", "nearest_arcmin [arcmin]"),
    (["visits", "GRB 120102S"], "good_s", "first_look"),
    (["rare", "variability", "--below", "0.01"], "object", "null: a constant source"),
]


@pytest.mark.parametrize(("arguments", "column", "shown"), COMMANDS)
def test_each_question_is_a_command_with_json_and_explanation(
    stocked, seen_at_once, capsys, monkeypatch, arguments, column, shown
):
    monkeypatch.setattr("orbital_kernel.connect", lambda: stocked)
    monkeypatch.setenv("COLUMNS", "400")

    cli(["query", *arguments, "--json"], standalone_mode=False)
    document = json.loads(capsys.readouterr().out)
    cli(["query", *arguments, "--explain"], standalone_mode=False)
    text = capsys.readouterr().out

    assert column in document["rows"][0]
    assert {"pushed", "residual", "rows_read", "rows_stored", "milliseconds"} <= set(
        document["explain"]
    )
    assert all(part in text for part in shown.split())
    assert "rows read" in text


def test_rare_events_can_be_cut_by_region_and_time(stocked):
    everywhere = stocked.rare("variability")
    nowhere = stocked.rare("variability", region=(10.0, 85.0, 0.1))
    never = stocked.rare("variability", start="1999-01-01", stop="1999-02-01")

    assert everywhere.looked_at > 0
    assert [0, 0] == [nowhere.looked_at, never.looked_at]
