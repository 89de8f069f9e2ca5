"""Flares: Bayesian blocks of counts that are brighter than the quiescent rate."""

import numpy as np
import polars as pl

from orbital_kernel.science import counting, on_off
from orbital_kernel.science.columns import demand

LEAST_CHANCE = 1e-3
UNITS = {
    **dict.fromkeys(("start_s", "stop_s", "exposure_s"), "s"),
    **dict.fromkeys(("counts", "excess", "excess_err_plus", "excess_err_minus"), "ct"),
    **dict.fromkeys(("rate", "rate_err_plus", "rate_err_minus", "peak_rate"), "ct / s"),
    "quiescent_rate": "ct / s",
}


def flares(blocks: pl.DataFrame, *, least_chance: float = LEAST_CHANCE) -> pl.DataFrame:
    """Return the flares among Bayesian blocks of counts.

    The quiescent rate is that of the block with the longest live time. A block is part of
    a flare if so many counts have less than `least_chance` at that rate, whose own
    uncertainty is included; neighbouring ones are one flare.

    Parameters
    ----------
    blocks
        What `orbital.counts(..., bins='blocks')` returns: start_s, stop_s, counts,
        exposure_s.
    least_chance
        Largest probability of a chance excess; 0.001 by default.

    Returns
    -------
    polars.DataFrame
        start_s and stop_s (s, the file's clock), time (TT, start) if given, blocks,
        counts, exposure_s (s), rate with rate_err_plus and rate_err_minus (ct / s, of
        all counts), peak_rate (ct / s, of the brightest block), quiescent_rate (ct / s),
        excess with excess_err_plus and excess_err_minus (counts above quiescence, 1
        sigma), chance.

    References
    ----------
    Scargle et al. 2013, ApJ 764, 167 (blocks); Neilsen et al. 2013, ApJ 774, 42.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import shape
    >>> columns = ("start_s", "stop_s", "counts", "exposure_s")
    >>> rows = [(0, 900, 9, 900), (900, 1000, 20, 100), (1000, 1800, 8, 800)]
    >>> blocks = pl.DataFrame(rows, schema=columns, orient="row")
    >>> shape.flares(blocks)["counts"].to_list()
    [20]
    """
    demand(blocks, "start_s", "stop_s", "counts", "exposure_s", subject="flares")
    if blocks.is_empty():
        return _of(blocks, blocks)
    quiet = blocks.sort("exposure_s", descending=True).head(1)
    off, live = float(quiet["counts"][0]), float(quiet["exposure_s"][0])
    counts, exposure = (blocks[n].to_numpy() for n in ("counts", "exposure_s"))
    chance = on_off.chance(counts, off, exposure / live)
    brighter = (chance < least_chance) & (counts * live > off * exposure)
    number = np.cumsum(np.diff(brighter.astype(int), prepend=0) > 0)
    labelled = blocks.with_columns(pl.Series("flare", number)).filter(
        pl.Series(brighter)
    )
    return _of(labelled, quiet)


def _of(labelled: pl.DataFrame, quiet: pl.DataFrame) -> pl.DataFrame:
    """Return one row per flare, with its excess above the quiescent block."""
    if "flare" not in labelled.columns:
        labelled = labelled.with_columns(pl.lit(0).alias("flare"))
    times = [pl.col("time").min()] if "time" in labelled.columns else []
    rows = labelled.group_by("flare", maintain_order=True).agg(
        pl.col("start_s").min(),
        pl.col("stop_s").max(),
        *times,
        pl.len().alias("blocks"),
        pl.col("counts").sum(),
        pl.col("exposure_s").sum(),
        (pl.col("counts") / pl.col("exposure_s")).max().alias("peak_rate"),
    )
    counts, live = (
        rows[n].cast(pl.Float64).to_numpy() for n in ("counts", "exposure_s")
    )
    off = float(quiet["counts"][0]) if len(quiet) else 0.0
    quiet_s = float(quiet["exposure_s"][0]) if len(quiet) else 1.0
    low, high = counting.poisson_bounds(counts)
    net = counts - off * live / quiet_s
    above = on_off.on_off_bounds(counts, off, live / quiet_s)
    return rows.with_columns(
        pl.Series("rate", counts / live),
        pl.Series("rate_err_plus", (high - counts) / live),
        pl.Series("rate_err_minus", (counts - low) / live),
        pl.lit(off / quiet_s).alias("quiescent_rate"),
        pl.Series("excess", net),
        pl.Series("excess_err_plus", above[1] - net),
        pl.Series("excess_err_minus", net - above[0]),
        pl.Series("chance", on_off.chance(counts, off, live / quiet_s)),
    ).drop("flare")
