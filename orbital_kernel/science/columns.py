"""Columns that a frame needs: absent ones are reported, or filled with nulls."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import SchemaMismatch

TT = pl.Datetime("ns")
"""The one time column's type: nanoseconds, on the TT scale."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


def demand(frame: pl.DataFrame, *names: str, subject: str) -> None:
    """Raise SchemaMismatch if the frame lacks one of these columns; `subject` names it."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise SchemaMismatch(
            f"{subject} need the columns {', '.join(missing)};"
            f" there are {', '.join(frame.columns) or 'none'}"
        )


def fill(frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the frame with absent columns added as nulls of these types."""
    absent = {name: kind for name, kind in types.items() if name not in frame.columns}
    return frame.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items()
    )


def simulated(*frames: pl.DataFrame | None) -> bool:
    """Return whether any row of any frame is simulated."""
    return any(
        frame is not None
        and "simulated" in frame.columns
        and bool(frame["simulated"].fill_null(value=False).any())
        for frame in frames
    )


def either(first: pl.DataFrame, second: pl.DataFrame) -> dict[str, pl.Series]:
    """Return the column `simulated` of pairs of rows: true if one of the two is simulated.

    Empty if neither frame has the column.
    """
    flags = [f["simulated"] for f in (first, second) if "simulated" in f.columns]
    return (
        {"simulated": pl.select(pl.any_horizontal(flags)).to_series()} if flags else {}
    )


def finite(name: str) -> pl.Expr:
    """Return the column as float with NaN and infinities as nulls."""
    value = pl.col(name).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value).alias(name)


def with_seconds(frame: pl.DataFrame, name: str, duration: pl.Expr) -> pl.DataFrame:
    """Return the frame with a duration as float seconds in column `name`.

    Polars divides by a constant through its reciprocal, and 29 s become
    29.000000000000004; numpy divides.
    """
    ns = frame.select(duration.dt.total_nanoseconds()).to_series()
    seconds = ns.fill_null(0).to_numpy() / 1e9
    return frame.with_columns(
        pl.Series(name, np.where(ns.is_null().to_numpy(), np.nan, seconds)).fill_nan(
            None
        )
    )


def numbered(frame: pl.DataFrame, names: Sequence[str], number: str) -> pl.DataFrame:
    """Return the frame with the number of each row's values of some columns.

    Numbers follow the order of the values, as in `kinds`.
    """
    return frame.with_columns(kinds(frame, names)[1].alias(number))


def kinds(frame: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """Return the different values of some columns in order, and the number of each row's.

    Rows are compared by a hash of 64 bits, which is several times faster than by their
    texts: two of a thousand kinds share one with a chance of 3e-14. Neighbours that are
    equal are looked up once.
    """
    hashes = _hashes(frame, names)
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1])[: len(frame)])
    rows = pl.DataFrame({"hash": hashes[starts], "row": starts})
    rows = rows.group_by("hash").agg(pl.col("row").first())
    table = frame.select(names)[rows["row"]].hstack([rows["hash"]])
    table = table.sort(names, nulls_last=True)
    by_hash = table["hash"].arg_sort().to_numpy().astype(np.uint32)
    place = np.searchsorted(table["hash"].to_numpy()[by_hash], hashes[starts])
    runs = np.diff(np.append(starts, len(frame)))
    return table.drop("hash"), pl.Series(np.repeat(by_hash[place], runs))


def _hashes(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each row's values; column by column, which structs are slower at."""
    hashes = np.zeros(len(frame), dtype=np.uint64)
    for seed, name in enumerate(names):
        if frame[name].null_count() < len(frame):
            hashes *= _ODD
            hashes += frame[name].hash(seed=seed).to_numpy()
    return hashes
