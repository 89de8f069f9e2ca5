"""First start, last stop and time on source of files, from the ledger of the ingest."""

import polars as pl

from orbital_kernel.model.spans import on_time_in, span_in
from orbital_kernel.query import Query
from orbital_kernel.questions.asking import Session
from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality.ends import SPAN


def spans(orbital: Session, observatory: str, *, kind: str) -> pl.DataFrame:
    """Return file_sha256, kind, time, time_stop (TT) and on_s of files that state them.

    on_s is how long the bins are together, s. `kind` is that of the query.
    """
    query = Query(
        "ops.files",
        ("sha256", "account"),
        sets={"state": ["ingested"], "observatory": [observatory]},
        full_scan=True,
    )
    files = orbital.query(query, kind=kind).frame.drop_nulls()
    rows = [
        (sha256, *(span_in(account) or (None, None)), on_time_in(account))
        for sha256, account in files.iter_rows()
    ]
    stated = [row for row in rows if row[1:] != (None, None, None)]
    schema = {
        "file_sha256": pl.String(),
        "time": pl.Int64(),
        "time_stop": pl.Int64(),
        "on_s": pl.Float64(),
    }
    table = pl.DataFrame(stated, schema=schema, orient="row")
    return table.cast({"time": TT, "time_stop": TT}).with_columns(kind=pl.lit(SPAN))
