"""Matched sources of two observatories whose flux ratio is unlike that of the others."""

import polars as pl

from orbital_kernel.questions.asking import Asks
from orbital_kernel.questions.rare_scope import (
    Ranked,
    Scope,
    catalog_units,
    catalogues,
)
from orbital_kernel.science import rarity
from orbital_kernel.science.flux_ratios import flux_ratios
from orbital_kernel.science.matching import cross_match
from orbital_kernel.science.one_band import (
    BAND_KEV,
    FLUX_UNIT,
    in_one_band,
    reasons,
)

SURE = 0.5


def flux_ratio(orbital: Asks, first: str, second: str, scope: Scope) -> Ranked:
    """Return pairs by how far their flux ratio is from the usual one, and the rules."""
    a, b, answers, dropped = catalogues(orbital, first, second, scope)
    a, b = (
        in_one_band(
            side.filter(rarity.DETECTED),
            "flux_unit",
            counts_to_flux=scope.counts_to_flux.get(name),
        )
        for name, side in ((first, a), (second, b))
    )
    excluded = [
        f"{name}: {count} sources excluded: {reason}"
        for name, side in ((first, a), (second, b))
        for reason, count in reasons(side).items()
    ]
    a, b = (side.filter(pl.col("unconverted").is_null()) for side in (a, b))
    best = cross_match(a, b).filter("mutual", pl.col("match_probability") >= SURE)
    left, right = a[best["left_row"]], b[best["right_row"]]
    pairs = best.select(
        *("separation_arcsec", "normalised_separation", "match_probability"),
        "simulated",
    ).with_columns(
        left["source_id"].alias("source_a"),
        right["source_id"].alias("source_b"),
        *(left[name] for name in ("ra", "dec")),
        *_measured(left, "a"),
        *_measured(right, "b"),
        (left["epochs"] + right["epochs"]).alias("epochs"),
        (left["epoch_scatter"] + right["epoch_scatter"]).alias("epoch_scatter"),
        catalog_units(left).alias("_a"),
        catalog_units(right).alias("_b"),
    )
    named = pairs.with_columns(pl.format("{} / {}", "_a", "_b").alias("kind"))
    ranked = flux_ratios(named.drop("_a", "_b"))
    both = ranked["error_a"].is_not_null() & ranked["error_b"].is_not_null()
    stated = (
        f"{both.sum()} of {len(ranked)} pairs state both errors of flux, "
        f"{(ranked['epochs'] > 0).sum()} have several epochs"
    )
    rules = (
        f"pairs are each other's best with a match probability of {SURE:g} or more",
        f"fluxes in {BAND_KEV[0]:g}-{BAND_KEV[1]:g} keV, {FLUX_UNIT}",
        stated,
    )
    return ranked, len(ranked), answers, (*rules, *dropped, *excluded)


def _measured(side: pl.DataFrame, name: str) -> list[pl.Series]:
    """Return flux and its 1-sigma error in the one band; null if it is not stated."""
    half = (side["flux_high"] - side["flux_low"]) / 2
    stated = side.select(pl.when(half > 0).then(half)).to_series()
    return [
        (side["flux"] * side["factor"]).alias(f"flux_{name}"),
        (stated * side["factor"]).alias(f"error_{name}"),
    ]
