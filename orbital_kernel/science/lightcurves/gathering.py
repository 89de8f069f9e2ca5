"""Rows of several observatories in one frame: photometry, and rates as points."""

from collections.abc import Mapping

import polars as pl

from orbital_kernel.science.columns import TT, demand, finite


def gather(by_observatory: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the observatories' `photometry` rows in one frame with a column `observatory`.

    Parameters
    ----------
    by_observatory
        Frames of `photometry` rows by the observatory's name.

    Returns
    -------
    polars.DataFrame
        All rows; columns that a frame lacks are null.
    """
    frames = [
        frame.with_columns(pl.lit(name).alias("observatory"))
        for name, frame in by_observatory.items()
    ]
    if not frames:
        return pl.DataFrame()
    # in one piece: each step on frames in pieces would copy all columns
    return pl.concat(frames, how="diagonal_relaxed", rechunk=True)


def points_of_rates(rates: pl.DataFrame, *, empty: bool = False) -> pl.DataFrame:
    """Return `rates` rows as `photometry` rows, with times at mid-bin.

    Parameters
    ----------
    rates
        time (TT, start of the bin), bin_s (s), rate and rate_err (in `unit`), unit.
    empty
        Whether bins without data are returned too, with a null value.

    Returns
    -------
    polars.DataFrame
        time (TT), time_err_plus_s and time_err_minus_s (half a bin, s), value,
        value_err_plus and value_err_minus (in `unit`), is_limit (false), and the others.

    Raises
    ------
    SchemaMismatch
        If one of these columns is absent.
    """
    demand(rates, "time", "bin_s", "rate", "rate_err", "unit", subject="rates")
    half = pl.col("bin_s") / 2
    return (
        rates.filter(pl.lit(empty) | finite("rate").is_not_null())
        .with_columns(
            pl.col("time").cast(TT) + pl.duration(nanoseconds=half * 1e9),
            half.alias("time_err_plus_s"),
            half.alias("time_err_minus_s"),
            pl.col("rate").alias("value"),
            pl.col("rate_err").alias("value_err_plus"),
            pl.col("rate_err").alias("value_err_minus"),
            pl.lit(value=False).alias("is_limit"),
        )
        .drop("rate", "rate_err", "bin_s")
    )
