"""Columns of a file of rows: name, kind, unit and meaning, the same for every slice."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from orbital_kernel.model.schema import Table

NS_A_DAY = 86_400_000_000_000
MJD_AT_UNIX_EPOCH = 40587.0
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
FORMULA = r"^([=+\-@\t\r])"


@dataclass(frozen=True)
class FileColumn:
    """One column: `kind` is text, flag, number (an integer), real or time (TT)."""

    name: str
    kind: str
    unit: str = ""
    ucd: str = ""
    doc: str = ""


def file_columns(table: Table, names: Sequence[str] | None) -> tuple[FileColumn, ...]:
    """Return the columns of a file: the observatory, then those named, or all.

    A value that each row states the unit of has no unit in the header.
    """
    by_name = {column.name: column for column in table.columns}
    chosen = [by_name[name] for name in (names or by_name)]
    first = FileColumn("observatory", "text", "", "meta.id", "observatory")
    return first, *(
        FileColumn(c.name, _kind(c.type), c.unit, c.ucd, c.doc) for c in chosen
    )


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind):
        return "number"
    return "real" if pa.types.is_floating(kind) else "text"


def in_days(column: FileColumn) -> pl.Expr:
    """Return a time as Modified Julian Date (TT), another column as it is."""
    value = pl.col(column.name)
    if column.kind != "time":
        return value
    return value.cast(pl.Datetime("ns")).cast(pl.Int64) / NS_A_DAY + MJD_AT_UNIX_EPOCH
