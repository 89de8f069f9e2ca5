"""Hardness along a curve: the posterior of counts where they exist, else of errors."""

import json
from datetime import datetime

import polars as pl
import pytest

from orbital_kernel import shape
from orbital_kernel.errors import QueryError
from orbital_kernel.plots.light_curve import light_curve
from orbital_kernel.science.lightcurves import joint
from orbital_kernel.science.shape.hardness_of_points import OF_COUNTS, OF_ERRORS

LIVE = 100.0
UKSSDC = {
    "soft": {"CtsInSrc": 6.0, "BGInSrc": 0.5, "BGrate": 0.05, "BGerr": 0.01},
    "hard": {"CtsInSrc": 3.0, "BGInSrc": 0.2, "BGrate": 0.02, "BGerr": 0.005},
}
"""Of the soft band: 25 counts in a background region 50 times as large."""


def points(**changes):
    """Return one bin in two bands as UKSSDC's reader keeps it, the hard one corrected."""
    factors = {"soft": 1.0, "hard": 1.5}
    rows = [
        {
            "time": datetime(2026, 1, 1),  # noqa: DTZ001 - TT has no zone
            "observatory": "swift",
            "instrument": "XRT",
            "band": band,
            "unit": "count / s",
            "value": (file["CtsInSrc"] - file["BGInSrc"]) * factors[band] / LIVE,
            "value_err_plus": 0.02,
            "value_err_minus": 0.02,
            "exposure_s": LIVE,
            "extra": json.dumps(file | {"CorrFact": factors[band]}),
        }
        | changes
        for band, file in UKSSDC.items()
    ]
    frame = pl.DataFrame(rows, schema_overrides={"extra": pl.String})
    return joint(frame, unit=None)


def test_the_posterior_is_that_of_counts_background_and_exposure():
    row = shape.hardness_of_points(points(), "soft", "hard").row(0, named=True)
    expected = shape.hardness(
        6, 3, soft_off=25, hard_off=16, ratio=(0.02, 0.0125), exposure=1 / 1.5
    )

    assert OF_COUNTS == row["method"]
    assert row["ratio"] == pytest.approx(expected.ratio)
    assert row["ratio_low"] == pytest.approx(expected.ratio_low)
    assert row["ratio_high"] == pytest.approx(expected.ratio_high)


def test_rates_without_counts_say_that_errors_are_propagated():
    row = shape.hardness_of_points(points(extra=None), "soft", "hard").row(
        0, named=True
    )
    soft, hard = 0.055, 0.042

    assert OF_ERRORS == row["method"]
    assert row["ratio"] == pytest.approx((hard - soft) / (hard + soft))
    error = 2 * 0.02 * (soft**2 + hard**2) ** 0.5 / (hard + soft) ** 2
    assert row["ratio_high"] - row["ratio"] == pytest.approx(error)


def test_counts_that_are_not_those_of_the_rate_are_not_used():
    row = shape.hardness_of_points(points(value=0.3), "soft", "hard")

    assert [OF_ERRORS] == row["method"].to_list()


def test_a_limit_has_a_hardness_only_with_counts():
    limits = points(is_limit=True)
    without = points(is_limit=True, extra=None)

    assert [OF_COUNTS] == shape.hardness_of_points(limits, "soft", "hard")[
        "method"
    ].to_list()
    ratios = shape.hardness_of_points(without, "soft", "hard")
    assert [None] == ratios["ratio"].to_list()
    assert {"a limit whose counts are not known": 1} == shape.reasons_without(ratios)


def test_the_panel_says_by_which_method_it_is():
    figure = light_curve(points(), panels=["hardness"], hardness=("soft", "hard"))
    texts = [
        item.text
        for part in figure.select({"type": object})
        for item in [part]
        if isinstance(getattr(item, "text", None), str)
    ]

    assert any("1 by posterior of counts (Park et al. 2006)" in text for text in texts)


def test_a_band_without_points_is_refused():
    with pytest.raises(QueryError, match="bands: hard, soft"):
        shape.hardness_of_points(points(), "soft", "w")


def test_points_without_a_partner_are_counted_with_the_reason():
    later = datetime(2026, 1, 2)  # noqa: DTZ001 - TT has no zone
    lone_hard = points(time=later).filter(pl.col("band") == "hard")
    no_error = points(time=datetime(2026, 1, 3), extra=None, value_err_plus=0.0)  # noqa: DTZ001
    no_error = no_error.with_columns(value_err_minus=0.0)
    both = pl.concat([points(), lone_hard, no_error], how="diagonal_relaxed")
    ratios = shape.hardness_of_points(both, "soft", "hard")

    assert 1 == ratios["ratio"].count()
    assert {
        "no point of 'soft' at its time by its instrument": 1,
        "no error above 0 in one of the bands": 1,
    } == shape.reasons_without(ratios)
    assert ratios["method"].null_count() == ratios["no_ratio"].count()


def test_the_panel_counts_what_it_leaves_out():
    later = datetime(2026, 1, 2)  # noqa: DTZ001 - TT has no zone
    lone = points(time=later).filter(pl.col("band") == "hard")
    both = pl.concat([points(), lone], how="diagonal_relaxed")
    figure = light_curve(both, panels=["hardness"], hardness=("soft", "hard"))
    texts = [str(getattr(part, "text", "")) for part in figure.select({"type": object})]

    assert any(
        "1 without: no point of 'soft'" in text.replace("\n", " ") for text in texts
    )
