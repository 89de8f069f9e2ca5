"""Offset and rotation of one catalogue against another, fitted to their common sources.

Pairs are mutual nearest neighbours; chance pairs lie evenly around and only add to the
scatter. Within a field of a few degrees a rotation about its centre is fitted with the
offset; catalogues that span the sky also give one rotation of the whole frame.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import TT, fill, finite
from orbital_kernel.science.matching.skyjoin import neighbours
from orbital_kernel.science.quality.check import Measured
from orbital_kernel.science.quality.dating import LEAST_SAMPLES
from orbital_kernel.science.quality.frame_fits import (
    LEAST_PAIRS,
    WIDE_DEG,
    WITHIN_ARCSEC,
    FrameFit,
    Turn,
    fitted,
    turned,
)
from orbital_kernel.science.quality.wide_shift import common_shift

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

OFFSET, ROTATION = "astrometric offset", "astrometric rotation"
FRAME = "frame rotation"
LEAST_IN_ONE = 3
"""Pairs that an observation needs to be a sample of the offset."""
MOST_PAIRS = 200_000
SIGMAS = 5.0
FEW_PAIRED = 0.5
"""If fewer of the sources have a neighbour, a shift beyond its reach is sought."""


class Astrometry:
    """Compares catalogues, whose sources arrive by slices of the sky."""

    def __init__(self, observatories: Sequence[str]) -> None:
        self._observatories = observatories
        self._pairs: dict[tuple[str, str], list[pl.DataFrame]] = {}
        self.rows = 0

    def take(self, frame: pl.DataFrame) -> None:
        """Pair the sources of one slice: observatory, catalog, ra and dec (deg).

        Rows of single observations (obs_id) each have their nearest neighbour.
        """
        text = pl.col("obs_id").cast(pl.String)
        rows = (
            fill(frame, {"obs_id": pl.String()})
            .select(
                pl.format(
                    "{}.{}", "observatory", pl.col("catalog").fill_null("sources")
                ).alias("catalogue"),
                pl.when(text != "")
                .then(pl.format("{}|{}", "observatory", text))
                .alias("look"),
                finite("ra"),
                finite("dec"),
            )
            .drop_nulls(["ra", "dec"])
            .filter(pl.col("dec").is_between(-90, 90))
            .unique(maintain_order=True)
        )
        self.rows += len(rows)
        names = rows["catalogue"].unique().sort().to_list()
        for k, first in enumerate(names):
            for second in names[k + 1 :]:
                self._pair(rows, first, second)

    def _pair(self, rows: pl.DataFrame, first: str, second: str) -> None:
        a, b = (rows.filter(pl.col("catalogue") == name) for name in (first, second))
        ra1, dec1, ra2, dec2 = (s[n].to_numpy() for s in (a, b) for n in ("ra", "dec"))
        looks = a["look"].null_count() < len(a), b["look"].null_count() < len(b)
        single = looks[0] != looks[1]

        def near(east: float = 0.0, north: float = 0.0) -> tuple[Ints, Ints]:
            """Return the pairs if the second list is shifted back, arcsec."""
            dec = np.clip(dec2 - north / 3600, -90, 90)
            ra = ra2 - east / 3600 / np.cos(np.radians(dec))
            pairs = neighbours(ra1 % 360, dec1, ra % 360, dec, WITHIN_ARCSEC / 3600)
            return nearest(
                *pairs, of_i=not (single and looks[1]), of_j=not (single and looks[0])
            )

        i, j = near()
        if i.size < FEW_PAIRED * min(len(a), len(b)):
            shift = common_shift(ra1, dec1, ra2, dec2, more_than=i.size)
            i, j = near(*shift) if shift else (i, j)
        if not i.size:
            return
        middle = np.radians((dec1[i] + dec2[j]) / 2)
        away = (ra2[j] - ra1[i] + 180) % 360 - 180
        pairs = pl.DataFrame(
            {
                "ra": ra1[i],
                "dec": dec1[i],
                "east": 3600 * away * np.cos(middle),
                "north": 3600 * (dec2[j] - dec1[i]),
                "look": a["look"].gather(i) if looks[0] else b["look"].gather(j),
            }
        )
        parts = self._pairs.setdefault((first, second), [])
        parts.append(pairs)
        if sum(map(len, parts)) > MOST_PAIRS:
            self._pairs[first, second] = [pl.concat(parts).gather_every(2)]

    def looks(self) -> set[str]:
        """Return the observations, 'observatory|obs_id', of which pairs are."""
        parts = [part for parts in self._pairs.values() for part in parts]
        return set(pl.concat(parts)["look"].drop_nulls()) if parts else set()

    def measured(self, times_ns: Mapping[str, int] | None = None) -> list[Measured]:
        """Return offset and rotation of each two catalogues with enough pairs.

        `times_ns` are the times of observations by the names that `looks` returns.
        """
        result = []
        for (first, second), parts in sorted(self._pairs.items()):
            pairs = pl.concat(parts)
            columns = [pairs[n].to_numpy() for n in ("ra", "dec", "east", "north")]
            fit = fitted(*columns)
            subject = f"{first} to {second}"
            if fit is None:
                continue
            result += _of_fit(subject, fit)
            result += _of_turn(subject, turned(*columns))
            result += _by_look(subject, pairs, times_ns or {})
        if result:
            return result
        most = max((sum(map(len, p)) for p in self._pairs.values()), default=0)
        why = (
            f"no two catalogues of {', '.join(self._observatories)} share {LEAST_PAIRS} "
            f"sources within {WITHIN_ARCSEC:g} arcsec: the most is {most}"
        )
        subject = ", ".join(self._observatories)
        return [
            Measured(name, subject, missing=why) for name in (OFFSET, ROTATION, FRAME)
        ]


def nearest(
    i: Ints, j: Ints, apart: Reals, *, of_i: bool = True, of_j: bool = True
) -> tuple[Ints, Ints]:
    """Return the pairs that are nearest for their first, their second, or each other."""
    pairs = pl.DataFrame({"i": i, "j": j, "apart": apart})
    for name, wished in (("i", of_i), ("j", of_j)):
        if wished:
            least = pl.col("apart").min().over(name)
            pairs = pairs.with_columns((pl.col("apart") == least).alias(f"best_{name}"))
    best = [pl.col(n) for n in ("best_i", "best_j") if n in pairs.columns]
    pairs = pairs.filter(*best)
    for name, wished in (("i", of_i), ("j", of_j)):
        pairs = pairs.unique(name, maintain_order=True) if wished else pairs
    return pairs["i"].to_numpy(), pairs["j"].to_numpy()


def _of_fit(subject: str, fit: FrameFit) -> list[Measured]:
    """Return both checks; an offset or rotation within 5 sigma is never a fault."""
    of = f"{fit.pairs:,} pairs, scatter {fit.scatter:.2f} arcsec an axis"
    offset = Measured(
        OFFSET,
        subject,
        fit.offset,
        fit.offset_error,
        f"{fit.east:+.3f} arcsec east, {fit.north:+.3f} north, +- {fit.offset_error:.3f}; {of}"
        + _significance(fit.offset, fit.offset_error),
        worst="bad" if fit.offset > SIGMAS * fit.offset_error else "ok",
    )
    if not np.isfinite(fit.rotation_error):
        why = f"the pairs of {subject} are too close together to show a rotation"
        return [offset, Measured(ROTATION, subject, missing=why)]
    turn = abs(fit.rotation)
    return [
        offset,
        Measured(
            ROTATION,
            subject,
            turn,
            fit.rotation_error,
            f"{fit.rotation:+.3f} +- {fit.rotation_error:.3f} arcsec per degree from the "
            f"centre of a field; {of}" + _significance(turn, fit.rotation_error),
            worst="bad" if turn > SIGMAS * fit.rotation_error else "ok",
        ),
    ]


def _significance(value: float, error: float) -> str:
    """Return a value's distance from 0 in words; below SIGMAS it is not a fault."""
    if not 0 < error < np.inf:
        return ""
    sigma = value / error
    return f"; {sigma:.1f} sigma" + (
        "" if sigma > SIGMAS else f", no fault below {SIGMAS:g}"
    )


def _of_turn(subject: str, turn: Turn | None) -> list[Measured]:
    if turn is None:
        why = (
            f"the pairs of {subject} reach less than {WIDE_DEG:g} deg from their middle"
        )
        return [Measured(FRAME, subject, missing=why)]
    pole = f"about RA {turn.pole[0]:.1f}, dec {turn.pole[1]:+.1f} deg"
    return [
        Measured(
            FRAME,
            subject,
            turn.arcsec,
            turn.error,
            f"{turn.arcsec:.3f} +- {turn.error:.3f} arcsec {pole}; {turn.pairs:,} pairs"
            + _significance(turn.arcsec, turn.error),
            worst="bad" if turn.arcsec > SIGMAS * turn.error else "ok",
        )
    ]


def _by_look(
    subject: str, pairs: pl.DataFrame, times_ns: Mapping[str, int]
) -> list[Measured]:
    """Return the offsets of single observations as series in time, east and north."""
    when = pl.col("look").replace_strict(
        dict(times_ns), default=None, return_dtype=pl.Int64
    )
    of_looks = (
        pairs.drop_nulls("look")
        .group_by("look", maintain_order=True)
        .agg(pl.col("east", "north").median(), pl.len())
        .filter(pl.col("len") >= LEAST_IN_ONE)
        .with_columns(when.cast(TT).alias("time"))
        .drop_nulls("time")
        .sort("time")
    )
    if len(of_looks) < LEAST_SAMPLES:
        return []
    return [
        Measured(
            OFFSET,
            f"{subject}, {axis} by observation",
            abs(float(np.median(of_looks[axis].to_numpy()))),
            evidence=f"median of {len(of_looks):,} observations",
            samples=of_looks.select(
                "time",
                pl.col(axis).alias("value"),
                (1 / pl.col("len").sqrt()).alias("error"),
            ),
            outliers=False,
        )
        for axis in ("east", "north")
    ]
