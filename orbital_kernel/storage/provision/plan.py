"""The plan: the changes from the actual to the desired state.

`diff` compares the two; `teardown` plans deletions. Neither changes anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orbital_kernel.model.sizes import size_text
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.conflicts import Conflict, conflict, promises
from orbital_kernel.storage.provision.kinds import CLUSTER, KINDS, TABLE
from orbital_kernel.storage.provision.live_monitoring import within_limit
from orbital_kernel.storage.provision.resource import (
    Actual,
    Resource,
    differing,
    tolerated,
)

SIZES = ("soft_limit", "hard_limit")
BY_HAND = "change it by hand if it should be"
ANEW = (
    "queries return the same rows, some more slowly; for the other order drop the table, "
    "apply, and ingest its files again"
)


@dataclass(frozen=True)
class Plan:
    """The changes that lead to the desired state.

    Attributes
    ----------
    changes : tuple of Change
        In the order of execution.
    conflicts : tuple of Conflict
        Differences that a person must resolve; with conflicts, nothing is applied.
    notes : tuple of str
        What could not be checked, or stays different on purpose.
    retained : tuple of Conflict
        What is not deleted, with the reason ('kept' in JSON).
    unchanged : int
        Number of resources that are as desired.
    yes_delete : tuple of str
        Names that may be deleted although they hold data.
    """

    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()
    retained: tuple[Conflict, ...] = ()
    unchanged: int = 0
    yes_delete: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """True if there are neither changes nor conflicts."""
        return not self.changes and not self.conflicts

    def followed_by(self, other: "Plan") -> "Plan":
        """Return this plan followed by another."""
        return Plan(
            changes=(*self.changes, *other.changes),
            conflicts=(*self.conflicts, *other.conflicts),
            notes=(*self.notes, *other.notes),
            retained=(*self.retained, *other.retained),
            unchanged=self.unchanged + other.unchanged,
            yes_delete=(*self.yes_delete, *other.yes_delete),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values; retained resources have the key 'kept'."""
        return {
            "changes": [
                {
                    "action": change.action,
                    "resource": change.resource,
                    "name": change.name,
                    "id": change.existing.id if change.existing else None,
                    "before": dict(change.before),
                    "after": dict(change.after),
                    "reason": change.reason,
                }
                for change in self.changes
            ],
            "conflicts": [vars(conflict) for conflict in self.conflicts],
            "kept": [vars(retained) for retained in self.retained],
            "notes": list(self.notes),
            "unchanged": self.unchanged,
        }


def diff(desired: Sequence[Resource], actual: Actual) -> Plan:
    """Return the changes from the actual to the desired state; none is a deletion."""
    broken, unknown = promises(desired, actual)
    changes, conflicts, unchanged = [], list(broken), 0
    left_out = {*actual.absent, CLUSTER}
    offered, slower = within_limit(
        [resource for resource in desired if resource.kind not in left_out], actual
    )
    for resource in offered:
        trouble = conflict(resource, actual)
        change = None if trouble else _change(resource, actual)
        if trouble:
            conflicts.append(trouble)
        elif change:
            changes.append(change)
        else:
            unchanged += 1
    return Plan(
        changes=tuple(changes),
        conflicts=tuple(conflicts),
        notes=(
            *_not_offered(desired, actual),
            *_tolerated(offered, actual),
            *unknown,
            *slower,
        ),
        unchanged=unchanged,
    )


def shown(field_name: str, value: Any) -> str:
    """Return a field's value as text: sizes with units, lists in one line."""
    if field_name in SIZES and isinstance(value, int):
        return size_text(value)
    if field_name == "columns" and isinstance(value, Mapping):
        return f"{len(value)} columns"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown("", item) for item in value) or "none"
    return "unset" if value is None else str(value)


def _change(resource: Resource, actual: Actual) -> Change | None:
    matches = actual.matching(resource)
    if not matches:
        why = resource.reason or f"{resource.kind} {resource.identity} does not exist"
        return Change(
            "create", resource.kind, resource.name, {}, resource.fields, why, resource
        )
    existing = matches[0]
    names = differing(resource, existing)
    if not names:
        return None
    before = {name: existing.fields.get(name) for name in names}
    after = {name: resource.fields[name] for name in names}
    why = "; ".join(
        f"{n} is {shown(n, before[n])}, should be {shown(n, after[n])}" for n in names
    )
    return Change(
        "update", resource.kind, resource.name, before, after, why, resource, existing
    )


def _tolerated(desired: Sequence[Resource], actual: Actual) -> list[str]:
    return [
        f"{resource.kind} {resource.name}: {name} is "
        f"{shown(name, existing.fields[name])}, not "
        f"{shown(name, resource.fields[name])}, and stays so: "
        + (BY_HAND if resource.kind != TABLE else ANEW)
        for resource in desired
        for existing in actual.matching(resource)[:1]
        for name in tolerated(resource, existing)
    ]


def _not_offered(desired: Sequence[Resource], actual: Actual) -> list[str]:
    return [
        f"this VMS offers no {kind.resource}: "
        + ", ".join(r.name for r in desired if r.kind == kind.name)
        + " skipped"
        for kind in KINDS.values()
        if kind.name in actual.absent and any(r.kind == kind.name for r in desired)
    ]
