"""The session's storage: what the observatories need, planned, applied and watched."""

from orbital_kernel.config import Settings
from orbital_kernel.observatory import observatories, site
from orbital_kernel.storage import apply as vms_apply
from orbital_kernel.storage import health as vms_health
from orbital_kernel.storage.apply import Applied, Vms
from orbital_kernel.storage.checks import Health
from orbital_kernel.storage.execute import Progress
from orbital_kernel.storage.plan import Plan, Resource, desired, diff
from orbital_kernel.store import Store


class Storage:
    """Plan → apply → drift → destroy for every observatory, through the VMS."""

    def __init__(self, settings: Settings, tables: Store) -> None:
        self._vms = Vms.connect(settings.require_vms())
        self._tables = tables

    def desired(self) -> tuple[Resource, ...]:
        """Return everything that should be: policies, views, quotas, QoS and tables."""
        return desired(observatories().values(), site())

    def plan(self) -> Plan:
        """Return the changes that would bring storage into the planned state."""
        wanted = self.desired()
        return diff(wanted, self._vms.actual(wanted, tables=self._tables))

    def apply(
        self, plan: Plan | None = None, *, progress: Progress | None = None
    ) -> Applied:
        """Make the changes of a plan, a fresh one if none is given.

        Raises ProvisionError where a change could not be made; what was made stands, and
        applying again does the rest.
        """
        applied = vms_apply.apply(
            plan or self.plan(), self._vms, tables=self._tables, progress=progress
        )
        return applied.require()

    def destroy(
        self, *, yes_delete: tuple[str, ...] = (), progress: Progress | None = None
    ) -> tuple[Plan, Applied]:
        """Take down what was provisioned; what holds data only where it is named."""
        return vms_apply.destroy(
            self.desired(),
            self._vms,
            tables=self._tables,
            yes_delete=yes_delete,
            progress=progress,
        )

    def health(self) -> Health:
        """Return the state of the platform with every check behind it."""
        names = [
            resource.name for resource in self.desired() if resource.kind == "quota"
        ]
        return vms_health.health(self._vms, quotas=names)
