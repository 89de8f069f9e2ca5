"""Offset and rotation of one catalogue against another, fitted to their common sources.

Pairs are mutual nearest neighbours; chance pairs lie evenly around and only add to the
scatter. Within a field of a few degrees a rotation about its centre is fitted with the
offset; catalogues that span the sky also give one rotation of the whole frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.model.sky import healpix
from orbital_kernel.science.columns import TT, fill, finite
from orbital_kernel.science.matching.skyjoin import neighbours, unit_vectors
from orbital_kernel.science.quality.check import Measured
from orbital_kernel.science.quality.dating import LEAST_SAMPLES, MAD_TO_SIGMA

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

OFFSET, ROTATION = "astrometric offset", "astrometric rotation"
FRAME = "frame rotation"
WIDE_DEG = 20.0
"""Catalogues that reach farther from their middle show the rotation of a whole frame."""
LEAST_IN_ONE = 3
"""Pairs that an observation needs to be a sample of the offset."""
WITHIN_ARCSEC = 15.0
LEAST_PAIRS = 12
CLIP_SIGMA = 3.5
MOST_PAIRS = 200_000
FIELD_ORDER = 4
"""Fields are HEALPix cells of 3.7 deg: the widest pointing, with its neighbours."""
LEAST_ARM_DEG = 0.02
SIGMAS = 5.0


@dataclass(frozen=True)
class FrameFit:
    """Offset and rotation of second against first, with 1-sigma errors.

    Attributes
    ----------
    east, north, offset_error
        Mean offset and its error, arcsec.
    rotation, rotation_error
        Rotation about the centres of the fields, arcsec per degree, east through north.
    pairs
        Pairs used, after clipping.
    scatter
        1-sigma scatter of the pairs per axis, arcsec.
    """

    east: float
    north: float
    offset_error: float
    rotation: float
    rotation_error: float
    pairs: int
    scatter: float

    @property
    def offset(self) -> float:
        """The length of the offset, arcsec."""
        return float(np.hypot(self.east, self.north))


def fitted(ra: Reals, dec: Reals, east: Reals, north: Reals) -> FrameFit | None:
    """Return offset and rotation of residuals at positions; None for too few pairs.

    Parameters
    ----------
    ra, dec
        Positions (n,) of the pairs, deg.
    east, north
        Second less first (n,), arcsec.
    """
    x, y = _arms(ra, dec)
    use = _core(east, north)
    coefficients, scatter = np.zeros(3), np.inf
    for _ in range(10):
        if use.sum() < LEAST_PAIRS:
            return None
        coefficients, inverse = _solve(x[use], y[use], east[use], north[use])
        left_east, left_north = _residuals(coefficients, x, y, east, north)
        scatter = _scatter(left_east[use], left_north[use])
        again = np.hypot(left_east, left_north) <= CLIP_SIGMA * max(scatter, 1e-6)
        if (again == use).all():
            break
        use = again
    errors = scatter * np.sqrt(np.diag(inverse))
    arm = float(np.sqrt(np.mean(x[use] ** 2 + y[use] ** 2)))
    turns = arm >= LEAST_ARM_DEG
    return FrameFit(
        float(coefficients[0]),
        float(coefficients[1]),
        float(errors[0]),
        float(coefficients[2]) if turns else 0.0,
        float(errors[2]) if turns else float("inf"),
        int(use.sum()),
        scatter,
    )


@dataclass(frozen=True)
class Turn:
    """Rotation of a whole frame: the vector's length and error, its pole, pairs used."""

    arcsec: float
    error: float
    pole: tuple[float, float]
    pairs: int


def turned(ra: Reals, dec: Reals, east: Reals, north: Reals) -> Turn | None:
    """Return the rotation of a whole frame; None if the pairs do not span the sky.

    A small rotation w moves a source at n by w x n: w . m to the east and -w . e to the
    north, with m and e the directions north and east at the source.
    """
    n = unit_vectors(ra, dec)
    middle = n.mean(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-12)
    spread = np.degrees(np.arccos(np.clip(n @ middle, -1, 1)))
    if ra.size < LEAST_PAIRS or np.median(spread) < WIDE_DEG:
        return None
    a = np.radians(ra)
    to_east = np.stack([-np.sin(a), np.cos(a), np.zeros(a.size)], axis=1)
    to_north = np.cross(n, to_east)
    use = np.ones(ra.size, dtype=bool)
    w, inverse, scatter = np.zeros(3), np.eye(3), np.inf
    for _ in range(10):
        design = np.concatenate([to_north[use], -to_east[use]])
        inverse = np.linalg.inv(design.T @ design + 1e-9 * np.eye(3))
        w = inverse @ (design.T @ np.concatenate([east[use], north[use]]))
        left_east, left_north = east - to_north @ w, north + to_east @ w
        scatter = _scatter(left_east[use], left_north[use])
        again = np.hypot(left_east, left_north) <= CLIP_SIGMA * max(scatter, 1e-6)
        if (again == use).all() or again.sum() < LEAST_PAIRS:
            break
        use = again
    size = float(np.linalg.norm(w))
    error = scatter * float(np.sqrt(np.max(np.linalg.eigvalsh(inverse))))
    pole = (
        float(np.degrees(np.arctan2(w[1], w[0])) % 360),
        float(np.degrees(np.arcsin(np.clip(w[2] / max(size, 1e-300), -1, 1)))),
    )
    return Turn(size, error, pole, int(use.sum()))


def _core(east: Reals, north: Reals) -> NDArray[np.bool_]:
    """Return the pairs about the densest offset: chance pairs are spread evenly."""
    if east.size < LEAST_PAIRS:
        return np.ones(east.size, dtype=bool)
    edges = np.arange(-WITHIN_ARCSEC, WITHIN_ARCSEC + 1e-9, 1.0)
    counts, _, _ = np.histogram2d(east, north, [edges, edges])
    padded = np.pad(counts, 1)
    blurred = sum(
        padded[i : i + counts.shape[0], j : j + counts.shape[1]]
        for i in range(3)
        for j in range(3)
    )
    at = np.unravel_index(int(np.argmax(blurred)), counts.shape)
    middle = edges[at[0]] + 0.5, edges[at[1]] + 0.5
    apart = np.hypot(east - middle[0], north - middle[1])
    near = np.sort(apart)[min(east.size - 1, max(LEAST_PAIRS, east.size // 2))]
    return np.asarray(apart <= max(near, 1.5))


def _scatter(east: Reals, north: Reals) -> float:
    """Return the robust 1-sigma scatter of the wider axis, arcsec."""
    return MAD_TO_SIGMA * max(
        float(np.median(np.abs(east))), float(np.median(np.abs(north)))
    )


def _arms(ra: Reals, dec: Reals) -> tuple[Reals, Reals]:
    """Return each position from the mean of its field, deg east and north."""
    cell = healpix(ra, dec) >> (2 * (29 - FIELD_ORDER))
    frame = pl.DataFrame(
        {"cell": cell, **dict(zip("xyz", unit_vectors(ra, dec).T, strict=True))}
    ).with_columns(pl.col("x", "y", "z").mean().over("cell").name.prefix("m"))
    mean = frame.select("mx", "my", "mz").to_numpy()
    ra0 = np.degrees(np.arctan2(mean[:, 1], mean[:, 0]))
    dec0 = np.degrees(np.arctan2(mean[:, 2], np.hypot(mean[:, 0], mean[:, 1])))
    away = (ra - ra0 + 180) % 360 - 180
    return away * np.cos(np.radians(dec)), dec - dec0


def _solve(x: Reals, y: Reals, east: Reals, north: Reals) -> tuple[Reals, Reals]:
    """Return offset east, north and rotation by least squares, and the inverse matrix."""
    ones, none = np.ones(x.size), np.zeros(x.size)
    design = np.concatenate(
        [np.stack([ones, none, -y], axis=1), np.stack([none, ones, x], axis=1)]
    )
    normal = design.T @ design + np.diag([0.0, 0.0, 1e-12])
    inverse = np.linalg.inv(normal)
    return inverse @ (design.T @ np.concatenate([east, north])), inverse


def _residuals(
    coefficients: Reals, x: Reals, y: Reals, east: Reals, north: Reals
) -> tuple[Reals, Reals]:
    d_east, d_north, turn = coefficients
    return east - d_east + turn * y, north - d_north - turn * x


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
        i, j, apart = neighbours(ra1 % 360, dec1, ra2 % 360, dec2, WITHIN_ARCSEC / 3600)
        looks = a["look"].null_count() < len(a), b["look"].null_count() < len(b)
        single = looks[0] != looks[1]
        i, j = nearest(
            i, j, apart, of_i=not (single and looks[1]), of_j=not (single and looks[0])
        )
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
        f"{fit.east:+.3f} arcsec east, {fit.north:+.3f} north, +- {fit.offset_error:.3f}; {of}",
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
            f"centre of a field; {of}",
            worst="bad" if turn > SIGMAS * fit.rotation_error else "ok",
        ),
    ]


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
            f"{turn.arcsec:.3f} +- {turn.error:.3f} arcsec {pole}; {turn.pairs:,} pairs",
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
