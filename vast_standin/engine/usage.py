"""What a bucket holds in the tables of one state."""

from dataclasses import dataclass

from vast_standin.engine.root import Root


@dataclass(frozen=True)
class Usage:
    """What a bucket holds, committed and live."""

    rows: int
    bytes: int
    tables: int


def usage_of(root: Root, bucket: str) -> Usage:
    """Return the usage of a bucket in a root, committed or not."""
    inside = {s.id for s in root.schemas.values() if s.bucket == bucket}
    tables = [t for t in root.tables.values() if t.schema_id in inside]
    return Usage(
        rows=sum(t.live for t in tables),
        bytes=sum(t.nbytes for t in tables),
        tables=len(tables),
    )
