"""Two series on one zero of time: usable points, each with an error."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import SPACECRAFT, place_of
from orbital_kernel.science.columns import demand, fill, finite
from orbital_kernel.science.lightcurves.exposure import nanoseconds
from orbital_kernel.science.missing_errors import left_out

Reals = NDArray[np.float64]

FEWEST_POINTS = 5
MOST_PAIRS = 20_000_000
NEAR_EARTH = {"geocentre": SPACECRAFT}
"""A spacecraft is within 0.03 s (Swift) or 0.5 s (Chandra) of light from the geocentre."""


class Series(NamedTuple):
    """Times (s, in order), values and symmetric errors of usable points, each (n,)."""

    times: Reals
    values: Reals
    errors: Reals


def two_series(first: pl.DataFrame, second: pl.DataFrame) -> tuple[Series, Series]:
    """Return two series with their times from one common zero, in order of time.

    Parameters
    ----------
    first, second
        time (TT) and value with value_err_plus and value_err_minus, or rate with
        rate_err; each in one unit and band; limits are not used, nor are detections
        without an error above 0 if these are at most a tenth (`notes_on` counts them).
        Where time_rule is given, all times must be of arrival at one place.

    Raises
    ------
    QueryError
        If a series has fewer than 5 detections, more than a tenth of them without an
        error, mixed units or bands, or if times of arrival at several places are mixed.
    """
    _one_place(first, second)
    rows = [
        _usable(frame, f"the {which} series") for frame, which in _named(first, second)
    ]
    zero = min(int(nanoseconds(frame, "time").min()) for frame in rows)
    a, b = (_series(frame, zero) for frame in rows)
    if a.times.size * b.times.size > MOST_PAIRS:
        raise QueryError(
            f"{a.times.size:,} x {b.times.size:,} points make too many pairs"
            f" (most {MOST_PAIRS:,}); rebin the series first"
        )
    return a, b


def notes_on(first: pl.DataFrame, second: pl.DataFrame) -> tuple[str, ...]:
    """Return in words how many detections of two series are left out, and why."""
    texts = []
    for frame, which in _named(first, second):
        rows = _detections(frame)
        without = rows.filter(~_HAS_ERROR).height
        texts.append(left_out(without, rows.height, f"the {which} series"))
    return tuple(filter(None, texts))


def spacing(series: Series) -> float:
    """Return the median time from one point to the next, s."""
    gaps = np.diff(series.times)
    gaps = gaps[gaps > 0]
    return float(np.median(gaps)) if gaps.size else 0.0


def _named(
    first: pl.DataFrame, second: pl.DataFrame
) -> tuple[tuple[pl.DataFrame, str], tuple[pl.DataFrame, str]]:
    return (first, "first"), (second, "second")


def _one_place(*frames: pl.DataFrame) -> None:
    """Raise QueryError if times of arrival at different places would be compared."""
    places = {NEAR_EARTH.get(place, place) for f in frames for place in _places(f)}
    if len(places) > 1:
        raise QueryError(
            f"times of arrival at {' and '.join(sorted(places))} are mixed, which differ by "
            "up to 500 s: correct them to one place first"
        )


def _places(frame: pl.DataFrame) -> set[str]:
    """Return where the photons of a frame arrive at its times."""
    if "time_place" in frame.columns:
        return set(frame["time_place"].drop_nulls())
    if "time_rule" not in frame.columns:
        return set()
    return {place_of(rule) for rule in frame["time_rule"].unique()}


_HAS_ERROR = (pl.col("e") > 0).fill_null(value=False)


def _usable(frame: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Return time, value `v` and error `e` of the detections that have one."""
    detected = _detections(frame)
    for name in ("unit", "band_low_kev", "band_high_kev"):
        if name in frame.columns and frame[name].drop_nulls().n_unique() > 1:
            raise QueryError(
                f"{subject} mixes several {name}; choose one of them first"
            )
    used = detected.filter(_HAS_ERROR)
    left_out(detected.height - used.height, detected.height, subject)
    if used.height < FEWEST_POINTS:
        raise QueryError(
            f"{subject} has {used.height} detections, {FEWEST_POINTS} are the fewest"
        )
    return used


def _detections(frame: pl.DataFrame) -> pl.DataFrame:
    """Return time, value `v` and error `e` (maybe null or 0) of the detections."""
    value = "value" if "value" in frame.columns else "rate"
    demand(frame, "time", value, subject="series")
    names = ("value_err_plus", "value_err_minus", "rate_err")
    full = fill(frame, {n: pl.Float64() for n in names} | {"is_limit": pl.Boolean()})
    return (
        full.select(
            "time",
            finite(value).alias("v"),
            pl.coalesce(
                (finite("value_err_plus") + finite("value_err_minus")) / 2,
                finite("rate_err"),
            ).alias("e"),
            pl.col("is_limit").fill_null(value=False),
        )
        .filter(
            ~pl.col("is_limit"), pl.col("time").is_not_null(), pl.col("v").is_not_null()
        )
        .sort("time", "v")
    )


def _series(used: pl.DataFrame, zero: int) -> Series:
    times = (nanoseconds(used, "time") - zero) / 1e9
    return Series(times, used["v"].to_numpy(), used["e"].to_numpy())
