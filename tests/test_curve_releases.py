"""Two files of one exposure: it is counted once, and the others say which file counts."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from orbital_kernel.science.lightcurves import CountsToFlux, joint

START = datetime(2026, 3, 1)  # noqa: DTZ001 - TT has no zone
FLUX = "erg / (cm2 s)"
SNAPSHOTS = ((0, 1000), (5700, 6900), (11400, 12600))
BY_COUNTS = ((0, 400), (400, 1000), (5700, 6300), (6300, 6900), (11400, 12600))
BY_OBSID = ((0, 12600),)


def curve(file, spans, **columns):
    """Return one file's points: XRT in PC mode, bins from and to seconds since T0."""
    rows = {
        "observatory": "swift",
        "instrument": "XRT",
        "mode": "PC",
        "unit": FLUX,
        "band_low_kev": 0.3,
        "band_high_kev": 10.0,
        "file_sha256": file,
        "reference": f"{file}.qdp row 0",
    }
    middle = [(low + high) / 2 for low, high in spans]
    half = [(high - low) / 2 for low, high in spans]
    points = {
        "time": [START + timedelta(seconds=s) for s in middle],
        "since_t0_s": middle,
        "time_err_plus_s": half,
        "time_err_minus_s": half,
        "value": [1e-12 * (1 + 0.01 * len(spans)) * (1 + s) for s in middle],
    }
    shared = {name: [value] * len(spans) for name, value in rows.items()}
    frame = {**shared, **points}
    frame |= {name: [value] * len(spans) for name, value in columns.items()}
    return pl.DataFrame(frame, schema_overrides={"time": pl.Datetime("ns")})


def counted(*curves, unit=None, **options):
    """Return the points that count, by file, and the reasons of the others."""
    frame = joint(pl.concat(curves, how="diagonal_relaxed"), unit=unit, **options)
    usable = frame.filter(pl.col("excluded").is_null())
    return (
        dict(usable.group_by("file_sha256").len().iter_rows()),
        sorted(set(frame["excluded"].drop_nulls())),
    )


def test_snapshots_and_obsids_of_the_same_photons_count_once():
    number, reasons = counted(
        curve("obsid", BY_OBSID),
        curve("snapshots", SNAPSHOTS),
        curve("counts", BY_COUNTS),
    )

    assert {"counts": 5} == number
    assert [
        "same exposure as the points of counts.qdp that count: it has more points"
    ] == reasons


def test_an_older_release_adds_only_what_the_newer_one_lacks():
    older = curve("older", (*SNAPSHOTS, (17100, 18300)))
    newer = curve("newer", BY_COUNTS)

    assert {"newer": 5, "older": 1} == counted(older, newer)[0]


def test_a_file_without_a_date_yields_to_one_that_has_it():
    """UKSSDC's JSON has seconds since T0 only, its QDP the date of T0 too."""
    undated = curve("json", BY_COUNTS, time=None)
    number, reasons = counted(undated, curve("qdp", SNAPSHOTS))

    assert {"qdp": 3} == number
    assert reasons[0].endswith("qdp.qdp that count: its own file dates it")


@pytest.mark.parametrize(
    "columns",
    [
        {"mode": "WT"},
        {"instrument": "BAT"},
        {"band_low_kev": 1.5},
        {"unit": "count / s"},
        {"obs_id": "00012345002"},
        {"observatory": "chandra"},
    ],
)
def test_points_of_other_exposures_and_quantities_stay(columns):
    first = curve("first", SNAPSHOTS, obs_id="00012345001")

    second = curve("second", BY_COUNTS[:3], **{"obs_id": "00012345001"} | columns)

    assert {"first": 3, "second": 3} == counted(first, second)[0]


def test_a_paper_without_a_mode_may_repeat_any_mode():
    paper = curve("paper", SNAPSHOTS, mode=None)

    assert {"archive": 5} == counted(curve("archive", BY_COUNTS), paper)[0]


def test_bins_that_share_an_edge_are_of_different_exposures():
    later = curve("later", [(high - 1, high + 600) for _, high in SNAPSHOTS])

    assert {"first": 3, "later": 3} == counted(curve("first", SNAPSHOTS), later)[0]


def test_rates_and_fluxes_of_one_exposure_count_once_in_a_common_unit():
    rates = curve("rates", BY_COUNTS, unit="count / s")
    factors = {"XRT": CountsToFlux(4e-11, (0.3, 10.0), source="an example")}
    number, reasons = counted(
        rates, curve("flux", SNAPSHOTS), unit=FLUX, counts_to_flux=factors
    )

    assert {"flux": 3} == number
    assert reasons[0].endswith("flux.qdp that count: its values are as given")


def test_points_of_one_file_never_exclude_each_other():
    both = pl.concat([curve("file", SNAPSHOTS), curve("file", BY_OBSID)])

    assert {"file": 4} == counted(both)[0]


def test_instants_are_never_the_same_exposure():
    instants = {"time_err_plus_s": None, "time_err_minus_s": None}
    first, second = (curve(name, SNAPSHOTS, **instants) for name in ("a", "b"))
    second = second.with_columns(value=pl.col("value") * 2)

    assert {"a": 3, "b": 3} == counted(first, second)[0]
