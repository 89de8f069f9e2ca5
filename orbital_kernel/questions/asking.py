"""Whom questions are put to: who answers queries and has the database, and its sources."""

from typing import Protocol

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.questions.asks import (
    Asks,
    joint_answer,
    joint_explain,
    require_observatories,
    together,
)

__all__ = [
    "SOURCE",
    "Asks",
    "Session",
    "joint_answer",
    "joint_explain",
    "positioned",
    "read",
    "require_observatories",
    "together",
]


class Session(Asks, Protocol):
    """Who answers queries and has the database they are answered from."""

    @property
    def store(self) -> Store:
        """The database."""


def read(database: Store, table: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return some columns of a table."""
    return frame_of(database.read(table, columns=list(columns)))


WIDEST_CONFIDENCE = 0.68
SOURCE = (
    *("catalog", "source_id", "ra", "dec", "error_radius_arcsec", "error_major_arcsec"),
    *("error_minor_arcsec", "error_angle_deg", "error_confidence", "kind", "simulated"),
    *("band_low_kev", "band_high_kev"),
)


def positioned(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    """Return the sources with a position and its error, stated or typical.

    A row without a stated error gets the typical one of the instrument whose bands it
    is in; one without a confidence is taken at 68 %, the widest usual reading.
    """
    unstated = pl.all_horizontal(
        pl.col("error_radius_arcsec", "error_major_arcsec").fill_null(0) <= 0
    )
    for instrument in observatories()[observatory].instruments:
        edges = [edge for b in instrument.bands for edge in (b.low, b.high)]
        typical = instrument.position_error
        in_bands = unstated & (pl.col("band_low_kev") >= min(edges))
        in_bands &= pl.col("band_high_kev") <= max(edges)
        rows = rows.with_columns(
            pl.when(in_bands).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in (
                ("error_confidence", typical.confidence),
                ("error_radius_arcsec", typical.radius_arcsec),
            )
        )
    return rows.filter(
        ~unstated, pl.all_horizontal(pl.col("ra", "dec").is_not_null())
    ).with_columns(pl.col("error_confidence").fill_null(WIDEST_CONFIDENCE))
