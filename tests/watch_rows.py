"""Made series as rows of swift.rates, for tests of the watcher."""

import polars as pl

from orbital_kernel.model import schema, times


def series(name, frame, *, sha="0" * 64):
    """Return a made series as rows of swift.rates, its clock without correction."""
    instants = times.to_tt("swift-met-utcf", frame["met_s"].to_numpy(), utcf_s=0.0)
    rows = frame.with_columns(
        pl.lit(name).alias("series"),
        pl.Series("time", instants),
        utcf_s=pl.lit(0.0),
        time_rule=pl.lit("swift-met-utcf"),
        instrument=pl.lit("BAT"),
        simulated=pl.lit(True),
        file_sha256=pl.lit(sha),
        channel=pl.col("channel").cast(pl.Int16),
    )
    return rows.sort("met_s", "channel")


def table(rows, name="swift.rates"):
    """Return rows as an Arrow table, columns the store does not know left out."""
    names = [c.name for c in schema.table(name).columns if c.name in rows.columns]
    return rows.select(names).to_arrow()
