"""Rare events kept in cross.findings, each with the evidence for it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.findings import COLUMNS, keep

BELOW = 1.0
"""Kept are events whose expected number by chance is smaller, or unknown."""
IDENTITY = {
    "variability": ("observatory", "object", "instrument", "unit", "band"),
    "flux-ratio": ("source_a", "source_b", "kind"),
    "lone-burst": ("burst_id",),
    "transient": ("observatory", "missed_by", "source_id", "kind"),
    "extreme-hardness": ("observatory", "kind", "source_id", "obs_id"),
    "new-source": ("observatory", "catalog", "source_id", "obs_id"),
    "serendipitous-afterglow": ("name", "obs_id", "instrument"),
}
"""Columns that name an event, the same in every search."""
TABLES = {
    "variability": "{}.photometry",
    "lone-burst": "cross.bursts",
    "serendipitous-afterglow": "{}.grbs",
}
NAMES = ("object", "source_id", "source_a", "name")


def kept(
    orbital: Session,
    kind: str,
    rows: pl.DataFrame,
    looked_at: int,
    selection: Sequence[str],
    first: str,
) -> int:
    """Keep the events that chance hardly gives, in place of those of earlier searches."""
    usable = rows.filter(pl.col("expected").fill_null(0.0) < BELOW)
    findings = described(kind, usable, looked_at, selection, first)
    if len(findings):
        keep(orbital, findings)
    return len(findings)


def described(
    kind: str, rows: pl.DataFrame, looked_at: int, selection: Sequence[str], first: str
) -> pl.DataFrame:
    """Return ranked rows as rows of cross.findings; `evidence` has every column of each."""
    identity = [n for n in IDENTITY[kind] if n in rows.columns]
    key = pl.concat_str(
        [pl.col(n).cast(pl.String).fill_null("-") for n in identity], separator="|"
    )
    evidence = [
        json.dumps(
            {"null": selection[0], "rules": [*selection[1:]], "row": row}, default=str
        )
        for row in rows.to_dicts()
    ]
    base = {name: _column(rows, name, kind_) for name, kind_ in SHAPE.items()}
    frame = rows.select(
        **base,
        _key=key,
    )
    ra, dec = (frame[n].fill_null(0.0).to_numpy() for n in ("ra", "dec"))
    cells = pl.Series(healpix(ra % 360, dec), dtype=pl.Int64)
    placed = frame["ra"].is_not_null() & frame["dec"].is_not_null()
    observatory = pl.col("observatory").fill_null(first)
    table = TABLES.get(kind, "{}.sources")
    now = datetime.now(UTC).replace(tzinfo=None)
    return (
        frame.with_columns(
            pl.format("rare {} {}", pl.lit(kind), "_key").alias("finding_id"),
            pl.lit(kind).alias("kind"),
            pl.lit(now, pl.Datetime("ns")).alias("found"),
            pl.coalesce(
                [_column(rows, n, pl.String()) for n in NAMES if n in rows.columns]
                or [pl.lit(None, pl.String)]
            ).alias("object")
            if False
            else pl.col("object"),
            observatory.alias("observatory"),
            pl.concat_str(
                pl.lit(table).str.replace(r"\{\}", "")
                if "{}" not in table
                else observatory,
                pl.lit("" if "{}" not in table else table.removeprefix("{}")),
            ).alias("table"),
            pl.col("_key").alias("key"),
            pl.Series("healpix", cells).set(~placed, None),
            pl.lit(looked_at, pl.Int64).alias("comparisons"),
            pl.Series("evidence", evidence, dtype=pl.String),
        )
        .unique("finding_id", keep="first", maintain_order=True)
        .select(COLUMNS)
    )
