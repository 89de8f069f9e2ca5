"""What a search for rare events examines, and the catalogues it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from orbital_kernel.query import Answer, Cone, Query, TimeSpan
from orbital_kernel.questions.asking import SOURCE, Asks, positioned, together
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.rarity import DETECTED

FLUX = (
    *("flux", "flux_low", "flux_high", "flux_unit", "is_limit", "significance"),
    "obs_id",
)
EPOCH = ("catalog", "source_id", "flux_unit", "band_low_kev", "band_high_kev")
"""Rows of single observations that agree in these are epochs of one flux."""
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
) -> tuple[pl.DataFrame, pl.DataFrame, list[Answer], tuple[str, ...]]:
    """Return the sources of two observatories, once each, and what was excluded, in words.

    `epochs` are the degrees of freedom of a source's single observations, and
    `epoch_scatter` is the sum of the squared deviations of log10 flux among them.
    """
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
    rules: list[str] = []
    sides = []
    for name, answer in zip((first, second), answers, strict=True):
        placed = positioned(answer.frame, name)
        single = (
            _with_epochs(placed)
            .sort("catalog", "source_id", "ra", "dec", "flux", nulls_last=True)
            .sort("significance", descending=True, nulls_last=True, maintain_order=True)
            .unique(["catalog", "source_id"], keep="first", maintain_order=True)
        )
        counts = {
            "rows excluded: no position or error of it": len(answer.frame)
            - len(placed),
            "further rows of a source: the most significant one counts": len(placed)
            - len(single),
            "sources excluded: no detection with a flux": len(single)
            - len(single.filter(DETECTED)),
        }
        rules += [f"{name}: {n} {why}" for why, n in counts.items() if n]
        sides.append(single)
    return sides[0], sides[1], answers, tuple(rules)


def _with_epochs(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with how many epochs their source has, and their scatter."""
    detected = ~pl.col("is_limit").fill_null(value=False) & (pl.col("flux") > 0)
    once = pl.struct(*EPOCH, "obs_id").is_first_distinct()
    single = detected & once & pl.col("obs_id").is_not_null()
    level = pl.when(single).then(pl.col("flux").log10())
    square = (level - level.mean().over(EPOCH)) ** 2
    return rows.with_columns(
        (level.count().over(EPOCH).cast(pl.Int64) - 1).clip(0).alias("epochs"),
        square.sum().over(EPOCH).alias("epoch_scatter"),
    )


def catalog_units(rows: pl.DataFrame) -> pl.Series:
    """Return catalogue and unit of each source."""
    kind = pl.format(
        "{} [{}]", pl.col("catalog").fill_null("?"), pl.col("flux_unit").fill_null("?")
    )
    return rows.select(kind).to_series()
