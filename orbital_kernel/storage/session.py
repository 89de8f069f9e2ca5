"""The session's storage: what the observatories need, planned, applied and watched."""

import getpass
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from orbital_kernel.config import Settings
from orbital_kernel.database import Store
from orbital_kernel.errors import ConfigError, ProvisionError
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import Observatory, observatories, site
from orbital_kernel.model.site import Site
from orbital_kernel.model.storage_spec import Space, named_as
from orbital_kernel.storage.cost import spending
from orbital_kernel.storage.cost.cost import (
    PRICES,
    CostToCome,
    Prices,
    Use,
    cost_to_come,
    prices,
)
from orbital_kernel.storage.growth.automation import Controller, Watched, watch
from orbital_kernel.storage.growth.forecast import trend
from orbital_kernel.storage.growth.growth import Decision
from orbital_kernel.storage.health import health as vms_health
from orbital_kernel.storage.health import watcher as watcher_life
from orbital_kernel.storage.health.checks import Health
from orbital_kernel.storage.health.service import service_checks
from orbital_kernel.storage.history import FILES, QUERIES, History, LoggedQuery
from orbital_kernel.storage.ledger import Ledger
from orbital_kernel.storage.listing import NotOffered
from orbital_kernel.storage.patience import LastAnswer, Patience
from orbital_kernel.storage.provision.desired import Limits, desired
from orbital_kernel.storage.provision.execute import Applied, Progress
from orbital_kernel.storage.provision.plan import Plan
from orbital_kernel.storage.provision.provisioning import Provisioning
from orbital_kernel.storage.provision.resource import Resource
from orbital_kernel.storage.rollout import rollout
from orbital_kernel.storage.rollout.requirements import (
    REQUIREMENTS,
    measured,
    requirements,
)
from orbital_kernel.storage.rollout.rollout import ACTIONS, Rollout
from orbital_kernel.storage.vms import Vms

DAY_S = 86400.0
SAMPLES = "ops.storage"
LOOK_S = 10.0
"""A look at the health ends in this time, unless its caller has another period."""
LOOK_ATTEMPTS = 2
"""A look is repeated anyway: it asks once more where an answer was lost, no more."""


class Storage:
    """Plan → apply → drift → destroy for every observatory, and the watch over them."""

    def __init__(
        self, settings: Settings, tables: Store, *, watch_folder: Path
    ) -> None:
        self._watch_folder = watch_folder
        self._vms = Vms.connect(settings.require_vms())
        self._tables = tables
        self._access_key = settings.access_key
        self._history = History(tables)
        self._database_answered = LastAnswer()
        self._provisioning = Provisioning(self._vms, tables, self._desired)

    @cached_property
    def site(self) -> Site:
        """The site file for this database; the access key in use owns its buckets."""
        from_file = site()
        try:
            owner = self._vms.owner_of(self._access_key)
        except NotOffered:
            owner = None
        return replace(
            from_file,
            bucket_owner=owner or from_file.bucket_owner,
            database=named_as(from_file.database, self._tables.database),
        )

    @cached_property
    def observatories(self) -> dict[str, Observatory]:
        """Every observatory that has a file, by name."""
        return observatories()

    def desired(self) -> tuple[Resource, ...]:
        """Return everything that should be: policies, views, quotas, QoS and tables.

        Quotas are never below what automation has raised them to.
        """
        return self._desired(self._tables.actual())

    def plan(self, *, yes_delete: tuple[str, ...] = ()) -> Plan:
        """Return the changes that would bring storage into the planned state.

        What an earlier apply made and no file names any more is deleted; what holds data
        only where its name is in `yes_delete`.
        """
        return self._provisioning.plan(yes_delete=yes_delete)

    def apply(
        self,
        plan: Plan | None = None,
        *,
        progress: Progress | None = None,
        rollback: bool = False,
    ) -> Applied:
        """Make the changes of a plan, a fresh one if none is given.

        Raises ProvisionError where a change could not be made; what was made stands, and
        applying again does the rest. With `rollback` what was made and set is taken back
        instead, where that is safe.
        """
        return self._provisioning.apply(
            plan or self.plan(), progress=progress, rollback=rollback
        )

    def destroy(
        self, *, yes_delete: tuple[str, ...] = (), progress: Progress | None = None
    ) -> tuple[Plan, Applied]:
        """Take down what was provisioned; what holds data only where it is named."""
        return self._provisioning.destroy(yes_delete=yes_delete, progress=progress)

    def endpoints(self) -> tuple[str, ...]:
        """Return where the VIP pools serve the database, each as 'host:port'."""
        return self._vms.endpoints()

    def health(
        self,
        *,
        feeds: Sequence[str] = (),
        limits: vms_health.Limits = vms_health.LIMITS,
        within_s: float = LOOK_S,
    ) -> Health:
        """Return the state of the platform with every check behind it, in time.

        What does not answer in time is 'unknown', with the reason and the age of its
        last answer; the database has half of the time, the VMS what is left.

        Parameters
        ----------
        feeds : sequence of str
            Observatories whose files must arrive all the time.
        limits : Limits
            What is still normal.
        within_s : float
            Seconds after which the look ends, whatever has answered by then.

        Raises
        ------
        ConfigError
            If an observatory of `feeds` has no file.
        """
        for name in feeds:
            self._observatory(name)
        vms = self._vms.within(within_s, attempts=LOOK_ATTEMPTS)
        tables = self._tables.bounded(within_s / 2)
        service = service_checks(
            History(tables),
            tables.actual,
            now_s=time.time(),
            feeds=feeds,
            limits=limits,
            patience=Patience().ending_in(within_s / 2, attempts=1),
            last_answer=self._database_answered,
        )
        watcher = watcher_life.check(watcher_life.last(self._watch_folder), time.time())
        stored = (space.storage for space in self.observatories.values())
        names = [space.quota.name for space in (site().database, *stored)]
        return vms_health.health(
            vms, quotas=names, limits=limits, more=(*service, watcher)
        )

    def quotas(
        self, *, dry_run: bool = False, approved: Mapping[str, int] | None = None
    ) -> tuple[Decision, ...]:
        """Sample every quota, forecast, and raise those that policy says; return all.

        `approved` are hard limits in bytes by quota name that a person allows beyond
        the policy's approval limit. With `dry_run` nothing is written. Raises
        ProvisionError where quotas or tables were not provisioned.
        """
        clusters = {str(row.get("name")) for row in self._vms.listing("clusters")}
        controller = Controller(
            self._vms,
            Ledger(self._tables),
            self._watched(approved or {}),
            tenant=self.site.tenant,
            promise=not clusters <= set(self.site.over_commit.named),
        )
        return controller.step(dry_run=dry_run)

    def quota_names(self) -> dict[str, str]:
        """Return the name of the quota on each path."""
        return {space.view.path: space.quota.name for space in self._spaces()}

    def queries(self, *, days: float) -> list[LoggedQuery]:
        """Return the queries of the last days from the latency ledger."""
        return self._history.queries(since_s=time.time() - days * DAY_S)

    def uses(self, queries: Iterable[LoggedQuery]) -> dict[str, Use]:
        """Return the bytes and the node time of each observatory, and what is shared.

        `asked` are the queries of a month. Raises ProvisionError where quotas were not
        provisioned.
        """
        used = {
            str(row["path"]): int(row.get("used_capacity") or 0)
            for row in self._vms.listing("quotas", paged=True)
            if row.get("tenant_name") in (None, self.site.tenant)
        }
        missing = [s.view.path for s in self._spaces() if s.view.path not in used]
        if missing:
            raise ProvisionError(
                f"there is no quota on {', '.join(missing)} to tell its use: run orbital "
                "provision apply"
            )
        table_sizes = {
            name: spending.table_bytes(self._vms, self._tables.database, name)
            for name in self.observatories
        }
        return spending.uses(
            {n: used[o.storage.view.path] for n, o in self.observatories.items()},
            {name: size for name, size in table_sizes.items() if size is not None},
            used[self.site.database.view.path],
            queries,
        )

    def costs_to_come(self, months: float, price: Prices) -> dict[str, CostToCome]:
        """Return by quota what storage will cost a month after so many months.

        From the samples that quota automation keeps; a quota with too few is left out.
        """
        if SAMPLES not in self._tables.actual():
            return {}
        ledger = Ledger(self._tables)
        trends = {
            space.quota.name: trend(ledger.samples(space.view.path))
            for space in self._spaces()
        }
        return {
            name: cost_to_come(growth, months, price)
            for name, growth in trends.items()
            if growth
        }

    def prices(self, path: Path = PRICES) -> Prices:
        """Return a file's prices, with the data reduction the cluster measures."""
        return prices(path).reduced_by(spending.data_reduction(self._vms))

    def rollout(
        self, *names: str, required: Path = REQUIREMENTS
    ) -> tuple[Rollout, ...]:
        """Return how far observatories are on their way to live; all if none is named.

        Raises ConfigError for one that has no file, or a bad requirements file.
        """
        chosen = [self._observatory(name) for name in names or self.observatories]
        required_budgets = requirements(required)
        tables = self._tables.actual()
        plan = self.plan()
        ingested = self._history.ingested() if FILES in tables else {}
        queries = self.queries(days=required_budgets.days) if QUERIES in tables else []
        rollouts = []
        for observatory in chosen:
            names_of_tables = [
                t for t in tables if t.startswith(f"{observatory.name}.")
            ]
            stored = {table: self._tables.rows(table) for table in names_of_tables}
            live = (
                rollout.declared(self._tables, observatory.name)
                if ACTIONS in tables
                else []
            )
            stages = (
                rollout.storage_stage(plan, (self.site.database, observatory.storage)),
                rollout.tables_stage(plan, observatory.name),
                rollout.data_stage(ingested.get(observatory.name), stored),
                rollout.queries_stage(
                    measured(queries, observatory.name, required_budgets)
                ),
                rollout.live_stage(live),
            )
            rollouts.append(Rollout(observatory.name, stages))
        return tuple(rollouts)

    def go_live(self, name: str, *, required: Path = REQUIREMENTS) -> Rollout:
        """Declare an observatory live, in ops.actions with its evidence, and return it.

        Raises ProvisionError with all that is missing.
        """
        (before,) = self.rollout(name, required=required)
        rollout.go_live(self._tables, before, who=getpass.getuser(), now_s=time.time())
        (after,) = self.rollout(name, required=required)
        return after

    def _desired(self, tables: Mapping[str, schema.Table]) -> tuple[Resource, ...]:
        grown: Limits = {}
        if ACTIONS in tables:
            paths = [space.view.path for space in self._spaces()]
            grown = Ledger(self._tables).grown(paths)
        return desired(self.observatories.values(), self.site, grown=grown)

    def _spaces(self) -> tuple[Space, ...]:
        spaces = (observatory.storage for observatory in self.observatories.values())
        return (self.site.database, *spaces)

    def _watched(self, approved: Mapping[str, int]) -> tuple[Watched, ...]:
        unknown = approved.keys() - {space.quota.name for space in self._spaces()}
        if unknown:
            raise ConfigError(
                f"there is no quota {', '.join(sorted(unknown))} to approve; there are "
                f"{', '.join(space.quota.name for space in self._spaces())}"
            )
        return tuple(
            replace(watched, approved_bytes=approved.get(watched.quota.name, 0))
            for watched in watch(self._spaces())
        )

    def _observatory(self, name: str) -> Observatory:
        if name not in self.observatories:
            raise ConfigError(
                f"there is no observatory {name!r}; there are "
                f"{', '.join(self.observatories)}"
            )
        return self.observatories[name]
