"""Contents whose rows are still to be compared, and the runs that compared others.

An ingest notes a content in the transaction that writes its rows, so that none is
forgotten whenever a process ends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from orbital_kernel.database import Transaction
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.ops_tables import CELLS, COMPARED
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.query import Answer, Query
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.findings_kept import parts_of

TABLE = "ops.comparisons"
DAY = timedelta(days=1)
FILES = ("sha256", "observatory", "state", "rows", "ingested", "tables")


@dataclass(frozen=True)
class Read:
    """A select of the rows of some contents: table, contents, and where they are."""

    observatory: str
    table: str
    contents: list[str]
    ranges: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Run:
    """What a run did: contents, new rows, those compared, alerts, and time, s."""

    files: int
    rows: int
    compared: int
    alerts: int
    seconds: float
    excluded: Mapping[str, int]


def due(orbital: Session) -> tuple[pl.DataFrame, int]:
    """Return the contents that are due, and how many rows were compared within a day."""
    names = ("noted", "sha256", "observatory", "state", "rows", "compared", "healpix")
    states = {"state": ["due", "done"]}
    query = Query(TABLE, (*names, "account"), sets=states, full_scan=True)
    rows = orbital.query(query, kind="findings").frame
    recent = rows.filter(pl.col("state") == "done", pl.col("noted") > _utc_now() - DAY)[
        "compared"
    ].sum()
    contents = (
        rows.filter(pl.col("state") == "due", _is_observatory())
        .group_by("sha256", "observatory")
        .agg(
            pl.col("noted").min(),
            pl.col("rows").max(),
            pl.col("healpix").min(),
            pl.col("account").sort_by("noted").last(),
        )
        .sort("noted", "sha256")
    )
    return contents, int(recent)


def read_of(contents: pl.DataFrame, ledger: pl.DataFrame) -> list[Read]:
    """Return what to read for the rows of contents, by observatory.

    Only the tables that the ledger says they are in, and the part of the sky in which
    they are, if every one of them states it.
    """
    reads = []
    tables = dict(ledger.select("sha256", "tables").iter_rows())
    for (name,), group in contents.group_by(["observatory"], maintain_order=True):
        accounts = [json.loads(text or "{}").get(CELLS) for text in group["account"]]
        ends = [end for cells in accounts if cells for end in cells]
        stated = None not in accounts
        written = {
            table
            for sha256 in group["sha256"]
            for table in json.loads(tables.get(sha256) or "{}")
        }
        for table in COMPARED:
            if not written or f"{name}.{table}" in written:
                ranges = {CELLS: (min(ends), max(ends))} if stated else {}
                hashes = group["sha256"].unique().sort().to_list()
                reads += [
                    Read(str(name), table, part, ranges) for part in parts_of(hashes)
                ]
    return reads


def ingested_since(
    orbital: Session, since: datetime, answers: list[Answer]
) -> pl.DataFrame:
    """Return the contents ingested since then, in the shape of those that are due."""
    files = ledger(orbital, since, answers)
    return files.filter(pl.col("ingested") > since, _is_observatory()).select(
        "sha256",
        "observatory",
        pl.col("ingested").alias("noted"),
        "rows",
        pl.lit(None, pl.Int64).alias("healpix"),
        pl.lit(None, pl.String).alias("account"),
    )


def ledger(
    orbital: Session, since: datetime | None, answers: list[Answer]
) -> pl.DataFrame:
    """Return the contents ingested from then on, in order, numbered from 1."""
    ranges = {"ingested": (since, None)} if since else {}
    query = Query(
        "ops.files", FILES, sets={"state": ["ingested"]}, ranges=ranges, full_scan=True
    )
    answers.append(orbital.query(query, kind="findings"))
    return answers[-1].frame.sort("ingested").with_row_index("order", offset=1)


def settle(
    tx: Transaction, done: pl.DataFrame, begun: pl.DataFrame, low: int, run: Run
) -> None:
    """Note a run; the contents that are done are not due any more.

    Those of `begun` remain due from the HEALPix index `low` on.
    """
    for part in parts_of([*done["sha256"], *begun["sha256"]]):
        tx.delete(TABLE, [Clause("sha256", tuple(map(Equal, part)))])
    account = {
        "noted": _utc_now(),
        "state": "done",
        "account": json.dumps(dict(run.excluded)),
        **{n: getattr(run, n) for n in ("files", "rows", "compared", "alerts")},
        "seconds": run.seconds,
    }
    again = begun.with_columns(
        pl.lit("due").alias("state"), pl.lit(low, pl.Int64).alias("healpix")
    ).to_dicts()
    rows = pl.DataFrame([account, *again], schema=SHAPE)
    tx.insert(TABLE, rows.to_arrow())


def _is_observatory() -> pl.Expr:
    return pl.col("observatory").is_in(list(observatories()))


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


SHAPE = frame_of(schema.table(TABLE).arrow.empty_table()).schema
