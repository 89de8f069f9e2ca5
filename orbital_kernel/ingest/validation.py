"""Whether the store agrees with the files: each file is read again and compared.

Tables without a key must hold all rows, with the same checksum of their numeric cells.
Tables with a key must hold every key; rows that another file has updated since are
counted, and the others are compared.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.ingest.checksum import (
    PLACED,
    Sum,
    numeric_columns,
    row_hashes,
    sum_of,
)
from orbital_kernel.ingest.files import files_of, in_order, shown
from orbital_kernel.ingest.identity import identify
from orbital_kernel.ingest.items import Refusal, Rows, Task
from orbital_kernel.ingest.ledger import Entry, Ledger, entries
from orbital_kernel.ingest.offered import Offered
from orbital_kernel.ingest.parsing import reader_by
from orbital_kernel.ingest.pool import read
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
    """The rows, time span (TT), sky cells and checksum of a table on one side."""

    rows: int = 0
    first: str | None = None
    last: str | None = None
    sky_cells: int = 0
    checksum: str = ""


@dataclass(frozen=True)
class Compared:
    """One file's rows of one table, in the source and in the store."""

    table: str
    source: Side
    store: Side
    updated_since: int = 0
    missing: int = 0

    @property
    def same(self) -> bool:
        """Whether no row is missing and all compared rows agree."""
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
    """Source and store, compared file by file.

    Parameters
    ----------
    files
        One Validated per file: 'same', 'differs', 'missing' (never ingested) or
        'refused', and the comparison of each table.
    totals
        source_rows, store_rows, updated_since and missing by table.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.validate(mkdtemp()).agrees
    True
    """

    files: tuple[Validated, ...]
    totals: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether every readable file is in the store and agrees with it."""
        return all(file.state in ("same", "refused") for file in self.files)

    @property
    def frame(self) -> pl.DataFrame:
        """One row per file and table, with the columns of both sides.

        file, table, same; rows, first and last (TT), sky_cells (HEALPix order 6) and
        checksum, each prefixed source_ and store_; updated_since and missing (rows).
        """
        rows = [
            {"file": Path(file.path).name, "table": pair.table, "same": pair.same}
            | {f"source_{k}": v for k, v in asdict(pair.source).items()}
            | {f"store_{k}": v for k, v in asdict(pair.store).items()}
            | {"updated_since": pair.updated_since, "missing": pair.missing}
            for file in self.files
            for pair in file.tables
        ]
        ends = [f"{side}_{end}" for side in SIDES for end in ("first", "last")]
        frame = pl.DataFrame(rows, schema=FRAME)
        return frame.with_columns(pl.col(ends).str.to_datetime(time_unit="ns"))

    def to_json(self) -> dict[str, Any]:
        """Return the validation as `orbital ingest --validate --json` prints it.

        Returns
        -------
        dict
            `agrees`, `files` and `totals`.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.validate(mkdtemp()).to_json()["agrees"]
        True
        """
        return {"agrees": self.agrees, **asdict(self)}


def validate(
    paths: Iterable[str | Path],
    store: "Store",
    *,
    observatory: str | None = None,
    mapping: str | Path | None = None,
    workers: int | None = None,
    accept_checksums: bool = False,
    progress: Progress = lambda _path, _bytes: None,
) -> Validation:
    """Compare files and folders with what the store holds of them.

    Parameters
    ----------
    paths
        Files and folders; folders are walked.
    store
        The database to compare with.
    observatory
        Whose data the files must be; files of others are refused.
    mapping
        A TOML file that declares the columns of a table of unknown format.
    workers
        Processes that read; by default as many as there are cores.
    accept_checksums
        Whether to take FITS files whose DATASUM does not fit their data.
    progress
        Called with a path and its size in bytes once it is compared.

    Returns
    -------
    Validation
        The comparison of each file and table, and totals by table.

    Raises
    ------
    ArchiveError
        If a path does not exist.
    """
    files = in_order(files_of(paths))
    ledger = Ledger(entries(store))
    validated = []
    task = Task(observatory, str(mapping) if mapping else None, accept_checksums)
    reader = reader_by(task)
    with read(files, task, selects=lambda _: True, workers=workers) as offers:
        for offered in offers:
            identify(ledger, offered, reader.name if reader else None)
            entry = ledger.find(*offered.hashes)
            validated.append(_validated(store, offered, entry))
            progress(offered.path, offered.size)
    return Validation(tuple(validated), _totals(validated))


def _validated(store: "Store", offered: Offered, entry: Entry | None) -> Validated:
    path = shown(offered.path)
    tables: dict[str, list[pa.Table]] = {}
    for item in offered.items():
        if isinstance(item, Refusal):
            return Validated(path, "refused", reason=item.reason)
        if isinstance(item, Rows):
            tables.setdefault(item.table, []).append(item.data)
    if entry is None or entry.state != "ingested":
        return Validated(path, "missing", reason="never ingested")
    compared = tuple(
        _compared(store, name, entry, parts) for name, parts in tables.items()
    )
    state = "same" if all(pair.same for pair in compared) else "differs"
    return Validated(path, state, compared)


def _compared(
    store: "Store", name: str, entry: Entry, parts: list[pa.Table]
) -> Compared:
    sha256, superseded = entry.sha256, entry.superseded.get(name, 0)
    table = schema.table(name)
    source = pa.concat_tables(schema.conform(part, table) for part in parts)
    with store.transaction() as tx:
        existing = tx.columns(name)
    columns = tuple(
        c for c in dict.fromkeys((*numeric_columns(table), *table.key)) if c in existing
    )
    source = source.select(columns)
    of_file = [Clause("file_sha256", (Equal(sha256),))]
    if not table.key:
        rows = store.read(name, of_file, columns=columns)
        missing = max(len(source) - len(rows) - superseded, 0)
        if superseded:
            stored = pa.array(row_hashes(rows))
            source = source.filter(pc.is_in(pa.array(row_hashes(source)), stored))
        return Compared(name, _side(source), _side(rows), superseded, missing)
    last = frame_of(source).unique(table.key, keep="last", maintain_order=True)
    stored = frame_of(store.read(name, columns=(*columns, "file_sha256"))).join(
        last.select(table.key), on=table.key, how="semi", nulls_equal=True
    )
    stored_of_file = stored.filter(pl.col("file_sha256") == sha256)
    compare = last.join(
        stored_of_file.select(table.key), on=table.key, how="semi", nulls_equal=True
    )
    return Compared(
        name,
        _side(_stated_cells(compare, stored_of_file, table)),
        _side(_stated_cells(stored_of_file.select(columns), compare, table)),
        updated_since=len(stored) - len(stored_of_file),
        missing=len(last) - len(stored),
    )


def _stated_cells(
    frame: pl.DataFrame, other: pl.DataFrame, table: schema.Table
) -> pa.Table:
    """Return rows without cells that another log filled in (overlap rule)."""
    if "log" not in {column.name for column in table.columns}:
        return frame.to_arrow()
    joined = frame.join(other, on=table.key, suffix="_other", nulls_equal=True)
    content = [n for n in frame.columns if n not in table.key]
    return joined.select(
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
        cells_of_file = rows.column("healpix")
        if PLACED in rows.column_names:
            cells_of_file = cells_of_file.filter(pc.is_null(rows.column(PLACED)))
        pixels = cells_of_file.drop_null().to_numpy()
        cells = len(np.unique(pixels >> CELL_SHIFT))
    return Side(len(rows), first, last, cells, str(sum_of(rows)))


def _totals(files: Iterable[Validated]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for file in files:
        for pair in file.tables:
            total = totals.setdefault(
                pair.table,
                {"source_rows": 0, "store_rows": 0, "updated_since": 0, "missing": 0},
            )
            total["source_rows"] += pair.source.rows
            total["store_rows"] += pair.store.rows
            total["updated_since"] += pair.updated_since
            total["missing"] += pair.missing
    return totals
