"""Whether the store holds what the files say: each is read again and compared.

Rows of tables without a key must all be there, with the same checksum of their numeric
cells. Of tables with a key every key must be there; rows that another file has since
updated are counted, the others compared like the rest.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.ingest.checksum import Sum, numeric_columns, sum_of
from orbital_kernel.ingest.files import files_of, in_order
from orbital_kernel.ingest.ledger import Entry, entries
from orbital_kernel.ingest.parsing import Refusal, Rows, Task
from orbital_kernel.ingest.pool import Offered
from orbital_kernel.ingest.reading import read
from orbital_kernel.ingest.report import Progress
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal

if TYPE_CHECKING:
    from orbital_kernel.database import Store

CELL_SHIFT = 2 * (29 - 6)
"""From the stored HEALPix order 29 to order 6: cells of about 55 arcmin."""


SIDES = ("source", "store")
_SIDE = {
    "rows": pl.Int64,
    "first": pl.String,
    "last": pl.String,
    "sky_cells": pl.Int64,
    "checksum": pl.String,
}
FRAME = (
    {"file": pl.String, "table": pl.String, "same": pl.Boolean}
    | {f"{side}_{name}": kind for side in SIDES for name, kind in _SIDE.items()}
    | {"updated_since": pl.Int64, "missing": pl.Int64}
)


@dataclass
class Side:
    """What one side has of a table: rows, time span (TT), sky cells, checksum."""

    rows: int = 0
    first: str | None = None
    last: str | None = None
    sky_cells: int = 0
    checksum: str = ""


@dataclass(frozen=True)
class Compared:
    """One file's rows of one table: source beside store."""

    table: str
    source: Side
    store: Side
    updated_since: int = 0
    missing: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing is missing and all that is compared is the same."""
        return not self.missing and self.source == self.store


@dataclass(frozen=True)
class Validated:
    """One file: same, differs, missing (never ingested) or refused."""

    path: str
    state: str
    tables: tuple[Compared, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Validation:
    """Source and store, compared file by file."""

    files: tuple[Validated, ...]
    totals: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether every readable file is in the store, the same."""
        return all(file.state in ("same", "refused") for file in self.files)

    @property
    def frame(self) -> pl.DataFrame:
        """A row a file and table: source and store beside each other, times in TT."""
        rows = [
            {"file": Path(file.path).name, "table": one.table, "same": one.same}
            | {f"source_{k}": v for k, v in asdict(one.source).items()}
            | {f"store_{k}": v for k, v in asdict(one.store).items()}
            | {"updated_since": one.updated_since, "missing": one.missing}
            for file in self.files
            for one in file.tables
        ]
        ends = [f"{side}_{end}" for side in SIDES for end in ("first", "last")]
        found = pl.DataFrame(rows, schema=FRAME)
        return found.with_columns(pl.col(ends).str.to_datetime(time_unit="ns"))

    def to_json(self) -> dict[str, Any]:
        """Return the validation as the command line prints it."""
        return {"agrees": self.agrees, **asdict(self)}


def validate(
    paths: Iterable[str | Path],
    store: "Store",
    *,
    observatory: str | None = None,
    mapping: str | Path | None = None,
    workers: int | None = None,
    progress: Progress = lambda _path, _bytes: None,
) -> Validation:
    """Compare files and folders with what the store holds of them.

    Options as in `ingest`. Raises ArchiveError for paths that do not exist.
    """
    files = in_order(files_of(paths))
    known = entries(store)
    found = []
    task = Task(observatory, str(mapping) if mapping else None)
    with read(files, task, wanted=lambda _: True, workers=workers) as offers:
        for offered in offers:
            found.append(_validated(store, offered, known.get(offered.sha256)))
            progress(offered.path, offered.size)
    return Validation(tuple(found), _totals(found))


def _validated(store: "Store", offered: Offered, entry: Entry | None) -> Validated:
    path = str(offered.path)
    tables: dict[str, list[pa.Table]] = {}
    for item in offered.items():
        if isinstance(item, Refusal):
            return Validated(path, "refused", reason=item.reason)
        if isinstance(item, Rows):
            tables.setdefault(item.table, []).append(item.data)
    if entry is None or entry.state != "ingested":
        return Validated(path, "missing", reason="never ingested")
    compared = tuple(
        _compared(store, name, offered.sha256, parts) for name, parts in tables.items()
    )
    state = "same" if all(one.same for one in compared) else "differs"
    return Validated(path, state, compared)


def _compared(
    store: "Store", name: str, sha256: str, parts: list[pa.Table]
) -> Compared:
    table = schema.table(name)
    source = pa.concat_tables(schema.conform(part, table) for part in parts)
    columns = (*dict.fromkeys((*numeric_columns(table), *table.key)),)
    source = source.select(columns)
    mine = [Clause("file_sha256", (Equal(sha256),))]
    if not table.key:
        stored = store.read(name, mine, columns=columns)
        missing = max(len(source) - len(stored), 0)
        return Compared(name, _side(source), _side(stored), 0, missing)
    last = frame_of(source).unique(table.key, keep="last", maintain_order=True)
    held = frame_of(store.read(name, columns=(*columns, "file_sha256"))).join(
        last.select(table.key), on=table.key, how="semi", nulls_equal=True
    )
    stored_mine = held.filter(pl.col("file_sha256") == sha256)
    compare = last.join(
        stored_mine.select(table.key), on=table.key, how="semi", nulls_equal=True
    )
    return Compared(
        name,
        _side(_known_cells(compare, stored_mine, table)),
        _side(_known_cells(stored_mine.select(columns), compare, table)),
        updated_since=len(held) - len(stored_mine),
        missing=len(last) - len(held),
    )


def _known_cells(
    frame: pl.DataFrame, other: pl.DataFrame, table: schema.Table
) -> pa.Table:
    """Return rows without the cells that the log itself did not tell (overlap rule)."""
    if "log" not in {column.name for column in table.columns}:
        return frame.to_arrow()
    both = frame.join(other, on=table.key, suffix="_other", nulls_equal=True)
    content = [n for n in frame.columns if n not in table.key]
    return both.select(
        *table.key,
        *(
            pl.when(pl.col(f"{n}_other").is_not_null()).then(pl.col(n)).alias(n)
            for n in content
        ),
    ).to_arrow()


def _side(rows: pa.Table) -> Side:
    if not len(rows):
        return Side(checksum=str(Sum()))
    first = last = None
    cells = 0
    if "time" in rows.column_names:
        ends = pc.min_max(rows.column("time"))
        first, last = (
            str(np.datetime64(ends[e].value, "ns")) if ends[e].is_valid else None
            for e in ("min", "max")
        )
    if "healpix" in rows.column_names:
        pixels = rows.column("healpix").drop_null().to_numpy()
        cells = len(np.unique(pixels >> CELL_SHIFT))
    return Side(len(rows), first, last, cells, str(sum_of(rows)))


def _totals(files: Iterable[Validated]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for file in files:
        for one in file.tables:
            total = totals.setdefault(
                one.table,
                {"source_rows": 0, "store_rows": 0, "updated_since": 0, "missing": 0},
            )
            total["source_rows"] += one.source.rows
            total["store_rows"] += one.store.rows
            total["updated_since"] += one.updated_since
            total["missing"] += one.missing
    return totals
