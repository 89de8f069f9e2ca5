"""`orbital.storage` as far as it watches: health."""

import time
from collections.abc import Sequence

from orbital_kernel.storage.connections import Connections
from orbital_kernel.storage.health import health as vms_health
from orbital_kernel.storage.health import watcher as watcher_life
from orbital_kernel.storage.health.checks import Health
from orbital_kernel.storage.health.service import service_checks
from orbital_kernel.storage.history import History
from orbital_kernel.storage.patience import LOOK_S, Patience

LOOK_ATTEMPTS = 2
"""Requests of `health` are repeated once; the next look repeats them anyway."""


class HealthMethods(Connections):
    """The state of the VMS, the database and the watcher."""

    def health(
        self,
        *,
        feeds: Sequence[str] = (),
        limits: vms_health.Limits = vms_health.LIMITS,
        within_s: float = LOOK_S,
    ) -> Health:
        """Return the state of the platform and every check behind it, in limited time.

        Parameters
        ----------
        feeds : sequence of str, default ()
            Observatories that must send files continuously.
        limits : Limits, default LIMITS
            The limits of the checks, in percent, milliseconds and seconds.
        within_s : float, default 10.0
            Seconds after which the method returns. The database has half of them, the
            VMS the remainder. A part that does not answer in time is 'unknown', with
            the reason and the age of its last answer.

        Returns
        -------
        Health
            The worst state ('ok', 'absent', 'unknown', 'warn' or 'bad') and the checks.

        Raises
        ------
        ConfigError
            If an observatory of `feeds` has no file.

        References
        ----------
        VMS REST API: `/health/` (`status`), `/clusters/` (`state`, `physical_space`,
        `physical_space_in_use`, `drr`, `ssd_raid_state`), `/cnodes/`, `/dnodes/`,
        `/alarms/`, `/quotas/` (`state`, `used_capacity`, `hard_limit`,
        `time_to_block`), `/monitors/ad_hoc_query/`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.storage.health().state in ("ok", "unknown", "warn", "bad")
        True
        """
        for name in feeds:
            self._inventory.observatory(name)
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
        return vms_health.health(
            vms,
            quotas=self._inventory.quota_names(),
            limits=limits,
            more=(*service, watcher),
        )
