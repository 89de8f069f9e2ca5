"""What a search for rare events examines, and the catalogues it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from orbital_kernel.query import Answer, Cone, Query, TimeSpan
from orbital_kernel.questions.asking import SOURCE, Asks, positioned, together
from orbital_kernel.science.lightcurves import CountsToFlux

FLUX = ("flux", "flux_unit", "is_limit", "significance")
Ranked = tuple[pl.DataFrame, int, list[Answer], tuple[str, ...]]
"""Ranked rows, how many were examined, the answers read, and the rules in words."""


@dataclass(frozen=True)
class Scope:
    """What is examined: a region of the sky, a span of time, and factors of count rates."""

    cone: Cone | None = None
    time: TimeSpan | None = None
    counts_to_flux: Mapping[str, CountsToFlux] = field(default_factory=dict)


EVERYTHING = Scope()


def catalogues(
    orbital: Asks, first: str, second: str, scope: Scope
) -> tuple[pl.DataFrame, pl.DataFrame, list[Answer]]:
    """Return the sources of two observatories, once each, with position errors."""
    queries = [
        Query(
            f"{name}.sources",
            (*SOURCE, *FLUX),
            cone=scope.cone,
            not_null=("ra",),
            full_scan=True,
        )
        for name in (first, second)
    ]
    answers = together(orbital, queries, kind="rare")
    a, b = (
        positioned(answer.frame, name)
        .sort("catalog", "source_id", "ra", "dec", "flux", nulls_last=True)
        .sort("significance", descending=True, nulls_last=True, maintain_order=True)
        .unique(["catalog", "source_id"], keep="first", maintain_order=True)
        for name, answer in zip((first, second), answers, strict=True)
    )
    return a, b, answers


def catalog_units(rows: pl.DataFrame) -> pl.Series:
    """Return catalogue and unit of each source."""
    kind = pl.format(
        "{} [{}]", pl.col("catalog").fill_null("?"), pl.col("flux_unit").fill_null("?")
    )
    return rows.select(kind).to_series()
