"""The axes of the plot of each table, as Polars expressions."""

from dataclasses import dataclass

import polars as pl

from orbital_kernel.model import schema

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Axes:
    """Two quantities with names and units; `unit_column` if each row has its own unit.

    A time axis is TT in nanoseconds and is drawn in UTC. `low` and `high` bound y.
    """

    x: pl.Expr
    y: pl.Expr
    x_label: str
    y_label: str
    name: str
    x_is_time: bool = False
    low: pl.Expr | None = None
    high: pl.Expr | None = None
    limit: str | None = None
    unit_column: str | None = None


def _in_time(y: str, label: str, name: str) -> Axes:
    return Axes(pl.col("time"), pl.col(y), "time (UTC)", label, name, x_is_time=True)


_FLUX = pl.when("is_limit").then("flux_high").otherwise("flux")
_SECONDS = (pl.col("time_stop") - pl.col("time")).dt.total_nanoseconds() / SECOND_NS

AXES = {
    "sources": Axes(
        pl.col("significance"),
        _FLUX,
        "significance",
        "flux",
        "source_id",
        low=pl.col("flux_low"),
        high=pl.col("flux_high"),
        limit="is_limit",
        unit_column="flux_unit",
    ),
    "photometry": Axes(
        pl.col("time"),
        pl.col("value"),
        "time (UTC)",
        "value",
        "object",
        x_is_time=True,
        low=pl.col("value") - pl.col("value_err_minus"),
        high=pl.col("value") + pl.col("value_err_plus"),
        limit="is_limit",
        unit_column="unit",
    ),
    "rates": Axes(
        pl.col("time"),
        pl.col("rate"),
        "time (UTC)",
        "rate",
        "series",
        x_is_time=True,
        low=pl.col("rate") - pl.col("rate_err"),
        high=pl.col("rate") + pl.col("rate_err"),
        unit_column="unit",
    ),
    "grbs": Axes(
        pl.col("t90_s"),
        pl.col("fluence_erg_cm2"),
        "T90 (s), 15-350 keV",
        "fluence (erg / cm2), 15-150 keV",
        "name",
        low=pl.col("fluence_erg_cm2") - pl.col("fluence_err_erg_cm2"),
        high=pl.col("fluence_erg_cm2") + pl.col("fluence_err_erg_cm2"),
    ),
    "observations": _in_time("exposure_s", "exposure (s)", "object"),
    "intervals": Axes(
        pl.col("time"),
        _SECONDS,
        "start (UTC)",
        "length (s)",
        "obs_id",
        x_is_time=True,
    ),
    "events": _in_time("energy_ev", "energy (eV)", "obs_id"),
    "notices": _in_time("significance", "significance", "notice_id"),
}

PLACED = ("ra", "dec", "band", "instrument", "simulated")


def needed(table: str) -> tuple[str, ...]:
    """Return the columns that the views of a table's rows read."""
    axes = AXES[table]
    drawn = [axes.x, axes.y, axes.low, axes.high]
    names = [
        name for part in drawn if part is not None for name in part.meta.root_names()
    ]
    names += [name for name in (axes.name, axes.limit, axes.unit_column) if name]
    rows = schema.table(f"any.{table}")
    return tuple(dict.fromkeys((*names, *PLACED, *rows.sort, *rows.key)))
