"""First start and last stop of files without good times, from the ledger of the ingest."""

import polars as pl

from orbital_kernel.model.spans import span_in
from orbital_kernel.query import Query
from orbital_kernel.questions.asking import Session
from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality.ends import SPAN


def spans(orbital: Session, observatory: str, *, kind: str) -> pl.DataFrame:
    """Return file_sha256, kind, time and time_stop (TT) of each file that states them.

    `kind` is that of the query.
    """
    query = Query(
        "ops.files",
        ("sha256", "account"),
        sets={"state": ["ingested"], "observatory": [observatory]},
        full_scan=True,
    )
    files = orbital.query(query, kind=kind).frame.drop_nulls()
    found = {row[0]: span_in(row[1]) for row in files.iter_rows()}
    stated = {sha256: edges for sha256, edges in found.items() if edges}
    return pl.DataFrame(
        {
            "file_sha256": list(stated),
            "kind": SPAN,
            "time": [start for start, _ in stated.values()],
            "time_stop": [stop for _, stop in stated.values()],
        },
        schema={
            "file_sha256": pl.String(),
            "kind": pl.String(),
            "time": pl.Int64(),
            "time_stop": pl.Int64(),
        },
    ).cast({"time": TT, "time_stop": TT})
