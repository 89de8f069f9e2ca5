"""What applies have made, remembered in ops.actions: what may be pruned one day.

What is to be made is written down before it is made and settled after, so that a crash
between leaves no orphan. What was there already is adopted, and adopted is not made: it
is never pruned.
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
ADOPTED, UPDATED, LEFT = "adopted", "updated", "not created"

Key = tuple[str, str, str]
"""Kind, tenant and identity."""


@dataclass(frozen=True)
class Made:
    """One thing an apply has made; `id` is None where it was not told in time."""

    kind: str
    name: str
    tenant: str
    identity: str
    id: int | None = None

    @property
    def key(self) -> Key:
        """What tells it apart."""
        return self.kind, self.tenant, self.identity

    def resource(self) -> Resource:
        """Return it as something to look for."""
        return Resource(self.kind, self.name, self.tenant, self.identity, {})


@dataclass
class MadeLedger:
    """Writes and reads what was made; `writable` is whether its table is there."""

    store: Tables
    writable: bool
    _done: list[Change] = field(default_factory=list)
    _todo: tuple[Change, ...] = ()

    def begin(self, changes: Sequence[Change]) -> None:
        """Write down what is to be made."""
        self._todo = tuple(change for change in changes if change.action == "create")
        self._write(INTENDED, self._todo if self.writable else ())

    def note(self, change: Change) -> None:
        """Take in a change that was made; where it is the ledger's table, begin."""
        self._done.append(change)
        if change.resource == TABLE and change.name == ACTIONS:
            self.writable = change.action == "create"
            self._write(INTENDED, self._todo if self.writable else ())

    def settle(self, skipped: Iterable[Change] = ()) -> None:
        """Write down what was done, with ids; nothing where the table is not there."""
        told: dict[str, list[Change]] = {}
        for change in self._done:
            told.setdefault(_word(change), []).append(change)
        told[LEFT] = [change for change in skipped if change.action == "create"]
        for word, changes in told.items():
            self._write(word, changes)
        self._done.clear()

    def made(self) -> tuple[Made, ...]:
        """Return what was made and neither deleted since nor found made by somebody."""
        if not self.writable:
            return ()
        rows = self.store.read(ACTIONS, [Clause("actor", (Equal(ACTOR),))]).to_pylist()
        known: dict[Key, Made] = {}
        open_: Counter[Key] = Counter()
        for row in sorted(rows, key=lambda row: row["done"]):
            for one in (Made(**told) for told in json.loads(row["after"])):
                _take_in(row["action"], one, known, open_)
        return tuple(known.values())

    def _write(self, action: str, changes: Sequence[Change]) -> None:
        made = [_made(change) for change in changes]
        if not made or not self.writable:
            return
        names = ", ".join(f"{one.kind} {one.name}" for one in made)
        row: dict[str, Any] = {
            "done": datetime.now(UTC).replace(tzinfo=None),
            "actor": ACTOR,
            "action": action,
            "resource": names[:200],
            "before": json.dumps([]),
            "after": json.dumps([asdict(one) for one in made]),
            "evidence": json.dumps(
                {f"{c.resource} {c.name}": c.reason for c in changes}
            ),
        }
        self.store.insert(ACTIONS, pa.Table.from_pylist([row]))


def _take_in(
    action: str, one: Made, known: dict[Key, Made], open_: Counter[Key]
) -> None:
    """Take one row in; `open_` counts intents of which nobody knows what came.

    What is to be made is not there: an id known from before is of something that is
    gone. What is found there after an earlier intent was left open is what that one made: its
    request took effect after its run had given up.
    """
    if action == INTENDED:
        known[one.key] = one
        open_[one.key] += 1
    elif action == CREATED:
        known[one.key] = one
        open_[one.key] = 0
    elif action == DELETED:
        known.pop(one.key, None)
        open_[one.key] = 0
    elif action in (ADOPTED, LEFT):
        open_[one.key] -= 1
        told = known.get(one.key)
        if told and told.id is None and open_[one.key] < 1:
            known.pop(one.key)


def _word(change: Change) -> str:
    """Return what was done; a creation that found it there is told as such an update."""
    if change.action == "update":
        return UPDATED if change.before else ADOPTED
    return CREATED if change.action == "create" else DELETED


def _made(change: Change) -> Made:
    of = change.wanted or change.found
    if of is None:  # a change is of something wanted or found
        raise ValueError(f"{change.name} is neither wanted nor found")
    item = change.found.id if change.found else None
    return Made(change.resource, change.name, of.tenant or "", of.identity, item)
