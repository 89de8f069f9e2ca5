"""Every table of the database: columns, Arrow types, units, UCDs and sort keys.

One database has a schema per observatory, `cross` for what is derived from several, and
`ops` for the ledgers.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pyarrow as pa

from orbital_kernel.errors import SchemaMismatch
from orbital_kernel.model.columns import PROVENANCE, TT, Column, Table
from orbital_kernel.model.cross_tables import CROSS_TABLES as DERIVED
from orbital_kernel.model.layout import layout
from orbital_kernel.model.matching_tables import MATCHING_TABLES
from orbital_kernel.model.observatory_tables import (
    EVENTS,
    GRBS,
    INTERVALS,
    NOTICES,
    OBSERVATIONS,
    OBSERVATORY_TABLES,
    PHOTOMETRY,
    RATES,
    SOURCES,
)
from orbital_kernel.model.ops_tables import OPS_TABLES

__all__ = [
    "CROSS_TABLES",
    "EVENTS",
    "GRBS",
    "INTERVALS",
    "NOTICES",
    "OBSERVATIONS",
    "OBSERVATORY_TABLES",
    "OPS_TABLES",
    "PHOTOMETRY",
    "PROVENANCE",
    "RATES",
    "SOURCES",
    "TT",
    "Column",
    "Table",
    "conform",
    "table",
    "tables",
]

CROSS_TABLES = (*DERIVED, *MATCHING_TABLES)


def tables(observatories: Mapping[str, object] | tuple[str, ...]) -> dict[str, Table]:
    """Return every table of the database.

    Parameters
    ----------
    observatories : mapping or tuple of str
        Names of the observatories.

    Returns
    -------
    dict of str to Table
        Tables by full name: each observatory's ('swift.rates'), those derived from
        several (`cross`), and the ledgers (`ops`).

    Examples
    --------
    >>> from orbital_kernel.model.schema import tables
    >>> {"swift.rates", "ops.files"} <= set(tables(("swift",)))
    True
    """
    catalogue = {
        f"{o}.{t.name}": _laid_out(f"{o}.{t.name}", t)
        for o in observatories
        for t in OBSERVATORY_TABLES
    }
    catalogue |= {
        f"cross.{t.name}": _laid_out(f"cross.{t.name}", t) for t in CROSS_TABLES
    }
    return catalogue | {f"ops.{t.name}": t for t in OPS_TABLES}


@cache
def table(full_name: str) -> Table:
    """Return the table of a full name.

    Parameters
    ----------
    full_name : str
        Schema and table, such as 'swift.rates'.

    Returns
    -------
    Table
        The table, with its sort key and projections.

    Raises
    ------
    SchemaMismatch
        If no schema has such a table.
    """
    schema, _, name = full_name.partition(".")
    shared = {"cross": CROSS_TABLES, "ops": OPS_TABLES}
    for candidate in shared.get(schema, OBSERVATORY_TABLES):
        if candidate.name == name:
            return _laid_out(full_name, candidate)
    raise SchemaMismatch(
        f"there is no table {full_name!r}; names are OBSERVATORY."
        f"{{{','.join(t.name for t in OBSERVATORY_TABLES)}}}, cross.… or ops.…"
    )


def _laid_out(full_name: str, table: Table) -> Table:
    """Return the table with the sort key and projections of layout.py."""
    arrangement = layout(full_name)
    return replace(
        table, sort=arrangement.sort or table.sort, projections=arrangement.projections
    )


def _as_given(field: pa.Field, column: pa.ChunkedArray) -> pa.Field:
    kind = column.type
    is_run = pa.types.is_run_end_encoded(kind) and kind.value_type == field.type
    return field.with_type(kind) if is_run else field


def conform(data: pa.Table, schema: Table) -> pa.Table:
    """Return the data with exactly the table's columns and types.

    A column of runs of values of its type stays one.

    Parameters
    ----------
    data : pyarrow.Table
        Rows with some of the table's columns.
    schema : Table
        The table.

    Returns
    -------
    pyarrow.Table
        The rows; columns that `data` does not have are null.

    Raises
    ------
    SchemaMismatch
        If `data` has another column, or values that a column cannot hold.
    """
    strangers = set(data.column_names) - {c.name for c in schema.columns}
    if strangers:
        raise SchemaMismatch(f"{schema.name} has no columns {sorted(strangers)}")
    arrays = [
        data.column(c.name)
        if c.name in data.column_names
        else pa.nulls(len(data), c.type)
        for c in schema.columns
    ]
    try:
        fields = map(_as_given, schema.arrow, arrays)
        return pa.Table.from_arrays(
            arrays, names=[c.name for c in schema.columns]
        ).cast(pa.schema(fields))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaMismatch(
            f"{schema.name} cannot hold these values: {error}"
        ) from error
