"""Columns in, Arrow rows of schema.py out."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import ArrayLike

from orbital_kernel.model import sky
from orbital_kernel.model.columns import Table


def rows(table: Table, count: int, **columns: Any) -> tuple[str, pa.Table]:
    """Return a batch of rows for a reader to yield.

    Parameters
    ----------
    table : Table
        A table of schema.py, such as `RATES`.
    count : int
        Number of rows.
    columns
        Values by column name, in the column's unit: an array, series or list of `count` values,
        or one value for all rows. NaN, NaT, None and masked values become null. Columns
        that are not given are null.

    Returns
    -------
    str
        The table's name.
    pyarrow.Table
        The rows, in the column types of the schema.

    Raises
    ------
    KeyError
        If the table has no such column.

    Examples
    --------
    >>> from orbital_kernel.archives.rows import rows
    >>> from orbital_kernel.model.schema import RATES
    >>> name, batch = rows(RATES, 2, rate=[1.5, float("nan")], unit="count / s")
    >>> name, batch["rate"].to_pylist(), batch["unit"].to_pylist()
    ('rates', [1.5, None], ['count / s', 'count / s'])
    """
    fields, arrays = [], []
    for name, values in columns.items():
        field = table.column(name).field()
        fields.append(field)
        arrays.append(_array(values, field.type, count))
    return table.name, pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def position(ra: ArrayLike, dec: ArrayLike) -> dict[str, Any]:
    """Return the columns ra, dec and healpix of ICRS positions.

    Parameters
    ----------
    ra, dec : array_like
        Degrees, ICRS; RA outside 0 to 360 is wrapped.

    Returns
    -------
    dict of str to array
        `ra` and `dec` (deg) and `healpix` (nested, order 29); all three are null if
        either coordinate is missing.
    """
    ra = np.atleast_1d(np.asarray(ra, dtype=np.float64))
    dec = np.atleast_1d(np.asarray(dec, dtype=np.float64))
    index = sky.healpix(ra, dec)
    missing = index < 0
    return {
        "ra": np.where(missing, np.nan, ra % 360),
        "dec": np.where(missing, np.nan, dec),
        "healpix": np.ma.MaskedArray(index, mask=missing),
    }


def extra(values: Mapping[str, Any]) -> str | None:
    """Return the file's other columns as JSON, without blanks; None if all are blank."""
    plain = {name: _plain(value) for name, value in values.items()}
    plain = {name: value for name, value in plain.items() if value not in (None, "")}
    return json.dumps(plain, ensure_ascii=False) if plain else None


def column(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return one value per record, None if it is absent."""
    return [record.get(name) for record in records]


def _array(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, kind)
    if isinstance(values, str | bool | int | float | np.datetime64 | np.generic):
        return pa.repeat(_array([values], kind, 1)[0], count)
    if isinstance(values, range):
        values = np.arange(values.start, values.stop, values.step, dtype=np.int64)
    if isinstance(values, pl.Series):
        return values.to_arrow().cast(kind)
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        return pa.array(values.data, mask=mask).cast(kind)
    if isinstance(values, np.ndarray):
        return pa.array(values, from_pandas=True).cast(kind)
    return pa.array(values, type=kind, from_pandas=True)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
