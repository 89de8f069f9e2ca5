"""Samples of quotas and actions of automation, kept in the database.

Samples go into ops.storage, actions into ops.actions. Both survive restarts, every
controller sees them, and they can be queried like other tables.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from orbital_kernel.model.predicate import Clause, Equal, Range
from orbital_kernel.storage.growth.forecast import Sample
from orbital_kernel.storage.growth.growth import Decision, QuotaState
from orbital_kernel.storage.protocols import Tables

SAMPLES = "ops.storage"
ACTOR = "quota automation"
INTENDED = "expand intended"
EXPANDED = "expanded"
REFUSED = "asked"
RAISED_BY_OTHER = "found raised"


class Ledger:
    """Samples and actions by quota path; times are seconds since 1970, UTC."""

    def __init__(self, store: Tables) -> None:
        self._store = store

    def sample(self, name: str, now: QuotaState, *, at_s: float) -> None:
        """Record the use of a quota."""
        row = {
            "sampled": _instant(at_s),
            "resource": "quota",
            "name": name,
            "path": now.path,
            "used_bytes": now.used_bytes,
            "soft_limit_bytes": now.soft_bytes,
            "hard_limit_bytes": now.hard_bytes,
            "state": now.state,
        }
        self._store.insert(SAMPLES, pa.Table.from_pylist([row]))

    def samples(self, path: str, *, since_s: float = 0.0) -> list[Sample]:
        """Return the samples of a quota since then, oldest first."""
        rows = self._store.read(
            SAMPLES,
            [
                Clause("path", (Equal(path),)),
                Clause("sampled", (Range(low=_instant(since_s)),)),
            ],
        )
        samples = [
            Sample(_seconds(row["sampled"]), row["used_bytes"])
            for row in rows.select(["sampled", "used_bytes"]).to_pylist()
        ]
        return sorted(samples, key=lambda sample: sample.time_s)

    def act(
        self, action: str, before: QuotaState, decision: Decision, *, at_s: float
    ) -> None:
        """Record a decision or an action, with limits before and after, and evidence."""
        row = {
            "done": _instant(at_s),
            "actor": ACTOR,
            "action": action,
            "resource": decision.path,
            "before": _limits(before.soft_bytes, before.hard_bytes),
            "after": _limits(decision.soft_bytes, decision.hard_bytes),
            "evidence": json.dumps({**decision.evidence, "reason": decision.reason}),
        }
        self._store.insert("ops.actions", pa.Table.from_pylist([row]))

    def actions(self, *paths: str) -> list[dict[str, Any]]:
        """Return the actions on the quotas of these paths, oldest first, as values."""
        if not paths:
            return []
        clause = Clause("resource", tuple(Equal(path) for path in paths))
        rows = self._store.read("ops.actions", [clause])
        actions = [
            {
                **row,
                "done": _seconds(row["done"]),
                "before": json.loads(row["before"]),
                "after": json.loads(row["after"]),
                "evidence": json.loads(row["evidence"]),
            }
            for row in rows.to_pylist()
            if row["actor"] == ACTOR
        ]
        order = {INTENDED: 0, EXPANDED: 1, RAISED_BY_OTHER: 1}
        return sorted(
            actions, key=lambda row: (row["done"], order.get(row["action"], 2))
        )

    def grown(self, paths: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return the soft and hard limits (bytes) that automation set last, by path."""
        done = [a for a in self.actions(*paths) if a["action"] == EXPANDED]
        return {
            action["resource"]: (action["after"]["soft"], action["after"]["hard"])
            for action in done
        }


def _limits(soft: int, hard: int) -> str:
    return json.dumps({"soft": soft, "hard": hard})


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _seconds(instant: datetime) -> float:
    return instant.replace(tzinfo=UTC).timestamp()
