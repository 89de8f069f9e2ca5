"""Rare events of both observatories, ranked, with what selected them."""

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Explain, Query
from orbital_kernel.questions.asking import SOURCE, Asks, account, positioned, together
from orbital_kernel.questions.place import field_of
from orbital_kernel.science import rarity
from orbital_kernel.science.matching import cross_match, neighbours

N_SIGMA = 5.0
SURE = 0.5
POINT = (
    *("object", "time", "value", "value_err_plus", "value_err_minus", "is_limit"),
    *("unit", "band", "instrument", "simulated"),
)
BURST = (
    *("burst_id", "observatory", "series", "obs_id", "object", "time"),
    *("significance", "timescale_s", "band", "cause", "matches"),
    "simulated",
)
POINTED = ("ra", "dec", "time", "instrument", "exposure_s")
FLUX = ("flux", "flux_unit", "is_limit", "significance")
Reals = NDArray[np.float64]
Found = tuple[pl.DataFrame, int, list[Answer], tuple[str, ...]]


@dataclass(frozen=True)
class Rare:
    """Rare events of one kind, rarest first, and how they were chosen.

    Each row has `statistic`, `p_value` and `expected` (how many of those looked at
    would reach it by chance; null where that is not told). `selection` states the
    statistic and its null in words.
    """

    kind: str
    rows: pl.DataFrame
    looked_at: int
    selection: tuple[str, ...]
    how: Explain

    def __str__(self) -> str:
        """Return the numbers and the selection in lines."""
        first = f"{self.kind}: {len(self.rows)} ranked of {self.looked_at} looked at"
        return "\n".join((first, *self.selection))


def rare(
    orbital: Asks, kind: str, *, first: str = "swift", second: str = "chandra"
) -> Rare:
    """Return rare events of a kind: variability, flux-ratio, lone-burst or transient.

    Everything is ranked and nothing cut off: choose by `expected`, e.g. below 0.01.
    Raises QueryError for another kind.
    """
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise QueryError(f"there is no kind {kind!r} of rare event: {known} are known")
    began = clock.perf_counter()
    rows, looked_at, asked, told = KINDS[kind](orbital, first, second)
    selection = (rarity.NULLS[kind], *told)
    how = account(asked, len(rows), selection, began)
    return Rare(kind, rows, looked_at, selection, how)


def _variability(orbital: Asks, first: str, second: str) -> Found:
    names = (first, second)
    queries = [
        Query(f"{name}.photometry", POINT, not_null=("value",), full_scan=True)
        for name in names
    ]
    asked = together(orbital, queries, kind="rare")
    points = pl.concat(
        answer.frame.with_columns(pl.lit(name).alias("observatory"))
        for name, answer in zip(names, asked, strict=True)
    )
    ranked = rarity.variable(points)
    told = f"curves of at least {rarity.LEAST_POINTS} detections with an error"
    return ranked, len(ranked), asked, (told,)


def _flux_ratio(orbital: Asks, first: str, second: str) -> Found:
    a, b, asked = _catalogues(orbital, first, second)
    a, b = (side.filter(_DETECTED) for side in (a, b))
    best = cross_match(a, b).filter("mutual", pl.col("match_probability") >= SURE)
    left, right = a[best["left_row"]], b[best["right_row"]]
    pairs = best.select(
        *("separation_arcsec", "normalised_separation", "match_probability"),
        "simulated",
    ).with_columns(
        left["source_id"].alias("source_a"),
        right["source_id"].alias("source_b"),
        *(left[name] for name in ("ra", "dec")),
        left["flux"].alias("flux_a"),
        right["flux"].alias("flux_b"),
        _kinds(left).alias("_a"),
        _kinds(right).alias("_b"),
    )
    named = pairs.with_columns(pl.format("{} / {}", "_a", "_b").alias("kind"))
    ranked = rarity.flux_ratios(named.drop("_a", "_b"))
    told = f"pairs are each other's best with a match probability of {SURE:g} or more"
    return ranked, len(ranked), asked, (told,)


def _lone_burst(orbital: Asks, _first: str, _second: str) -> Found:
    asked = [orbital.query(Query("cross.bursts", BURST, full_scan=True), kind="rare")]
    found = asked[0].frame.sort("time", "burst_id", nulls_last=True)
    told = "of the excursions in cross.bursts: `orbital bursts scan` fills it"
    return rarity.lone_bursts(found), len(found), asked, (told,)


def _transient(orbital: Asks, first: str, second: str) -> Found:
    a, b, asked = _catalogues(orbital, first, second)
    pointings = together(
        orbital,
        [
            Query(
                f"{name}.observations",
                POINTED,
                not_null=("ra", "dec", "time"),
                full_scan=True,
            )
            for name in (first, second)
        ],
        kind="rare",
    )
    pairs = cross_match(a, b, n_sigma=N_SIGMA)
    sides = (
        (first, a, set(pairs["left_row"]), second, pointings[1].frame),
        (second, b, set(pairs["right_row"]), first, pointings[0].frame),
    )
    looked = [_looked_at(*side) for side in sides]
    covered = pl.concat(looked)
    told = (
        f"sources of {first} in fields {second} exposed and the other way round: "
        f"{len(looked[0])} and {len(looked[1])}; missed means no candidate within "
        f"{N_SIGMA:g} combined sigma"
    )
    return rarity.missed(covered), len(covered), [*asked, *pointings], (told,)


def _catalogues(
    orbital: Asks, first: str, second: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[Answer]]:
    """Return both observatories' sources, once each, with their position errors."""
    queries = [
        Query(f"{name}.sources", (*SOURCE, *FLUX), not_null=("ra",), full_scan=True)
        for name in (first, second)
    ]
    asked = together(orbital, queries, kind="rare")
    a, b = (
        positioned(answer.frame, name)
        .sort("catalog", "source_id", "ra", "dec", "flux", nulls_last=True)
        .sort("significance", descending=True, nulls_last=True, maintain_order=True)
        .unique(["catalog", "source_id"], keep="first", maintain_order=True)
        for name, answer in zip((first, second), asked, strict=True)
    )
    return a, b, asked


def _looked_at(
    name: str, sources: pl.DataFrame, seen: set[int], other: str, log: pl.DataFrame
) -> pl.DataFrame:
    """Return the detected sources in fields the other observatory exposed."""
    done = log.filter(pl.col("exposure_s").fill_null(0) > 0)
    one = observatories()[other]
    widths = {i: field_of(one, i) / 60 for i in done["instrument"].unique()}
    field = np.array([widths[i] for i in done["instrument"]], dtype=np.float64)
    i, j, apart = neighbours(
        *_places(sources), *_places(done), max(widths.values(), default=0.0)
    )
    inside = apart <= field[j]
    exposed = np.bincount(
        i[inside], done["exposure_s"].to_numpy()[j[inside]], minlength=len(sources)
    )
    numbered = sources.with_columns(
        pl.Series("exposed_s", exposed, dtype=pl.Float64),
        pl.Series(
            "matched", [row in seen for row in range(len(sources))], dtype=pl.Boolean
        ),
        pl.lit(name).alias("observatory"),
        pl.lit(other).alias("missed_by"),
        _kinds(sources).alias("kind"),
    )
    return numbered.filter(_DETECTED, pl.col("exposed_s") > 0).select(
        *("observatory", "missed_by", "source_id", "ra", "dec", "flux", "flux_unit"),
        *("kind", "exposed_s", "matched", "simulated"),
    )


def _places(rows: pl.DataFrame) -> tuple[Reals, Reals]:
    return rows["ra"].to_numpy() % 360, rows["dec"].to_numpy()


def _kinds(rows: pl.DataFrame) -> pl.Series:
    told = pl.format(
        "{} [{}]", pl.col("catalog").fill_null("?"), pl.col("flux_unit").fill_null("?")
    )
    return rows.select(told).to_series()


_DETECTED = ~pl.col("is_limit").fill_null(value=False) & (pl.col("flux") > 0)
KINDS: dict[str, Callable[[Asks, str, str], Found]] = {
    "variability": _variability,
    "flux-ratio": _flux_ratio,
    "lone-burst": _lone_burst,
    "transient": _transient,
}


def kinds() -> Sequence[str]:
    """Return the kinds of rare event there are."""
    return tuple(KINDS)
