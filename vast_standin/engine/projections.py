"""Projections of a table: by name, their size, and how far they are in step."""

from vast_standin.engine.stretches import runs_worth_merging
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


def share_to_sort(table: Table, projection: Projection) -> int:
    """Return the share of a projection that upkeep is still to sort, in percent.

    These are rows in no run yet, and those of runs that are worth merging once the
    table has settled; 0 says that there is nothing more to do.
    """
    covered = table.covered(projection)
    rows = sum(s.rows for s in table.segments if s.id not in covered)
    chosen = set(runs_worth_merging(table, projection, settled=True))
    rows += sum(r.rows for r in table.runs_of(projection) if r.id in chosen)
    return min(ALL_IN_STEP, -(-ALL_IN_STEP * rows // max(1, table.live)))


def size_of(table: Table, projection: Projection) -> int:
    """Return the bytes of a projection."""
    return sum(run.nbytes for run in table.runs_of(projection))
