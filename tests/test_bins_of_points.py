"""Bins of a light curve that are made of its points: by counts, S/N, snapshot, ObsID, block."""

import itertools

import numpy as np
import polars as pl
import pytest
from astropy.stats import bayesian_blocks
from astropy.table import Table

from orbital_kernel.errors import QueryError
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.science.bursts.blocks import block_edges
from orbital_kernel.science.lightcurves import CountsToFlux, joint
from orbital_kernel.science.lightcurves.photons import rates_of
from orbital_kernel.science.lightcurves.point_groups import count_edges

START = np.datetime64("2015-04-01T00:00:00", "ns")
SNAPSHOTS = 3
EACH = 20
WIDTH_S = 50.0
FACTOR = {"XRT": CountsToFlux(4e-11, (0.3, 10.0), "assumed")}
NET = (
    '{"rate": "net", "COUNTS": 4.0, "AREA": 10, "BG_COUNTS": 6, "BG_AREA": 200, '
    '"BG_EXPOSURE": 100}'
)
"""What dmextract lists of a bin."""


def counted(seed=5, mean=6.0, ratio=0.1, target=None, **columns):
    """Return a curve of counts: snapshots 5000 s apart, each of bins of 50 s."""
    rng = np.random.default_rng(seed)
    size = SNAPSHOTS * EACH
    starts = np.arange(size) * WIDTH_S + np.arange(size) // EACH * 5000.0
    counts = rng.poisson(mean, size).astype(float)
    off = rng.poisson(10.0, size).astype(float)
    exposure = rng.uniform(30, 45, size)
    correction = rng.uniform(1.0, 1.5, size)
    net = counts - ratio * off
    rows = {
        "time": START + ((starts + WIDTH_S / 2) * 1e9).astype("timedelta64[ns]"),
        "time_err_plus_s": WIDTH_S / 2,
        "time_err_minus_s": WIDTH_S / 2,
        "value": net * correction / exposure,
        "value_err_plus": 1.0,
        "value_err_minus": 1.0,
        "unit": "count / s",
        "band_low_kev": 0.3,
        "band_high_kev": 10.0,
        "instrument": "XRT",
        "obs_id": [f"0000{1 + k // (2 * EACH)}" for k in range(size)],
        "exposure_s": exposure,
        "counts": counts,
        "background_counts": off,
        "backscale": ratio,
        "correction": correction,
    }
    frame = pl.DataFrame({**rows, **columns})
    return LightCurve(
        "x", joint(frame, unit=target, counts_to_flux=FACTOR if target else None)
    )


def expected(rows):
    """Return rate and errors of the summed counts of rows, from their sums."""
    live = (rows["exposure_s"] / rows["correction"]).sum()
    ratio = (rows["background_counts"] * rows["backscale"]).sum()
    ratio /= rows["background_counts"].sum()
    sums = (np.array([rows[name].sum()]) for name in ("counts", "background_counts"))
    total, off = sums
    rates = rates_of(total, np.array([live]), off, np.array([ratio]))
    return [rates[name][0] for name in ("rate", "rate_err_plus", "rate_err_minus")]


def values(curve):
    return curve.points.select("value", "value_err_plus", "value_err_minus").rows()


def test_a_snapshot_has_the_rate_and_exact_errors_of_its_counts():
    curve = counted()
    binned = curve.binned("snapshots")

    assert [EACH] * SNAPSHOTS == binned["averaged"].to_list()
    parts = [curve.frame[k * EACH : (k + 1) * EACH] for k in range(SNAPSHOTS)]
    np.testing.assert_allclose(values(binned), [expected(part) for part in parts])
    assert [part["counts"].sum() for part in parts] == binned["counts"].to_list()


@pytest.mark.parametrize("ending", ["ecsv", "fits", "vot"])
def test_numbers_of_points_return_from_files(ending, tmp_path):
    binned = counted().binned("snapshots")
    table = Table.read(binned.to_file(tmp_path / f"curve.{ending}"))

    assert [EACH] * SNAPSHOTS == table["averaged"].tolist()


def test_an_observation_is_one_bin_across_its_snapshots():
    binned = counted().binned("observation")

    assert [("00001", 2 * EACH), ("00002", EACH)] == (
        binned.select("obs_id", "averaged").rows()
    )


def test_bins_by_counts_hold_so_many_and_end_with_the_snapshot():
    curve = counted()
    binned = curve.binned("counts:25")

    assert (binned["counts"] >= 25).all()
    assert curve["counts"].sum() == binned["counts"].sum()
    longest = (binned["time_err_plus_s"] + binned["time_err_minus_s"]).max()
    assert longest <= EACH * WIDTH_S


def test_bins_by_signal_reach_it():
    binned = counted().binned("snr:5").points
    noise = binned["counts"] + binned["backscale"] ** 2 * binned["background_counts"]
    net = binned["counts"] - binned["backscale"] * binned["background_counts"]

    assert len(binned) > SNAPSHOTS
    assert (net / noise.sqrt() >= 5).all()


def test_binned_counts_can_be_binned_again():
    once, twice = counted().binned("observation"), counted().binned(100.0)

    np.testing.assert_allclose(values(twice.binned("observation")), values(once))


def test_counts_in_a_unit_of_flux_are_those_of_the_rates():
    rates, fluxes = counted(), counted(target="erg / (cm2 s)")
    scaled = np.array(values(rates.binned("counts:25"))) * FACTOR["XRT"].factor

    np.testing.assert_allclose(values(fluxes.binned("counts:25")), scaled)
    np.testing.assert_allclose(
        values(fluxes.binned(100.0).binned("observation")),
        values(fluxes.binned("observation")),
    )


def test_a_step_of_the_rate_is_the_edge_of_a_block():
    size = SNAPSHOTS * EACH
    rng = np.random.default_rng(2)
    counts = rng.poisson(np.where(np.arange(size) < 2 * EACH, 4.0, 14.0)).astype(float)
    curve = counted(ratio=0.0, counts=counts)
    frame = curve.frame.with_columns(
        value=pl.col("counts") * pl.col("correction") / pl.col("exposure_s")
    )
    binned = LightCurve("x", frame).binned("blocks:0.01")

    assert [2 * EACH, EACH] == binned["averaged"].to_list()


def test_blocks_of_counts_are_the_best_of_all_partitions():
    counts, live = np.array([2.0, 3, 11, 9, 1, 2, 2]), np.full(7, 10.0)
    penalty = 1.0

    def score(edges):
        sums = [(counts[a:b].sum(), live[a:b].sum()) for a, b in edges]
        return sum(n * np.log(n / t) if n else 0.0 for n, t in sums) - penalty * len(
            sums
        )

    cuts = [[0, *(k + 1 for k in range(6) if mask >> k & 1), 7] for mask in range(2**6)]
    best = max(cuts, key=lambda c: score(list(itertools.pairwise(c))))
    assert best == count_edges(counts, live, penalty).tolist()


def test_blocks_of_values_are_those_of_astropy():
    rng = np.random.default_rng(8)
    times, error = np.arange(60.0), np.full(60, 0.3)
    value = np.where(times < 25, 1.0, 2.0) + rng.normal(0, error)
    penalty = 4 - np.log(73.53 * 0.05 * 60**-0.478)
    edges = bayesian_blocks(times, value, error, fitness="measures", p0=0.05)

    cuts = block_edges(value, 1 / error**2, penalty)
    assert cuts[1:-1].tolist() == np.searchsorted(times, edges[1:-1]).tolist()


def test_a_mean_without_a_source_is_a_limit():
    binned = counted(mean=0.02, ratio=0.001).binned("observation")

    assert [True, True] == binned["is_limit"].to_list()
    assert 2 == binned["value_err_plus"].null_count()
    assert (binned["value"] > 0).all()


@pytest.mark.parametrize(
    ("columns", "bins", "reason"),
    [
        ({"counts": None}, "counts:5", "the file gives no counts"),
        ({"value": 9.0}, "counts:5", "not that of its counts"),
        ({"obs_id": None}, "observation", "names no ObsID"),
        ({"counts": None, "unit": "mag(AB)"}, "snr:3", "a magnitude has no S/N"),
        (
            {"counts": None, "value_err_plus": None, "value_err_minus": None},
            "blocks",
            "neither an error nor counts",
        ),
        ({"counts": None, "is_limit": True}, "snr:3", "it is a limit"),
    ],
)
def test_points_that_lack_what_bins_need_stay_with_the_reason(columns, bins, reason):
    typed = {
        name: pl.Series([value], dtype=pl.String if name == "obs_id" else pl.Float64)
        if value is None
        else value
        for name, value in columns.items()
    }
    typed = {
        name: pl.Series(list(value) * SNAPSHOTS * EACH, dtype=value.dtype)
        if isinstance(value, pl.Series)
        else value
        for name, value in typed.items()
    }
    curve = counted(**typed)
    binned = curve.binned(bins)

    assert len(curve) == len(binned)
    assert curve["value"].to_list() == binned["value"].to_list()
    ((text, number),) = binned.not_binned.select("not_binned", "points").rows()
    assert reason in text
    assert len(curve) == number


def test_values_without_counts_reach_a_signal_by_their_errors():
    curve = counted(counts=pl.Series([None] * 60, dtype=pl.Float64), value=1.0)
    binned = curve.binned("snr:3").points

    assert (binned["value"] / binned["value_err_plus"] >= 3).all()
    assert SNAPSHOTS * EACH == binned["averaged"].sum()


@pytest.mark.parametrize("bins", ["counts", "snr:-1", "blocks:2", "snapshots:2"])
def test_words_of_bins_without_a_usable_number_are_refused(bins):
    with pytest.raises(QueryError, match="bins are a width in s"):
        counted().binned(bins)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (NET, (4.0, 6.0, 0.05)),
        ('{"rate": "total", "COUNTS": 4.0, "BG_COUNTS": 6}', (4.0, None, None)),
        ('{"counts": "4", "reference": "a paper"}', (4.0, None, None)),
    ],
)
def test_counts_are_those_that_the_file_lists(extra, expected):
    curve = counted(
        counts=pl.Series([None] * 60, dtype=pl.Float64),
        background_counts=pl.Series([None] * 60, dtype=pl.Float64),
        backscale=pl.Series([None] * 60, dtype=pl.Float64),
        exposure_s=100.0,
        extra=extra,
    )

    names = ("counts", "background_counts", "backscale")
    assert expected == curve.frame.select(names).row(0)


def test_points_as_wide_as_the_bins_stay_single_whatever_the_rounding():
    noise = np.random.default_rng(3).uniform(-2e-5, 2e-5, SNAPSHOTS * EACH)
    noise[0] = 0.0
    curve = counted()
    shifted = curve.frame.with_columns(
        pl.Series("since_s", np.arange(len(noise)) * WIDTH_S + noise)
    )

    binned = LightCurve("x", shifted).binned(WIDTH_S)

    assert [1] * len(noise) == binned["averaged"].to_list()
