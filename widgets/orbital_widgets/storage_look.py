"""One look at the storage: health, quotas, samples, actions, latencies and the plan."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from orbital_kernel.errors import ProvisionError
from orbital_kernel.query import Query, latency
from orbital_kernel.storage.growth.outlook import outlook
from orbital_kernel.storage.health.checks import Health
from orbital_kernel.storage.provision.plan import Plan

ACTIONS = 10
DAYS = 30.0
"""Age of the oldest samples and queries shown, d."""


@dataclass(frozen=True)
class StorageLook:
    """What one look at the storage found.

    Parameters
    ----------
    health : Health
        The checks of the platform.
    quotas : list of dict
        Use (bytes), limits (bytes) and forecast of each quota.
    unknown : str
        Why the quotas could not be read; '' if they were.
    samples : polars.DataFrame
        Rows of ops.storage of the last 30 days.
    actions : polars.DataFrame
        The newest rows of ops.actions.
    latencies : list of KindLatency
        Latency of the last 30 days' queries by kind, beside its budget.
    plan : Plan
        What `apply` would change.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets.storage_look import look
    >>> look(connect()).plan.changes
    ()
    """

    health: Health
    quotas: list[dict[str, Any]]
    unknown: str
    samples: pl.DataFrame
    actions: pl.DataFrame
    latencies: list[latency.KindLatency]
    plan: Plan


def look(orbital: Any) -> StorageLook:
    """Return the state of a session's storage.

    Parameters
    ----------
    orbital : Orbital
        The session.

    Returns
    -------
    StorageLook
        What was found; nothing is changed.

    Raises
    ------
    OrbitalError
        If the platform does not answer.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets.storage_look import look
    >>> {"orbital-swift"} <= {quota["quota"] for quota in look(connect()).quotas}
    True
    """
    storage = orbital.storage
    orbital.flush()
    since = (datetime.now(UTC) - timedelta(days=DAYS)).replace(tzinfo=None)
    quotas, unknown = [], ""
    try:
        quotas = outlook(storage.quotas(dry_run=True), storage.quota_names())
    except ProvisionError as error:  # a quota is missing: the plan makes it
        unknown = str(error)
    return StorageLook(
        storage.health(),
        quotas,
        unknown,
        _since(orbital, "ops.storage", "sampled", since),
        _newest_actions(orbital, since),
        latency.by_kind(_since(orbital, "ops.queries", "asked", since)),
        storage.plan(),
    )


def _since(
    orbital: Any, table: str, column: str, since: datetime | None
) -> pl.DataFrame:
    """Return the rows of a ledger since an instant (UTC, as ledgers store it)."""
    ranges = {} if since is None else {column: (since, None)}
    query = Query(table, ranges=ranges, full_scan=True)
    rows: pl.DataFrame = orbital.query(query, kind="dashboard").frame
    return rows


def _newest_actions(orbital: Any, since: datetime) -> pl.DataFrame:
    """Return the newest actions, of the whole ledger only if these days have too few."""
    rows = _since(orbital, "ops.actions", "done", since)
    if len(rows) < ACTIONS:
        rows = _since(orbital, "ops.actions", "done", None)
    return rows.sort("done", descending=True).head(ACTIONS)
