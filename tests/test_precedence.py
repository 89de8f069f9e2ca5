"""Which catalogue gives a burst's time, place, T90 and redshift, whatever their order."""

import json
from datetime import datetime

import burst_catalogues
import polars as pl
import pytest
from archive_files import rows_of

from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.schema import GRBS
from orbital_kernel.questions.catalogued import quantities
from orbital_kernel.science import population, precedence
from orbital_kernel.science.bursts import match

FIRST, SECOND, THIRD = burst_catalogues.NAMES


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Return the rows of the catalogues that disagree."""
    paths = burst_catalogues.write(tmp_path_factory.mktemp("catalogues") / "files")
    return pl.concat(frame_of(rows_of(path)[0]["grbs"]) for path in paths)


def grbs(*given):
    empty = frame_of(GRBS.arrow.empty_table())
    return pl.DataFrame(
        [{"name": "GRB 250101S", **row} for row in given], schema=empty.schema
    )


def used(rows, name=FIRST):
    return precedence.united(rows, *quantities()).row(
        by_predicate=pl.col("name") == name, named=True
    )


def shuffles(rows):
    return [rows.sample(fraction=1, shuffle=True, seed=seed) for seed in range(12)]


def test_no_answer_depends_on_the_order_of_rows(rows):
    expected = precedence.united(rows, *quantities())
    firsts = {shuffled.filter(name=FIRST)["catalog"][0] for shuffled in shuffles(rows)}

    assert len(firsts) > 1
    for shuffled in shuffles(rows):
        assert expected.equals(precedence.united(shuffled, *quantities()))
        assert population.bursts(rows).equals(population.bursts(shuffled))


def test_time_and_duration_are_the_bat_catalogues_and_named(rows):
    burst = used(rows)

    assert datetime(2025, 1, 1, 7, 49, 7, 154000) == burst["time"]  # noqa: DTZ001 TT
    assert "bat-catalog-summary" == burst["t0_source"] == burst["t90_catalog"]
    assert 244.3 == burst["t90_s"]


def test_a_missing_error_does_not_make_uvots_position_the_worst(rows):
    burst = used(rows)

    assert ("swift-grb-table", "UVOT") == (
        burst["position_catalog"],
        burst["position_instrument"],
    )
    assert pytest.approx(100.002) == burst["ra"]
    assert burst["error_radius_arcsec"] is None


def test_xrts_position_comes_before_bats_circle(rows):
    burst = used(rows, SECOND)

    assert ("XRT", 1.5) == (burst["position_instrument"], burst["error_radius_arcsec"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("x", 0.9), ("bat-catalog-summary", 48.0)], "x"),
        ([("x", 200.0), ("bat-catalog-summary", 48.0)], "bat-catalog-summary"),
        ([("x", 0.0), ("bat-catalog-summary", 48.0)], "bat-catalog-summary"),
        ([("x", None), ("bat-catalog-summary", None)], "bat-catalog-summary"),
        ([("y", 3.0), ("x", 3.0)], "x"),
        (
            [("bat-catalog-summary", 90.0), ("bat-catalog-durations", 60.0)],
            "bat-catalog-durations",
        ),
    ],
)
def test_a_position_goes_by_instrument_then_error_then_catalogue(given, expected):
    listed = [
        {"catalog": c, "ra": 1.0, "dec": 2.0, "error_radius_arcsec": e}
        for c, e in given
    ]

    assert expected == used(grbs(*listed))["position_catalog"]
    assert expected == used(grbs(*reversed(listed)))["position_catalog"]


def test_a_firm_redshift_comes_before_a_doubtful_one_and_doubts_are_quoted(rows):
    first, second, third = (used(rows, name) for name in (FIRST, SECOND, THIRD))

    assert (0.34, "swift-grb-table") == (first["redshift"], first["redshift_catalog"])
    assert "bat-catalog-redshift: 0.228?" == first["redshift_doubt"]
    assert (0.61, "bat-catalog-redshift") == (
        second["redshift"],
        second["redshift_catalog"],
    )
    assert "swift-grb-table: 0.5 (NOT: tentative)" == second["redshift_doubt"]
    assert third["redshift"] is third["redshift_doubt"] is None


def test_a_tentative_redshift_of_an_earlier_catalogue_is_not_preferred():
    tentative = {
        "catalog": "swift-grb-table",
        "redshift": 3.5,
        "redshift_text": "3.5 (MPG: photometric)",
    }
    firm = {"catalog": "z", "redshift": 3.4, "redshift_text": "3.4"}

    assert 3.4 == used(grbs(tentative, firm))["redshift"]
    assert 3.5 == used(grbs(tentative))["redshift"]


def test_a_measured_duration_comes_before_a_limit():
    limit = {"catalog": "swift-grb-table", "t90_s": 300.0, "t90_limit": ">"}
    measured = {"catalog": "z", "t90_s": 350.0}

    assert (350.0, "z") == tuple(
        used(grbs(limit, measured))[c] for c in ("t90_s", "t90_catalog")
    )
    assert ">" == used(grbs(limit))["t90_limit"]


def test_other_catalogues_follow_by_name_and_notices_come_last():
    noon = datetime(2025, 1, 1, 12)  # noqa: DTZ001 TT
    rows = grbs(
        *({"catalog": c, "time": noon} for c in ("zoo", "a notice", "fermi-gbm"))
    ).with_columns(
        pl.when(pl.col("catalog") == "a notice")
        .then(pl.lit(precedence.NOTICE))
        .alias("source")
    )

    assert ["fermi-gbm", "zoo", "a notice"] == precedence.in_order(rows)[
        "catalog"
    ].to_list()
    assert "fermi-gbm" == used(rows)["t0_source"]


def test_bursts_without_a_name_are_never_united():
    rows = grbs({"catalog": "a", "name": None}, {"catalog": "a", "name": None})

    assert 2 == len(precedence.united(rows, *quantities()))


def test_no_rows_give_no_bursts():
    assert 0 == len(precedence.united(grbs(), *quantities()))


def test_an_excursion_coincides_with_a_burst_once_at_the_catalogues_time(rows):
    excursion = pl.DataFrame(
        {
            "time": [datetime(2025, 1, 1, 7, 49, 8, 154000)],  # noqa: DTZ001 TT
            "timescale_s": [1.0],
            "cause": ["burst"],
        }
    )
    for shuffled in shuffles(rows):
        (entry,) = json.loads(match(excursion, shuffled)["matches"][0])
        assert ("bat-catalog-summary", FIRST, 1.0) == (
            entry["catalog"],
            entry["name"],
            entry["offset_s"],
        )


def test_the_view_of_redshifts_names_catalogues_and_counts_doubts(rows):
    view = population.redshifts(rows)

    assert ["swift-grb-table", "bat-catalog-redshift"] == view.rows[
        "redshift_catalog"
    ].to_list()
    assert 2.0 == view.numbers["redshifts that a catalogue doubts"]
    assert any("tentative" in text for text in view.selection)


def test_a_notice_of_a_follow_up_times_its_observation_and_no_trigger():
    kinds = [
        "swift.bat.position",
        "swift.xrt.position",
        "swift.uvot_pos",
        "SWIFT.XRT.x",
    ]
    rows = pl.DataFrame({"kind": [*kinds, None]})

    assert rows.select(precedence.times_a_follow_up()).to_series().to_list() == [
        *(False, True, True, True, False),
    ]
