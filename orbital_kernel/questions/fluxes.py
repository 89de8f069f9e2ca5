"""Fluxes and limits of sources and photometry, in one form, unit and band."""

from collections.abc import Mapping, Sequence

import polars as pl

from orbital_kernel.query import Answer, Query
from orbital_kernel.questions.asking import Session, positioned, together
from orbital_kernel.questions.comparison import KEY_CONTENT
from orbital_kernel.questions.positions import NEARBY_ARCSEC
from orbital_kernel.science.columns import finite
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.novelty import ROW, SIGMAS
from orbital_kernel.science.one_band import in_one_band, reasons

SOURCES = (
    *("catalog", "source_id", "obs_id", "ra", "dec", "error_radius_arcsec"),
    *("error_major_arcsec", "error_minor_arcsec", "error_angle_deg", "kind"),
    *("error_confidence", "flux", "flux_low", "flux_high", "is_limit", "flux_unit"),
    *("band_low_kev", "band_high_kev", "file_sha256", "file_row", "simulated"),
)
POINTS = (
    *("object", "obs_id", "time", "ra", "dec", "value", "value_err_plus"),
    *("value_err_minus", "is_limit", "unit", "band_low_kev", "band_high_kev"),
    *("instrument", "file_sha256", "file_row", "simulated"),
)
Parts = list[tuple[str, str, pl.DataFrame]]
"""Rows, each with the observatory and the table they are of."""


def read(
    orbital: Session,
    requests: Sequence[tuple[str, str, dict[str, object]]],
    answers: list[Answer],
) -> Parts:
    """Return the rows of each (observatory, table, conditions); note the answers."""
    queries = [
        Query(
            f"{name}.{table}",
            SOURCES if table == "sources" else POINTS,
            not_null=() if "sets" in conditions else ("ra", "dec"),
            **conditions,  # type: ignore[arg-type]
        )
        for name, table, conditions in requests
    ]
    replies = together(orbital, queries, kind="findings")
    answers += replies
    return [
        (name, table, reply.frame)
        for (name, table, _), reply in zip(requests, replies, strict=True)
    ]


def placed(parts: Parts, excluded: dict[str, int]) -> Parts:
    """Return the rows with a position; count the others."""
    located = [
        (
            name,
            table,
            rows.filter(finite("ra").is_not_null(), finite("dec").is_not_null()),
        )
        for name, table, rows in parts
    ]
    lost = sum(len(rows) for *_, rows in parts) - sum(len(rows) for *_, rows in located)
    if lost:
        count(excluded, "new: no position", lost)
    return located


def count(excluded: dict[str, int], reason: str, number: int) -> None:
    """Add to the number of rows excluded for a reason."""
    excluded[reason] = excluded.get(reason, 0) + number


def normalised(
    parts: Parts,
    order: Mapping[str, int],
    factors: Mapping[str, CountsToFlux],
    excluded: dict[str, int],
    which: str,
) -> pl.DataFrame:
    """Return rows of sources and photometry in one form and band; count the others."""
    frames = []
    for name, table, rows in parts:
        if len(rows):
            form = _sources(rows, name) if table == "sources" else _points(rows)
            if lost := len(rows) - len(form):
                count(excluded, f"{which}: no error of the position", lost)
            frames.append(_in_band(form, name, table, factors))
    if not frames:
        return pl.DataFrame(schema=SHAPE)
    rows = pl.concat(frames, how="diagonal_relaxed")
    for reason, number in reasons(rows).items():
        count(excluded, f"{which}: {reason}", number)
    usable = rows.filter(pl.col("unconverted").is_null())
    return usable.with_columns(
        pl.col("file_sha256")
        .replace_strict(order, default=0, return_dtype=pl.Int64)
        .alias("order")
    ).select(pl.col(name).cast(kind) for name, kind in SHAPE.items())


SHAPE: dict[str, pl.DataType] = {
    **{name: pl.Float64() for name in ROW},
    **{n: pl.String() for n in ("table", "key", "object", "observatory", "obs_id")},
    "time": pl.Datetime("ns"),
    "is_limit": pl.Boolean(),
    "order": pl.Int64(),
    "simulated": pl.Boolean(),
}


def _sources(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    """Return sources with flux, bounds and 1-sigma radius."""
    limit = pl.col("is_limit").fill_null(value=False)
    radius = pl.max_horizontal("error_radius_arcsec", "error_major_arcsec")
    quantile = (-2 * (1 - pl.col("error_confidence")).log()).sqrt()
    return positioned(rows, observatory).select(
        pl.col("source_id").alias("object"),
        "obs_id",
        pl.lit(None, pl.Datetime("ns")).alias("time"),
        "ra",
        "dec",
        (radius / quantile).alias("radius_arcsec"),
        pl.when(limit)
        .then(finite("flux_high"))
        .otherwise(finite("flux"))
        .alias("flux"),
        finite("flux_low"),
        finite("flux_high"),
        limit.alias("is_limit"),
        pl.col("flux_unit").alias("unit"),
        *("band_low_kev", "band_high_kev", "file_sha256", "file_row", "simulated"),
    )


def _points(rows: pl.DataFrame) -> pl.DataFrame:
    """Return points with flux, bounds and a radius that stands for no stated error."""
    return rows.select(
        *("object", "obs_id", "time", "ra", "dec"),
        pl.lit(NEARBY_ARCSEC / SIGMAS).alias("radius_arcsec"),
        finite("value").alias("flux"),
        (finite("value") - finite("value_err_minus")).alias("flux_low"),
        (finite("value") + finite("value_err_plus")).alias("flux_high"),
        pl.col("is_limit").fill_null(value=False),
        *("unit", "band_low_kev", "band_high_kev", "file_sha256", "file_row"),
        "simulated",
    )


def _in_band(
    rows: pl.DataFrame, name: str, table: str, factors: Mapping[str, CountsToFlux]
) -> pl.DataFrame:
    """Return rows with fluxes in the one band, or the reason against it."""
    converted = in_one_band(rows, "unit", counts_to_flux=factors.get(name))
    unusable = ~(pl.col("flux") > 0).fill_null(value=False)
    without = ~pl.col("is_limit") & ~(
        pl.col("flux_high") > pl.col("flux_low")
    ).fill_null(value=False)
    return converted.with_columns(
        pl.lit(name).alias("observatory"),
        pl.lit(f"{name}.{table}").alias("table"),
        pl.format(
            "{} {}",
            pl.col("file_sha256").fill_null("?").str.slice(0, KEY_CONTENT),
            pl.col("file_row").fill_null(-1),
        ).alias("key"),
        pl.coalesce(
            "unconverted",
            pl.when(unusable).then(pl.lit("no flux or limit above 0")),
            pl.when(without).then(pl.lit("no error of the flux")),
        ).alias("unconverted"),
        (pl.col("factor_err") / pl.col("factor")).alias("relative_err"),
        *(
            (pl.col(n) * pl.col("factor")).alias(n)
            for n in ("flux", "flux_low", "flux_high")
        ),
    )
