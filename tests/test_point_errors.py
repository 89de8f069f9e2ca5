"""Points whose counts are known have the errors of their counts, in curves and bins."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError
from orbital_kernel.science import counting, missing_errors, on_off
from orbital_kernel.science.lightcurves import averaged, joint, with_rates_of_limits
from orbital_kernel.science.lightcurves.many import curves_of_objects
from orbital_kernel.science.shape import constancy, constancy_above, shape_of

RATE = "count / s"
COUNTS = (0, 1, 3, 0, 7, 40)
EXPOSURE = 100.0
EXTRA = '{{"COUNTS": {}}}'
NET = '{{"COUNTS": {}, "rate": "net", "BG_COUNTS": 30, "AREA": 2, "BG_AREA": 100, "BG_EXPOSURE": 100}}'


def points(extra=EXTRA, **columns):
    """Return points of counts with the errors of sqrt(N) that files give."""
    counts = np.array(COUNTS, float)
    seconds = np.arange(len(counts)) * EXPOSURE
    off = 30 if extra == NET else 0
    error = np.sqrt(counts + off * 0.02**2) / EXPOSURE
    frame = pl.DataFrame(
        {
            "object": "a",
            "observatory": "chandra",
            "instrument": "ACIS",
            "time": (1.4e18 + seconds * 1e9).astype("datetime64[ns]"),
            "value": (counts - 0.02 * off) / EXPOSURE,
            "value_err_plus": error,
            "value_err_minus": error,
            "time_err_plus_s": EXPOSURE / 2,
            "time_err_minus_s": EXPOSURE / 2,
            "exposure_s": EXPOSURE,
            "is_limit": False,
            "unit": RATE,
            "band": "0.5-7 keV",
            "band_low_kev": 0.5,
            "band_high_kev": 7.0,
            "extra": [extra.format(n) for n in COUNTS],
        }
    )
    return frame.with_columns(**columns)


def test_errors_of_the_square_root_give_way_to_those_of_counts():
    curve = joint(points(), unit=None)
    low, high = counting.poisson_bounds(COUNTS)
    seen = np.array(COUNTS) > 0

    assert [*~seen] == curve["is_limit"].to_list()
    assert {"of counts"} == {*curve["error_rule"]}
    np.testing.assert_allclose(
        curve["value_err_plus"].to_numpy()[seen], (high - COUNTS)[seen] / EXPOSURE
    )
    np.testing.assert_allclose(
        curve["value_err_minus"].to_numpy()[seen], (COUNTS - low)[seen] / EXPOSURE
    )


def test_no_counts_are_a_limit_at_the_stated_confidence_in_any_unit():
    from orbital_kernel.science.lightcurves import CountsToFlux  # noqa: PLC0415

    factors = {"ACIS": CountsToFlux(1e-11, (0.5, 7.0))}
    for unit, scale in ((None, 1.0), ("erg / (cm2 s)", 1e-11)):
        curve = joint(points(), unit=unit, band_kev=(0.5, 7), counts_to_flux=factors)
        limits = curve.filter("is_limit")
        value = float(counting.poisson_limit(0)) / EXPOSURE * scale

        assert limits["value"].to_list() == pytest.approx([value] * 2)
        assert [counting.LIMIT] * 2 == limits["limit_confidence"].to_list()
        assert 0 == limits["value_err_plus"].drop_nulls().len()


def test_a_background_is_part_of_the_errors():
    curve = joint(points(NET), unit=None)
    low, high = on_off.on_off_bounds(COUNTS, 30, 0.02)
    net = np.array(COUNTS) - 0.6
    seen = net > 0

    assert [*~seen] == curve["is_limit"].to_list()
    np.testing.assert_allclose(
        curve["value_err_plus"].to_numpy()[seen], (high - net)[seen] / EXPOSURE
    )
    np.testing.assert_allclose(
        curve["value_err_minus"].to_numpy()[seen], (net - low)[seen] / EXPOSURE
    )


def test_errors_that_a_file_computed_otherwise_stay():
    curve = joint(points(value_err_plus=pl.col("value_err_plus") * 1.5), unit=None)

    assert ["of counts", "of the file"] == curve["error_rule"][:2].to_list()
    assert curve["value_err_plus"][5] == pytest.approx(1.5 * 40**0.5 / EXPOSURE)


@pytest.mark.parametrize(("extra", "width"), [(EXTRA, 200.0), (NET, 300.0)])
def test_bins_of_many_objects_are_those_of_one(extra, width):
    rows = points(extra)
    alone = averaged(joint(rows, unit=None), width).sort("since_s")
    both = pl.concat([rows, rows.with_columns(object=pl.lit("b"))])
    together = curves_of_objects(both, unit=RATE, band_kev=(0.5, 7), bin_s=width)
    together = together.filter(object="b").sort("since_s")

    assert {"of counts"} == {*together["error_rule"]}
    assert alone["is_limit"].to_list() == together["is_limit"].to_list()
    for name in ("value", "value_err_plus", "value_err_minus", "counts", "since_s"):
        assert alone[name].to_list() == pytest.approx(together[name].to_list())


def test_errors_without_counts_are_in_quadrature_and_say_so():
    rows = points().with_columns(extra=pl.lit(None, pl.String), value_err_plus=0.1)
    rows = rows.with_columns(value_err_minus=pl.col("value_err_plus"))
    for curve in (
        averaged(joint(rows, unit=None), 300.0),
        curves_of_objects(rows, unit=RATE, band_kev=(0.5, 7), bin_s=300.0),
    ):
        assert ["in quadrature"] * 2 == curve["error_rule"].to_list()
        assert curve["value_err_plus"].to_list() == pytest.approx([0.1 / 3**0.5] * 2)


def test_limits_of_counts_are_measurements_of_a_lag_and_of_a_variance():
    curve = joint(points(), unit=None)
    rates = with_rates_of_limits(curve)
    shape = shape_of(curve)
    test = constancy(COUNTS, [EXPOSURE] * len(COUNTS))

    assert not rates["is_limit"].any()
    assert (np.array(COUNTS) / EXPOSURE).tolist() == pytest.approx(rates["value"])
    assert shape.rows["p_constant"][0] == test.p_value
    assert (4, 2) == shape.rows.select("points", "limits").row(0)
    assert any(note.startswith("2 limits with known counts") for note in shape.notes)


def test_a_constant_source_above_a_background_is_constant():
    """p-values of constant sources are uniform: a tenth is below 0.1."""
    rng = np.random.default_rng(5)
    low = 0
    for _ in range(60):
        off = rng.poisson(40.0, 30)
        counts = rng.poisson(1.0 + 0.05 * 40.0, 30)
        around = {"background": 0.05 * off, "background_variance": 0.05**2 * off}
        test = constancy_above(counts, np.ones(30), **around)
        low += test.p_value < 0.1

    assert 0 < low < 14


def test_a_few_detections_without_an_error_are_counted_and_many_are_refused():
    assert missing_errors.left_out(0, 50, "the curve") is None
    assert (
        "2 of 50 detections of the curve have no error above 0 and are left out"
        == missing_errors.left_out(2, 50, "the curve")
    )
    with pytest.raises(QueryError, match="6 of 50 detections"):
        missing_errors.left_out(6, 50, "the curve")
