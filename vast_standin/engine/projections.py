"""Projections of a table: by name, their size, and how far they are in step."""

from vast_standin.engine.table import Definition, Projection, Table
from vast_standin.http import ProtocolError

ALL_IN_STEP = 100


def projection_named(definition: Definition, name: str) -> Projection:
    """Find a projection; 404 if there is none."""
    for projection in definition.projections:
        if projection.name == name:
            return projection
    raise ProtocolError(404, "NoSuchProjection", f"there is no projection {name!r}")


def share_in_step(table: Table, projection: Projection) -> int:
    """Return the share of a projection that is in step with its table, in percent."""
    covered = table.covered(projection)
    current = sum(s.live for s in table.segments if s.id in covered)
    return ALL_IN_STEP if table.live == 0 else ALL_IN_STEP * current // table.live


def size_of(table: Table, projection: Projection) -> int:
    """Return the bytes of a projection."""
    return sum(run.nbytes for run in table.runs_of(projection))
