"""Objects by another name, which a record such as OTTER's gives beside the default one."""

import json
from functools import partial

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.questions.side_by_side import side_by_side
from orbital_kernel.science.matching import plain


def default_name(database: Store, name: str) -> str | None:
    """Return the object whose points list this name among their `aliases`; else None.

    It reads `extra` of all photometry, so it is for names that no table has.
    """
    tables = [f"{observatory}.photometry" for observatory in observatories()]
    columns = ("object", "extra")
    read = partial(database.read, columns=columns)
    frames = map(frame_of, side_by_side(read, tables))
    rows = (
        pl.concat(frames)
        .filter(pl.col("extra").str.contains('"aliases"', literal=True))
        .drop_nulls("object")
        .unique()
        .sort("object")
    )
    return next(
        (
            row["object"]
            for row in rows.iter_rows(named=True)
            if plain(name) in map(plain, _aliases(row["extra"]))
        ),
        None,
    )


def _aliases(extra: str) -> list[str]:
    """Return the names that a row's `extra` lists; none if it holds only text."""
    names = json.loads(extra).get("aliases")
    return names if isinstance(names, list) else []
