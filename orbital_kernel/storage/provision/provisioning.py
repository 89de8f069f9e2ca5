"""Plan, apply and destroy over one VMS and one database, with a ledger of creations."""

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
class _State:
    """The desired state, the ledger of creations, and the actual state."""

    desired: tuple[Resource, ...]
    ledger: CreationLedger
    actual: Actual


@dataclass(frozen=True)
class Provisioning:
    """`desired` returns the desired resources, given the tables that exist."""

    vms: Vms
    database: Tables
    desired: Callable[[TableMap], tuple[Resource, ...]]

    def plan(self, *, yes_delete: tuple[str, ...] = ()) -> Plan:
        """Return what to create, set and, of what earlier applies created, delete."""
        state = self._read_state()
        deletions = prune(
            state.ledger.created(), state.desired, state.actual, yes_delete=yes_delete
        )
        return diff(state.desired, state.actual).followed_by(deletions)

    def apply(
        self, plan: Plan, *, progress: Progress | None = None, rollback: bool = False
    ) -> Applied:
        """Make the changes of a plan; ProvisionError if one failed.

        With `rollback`, what was created and set is then taken back where that is safe.
        """
        ledger = CreationLedger(self.database, ACTIONS in self.database.actual())
        applied = self._carried_out(plan, ledger, progress)
        if rollback and not applied.ok:
            undone = self._take_back(applied, ledger)
            words = f"{len(undone.done)} changes were taken back{_left_over(undone)}"
            raise ProvisionError(
                f"{applied.summary()}. {words}: remove the cause, then apply again"
            )
        return applied.require()

    def destroy(
        self, *, yes_delete: tuple[str, ...] = (), progress: Progress | None = None
    ) -> tuple[Plan, Applied]:
        """Delete what is desired and what earlier applies created."""
        state = self._read_state()
        created = state.ledger.created()
        plan = teardown(
            state.desired, state.actual, yes_delete=yes_delete, created=created
        )
        return plan, self._carried_out(plan, state.ledger, progress)

    def _read_state(self) -> _State:
        """Read the actual state; count the rows of tables that no file names."""
        tables = self.database.actual()
        desired = self.desired(tables)
        ledger = CreationLedger(self.database, ACTIONS in tables)
        created = ledger.created()
        resources = (*desired, *(resource.resource() for resource in created))
        found_state = actual(self.vms, resources, tables)
        lost = {
            resource.identity
            for resource in unwanted(created, desired)
            if resource.kind == TABLE
        }
        return _State(desired, ledger, self._counted(found_state, lost))

    def _counted(self, actual: Actual, tables: Collection[str]) -> Actual:
        """Return the actual state with the row counts of these tables."""
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
        """Execute a plan and record what it creates."""
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
