"""Columns in, Arrow rows of schema.py out."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from orbital_kernel.model import sky
from orbital_kernel.model.schema import Table


def rows(table: Table, count: int, **columns: Any) -> tuple[str, pa.Table]:
    """Return (table name, rows) from arrays, lists or single values of its columns.

    NaN, NaT, None and masked become null. Raises KeyError for an unknown column.
    """
    fields, arrays = [], []
    for name, values in columns.items():
        field = table.column(name).field()
        fields.append(field)
        arrays.append(_array(values, field.type, count))
    return table.name, pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def position(ra: ArrayLike, dec: ArrayLike) -> dict[str, Any]:
    """Return the columns ra, dec and healpix of ICRS degrees; all null where missing."""
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
    """Return the file's other columns as JSON, without blanks; None where none is left."""
    plain = {name: _plain(value) for name, value in values.items()}
    plain = {name: value for name, value in plain.items() if value not in {None, ""}}
    return json.dumps(plain, ensure_ascii=False) if plain else None


def column(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return one value a record, None where it is absent."""
    return [record.get(name) for record in records]


def _array(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, kind)
    if isinstance(values, str | bool | int | float | np.datetime64 | np.generic):
        return pa.repeat(_array([values], kind, 1)[0], count)
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
