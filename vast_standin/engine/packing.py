"""Zone maps as bytes: how the catalogue keeps them, one Arrow record batch a segment."""

from collections.abc import Mapping

import pyarrow as pa

from vast_standin.engine.zones import ColumnZones

_ROWS, _GROUPS = "rows", "groups"


def pack(zones: Mapping[int, ColumnZones]) -> bytes:
    """Write the zones of the columns of one run of rows."""
    if not zones:
        return b""
    some = next(iter(zones.values()))
    columns = {_GROUPS: pa.array(some.groups), _ROWS: pa.array(some.rows)}
    for number, zone in zones.items():
        columns[f"{number} low"] = zone.lows
        columns[f"{number} high"] = zone.highs
        columns[f"{number} nulls"] = pa.array(zone.nulls)
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def unpack(data: bytes) -> dict[int, ColumnZones]:
    """Read what pack wrote."""
    if not data:
        return {}
    with pa.ipc.open_stream(data) as stream:
        batch = stream.read_next_batch()
    groups, rows = batch[_GROUPS].to_numpy(), batch[_ROWS].to_numpy()
    numbers = [int(n.partition(" ")[0]) for n in batch.schema.names[2::3]]
    return {
        number: ColumnZones(
            groups,
            batch[f"{number} low"],
            batch[f"{number} high"],
            batch[f"{number} nulls"].to_numpy(),
            rows,
        )
        for number in numbers
    }
