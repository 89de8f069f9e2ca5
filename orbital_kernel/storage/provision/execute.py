"""Execute a plan step by step; a failure stops only what depends on it.

Each step checks the state before and after it acts. The same plan executed again, or a
new plan after a failure, does the remainder and nothing twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orbital_kernel.errors import OrbitalError, ProvisionError
from orbital_kernel.storage.protocols import Tables, Vms
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.created import Created
from orbital_kernel.storage.provision.kinds import KINDS
from orbital_kernel.storage.provision.plan import Plan
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.provision.resource import Resource
from orbital_kernel.storage.provision.steps import Steps
from orbital_kernel.storage.provision.teardown import teardown

Progress = Callable[[Change, str], None]
"""Called with each change and its state: doing, done, failed or skipped."""


@dataclass(frozen=True)
class Failure:
    """A change that was not made, and the reason."""

    change: Change
    reason: str


@dataclass(frozen=True)
class Applied:
    """The outcome of a plan.

    Attributes
    ----------
    done : tuple of Change
        The changes that were made.
    failed : tuple of Failure
        The changes that failed, with reasons.
    skipped : tuple of Failure
        The changes that wait for a failed one.
    """

    done: tuple[Change, ...]
    failed: tuple[Failure, ...] = ()
    skipped: tuple[Failure, ...] = ()

    @property
    def ok(self) -> bool:
        """True if every change was made."""
        return not self.failed and not self.skipped

    def require(self) -> "Applied":
        """Return itself; ProvisionError with every reason if a change failed."""
        if self.ok:
            return self
        raise ProvisionError(
            f"{self.summary()}. Remove the cause and apply again: nothing is "
            "created twice"
        )

    def summary(self) -> str:
        """Return the counts of changes, with the reason of each failure."""
        names: dict[str, list[str]] = {}
        for failure in (*self.failed, *self.skipped):
            label = f"{failure.change.resource} {failure.change.name}"
            names.setdefault(failure.reason, []).append(label)
        reasons = "; ".join(
            f"{', '.join(labels)}: {reason}" for reason, labels in names.items()
        )
        return (
            f"{len(self.done)} changes made, {len(self.failed)} failed, "
            f"{len(self.skipped)} skipped: {reasons}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON values."""

        def rows(failures: tuple[Failure, ...]) -> list[dict[str, str]]:
            return [{**_label(f.change), "reason": f.reason} for f in failures]

        return {
            "ok": self.ok,
            "done": [_label(change) for change in self.done],
            "failed": rows(self.failed),
            "skipped": rows(self.skipped),
        }


def apply(
    plan: Plan,
    vms: Vms,
    *,
    tables: Tables | None = None,
    progress: Progress | None = None,
) -> Applied:
    """Make every change of a plan that can be made, in order.

    Raises ProvisionError, before any change, if the plan has conflicts. Failures of
    single changes are in the result.
    """
    if plan.conflicts:
        reasons = "; ".join(
            f"{c.resource} {c.name}: {c.reason}" for c in plan.conflicts
        )
        raise ProvisionError(f"nothing was changed, first decide: {reasons}")
    run = Steps(vms, tables, plan.yes_delete)
    report = progress or (lambda _change, _state: None)
    done: list[Change] = []
    failed: list[Failure] = []
    skipped: list[Failure] = []
    for change in plan.changes:
        missing = _missing(change, (*failed, *skipped))
        if missing:
            skipped.append(Failure(change, f"waits for {missing}"))
            report(change, "skipped")
            continue
        report(change, "doing")
        try:
            done_change = run.carry_out(change)
        except OrbitalError as error:
            failed.append(Failure(change, str(error)))
            report(change, "failed")
        else:
            done.append(done_change)
            report(done_change, "done")
    return Applied(tuple(done), tuple(failed), tuple(skipped))


def destroy(
    desired: tuple[Resource, ...],
    vms: Vms,
    *,
    tables: Tables | None = None,
    yes_delete: tuple[str, ...] = (),
    created: tuple[Created, ...] = (),
    progress: Progress | None = None,
) -> tuple[Plan, Applied]:
    """Delete what was provisioned, except what is retained.

    What holds data, or may hold data, is deleted only if its name is in `yes_delete`.
    What earlier applies `created` is deleted too if the files no longer name it.
    """
    resources = (*desired, *(item.resource() for item in created))
    state = actual(vms, resources, tables.actual() if tables else None)
    plan = teardown(desired, state, yes_delete=yes_delete, created=created)
    return plan, apply(plan, vms, tables=tables, progress=progress)


def _missing(change: Change, failures: tuple[Failure, ...]) -> str:
    """Return the failed resource that this change needs, or ''."""
    if change.desired is None or change.action == "delete":
        return ""
    lost = {(f.change.resource, f.change.name) for f in failures}
    for need in needs(change.desired):
        if need in lost:
            return f"{need[0]} {need[1]}"
    return ""


def needs(resource: Resource) -> list[tuple[str, str]]:
    """Return kind and name of everything a resource refers to."""
    kind = KINDS.get(resource.kind)
    if kind is None:
        return [*resource.needs, ("tenant", resource.tenant)]
    named = [
        (reference.kind, target)
        for name, reference in kind.references.items()
        if name in resource.fields
        for target in (
            resource.fields[name] if reference.many else [resource.fields[name]]
        )
    ]
    return [*named, ("tenant", resource.tenant)] if kind.tenanted else named


def _label(change: Change) -> dict[str, str]:
    return {
        "action": change.action,
        "resource": change.resource,
        "name": change.name,
    }
