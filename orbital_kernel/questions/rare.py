"""Rare events of two observatories, ranked, with the rules that selected them."""

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Explain, Query
from orbital_kernel.questions.asking import (
    Asks,
    Session,
    joint_explain,
    require_observatories,
    together,
)
from orbital_kernel.questions.fields import field_of
from orbital_kernel.questions.rare_afterglows import serendipitous_afterglow
from orbital_kernel.questions.rare_hardness import extreme_hardness
from orbital_kernel.questions.rare_new import new_source
from orbital_kernel.questions.rare_ratios import flux_ratio
from orbital_kernel.questions.rare_scope import (
    EVERYTHING,
    Ranked,
    Scope,
    catalog_units,
    catalogues,
)
from orbital_kernel.science import rarity
from orbital_kernel.science.lightcurves import is_local
from orbital_kernel.science.matching import cross_match, neighbours
from orbital_kernel.science.shape.optical import in_flux
from orbital_kernel.science.transients import missed

N_SIGMA = 5.0
SMOOTH = 1e-3
"""Independent points fit a constant so well as seldom."""
POINT = (
    *("object", "time", "value", "value_err_plus", "value_err_minus", "is_limit"),
    *("unit", "band", "instrument", "simulated", "exposure_s"),
)
BURST = (
    *("burst_id", "observatory", "series", "obs_id", "object", "time", "time_rule"),
    *("significance", "timescale_s", "band", "cause", "matches"),
    "simulated",
)
POINTED = ("ra", "dec", "time", "instrument", "exposure_s")
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Rare:
    """Rare events of one kind, rarest first, and how they were selected.

    Parameters
    ----------
    kind : str
        One of `kinds()`, e.g. 'variability' or 'new-source'.
    rows : polars.DataFrame
        The events with `statistic`, `p_value` and `expected` (how many of the examined
        would reach the statistic by chance; null if not known).
    looked_at : int
        How many candidates were examined.
    selection : tuple of str
        The statistic, its null hypothesis and the cuts, in words.
    how : Explain
        How the rows were found.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> rare = orbital.rare("variability")
    >>> rare.looked_at >= len(rare.rows)
    True
    """

    kind: str
    rows: pl.DataFrame
    looked_at: int
    selection: tuple[str, ...]
    how: Explain

    def __str__(self) -> str:
        """Return the numbers and the selection in lines."""
        first = f"{self.kind}: {len(self.rows)} ranked of {self.looked_at} examined"
        return "\n".join((first, *self.selection))


def rare(
    orbital: Asks, kind: str, *, first: str, second: str, scope: Scope = EVERYTHING
) -> Rare:
    """Return rare events of a kind, all ranked: select by `expected`, e.g. below 0.01."""
    if kind not in KINDS:
        raise QueryError(unknown("kind of rare event", kind, KINDS))
    require_observatories(first, second)
    start = clock.perf_counter()
    rows, looked_at, answers, rules = KINDS[kind](orbital, first, second, scope)
    selection = (rarity.NULLS[kind], *rules)
    how = joint_explain(answers, len(rows), selection, start)
    return Rare(kind, rows, looked_at, selection, how)


def rows_to_read(orbital: Session, kind: str, first: str, second: str) -> int:
    """Return how many rows the tables hold that a search over all of them reads."""
    if kind not in READ:
        raise QueryError(unknown("kind of rare event", kind, READ))
    require_observatories(first, second)
    stored = orbital.store.row_counts()
    names = {t.format(a=first, b=second) for t in READ[kind]}
    return sum(stored.get(name, 0) for name in names)


def _variability(orbital: Asks, first: str, second: str, scope: Scope) -> Ranked:
    names = (first, second)
    queries = [
        Query(
            f"{name}.photometry",
            POINT,
            cone=scope.cone,
            time=scope.time,
            not_null=("value",),
            full_scan=True,
        )
        for name in names
    ]
    answers = together(orbital, queries, kind="rare")
    points = pl.concat(
        answer.frame.with_columns(pl.lit(name).alias("observatory"))
        for name, answer in zip(names, answers, strict=True)
    )
    points, of_magnitudes = in_flux(points)
    ranked = rarity.variable(points)
    rule = f"curves of at least {rarity.LEAST_POINTS} detections with an error"
    few = int(ranked["p_value"].is_null().sum())
    untested = f"{few} curves have too few counts for their Gaussian errors: not tested"
    smooth = int((ranked["p_value"] > 1 - SMOOTH).sum())
    stiff = (
        f"{smooth} curves scatter far less than their errors: their points share photons "
        "(Gregory-Loredo curves of the CSC do), and their p-values are upper bounds"
    )
    return ranked, len(ranked), answers, (rule, untested, stiff, *of_magnitudes)


def _lone_burst(orbital: Asks, _first: str, _second: str, scope: Scope) -> Ranked:
    answer = orbital.query(
        Query("cross.bursts", BURST, time=scope.time, full_scan=True), kind="rare"
    )
    local = answer.frame.filter(is_local()).drop("time_rule")
    excursions = local.sort("time", "burst_id", nulls_last=True)
    away = (
        f"{len(answer.frame) - len(local)} excursions excluded: times of arrival at the "
        "barycentre are not compared with catalogues"
    )
    rule = "of the excursions in cross.bursts: `orbital bursts scan` fills it"
    return rarity.lone_bursts(excursions), len(excursions), [answer], (rule, away)


def _transient(orbital: Asks, first: str, second: str, scope: Scope) -> Ranked:
    a, b, answers, dropped = catalogues(orbital, first, second, scope)
    pointings = together(
        orbital,
        [
            Query(
                f"{name}.observations",
                POINTED,
                cone=scope.cone,
                time=scope.time,
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
    exposed = [_exposed(*side) for side in sides]
    covered = pl.concat(exposed)
    rule = (
        f"sources of {first} in fields that {second} exposed and vice versa: "
        f"{len(exposed[0])} and {len(exposed[1])}; missed means no candidate within "
        f"{N_SIGMA:g} combined sigma"
    )
    outside = [
        f"{name}: {len(side.filter(rarity.DETECTED)) - len(part)} sources excluded: in no "
        f"field that {other} exposed"
        for (name, side, _, other, _), part in zip(sides, exposed, strict=True)
    ]
    rules = (rule, *dropped, *outside)
    return missed(covered), len(covered), [*answers, *pointings], rules


def _exposed(
    name: str, sources: pl.DataFrame, seen: set[int], other: str, log: pl.DataFrame
) -> pl.DataFrame:
    """Return the detected sources in fields the other observatory exposed."""
    done = log.filter(pl.col("exposure_s").fill_null(0) > 0)
    observatory = observatories()[other]
    widths = {i: field_of(observatory, i) / 60 for i in done["instrument"].unique()}
    radius = np.array([widths[i] for i in done["instrument"]], dtype=np.float64)
    i, j, apart = neighbours(
        *_places(sources), *_places(done), max(widths.values(), default=0.0)
    )
    inside = apart <= radius[j]
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
        catalog_units(sources).alias("kind"),
    )
    return numbered.filter(rarity.DETECTED, pl.col("exposed_s") > 0).select(
        *("observatory", "missed_by", "source_id", "ra", "dec", "flux", "flux_unit"),
        *("kind", "exposed_s", "matched", "simulated"),
    )


def _places(rows: pl.DataFrame) -> tuple[Reals, Reals]:
    return rows["ra"].to_numpy() % 360, rows["dec"].to_numpy()


KINDS: dict[str, Callable[[Asks, str, str, Scope], Ranked]] = {
    "variability": _variability,
    "flux-ratio": flux_ratio,
    "lone-burst": _lone_burst,
    "transient": _transient,
    "extreme-hardness": lambda o, a, b, s: extreme_hardness(o, a, b, s.cone),
    "new-source": lambda o, a, b, s: new_source(o, a, b, s.cone),
    "serendipitous-afterglow": lambda o, a, b, s: serendipitous_afterglow(
        o, a, b, s.time
    ),
}

_SOURCES = ("{a}.sources", "{b}.sources")
_LOOKS = ("{a}.observations", "{b}.observations")
READ: dict[str, tuple[str, ...]] = {
    "variability": ("{a}.photometry", "{b}.photometry"),
    "flux-ratio": _SOURCES,
    "lone-burst": ("cross.bursts",),
    "transient": (*_SOURCES, *_LOOKS),
    "extreme-hardness": _SOURCES,
    "new-source": (*_SOURCES, *_LOOKS),
    "serendipitous-afterglow": ("{a}.grbs", "{b}.intervals", "{b}.observations"),
}
"""The tables that each kind reads."""


def kinds() -> Sequence[str]:
    """Return the kinds of rare event."""
    return tuple(KINDS)
