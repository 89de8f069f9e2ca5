"""Arrow tables as Polars frames."""

import polars as pl
import pyarrow as pa

from orbital_kernel.model.constant_columns import is_of_runs, plain


def frame_of(rows: pa.Table) -> pl.DataFrame:
    """Return an Arrow table as a Polars frame, without the notes on its fields."""
    runs = {n: rows.column(n) for n in rows.column_names if is_of_runs(rows.column(n))}
    several = [name for name, column in runs.items() if not _is_one_run(column)]
    if len(runs) == rows.num_columns:
        several = list(runs)  # a frame of literals alone has one row
    for name in several:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, plain(runs.pop(name)))
    frame = pl.from_arrow(rows.drop_columns(list(runs)).replace_schema_metadata(None))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("expected a table")
    if not runs:
        return frame
    literals = {n: pl.lit(c.chunk(0).values[0].as_py()) for n, c in runs.items()}
    return frame.with_columns(**literals).select(rows.column_names)


def _is_one_run(column: pa.ChunkedArray) -> bool:
    return column.num_chunks == 1 and len(column.chunk(0).values) == 1
