"""Plan → apply → drift → destroy over one VMS and one database, with what was made kept."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orbital_kernel.errors import ProvisionError
from orbital_kernel.model import schema
from orbital_kernel.storage.protocols import Tables, Vms
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.created import ACTIONS, CreationLedger
from orbital_kernel.storage.provision.execute import Applied, Progress, apply
from orbital_kernel.storage.provision.kinds import TABLE
from orbital_kernel.storage.provision.plan import Plan, diff
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.provision.resource import Actual, Resource
from orbital_kernel.storage.provision.teardown import prune, teardown, undo, unwanted

TableMap = Mapping[str, schema.Table]


@dataclass(frozen=True)
class _Look:
    """What is wanted, what earlier applies made, and what is there."""

    desired: tuple[Resource, ...]
    ledger: CreationLedger
    actual: Actual


@dataclass(frozen=True)
class Provisioning:
    """`desired` tells what should be, given the tables there are."""

    vms: Vms
    database: Tables
    desired: Callable[[TableMap], tuple[Resource, ...]]

    def plan(self, *, yes_delete: tuple[str, ...] = ()) -> Plan:
        """Return what is to be made, set and, of what earlier applies made, removed."""
        look = self._look()
        gone = prune(
            look.ledger.created(), look.desired, look.actual, yes_delete=yes_delete
        )
        return diff(look.desired, look.actual).followed_by(gone)

    def apply(
        self, plan: Plan, *, progress: Progress | None = None, rollback: bool = False
    ) -> Applied:
        """Make the changes of a plan; ProvisionError where one could not be made.

        With `rollback` what was made and set is then taken back, where that is safe.
        """
        ledger = CreationLedger(self.database, ACTIONS in self.database.actual())
        applied = self._carried_out(plan, ledger, progress)
        if rollback and not applied.ok:
            undone = self._take_back(applied, ledger)
            words = f"{len(undone.done)} changes were taken back{_left_over(undone)}"
            raise ProvisionError(
                f"{applied.summary()}. {words}: mend the cause, apply again"
            )
        return applied.require()

    def destroy(
        self, *, yes_delete: tuple[str, ...] = (), progress: Progress | None = None
    ) -> tuple[Plan, Applied]:
        """Take down what is wanted and what earlier applies made."""
        look = self._look()
        created = look.ledger.created()
        plan = teardown(
            look.desired, look.actual, yes_delete=yes_delete, created=created
        )
        return plan, self._carried_out(plan, look.ledger, progress)

    def _look(self) -> _Look:
        """Read everything wanted, or made once; of tables no file names, count rows."""
        tables = self.database.actual()
        desired = self.desired(tables)
        ledger = CreationLedger(self.database, ACTIONS in tables)
        created = ledger.created()
        resources = (*desired, *(resource.resource() for resource in created))
        state = actual(self.vms, resources, tables)
        lost = {
            resource.identity
            for resource in unwanted(created, desired)
            if resource.kind == TABLE
        }
        return _Look(desired, ledger, self._counted(state, lost))

    def _counted(self, actual: Actual, tables: Collection[str]) -> Actual:
        """Return what is there with the rows of these tables told."""
        existing = tuple(
            replace(resource, raw={"rows": self.database.rows(resource.identity)})
            if resource.kind == TABLE and resource.identity in tables
            else resource
            for resource in actual.existing
        )
        return replace(actual, existing=existing)

    def _carried_out(
        self, plan: Plan, ledger: CreationLedger, progress: Progress | None
    ) -> Applied:
        """Carry a plan out and write down what it makes."""
        report = progress or (lambda _change, _state: None)

        def note(change: Change, state: str) -> None:
            if state == "done":
                ledger.note(change)
            report(change, state)

        if plan.changes and not plan.conflicts:
            ledger.begin(plan.changes)
        applied = apply(plan, self.vms, tables=self.database, progress=note)
        ledger.settle([failure.change for failure in applied.skipped])
        return applied

    def _take_back(self, applied: Applied, ledger: CreationLedger) -> Applied:
        desired = tuple(change.desired for change in applied.done if change.desired)
        created = {c.name for c in applied.done if c.action == "create"}
        state = actual(self.vms, desired, self.database.actual())
        back = undo(applied.done, self._counted(state, created))
        return self._carried_out(back, ledger, None)


def _left_over(undone: Applied) -> str:
    names: list[Any] = [f.change.name for f in (*undone.failed, *undone.skipped)]
    return f", {', '.join(names)} could not be" if names else ""
