"""The resources that applies created, recorded in ops.actions; these may be pruned.

An intended creation is recorded before it starts and settled after it, so that a crash
leaves no orphan. A resource that existed before is adopted and never pruned.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.storage.protocols import Tables
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.kinds import TABLE
from orbital_kernel.storage.provision.resource import Resource

ACTIONS = "ops.actions"
ACTOR = "provisioning"
INTENDED, CREATED, DELETED = "create intended", "created", "deleted"
ADOPTED, UPDATED, NOT_CREATED = "adopted", "updated", "not created"

Key = tuple[str, str, str]
"""Kind, tenant and identity."""


@dataclass(frozen=True)
class Created:
    """One resource that an apply created; `id` is None if the run ended too early.

    The names of the fields are those of the documents in ops.actions.
    """

    kind: str
    name: str
    tenant: str
    identity: str
    id: int | None = None

    @property
    def key(self) -> Key:
        """Its identity."""
        return self.kind, self.tenant, self.identity

    def resource(self) -> Resource:
        """Return it as a resource to look up."""
        return Resource(self.kind, self.name, self.tenant, self.identity, {})


@dataclass
class CreationLedger:
    """Records and reads creations; `writable` if its table exists."""

    store: Tables
    writable: bool
    _done: list[Change] = field(default_factory=list)
    _planned: tuple[Change, ...] = ()

    def begin(self, changes: Sequence[Change]) -> None:
        """Record the intended creations."""
        self._planned = tuple(change for change in changes if change.action == "create")
        self._write(INTENDED, self._planned if self.writable else ())

    def note(self, change: Change) -> None:
        """Note a change that was made; if it created the ledger's table, begin."""
        self._done.append(change)
        if change.resource == TABLE and change.name == ACTIONS:
            self.writable = change.action == "create"
            self._write(INTENDED, self._planned if self.writable else ())

    def settle(self, skipped: Iterable[Change] = ()) -> None:
        """Record what was done, with ids; nothing if the table does not exist."""
        changes_by_word: dict[str, list[Change]] = {}
        for change in self._done:
            changes_by_word.setdefault(_word(change), []).append(change)
        changes_by_word[NOT_CREATED] = [
            change for change in skipped if change.action == "create"
        ]
        for word, changes in changes_by_word.items():
            self._write(word, changes)
        self._done.clear()

    def created(self) -> tuple[Created, ...]:
        """Return what was created, and neither deleted nor adopted since."""
        if not self.writable:
            return ()
        rows = self.store.read(ACTIONS, [Clause("actor", (Equal(ACTOR),))]).to_pylist()
        created: dict[Key, Created] = {}
        pending: Counter[Key] = Counter()
        for row in sorted(rows, key=lambda row: row["done"]):
            for fields in json.loads(row["after"]):
                _take_in(row["action"], Created(**fields), created, pending)
        return tuple(created.values())

    def _write(self, action: str, changes: Sequence[Change]) -> None:
        items = [_created(change) for change in changes]
        if not items or not self.writable:
            return
        names = ", ".join(f"{item.kind} {item.name}" for item in items)
        row: dict[str, Any] = {
            "done": datetime.now(UTC).replace(tzinfo=None),
            "actor": ACTOR,
            "action": action,
            "resource": names[:200],
            "before": json.dumps([]),
            "after": json.dumps([asdict(item) for item in items]),
            "evidence": json.dumps(
                {f"{c.resource} {c.name}": c.reason for c in changes}
            ),
        }
        self.store.insert(ACTIONS, pa.Table.from_pylist([row]))


def _take_in(
    action: str, item: Created, created: dict[Key, Created], pending: Counter[Key]
) -> None:
    """Add one row of the ledger; `pending` counts intents with unknown outcome.

    An intent means that the resource did not exist, so an earlier id is void. A resource
    that is adopted after an open intent was created by that intent: its request took
    effect after the run had given up.
    """
    if action == INTENDED:
        created[item.key] = item
        pending[item.key] += 1
    elif action == CREATED:
        created[item.key] = item
        pending[item.key] = 0
    elif action == DELETED:
        created.pop(item.key, None)
        pending[item.key] = 0
    elif action in (ADOPTED, NOT_CREATED):
        pending[item.key] -= 1
        earlier = created.get(item.key)
        if earlier and earlier.id is None and pending[item.key] < 1:
            created.pop(item.key)


def _word(change: Change) -> str:
    """Return what was done; an update of nothing before is an adoption."""
    if change.action == "update":
        return UPDATED if change.before else ADOPTED
    return CREATED if change.action == "create" else DELETED


def _created(change: Change) -> Created:
    resource = change.desired or change.existing
    if resource is None:
        raise ValueError(f"{change.name} is neither desired nor existing")
    item = change.existing.id if change.existing else None
    return Created(
        change.resource, change.name, resource.tenant or "", resource.identity, item
    )
