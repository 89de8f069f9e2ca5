"""Points that several files hold: each is counted once, the others say so.

A point repeats another if observatory, instrument, band, unit, value and time agree: the
time since the file's T0 to a millisecond, or the time itself. UKSSDC's curves come as QDP
and as JSON, with and without a date, and tables of papers hold points of the archives.
"""

import polars as pl

from orbital_kernel.science.columns import TT, fill

REPEATED = "repeats another point of the curve"
FIGURES = 5
"""Significant figures to which values agree."""
_SAME = ("observatory", "instrument", "unit", "is_limit")
_SHAPE = {
    "observatory": pl.String(),
    "since_t0_s": pl.Float64(),
    "instrument": pl.String(),
    "mode": pl.String(),
    "band": pl.String(),
    "band_low_kev": pl.Float64(),
    "band_high_kev": pl.Float64(),
    "is_limit": pl.Boolean(),
}


def repeats(points: pl.DataFrame) -> pl.Series:
    """Return whether each row repeats an earlier or a better one.

    Parameters
    ----------
    points : polars.DataFrame
        `photometry` rows of one object: time (TT), value and unit; if known since_t0_s
        (s), instrument, mode, is_limit and the band.

    Returns
    -------
    polars.Series
        True where the point is a repetition. Of two, the one that its own file dates
        is counted, then the one that comes first.
    """
    rows = fill(points, _SHAPE).with_row_index("_row")
    band = pl.coalesce(
        pl.format("{}-{}", "band_low_kev", "band_high_kev"), "band", pl.lit("")
    )
    rows = rows.with_columns(
        pl.col("value").round_sig_figs(FIGURES).alias("_value"),
        band.alias("_band"),
        (pl.col("since_t0_s") * 1e3).round().cast(pl.Int64).alias("_since"),
        (pl.col("time").cast(TT).cast(pl.Int64) / 1e6)
        .round()
        .cast(pl.Int64)
        .alias("_time"),
    )
    assumed = (
        pl.col("time_assumed_err_s").is_not_null()
        if "time_assumed_err_s" in rows.columns
        else pl.lit(value=False)
    )
    rows = rows.sort(pl.col("time").is_null() | assumed, "_row")
    duplicate = pl.lit(value=False)
    for key in ("_since", "_time"):
        same = pl.struct(key, "_value", "_band", *_SAME)
        present = pl.col(key).is_not_null() & pl.col("_value").is_not_null()
        duplicate |= present & ~same.is_first_distinct()
    return rows.with_columns(duplicate.alias("_repeated")).sort("_row")["_repeated"]
