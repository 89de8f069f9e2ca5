"""T90 of real bursts against a catalogue, the bursts in two halves by a fixed rule.

The method was chosen on simulated bursts and on the bursts with an even trigger number;
those with an odd number were only used to report.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

NEAR = 0.25
NEAR_BINS = 2.0
BRIGHT_SIGMA = 15.0
CHOSEN, REPORTED = "even: used to choose", "odd: only reported"


def half_of(trigger_id: int) -> str:
    """Return which half a burst belongs to: the parity of its trigger number."""
    return REPORTED if trigger_id % 2 else CHOSEN


def compared(bursts: pl.DataFrame) -> pl.DataFrame:
    """Return bursts with the deviation of their T90 from the catalogue's.

    Parameters
    ----------
    bursts
        trigger_id, bin_s (s), significance (sigma), t90_s, t90_err_s and t90_method_err_s
        (s), and catalog_t90_s (s).

    Returns
    -------
    polars.DataFrame
        The rows with half, residual ((T90 - catalogue) / t90_method_err_s: both measure
        the same photons, so that their noise is shared), residual_of_truth (over
        t90_err_s) and near (whether T90 is within 25 % or two bins of the catalogue's).
    """
    off = pl.col("t90_s") - pl.col("catalog_t90_s")
    allowed = pl.max_horizontal(
        NEAR * pl.col("catalog_t90_s"), NEAR_BINS * pl.col("bin_s")
    )
    return bursts.with_columns(
        half=pl.Series(
            [half_of(int(t)) for t in bursts["trigger_id"]], dtype=pl.String
        ),
        residual=off / pl.col("t90_method_err_s"),
        residual_of_truth=off / pl.col("t90_err_s"),
        near=off.abs() <= allowed,
    ).sort("half", "trigger_id", "bin_s")


def agreement(rows: pl.DataFrame) -> pl.DataFrame:
    """Return by half how well T90 agrees, for bursts above 15 sigma.

    Parameters
    ----------
    rows
        What `compared` returned.

    Returns
    -------
    polars.DataFrame
        half, series (number), near (share), residual (median) and width (1.4826 times the
        median absolute deviation of the residuals from their median), and width_of_truth.
    """
    bright = rows.filter(pl.col("significance") > BRIGHT_SIGMA)
    parts = []
    for half in (CHOSEN, REPORTED):
        part = bright.filter(pl.col("half") == half)
        if part.is_empty():
            continue
        middle, width = _centre(part["residual"].to_numpy())
        parts.append(
            {
                "half": half,
                "series": part.height,
                "near": float(part["near"].to_numpy().mean()),
                "residual": middle,
                "width": width,
                "width_of_truth": _centre(part["residual_of_truth"].to_numpy())[1],
            }
        )
    return pl.DataFrame(parts)


def _centre(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median and 1.4826 times the median absolute deviation from it."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))
