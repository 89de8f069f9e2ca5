"""Plan → apply → drift → destroy over one VMS and one database, with what was made kept."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orbital_kernel.errors import ProvisionError
from orbital_kernel.model import schema
from orbital_kernel.storage.protocols import Tables, Vms
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.created import ACTIONS, MadeLedger
from orbital_kernel.storage.provision.execute import Applied, Progress, apply
from orbital_kernel.storage.provision.kinds import TABLE
from orbital_kernel.storage.provision.plan import Plan, diff
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.provision.resource import Actual, Resource
from orbital_kernel.storage.provision.teardown import prune, teardown, undo, unwanted

Known = Mapping[str, schema.Table]


@dataclass(frozen=True)
class _Look:
    """What is wanted, what earlier applies made, and what is there."""

    wanted: tuple[Resource, ...]
    made: MadeLedger
    actual: Actual


@dataclass(frozen=True)
class Provisioning:
    """`desired` tells what should be, given the tables there are."""

    vms: Vms
    database: Tables
    desired: Callable[[Known], tuple[Resource, ...]]

    def plan(self, *, yes_delete: tuple[str, ...] = ()) -> Plan:
        """Return what is to be made, set and, of what earlier applies made, removed."""
        look = self._look()
        gone = prune(look.made.made(), look.wanted, look.actual, yes_delete=yes_delete)
        return diff(look.wanted, look.actual).then(gone)

    def apply(
        self, plan: Plan, *, progress: Progress | None = None, rollback: bool = False
    ) -> Applied:
        """Make the changes of a plan; ProvisionError where one could not be made.

        With `rollback` what was made and set is then taken back, where that is safe.
        """
        ledger = MadeLedger(self.database, ACTIONS in self.database.actual())
        applied = self._carried_out(plan, ledger, progress)
        if rollback and not applied.ok:
            taken = self._take_back(applied, ledger)
            words = f"{len(taken.done)} changes were taken back{_left_over(taken)}"
            raise ProvisionError(
                f"{applied.told()}. {words}: mend the cause, apply again"
            )
        return applied.require()

    def destroy(
        self, *, yes_delete: tuple[str, ...] = (), progress: Progress | None = None
    ) -> tuple[Plan, Applied]:
        """Take down what is wanted and what earlier applies made."""
        look = self._look()
        made = look.made.made()
        plan = teardown(look.wanted, look.actual, yes_delete=yes_delete, made=made)
        return plan, self._carried_out(plan, look.made, progress)

    def _look(self) -> _Look:
        """Read everything wanted, or made once; of tables no file names, count rows."""
        known = self.database.actual()
        wanted = self.desired(known)
        ledger = MadeLedger(self.database, ACTIONS in known)
        made = ledger.made()
        every = (*wanted, *(one.resource() for one in made))
        state = actual(self.vms, every, known)
        lost = {one.identity for one in unwanted(made, wanted) if one.kind == TABLE}
        return _Look(wanted, ledger, self._counted(state, lost))

    def _counted(self, actual: Actual, tables: Collection[str]) -> Actual:
        """Return what is there with the rows of these tables told."""
        found = tuple(
            replace(one, raw={"rows": self.database.rows(one.identity)})
            if one.kind == TABLE and one.identity in tables
            else one
            for one in actual.found
        )
        return replace(actual, found=found)

    def _carried_out(
        self, plan: Plan, ledger: MadeLedger, progress: Progress | None
    ) -> Applied:
        """Carry a plan out and write down what it makes."""
        tell = progress or (lambda _change, _state: None)

        def noted(change: Change, state: str) -> None:
            if state == "done":
                ledger.note(change)
            tell(change, state)

        if plan.changes and not plan.conflicts:
            ledger.begin(plan.changes)
        applied = apply(plan, self.vms, tables=self.database, progress=noted)
        ledger.settle([failure.change for failure in applied.skipped])
        return applied

    def _take_back(self, applied: Applied, ledger: MadeLedger) -> Applied:
        wanted = tuple(change.wanted for change in applied.done if change.wanted)
        made = {c.name for c in applied.done if c.action == "create"}
        state = actual(self.vms, wanted, self.database.actual())
        back = undo(applied.done, self._counted(state, made))
        return self._carried_out(back, ledger, None)


def _left_over(taken: Applied) -> str:
    left: list[Any] = [f.change.name for f in (*taken.failed, *taken.skipped)]
    return f", {', '.join(left)} could not be" if left else ""
