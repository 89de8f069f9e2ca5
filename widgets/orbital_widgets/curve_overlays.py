"""What is drawn over a light curve: the fitted decay, and Bayesian blocks."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel import shape
from orbital_kernel.errors import QueryError
from orbital_kernel.plots import curve_axes, theme

SERIES = ("observatory", "instrument", "band")
POOR_SIGMA = 10.0
"""Standard deviations of chi-square from which a fit does not describe the points."""
WIDTHS = ("time_err_plus_s", "time_err_minus_s")


def decay_of(
    orbital: Any, rows: pl.DataFrame
) -> tuple[Callable[[Any], Any] | None, str]:
    """Return the flux of the fitted decay of points of one unit, and the fit in words."""
    if rows["unit"].str.starts_with("mag").any():
        return None, "No decay is fitted to magnitudes: choose a unit such as mJy."
    result = orbital.shape(rows)
    if not result.decays:
        reasons = "; ".join(result.notes) or "too few detections after T0"
        return None, f"No decay is fitted: {reasons}."
    name = "all" if "all" in result.decays else None
    name = name or max(result.decays, key=lambda key: result.decays[key].points)
    fit = result.decays[name]
    indices = ", ".join(
        f"{index:.{_digits(err)}f} ± {err:.{_digits(err)}f}"
        for index, err in zip(fit.indices, fit.index_errs, strict=True)
    )
    breaks = ", ".join(f"{at:.4g} s" for at in fit.breaks_s)
    words = f"Decay of {name}: index {indices}"
    words += f", breaks at {breaks}" if breaks else ""
    words += f"; chi-square {fit.chi2:.1f} of {fit.dof} dof"
    is_poor = fit.chi2 > fit.dof + POOR_SIGMA * np.sqrt(2 * fit.dof)
    return (
        fit.flux,
        f"{words}{': the fit does not describe these points' if is_poor else ''}.",
    )


def _digits(err: float) -> int:
    """Return how many decimals show an error, two at least."""
    return max(2, int(np.ceil(-np.log10(err)))) if 0 < err < np.inf else 2


def series_of(rows: pl.DataFrame) -> dict[str, str]:
    """Return the columns and values that select the series with most measurements."""
    measured = _measured(rows)
    if measured.is_empty():
        return {}
    groups = measured.group_by(*SERIES).len().sort("len", *SERIES, descending=True)
    return {name: groups[name][0] for name in SERIES if groups[name][0] is not None}


def blocks_of(
    rows: pl.DataFrame, series: Mapping[str, str]
) -> tuple[pl.DataFrame | None, str]:
    """Return stretches of constant flux of one series, and a sentence on them."""
    measured = _measured(rows).filter(**series)
    if measured.is_empty():
        return None, "No Bayesian blocks: no detection has a time and an error."
    name = " ".join(series.values())
    columns = (measured[key] for key in ("since_s", "value", "value_err_plus"))
    try:
        states = shape.states(*columns)
    except QueryError as error:
        return None, f"No Bayesian blocks of {name}: {error}."
    count = f"{len(states)} Bayesian block{'s' if len(states) > 1 else ''}"
    return states, f"{count} of {name}, {len(measured):,} detections."


def draw_blocks(
    figure: Any, states: pl.DataFrame, t0: Any, scale: str, *, color: str = theme.INK
) -> None:
    """Draw each stretch as a horizontal line over the points of the first panel."""
    ends = pl.concat([states["start_s"], states["stop_s"]])
    since = pl.duration(nanoseconds=(pl.col("since_s") * 1e9).cast(pl.Int64))
    rows = pl.DataFrame({"since_s": ends}).with_columns(
        (pl.lit(t0).cast(pl.Datetime("ns")) + since).alias("time"),
        *(pl.lit(0.0).alias(name) for name in WIDTHS),
    )
    x, _low, _high = curve_axes.times_of(rows, scale)
    first, last = np.split(np.asarray(x), 2)
    value = states["value"].to_numpy()
    figure.segment(first, value, last, value, color=color, line_width=2.5)


def _measured(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(
        pl.col("excluded").is_null(),
        ~pl.col("is_limit"),
        pl.col("since_s").is_not_null(),
        pl.col("value_err_plus") > 0,
    )
