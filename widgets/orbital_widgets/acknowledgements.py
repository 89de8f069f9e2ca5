"""Bursts that somebody has acknowledged: rows of ops.actions, which survive restarts."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel.query import Query

ACTIONS = "ops.actions"
ACTION = "acknowledged"


def acknowledge(orbital: Any, burst: Mapping[str, Any], by: str) -> None:
    """Record who has seen a burst, now; StoreError if the database does not answer."""
    row = {
        "done": datetime.now(UTC).replace(tzinfo=None),
        "actor": by,
        "action": ACTION,
        "resource": burst["burst_id"],
        "before": "{}",
        "after": json.dumps({"acknowledged_by": by}),
        "evidence": json.dumps(
            {name: burst.get(name) for name in ("cause", "significance", "series")}
        ),
    }
    done = pl.col("done").cast(pl.Datetime("ns"))
    rows = pl.DataFrame([row]).with_columns(done)
    orbital.store.insert(ACTIONS, rows.to_arrow())


def acknowledged(orbital: Any, burst_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the first acknowledgement of each of these bursts that has one."""
    if not burst_ids:
        return {}
    query = Query(ACTIONS, sets={"action": [ACTION], "resource": list(burst_ids)})
    rows = orbital.query(query, kind="actions").frame.sort("done", descending=True)
    return {row["resource"]: row for row in rows.to_dicts()}
