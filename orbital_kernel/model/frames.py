"""Arrow tables as Polars frames."""

import polars as pl
import pyarrow as pa


def frame_of(rows: pa.Table) -> pl.DataFrame:
    """Return an Arrow table as a Polars frame, without the notes on its fields."""
    frame = pl.from_arrow(rows.replace_schema_metadata(None))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("expected a table")
    return frame
