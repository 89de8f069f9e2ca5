"""`orbital.storage`: what the observatories need, planned, applied, watched, paid for."""

import getpass
import time
from functools import cached_property
from pathlib import Path

from orbital_kernel.storage.cost.methods import CostMethods
from orbital_kernel.storage.growth.methods import GrowthMethods
from orbital_kernel.storage.health.methods import HealthMethods
from orbital_kernel.storage.history import FILES, QUERIES
from orbital_kernel.storage.provision.execute import Applied, Progress
from orbital_kernel.storage.provision.plan import Plan
from orbital_kernel.storage.provision.provisioning import Provisioning
from orbital_kernel.storage.provision.resource import Resource
from orbital_kernel.storage.rollout import rollout
from orbital_kernel.storage.rollout.requirements import REQUIREMENTS, requirements
from orbital_kernel.storage.rollout.rollout import Rollout

__all__ = ["Storage"]


class Storage(HealthMethods, GrowthMethods, CostMethods):
    """Views, quotas, QoS policies and tables of every observatory, and their state.

    The files of the observatories and of the site state what is desired; the VMS and the
    database answer what exists. `plan` is the difference, `apply` removes it.

    Parameters
    ----------
    settings : Settings
        Address and credentials of the VMS, and the access key of the database.
    tables : Store
        The database.
    watch_folder : Path
        The folder in which the watcher of bursts writes its sign of life.

    References
    ----------
    VAST Management System REST API (`VASTClient` of vastpy): `/views/`, `/viewpolicies/`,
    `/qospolicies/`, `/quotas/`, `/tenants/`, `/vippools/`, `/protectionpolicies/`,
    `/protectedpaths/`.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> storage = connect().storage
    >>> "swift" in storage.observatories
    True
    """

    @cached_property
    def _provisioning(self) -> Provisioning:
        return Provisioning(self._vms, self._tables, self._inventory.desired)

    def desired(self) -> tuple[Resource, ...]:
        """Return every resource that the files ask for.

        Returns
        -------
        tuple of Resource
            Policies, views, quotas, QoS policies and tables, in the order of creation.
            A quota is never below the limit to which automation has raised it.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "orbital-swift" in {resource.name for resource in orbital.storage.desired()}
        True
        """
        return self._inventory.desired(self._tables.actual())

    def plan(self, *, yes_delete: tuple[str, ...] = ()) -> Plan:
        """Return the changes that would bring storage into the desired state.

        Parameters
        ----------
        yes_delete : tuple of str, default ()
            Names of views and tables that may be deleted although they hold data.

        Returns
        -------
        Plan
            Changes in the order of execution, conflicts that a person must resolve, and
            what is retained. What an earlier apply created and no file names any more is
            deleted.

        Raises
        ------
        ProvisionError
            If the VMS refuses a request or does not answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.storage.plan().empty
        True
        """
        return self._provisioning.plan(yes_delete=yes_delete)

    def apply(
        self,
        plan: Plan | None = None,
        *,
        progress: Progress | None = None,
        rollback: bool = False,
    ) -> Applied:
        """Make the changes of a plan; applying twice changes nothing.

        Parameters
        ----------
        plan : Plan, optional
            The plan to carry out; by default a fresh one.
        progress : callable, optional
            Called with each change and its state: doing, done, failed or skipped.
        rollback : bool, default False
            On a failure, take back what this run created and set, where that is safe. By
            default it stays, and the next apply does the remainder.

        Returns
        -------
        Applied
            The changes that were made.

        Raises
        ------
        ProvisionError
            If the plan has conflicts (nothing is changed) or a change failed.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.storage.apply().done
        ()
        """
        return self._provisioning.apply(
            plan or self.plan(), progress=progress, rollback=rollback
        )

    def destroy(
        self, *, yes_delete: tuple[str, ...] = (), progress: Progress | None = None
    ) -> tuple[Plan, Applied]:
        """Delete what was provisioned, except what holds data.

        Parameters
        ----------
        yes_delete : tuple of str, default ()
            Names of views and tables that may be deleted although they hold data.
        progress : callable, optional
            Called with each change and its state: doing, done, failed or skipped.

        Returns
        -------
        plan : Plan
            The deletions, and in `retained` what holds data or is needed by it.
        applied : Applied
            The outcome; `applied.require()` raises ProvisionError if a deletion failed.

        Raises
        ------
        ProvisionError
            If the VMS refuses to list what exists or does not answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> plan, applied = connect().storage.destroy()  # doctest: +SKIP
        """
        return self._provisioning.destroy(yes_delete=yes_delete, progress=progress)

    def endpoints(self) -> tuple[str, ...]:
        """Return the addresses at which the VIP pools serve the database.

        Returns
        -------
        tuple of str
            One 'host:port' for each node, for parallel reading.

        Raises
        ------
        ProvisionError
            If the VMS does not offer them or does not answer.

        References
        ----------
        VMS REST API, `GET /vastdb/vips/`: `vip`, `port`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> all(":" in endpoint for endpoint in orbital.storage.endpoints())
        True
        """
        return self._vms.endpoints()

    def rollout(
        self, *names: str, required: Path = REQUIREMENTS
    ) -> tuple[Rollout, ...]:
        """Return how far observatories are on their way to being declared live.

        Parameters
        ----------
        *names : str
            Observatories; all of them if none is named.
        required : Path, default REQUIREMENTS
            A TOML file of the query budgets that must be kept.

        Returns
        -------
        tuple of Rollout
            Stages of each observatory, with what is missing.

        Raises
        ------
        ConfigError
            If an observatory has no file, or the requirements file is invalid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> (swift,) = connect().storage.rollout("swift")
        >>> [stage.name for stage in swift.stages]
        ['storage', 'tables', 'data', 'queries', 'live']
        """
        chosen = [
            self._inventory.observatory(name) for name in names or self.observatories
        ]
        budgets = requirements(required)
        tables = self._tables.actual()
        progress = rollout.Progress(
            store=self._tables,
            tables=tables,
            plan=self.plan(),
            ingested=self._history.ingested() if FILES in tables else {},
            queries=self.queries(days=budgets.days) if QUERIES in tables else [],
            required=budgets,
            database=self.site.database,
        )
        return tuple(progress.rollout(observatory) for observatory in chosen)

    def go_live(self, name: str, *, required: Path = REQUIREMENTS) -> Rollout:
        """Declare an observatory live, recorded in `ops.actions` with its evidence.

        Parameters
        ----------
        name : str
            The observatory.
        required : Path, default REQUIREMENTS
            A TOML file of the query budgets that must be kept.

        Returns
        -------
        Rollout
            Its stages, all done.

        Raises
        ------
        ProvisionError
            If anything is missing (all of it is named), or if it is live already.
        ConfigError
            If the observatory has no file, or the requirements file is invalid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> connect().storage.go_live("swift")  # doctest: +SKIP
        """
        (before,) = self.rollout(name, required=required)
        rollout.go_live(self._tables, before, who=getpass.getuser(), now_s=time.time())
        (after,) = self.rollout(name, required=required)
        return after
