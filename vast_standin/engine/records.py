"""Rows of the catalogue as the engine's objects, and back."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from vast_standin.engine.base import Base
from vast_standin.engine.data_folder import DataFolder
from vast_standin.engine.files import Extent
from vast_standin.engine.patch import Patch
from vast_standin.engine.positions import Positions
from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import Origin, SortedRun
from vast_standin.engine.table import (
    Column,
    Definition,
    Expansion,
    PartitionKey,
    Projection,
    Table,
    VectorIndex,
)


def place_of(extent: Extent | None) -> tuple[str | None, int | None, int | None]:
    """Return file, offset and length of an extent."""
    if extent is None:
        return None, None, None
    return extent.file.name, extent.offset, extent.length


def _extent(folder: DataFolder, place: tuple[Any, ...]) -> Extent | None:
    file, offset, length = place
    return None if file is None else Extent(folder.file(file), offset, length)


def narrow(positions: Positions | None) -> bytes | None:
    """Write positions."""
    return None if positions is None else positions.astype("<i4").tobytes()


def _widen(data: bytes | None) -> Positions | None:
    return None if data is None else np.frombuffer(data, "<i4").astype(np.int64)


def segment_of(
    row: tuple[Any, ...], folder: DataFolder, patches: tuple[Patch, ...]
) -> Segment:
    """Read a segment with its patches."""
    base = Base(
        id=row[0],
        rows=row[6],
        first_row_id=row[7],
        extent=_extent(folder, row[3:6]),
        packed_zones=row[10],
        ordinal=row[2],
        sorted_by=row[8],
        run=row[9],
    )
    return Segment(base, patches, _widen(row[11]))


def patch_of(row: tuple[Any, ...], folder: DataFolder) -> Patch:
    """Read a patch."""
    extent = Extent(folder.file(row[2]), row[3], row[4])
    return Patch(row[0], extent, row[5], row[6], row[7], _widen(row[8]), row[9])


def piece_of(row: tuple[Any, ...], folder: DataFolder) -> Base:
    """Read a piece of a sorted run."""
    return Base(
        id=row[0],
        rows=row[6],
        first_row_id=None,
        extent=_extent(folder, row[3:6]),
        packed_zones=row[8],
        ordinal=row[2],
        sorted_by=row[7],
    )


def run_of(row: tuple[Any, ...], pieces: Iterable[Base]) -> SortedRun:
    """Read a sorted run with its pieces."""
    return SortedRun(row[0], row[2], tuple(_origins(row[3])), tuple(pieces))


def packed_origins(origins: Sequence[Origin]) -> bytes:
    """Write the origins of a run: number, patches and rows of each."""
    numbers = [(o.segment, o.patches, o.rows) for o in origins]
    return np.array(numbers, dtype="<i8").tobytes()


def _origins(data: bytes) -> Iterator[Origin]:
    for numbers in np.frombuffer(data, "<i8").reshape(-1, 3).tolist():
        yield Origin(*numbers)


def packed(definition: Definition) -> tuple[bytes, str]:
    """Write a definition: its fields as an Arrow schema, the rest as JSON."""
    fields = pa.schema([c.field for c in definition.columns]).serialize()
    record = {
        "numbers": [c.number for c in definition.columns],
        "next_column": definition.next_column,
        "sort_key": definition.sort_key,
        "properties": definition.properties,
        "partition_keys": [asdict(k) for k in definition.partition_keys],
        "vector_index": definition.vector_index and asdict(definition.vector_index),
        "projections": [asdict(p) for p in definition.projections],
        "expansions": [
            {**asdict(e), "columns": e.columns.hex()} for e in definition.expansions
        ],
    }
    return bytes(fields), json.dumps(record)


def _definition(fields: bytes, text: str) -> Definition:
    record = json.loads(text)
    schema = pa.ipc.read_schema(pa.py_buffer(fields))
    index = record["vector_index"]
    return Definition(
        columns=tuple(map(Column, record["numbers"], schema)),
        next_column=record["next_column"],
        sort_key=tuple(record["sort_key"]),
        properties=record["properties"],
        partition_keys=tuple(PartitionKey(**k) for k in record["partition_keys"]),
        vector_index=None if index is None else VectorIndex(**index),
        projections=tuple(
            Projection(p["id"], p["name"], tuple(p["sorted"]), tuple(p["unsorted"]))
            for p in record["projections"]
        ),
        expansions=tuple(
            Expansion(**{**e, "columns": bytes.fromhex(e["columns"])})
            for e in record["expansions"]
        ),
    )


def table_of_row(
    row: tuple[Any, ...], segments: tuple[Segment, ...], runs: tuple[SortedRun, ...]
) -> Table:
    """Read a table."""
    return Table(
        id=row[0],
        schema_id=row[1],
        name=row[2],
        definition=_definition(row[3], row[4]),
        segments=segments,
        external=bool(row[5]),
        inserted=row[6],
        ddl=row[7],
        runs=runs,
    )
