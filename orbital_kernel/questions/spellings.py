"""How tables write a name: `cross.names` by its normalised spelling, in one query."""

import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.spelling import normalised, variants
from orbital_kernel.model.synonyms import synonyms
from orbital_kernel.query import Query
from orbital_kernel.questions.asks import Asks, together

NAMES = "cross.names"
COLUMNS = (
    *("name", "kind", "observatory", "table", "object_id", "ra", "dec"),
    *("error_arcsec", "instrument", "place_source", "points", "simulated"),
)
MANY = 1_000
"""Points among which spellings and positions of unregistered names are searched."""


def named(orbital: Asks, *names: str) -> pl.DataFrame:
    """Return the rows of `cross.names` of names, in any spelling, and of their aliases.

    Objects that a table has under a name as an alias follow with their own rows, and
    those of the names that papers identify with one of them (`synonyms`).
    """
    keys = {normalised(name) for name in (*names, *synonyms(names))}
    rows = _rows(orbital, sorted(keys))
    aliased = set(rows.filter(pl.col("kind") == "alias")["object_id"])
    others = {*map(normalised, [*aliased, *synonyms(aliased)])} - keys
    return pl.concat([rows, _rows(orbital, sorted(others))]) if others else rows


def aliases(orbital: Asks, names: pl.DataFrame) -> tuple[str, ...]:
    """Return the aliases that tables list of objects."""
    ids = names.filter(pl.col("kind") == "object")["object_id"].unique()
    if ids.is_empty():
        return ()
    query = Query(NAMES, ("name",), sets={"object_id": sorted(ids), "kind": ["alias"]})
    rows = orbital.query(query, kind="names").frame
    return tuple(rows["name"].unique().sort())


def of_points(orbital: Asks, name: str, names: pl.DataFrame) -> tuple[str, ...]:
    """Return the spellings of a name in column `object` of photometry.

    Points of names that are not registered are found if they are spelled so, or in one
    of the usual ways.
    """
    registered = names.filter(pl.col("kind") == "object")["object_id"].unique()
    if len(registered):
        return tuple(registered.sort())
    queries = [
        Query(
            f"{observatory}.photometry",
            columns=("object",),
            sets={"object": spelled(name)},
            limit=MANY,
        )
        for observatory in observatories()
    ]
    answers = together(orbital, queries, kind="names")
    return tuple(pl.concat(a.frame for a in answers)["object"].unique().sort())


def spelled(name: str) -> list[str]:
    """Return the usual spellings of a name and of its synonyms."""
    return sorted({text for n in (name, *synonyms([name])) for text in variants(n)})


def of_kind(names: pl.DataFrame, kind: str, table: str, name: str) -> list[str]:
    """Return the spellings to search a table for; none if it cannot have the name.

    A name that is registered of other tables only is searched where it is registered,
    except that any catalogue may have a burst.
    """
    of_table = names.filter(pl.col("kind") == kind, pl.col("table") == table)
    is_burst = kind == "burst" and normalised(name).startswith("grb")
    if of_table.is_empty() and len(names) and not is_burst:
        return []
    return sorted({*of_table["object_id"], *variants(name)})


def _rows(orbital: Asks, keys: list[str]) -> pl.DataFrame:
    query = Query(NAMES, columns=COLUMNS, sets={"normalised": keys})
    return orbital.query(query, kind="names").frame.sort(COLUMNS, nulls_last=True)
