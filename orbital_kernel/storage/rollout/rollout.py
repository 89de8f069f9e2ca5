"""From staged to live: the stages of an observatory, and the record of its going live.

The stages in order: its storage exists, its tables exist, they hold the rows that the
ingest ledger counted, and its queries keep their budgets. Then it may be declared live,
which adds a row with the evidence to ops.actions.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from orbital_kernel.errors import ProvisionError
from orbital_kernel.model.observatory import Observatory
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.storage_spec import Space
from orbital_kernel.storage.history import Ingested, LoggedQuery
from orbital_kernel.storage.protocols import Tables
from orbital_kernel.storage.provision.kinds import TABLE
from orbital_kernel.storage.provision.plan import Plan
from orbital_kernel.storage.rollout.requirements import (
    Measured,
    Requirements,
    measured,
)

LIVE = "declared live"
ACTIONS = "ops.actions"
STAGES = ("storage", "tables", "data", "queries", "live")


@dataclass(frozen=True)
class Stage:
    """One stage on the way to live.

    Attributes
    ----------
    name : str
        'storage', 'tables', 'data', 'queries' or 'live'.
    missing : tuple of str
        What is missing, with the command that helps.
    evidence : mapping
        The measurements behind it.
    """

    name: str
    missing: tuple[str, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """True if nothing is missing."""
        return not self.missing


@dataclass(frozen=True)
class Rollout:
    """The stages of one observatory on its way to live.

    Attributes
    ----------
    observatory : str
        Its name.
    stages : tuple of Stage
        The stages in order.
    """

    observatory: str
    stages: tuple[Stage, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be done before it can be declared live."""
        return tuple(
            f"{stage.name}: {reason}"
            for stage in self.stages
            if stage.name != "live"
            for reason in stage.missing
        )

    @property
    def live(self) -> bool:
        """True if it was declared live."""
        return all(stage.done for stage in self.stages if stage.name == "live")

    def to_json(self) -> dict[str, Any]:
        """Return the rollout as JSON values."""
        return {
            "observatory": self.observatory,
            "live": self.live,
            "missing": list(self.missing),
            "stages": [{**asdict(s), "done": s.done} for s in self.stages],
        }


@dataclass(frozen=True)
class Progress:
    """The data behind all rollouts, read once; `tables` are those that exist."""

    store: Tables
    tables: Collection[str]
    plan: Plan
    ingested: Mapping[str, Ingested]
    queries: Sequence[LoggedQuery]
    required: Requirements
    database: Space

    def rollout(self, observatory: Observatory) -> Rollout:
        """Return the rollout of one observatory."""
        name = observatory.name
        names = [table for table in self.tables if table.startswith(f"{name}.")]
        stored = {table: self.store.rows(table) for table in names}
        actions = declared(self.store, name) if ACTIONS in self.tables else []
        stages = (
            storage_stage(self.plan, (self.database, observatory.storage)),
            tables_stage(self.plan, name),
            data_stage(self.ingested.get(name), stored),
            queries_stage(measured(self.queries, name, self.required)),
            live_stage(actions),
        )
        return Rollout(name, stages)


def storage_stage(plan: Plan, spaces: Iterable[Space]) -> Stage:
    """Return the stage in which nothing of these spaces is to be created or changed."""
    names = {
        name
        for space in spaces
        for name in (
            space.view.name,
            space.policy.name,
            space.quota.name,
            space.qos.name,
        )
    }
    changes = [c for c in plan.changes if c.resource != TABLE and c.name in names]
    conflicts = [c for c in plan.conflicts if c.resource != TABLE and c.name in names]
    return Stage(
        "storage",
        (
            *(
                f"{c.action} {c.resource} {c.name}: orbital provision apply"
                for c in changes
            ),
            *(f"{c.resource} {c.name}: {c.reason}" for c in conflicts),
        ),
    )


def tables_stage(plan: Plan, observatory: str) -> Stage:
    """Return the stage in which the tables are as schema.py defines them."""
    prefix = f"{observatory}."
    absent = [
        f"{change.name} does not exist: orbital provision apply"
        for change in plan.changes
        if change.resource == TABLE and change.name.startswith(prefix)
    ]
    wrong = [
        f"{conflict.name}: {conflict.reason}"
        for conflict in plan.conflicts
        if conflict.resource == TABLE and conflict.name.startswith(prefix)
    ]
    return Stage("tables", (*absent, *wrong))


def data_stage(ingested: Ingested | None, stored: Mapping[str, int]) -> Stage:
    """Return the stage in which tables hold the rows that the ledger counted."""
    if ingested is None:
        return Stage("data", ("no file was ingested: orbital ingest PATH",))
    counts = {
        table: {"ledger": counted, "stored": stored.get(table, 0)}
        for table, counted in sorted(ingested.rows.items())
        if table in stored
    }
    wrong = tuple(
        f"{table} holds {count['stored']:,} rows, the ledger counted "
        f"{count['ledger']:,}: compare with orbital ingest PATH --validate"
        for table, count in counts.items()
        if count["ledger"] != count["stored"]
    )
    return Stage("data", wrong, {"files": ingested.files, "rows": counts})


def queries_stage(kinds: Sequence[Measured]) -> Stage:
    """Return the stage in which every kind of query keeps its budget."""
    return Stage(
        "queries",
        tuple(kind.missing for kind in kinds if kind.missing),
        {"kinds": [kind.to_json() for kind in kinds]},
    )


def live_stage(actions: Sequence[Mapping[str, Any]]) -> Stage:
    """Return the stage in which it was declared live, from rows of ops.actions."""
    if not actions:
        return Stage("live", ("not declared live: orbital rollout go-live NAME",))
    last = max(actions, key=lambda action: action["done"])
    since = last["done"].isoformat(timespec="seconds")
    return Stage("live", (), {"since": f"{since}Z", "by": last["actor"]})


def declared(store: Tables, observatory: str) -> list[dict[str, Any]]:
    """Return the rows of ops.actions that declare an observatory live."""
    rows = store.read(ACTIONS, [Clause("resource", (Equal(_resource(observatory)),))])
    return [row for row in rows.to_pylist() if row["action"] == LIVE]


def go_live(store: Tables, rollout: Rollout, *, who: str, now_s: float) -> None:
    """Declare an observatory live, with its stages as evidence.

    Raises ProvisionError if anything is missing, or if it is live already.
    """
    if rollout.live:
        raise ProvisionError(f"{rollout.observatory} is live already")
    if rollout.missing:
        raise ProvisionError(
            f"{rollout.observatory} cannot go live yet: {'; '.join(rollout.missing)}"
        )
    row = {
        "done": datetime.fromtimestamp(now_s, UTC).replace(tzinfo=None),
        "actor": who,
        "action": LIVE,
        "resource": _resource(rollout.observatory),
        "before": json.dumps({"live": False}),
        "after": json.dumps({"live": True}),
        "evidence": json.dumps(rollout.to_json()),
    }
    store.insert(ACTIONS, pa.Table.from_pylist([row]))


def _resource(observatory: str) -> str:
    return f"observatory {observatory}"
