"""What a match gives: candidates, objects, and the account of every row."""

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.sky import cone_ranges, separation_deg
from orbital_kernel.questions.matching.reading import NO_POSITION
from orbital_kernel.questions.matching.task import (
    Plan,
    Summary,
    healpix_clause,
)

PAIR = (
    *("left_id", "right_id", "left_catalog", "right_catalog", "left_members"),
    *("right_members", "separation_arcsec", "p_any", "p_i"),
)
SWAPPED = (
    *(("left_table", "right_table"), ("left_id", "right_id"), ("rank", "rank_right")),
    *(("left_catalog", "right_catalog"), ("left_members", "right_members")),
    *(("p_any", "p_any_right"), ("p_i", "p_i_right")),
)


@dataclass(frozen=True)
class Matching:
    """A match of two or more observatories' sources, as it is stored in `cross`.

    Parameters
    ----------
    store : Store
        The database that holds the pairs.
    plan : Plan
        Frame offsets, priors and tiles.
    names : tuple of str
        The observatories, in the order that was asked for.
    tiles : tuple of dict
        The counts of each tile.
    seconds : float
        Duration, s.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> matching = orbital.objects.matching("swift", "chandra")
    >>> matching.objects == len(orbital.table("cross.objects"))
    True
    """

    store: Store
    plan: Plan
    names: tuple[str, ...]
    tiles: tuple[Summary, ...]
    seconds: float

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """All candidates, each left source's best first; read when first used.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "p_any" in orbital.objects.matching("swift", "chandra").pairs.columns
        True
        """
        every = itertools.combinations(self.names, 2)
        return pl.concat(self._pairs(left, right) for left, right in every)

    def _pairs(self, left: str, right: str) -> pl.DataFrame:
        turned = left > right
        first, second = (right, left) if turned else (left, right)
        clauses = [
            Clause("left_table", (Equal(f"{first}.sources"),)),
            Clause("right_table", (Equal(f"{second}.sources"),)),
        ]
        region = self.plan.region
        if region is not None:
            clauses.append(healpix_clause(cone_ranges(region[0] % 360, *region[1:])))
        rows = frame_of(self.store.read("cross.pairs", clauses))
        if region is not None:
            apart = separation_deg(
                region[0], region[1], rows["ra"].to_numpy(), rows["dec"].to_numpy()
            )
            rows = rows.filter(pl.Series(apart <= region[2], dtype=pl.Boolean))
        if turned:
            rows = _turned(rows)
        return rows.sort(*("healpix", "left_id", "rank", "right_id"), nulls_last=True)

    @property
    def objects(self) -> int:
        """How many objects of several observatories are stored.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.matching("swift", "chandra").objects > 0
        True
        """
        return self._sum("objects")

    @property
    def blends(self) -> int:
        """How many of the objects are blends.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.matching("swift", "chandra").blends >= 0
        True
        """
        return self._sum("blends")

    @property
    def rows(self) -> dict[str, int]:
        """Rows read by observatory, with those excluded.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> sorted(orbital.objects.matching("swift", "chandra").rows)
        ['chandra', 'swift']
        """
        counts = self._counts("rows")
        return {
            name: counts[name] + self.plan.without_position.get(name, 0)
            for name in self.names
        }

    @property
    def sources(self) -> dict[str, int]:
        """Sources that the rows became, by observatory.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> sorted(orbital.objects.matching("swift", "chandra").sources)
        ['chandra', 'swift']
        """
        counts = self._counts("sources")
        return {name: counts[name] for name in self.names}

    @property
    def excluded(self) -> dict[str, int]:
        """Rows that take no part, by reason.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.matching("swift", "chandra").excluded
        {}
        """
        missing = {
            f"{name}: {NO_POSITION}": count
            for name, count in self.plan.without_position.items()
        }
        return missing | dict(self._counts("excluded"))

    @property
    def errors(self) -> dict[str, int]:
        """Rows by the origin of their position error.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> len(orbital.objects.matching("swift", "chandra").errors) > 0
        True
        """
        return dict(self._counts("errors"))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON document of `orbital match`.

        Returns
        -------
        dict
            pairs, objects (how many), excluded and errors (rows by reason), rows,
            sources, blends, offsets, chance and seconds.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.matching("swift", "chandra").to_json()["objects"] > 0
        True
        """
        return {
            "pairs": self.pairs.select(*PAIR, *EXTRA).to_dicts(),
            "objects": self.objects,
            "blends": self.blends,
            "excluded": self.excluded,
            "errors": self.errors,
            "rows": self.rows,
            "sources": self.sources,
            "accepted": self._sum("accepted"),
            "expected_false": round(sum(t["expected_false"] for t in self.tiles), 3),
            "offsets": [
                {
                    "left": p.left,
                    "right": p.right,
                    "east_arcsec": p.offset.east_arcsec,
                    "north_arcsec": p.offset.north_arcsec,
                    "error_arcsec": p.offset.error_arcsec,
                    "pairs": p.offset.pairs,
                    "pull": p.offset.pull,
                    "applied": p.offset.applied,
                    "rotation_arcsec": p.offset.rotation_arcsec,
                    "rotation_error_arcsec": [
                        error if isfinite(error) else None
                        for error in p.offset.rotation_error_arcsec
                    ],
                    "turned": p.offset.turned,
                }
                for p in self.plan.pairings
            ],
            "chance": [
                {"left": p.left, "right": p.right, **p.chance.to_json()}
                for p in self.plan.pairings
            ],
            "seconds": round(self.seconds, 3),
            "simulated": bool(self.pairs["simulated"].any()),
        }

    def _sum(self, name: str) -> int:
        return sum(tile[name] for tile in self.tiles)

    def _counts(self, name: str) -> Counter[str]:
        total = Counter[str]()
        for tile in self.tiles:
            total.update(tile[name])
        return total


EXTRA = (
    *("left_table", "right_table", "match_probability", "normalised_separation"),
    *("chance_probability", "mutual", "simulated"),
)


def _turned(rows: pl.DataFrame) -> pl.DataFrame:
    """Return candidates with left and right exchanged."""
    names = dict(SWAPPED) | {b: a for a, b in SWAPPED}
    order = rows.columns
    return (
        rows.rename(names)
        .with_columns(
            (pl.col("p_any") * pl.col("p_i")).alias("match_probability"),
            (pl.col("position_angle_deg") + 180) % 360,
        )
        .select(order)
    )
