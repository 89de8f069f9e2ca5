"""Rare events kept in cross.findings, each with the evidence for it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.findings_kept import COLUMNS, keep
from orbital_kernel.science.one_band import FLUX_UNIT

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


def keep_rare(
    orbital: Session,
    kind: str,
    rows: pl.DataFrame,
    *,
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
    now = datetime.now(UTC).replace(tzinfo=None)
    frame = pl.DataFrame(
        [
            _finding(kind, row, first)
            | {
                "kind": kind,
                "found": now,
                "comparisons": looked_at,
                "evidence": json.dumps(
                    {"null": selection[0], "rules": [*selection[1:]], "row": row},
                    default=str,
                ),
            }
            for row in rows.to_dicts()
        ],
        schema=SHAPE,
    )
    placed = frame["ra"].is_not_null() & frame["dec"].is_not_null()
    ra, dec = (frame[n].fill_null(0.0).to_numpy() for n in ("ra", "dec"))
    cells = pl.Series("healpix", healpix(ra % 360, dec), dtype=pl.Int64)
    return (
        frame.with_columns(pl.when(placed).then(cells).alias("healpix"))
        .unique("finding_id", keep="first", maintain_order=True)
        .select(COLUMNS)
    )


def _finding(kind: str, row: Mapping[str, Any], first: str) -> dict[str, Any]:
    """Return what a ranked row itself has of a finding."""
    key = "|".join(str(row.get(name)) for name in IDENTITY[kind])
    observatory = row.get("observatory") or first
    in_erg = row.get("flux_unit") == FLUX_UNIT
    return {
        "finding_id": f"rare {kind} {key}",
        "object": next((row[name] for name in NAMES if row.get(name)), None),
        "observatory": observatory,
        "table": TABLES.get(kind, "{}.sources").format(observatory),
        "key": key,
        "ra": row.get("ra"),
        "dec": row.get("dec"),
        "time": row.get("observed") or row.get("time"),
        "flux": row.get("flux") if in_erg else None,
        "statistic": row.get("statistic"),
        "p_value": row.get("p_value"),
        "expected": row.get("expected"),
        "simulated": row.get("simulated"),
    }


def _shape() -> dict[str, pl.DataType]:
    texts = ("finding_id", "kind", "object", "observatory", "table", "key", "evidence")
    return {
        **{name: pl.Float64() for name in COLUMNS},
        **{name: pl.String() for name in texts},
        **{name: pl.Int64() for name in ("healpix", "earlier", "comparisons")},
        **{name: pl.Datetime("ns") for name in ("found", "time")},
        "simulated": pl.Boolean(),
        "alert": pl.Boolean(),
    }


SHAPE = _shape()
