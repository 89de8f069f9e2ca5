"""Arrow tables as Polars frames."""

import polars as pl
import pyarrow as pa

from orbital_kernel.model.constant_columns import is_of_runs, plain


def frame_of(rows: pa.Table) -> pl.DataFrame:
    """Return an Arrow table as a Polars frame, without the notes on its fields."""
    runs = [name for name in rows.column_names if is_of_runs(rows.column(name))]
    frame = pl.from_arrow(rows.drop_columns(runs).replace_schema_metadata(None))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("expected a table")
    if not runs:
        return frame
    repeated = [_repeated(name, rows.column(name)) for name in runs]
    return pl.DataFrame([*frame, *repeated]).select(rows.column_names)


def _repeated(name: str, column: pa.ChunkedArray) -> pl.Series:
    if column.num_chunks == 1 and len(column.chunk(0).values) == 1:
        value = column.chunk(0).values[0].as_py()
        return pl.repeat(value, len(column), eager=True).alias(name)
    series = pl.from_arrow(plain(column))
    if not isinstance(series, pl.Series):
        raise TypeError("expected a column")
    return series.alias(name)
