"""Curves of many objects together are those of each object by itself."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.science.lightcurves import PowerLaw, averaged, joint
from orbital_kernel.science.lightcurves.characters import characters
from orbital_kernel.science.lightcurves.many import curves_of_objects
from orbital_kernel.science.shape import excess_variance

DAY = 86_400.0
LAW = PowerLaw(1.7, 0.2)


@pytest.fixture(scope="module")
def points():
    """Return 300 points of three objects, of two observatories and bands."""
    rng = np.random.default_rng(4)
    size = 300
    chandra = rng.random(size) < 0.4
    value = rng.lognormal(0, 0.4, size) * 1e-12
    since = np.sort(rng.uniform(0, 30 * DAY, size))
    return pl.DataFrame(
        {
            "object": rng.choice(["a", "b", "c"], size),
            "observatory": np.where(chandra, "chandra", "swift"),
            "time": (1.4e18 + since * 1e9).astype("datetime64[ns]"),
            "value": value,
            "value_err_plus": 0.1 * value,
            "value_err_minus": 0.05 * value,
            "time_err_plus_s": rng.uniform(10, 100, size),
            "time_err_minus_s": 10.0,
            "is_limit": rng.random(size) < 0.1,
            "unit": "erg / (cm2 s)",
            "band": np.where(chandra, "0.5-7 keV", "0.3-10 keV"),
            "band_low_kev": np.where(chandra, 0.5, 0.3),
            "band_high_kev": np.where(chandra, 7.0, 10.0),
            "instrument": np.where(chandra, "ACIS", "XRT"),
        }
    )


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_each_object_is_as_it_is_alone(points, name):
    together = curves_of_objects(points, model=LAW, bin_s=DAY)
    together = together.filter(object=name).sort("time", "observatory")
    alone = averaged(joint(points.filter(object=name), model=LAW), DAY)
    alone = alone.sort("time", "observatory")

    for column in ("value", "value_err_plus", "value_err_minus", "since_s"):
        assert together[column].to_list() == pytest.approx(alone[column].to_list())
    for column in ("observatory", "is_limit", "averaged", "time"):
        assert together[column].to_list() == alone[column].to_list()


def test_an_exposure_counts_once_for_each_object(points):
    """An older release has half of the points, with values that differ a little."""
    newer = points.filter(~pl.col("is_limit")).with_columns(file_sha256=pl.lit("new"))
    older = newer.gather_every(2).with_columns(
        pl.col("value") * 1.01, file_sha256=pl.lit("old")
    )
    curves = curves_of_objects(pl.concat([older, newer]), model=LAW)
    reasons = curves["excluded"].drop_nulls()

    assert len(newer) == curves["excluded"].null_count()
    assert len(older) == reasons.str.ends_with("count: it has more points").sum()


def test_characters_are_those_of_numpy(points):
    curves = curves_of_objects(points, model=LAW)
    row = characters(curves).filter(object="a", observatory="swift").row(0, named=True)
    own = points.filter(pl.col("object") == "a", pl.col("observatory") == "swift")
    seen = own.filter(~pl.col("is_limit"))
    value = seen["value"].to_numpy()
    error = 0.075 * value
    weight = error**-2
    mean = np.sum(weight * value) / weight.sum()

    assert (seen.height, own.height - seen.height) == (row["detections"], row["limits"])
    assert mean == pytest.approx(row["weighted_mean"])
    assert np.sum(weight * (value - mean) ** 2) == pytest.approx(row["chi2"])
    assert seen.height - 1 == row["degrees_of_freedom"]
    excess = np.var(value, ddof=1) - np.mean(error**2)
    assert np.sqrt(excess) / value.mean() == pytest.approx(row["fvar"])
    single = excess_variance(value, error)
    assert single.fvar_err == pytest.approx(row["fvar_err"])
    square = row["mean"] ** 2
    assert single.excess_err * square == pytest.approx(row["excess_variance_err"])
