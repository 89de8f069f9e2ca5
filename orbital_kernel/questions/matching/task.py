"""A match as its tiles see it: the tiles, and what all of them have to agree on."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from orbital_kernel.model.predicate import Clause, Range
from orbital_kernel.science.matching.offset import FrameOffset
from orbital_kernel.science.matching.priors import Priors

N_SIGMA = 5.0
Summary = dict[str, Any]
"""Counts of a tile: rows, sources, excluded, errors, pairs, objects and more."""


@dataclass(frozen=True)
class Chance:
    """Accepted matches of a sample of the sky, and those on skies shifted by an arcmin.

    `matches` were accepted, of which the posteriors expect `false_by_posterior` to be
    false. On a shifted sky `shifted` are accepted on average, with `shifted_error`;
    `excess` with `excess_error` is the difference. A shifted sky has no true pairs, so it
    is an upper limit of the false ones: a source with a true counterpart has less room
    for a false one.
    """

    sources: int
    matches: int
    false_by_posterior: float
    shifted: float
    shifted_error: float

    @property
    def excess(self) -> float:
        """Accepted matches above those of shifted skies."""
        return self.matches - self.shifted

    @property
    def excess_error(self) -> float:
        """One-sigma error of the excess."""
        return float(np.hypot(np.sqrt(self.matches), self.shifted_error))

    def to_json(self) -> dict[str, Any]:
        """Return the numbers for JSON."""
        return asdict(self) | {
            "excess": self.excess,
            "excess_error": self.excess_error,
        }


@dataclass(frozen=True)
class Pairing:
    """What two observatories' lists are matched with."""

    left: str
    right: str
    offset: FrameOffset
    forth: Priors
    back: Priors
    chance: Chance


@dataclass(frozen=True)
class Tile:
    """A stretch of HEALPix cells (order 29), half open, and the ranges to read for it."""

    low: int
    high: int
    ranges: tuple[tuple[int, int], ...]
    rows: int


@dataclass(frozen=True)
class Plan:
    """A match as all tiles see it."""

    run_id: str
    names: tuple[str, ...]
    within_arcsec: float | None
    region: tuple[float, float, float] | None
    pairings: tuple[Pairing, ...]
    tiles: tuple[Tile, ...]
    without_position: dict[str, int]
    brightness: str | None = None
    epoch: float | None = None
    n_sigma: float = N_SIGMA

    def as_json(self) -> str:
        """Return the plan without its tiles, for a worker."""
        return json.dumps(_shallow(replace(self, tiles=())), default=_shallow)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Return the plan that `as_json` wrote."""
        document = json.loads(text)
        pairings = tuple(
            Pairing(
                pairing["left"],
                pairing["right"],
                FrameOffset(**pairing["offset"]),
                _priors(pairing["forth"]),
                _priors(pairing["back"]),
                Chance(**pairing["chance"]),
            )
            for pairing in document.pop("pairings")
        )
        document |= {"names": tuple(document["names"]), "tiles": ()}
        return cls(**{**document, "pairings": pairings, "region": _region(document)})


def _shallow(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass; `asdict` would copy each of their numbers."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _priors(document: dict[str, Any]) -> Priors:
    share, weight, tilt = (
        tuple(tuple(row) for row in document[name])
        for name in ("share", "weight", "tilt")
    )
    numbers = document["shape"], document["area_arcsec2"]
    by_bin = tuple(document["edges"]), tuple(document["ratio"])
    return Priors(tuple(document["density"]), share, weight, tilt, *numbers, *by_bin)


def _region(document: dict[str, Any]) -> tuple[float, float, float] | None:
    region = document["region"]
    return None if region is None else (region[0], region[1], region[2])


def healpix_clause(ranges: Sequence[tuple[int, int]]) -> Clause:
    """Return the clause of half-open ranges of cells."""
    return Clause("healpix", tuple(Range(low, high - 1) for low, high in ranges))
