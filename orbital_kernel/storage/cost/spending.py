"""Measured use by owner: bytes from the VMS, node time from the query ledger."""

from collections.abc import Iterable, Mapping
from typing import Any

from orbital_kernel.errors import ProvisionError
from orbital_kernel.model.storage_spec import Space
from orbital_kernel.storage.cost.cost import Bill, Prices, Use, query_cost
from orbital_kernel.storage.history import LoggedQuery, times_by_kind
from orbital_kernel.storage.listing import NotOffered
from orbital_kernel.storage.protocols import Vms

SHARED = "shared"
"""Owner of what belongs to no single observatory: cross, ops, and overhead."""


def table_bytes(vms: Vms, database: str, observatory: str) -> int | None:
    """Return the bytes of an observatory's tables, None if the VMS has no sizes."""
    try:
        rows = vms.listing("tables", database_name=database, schema_name=observatory)
    except NotOffered:
        return None
    sizes = [row.get("size") for row in rows]
    return None if None in sizes else sum(int(size) for size in sizes if size)


def quota_bytes(vms: Vms, tenant: str, spaces: Iterable[Space]) -> dict[str, int]:
    """Return the bytes in use on the quota of each space, by path.

    Raises ProvisionError for a space that has no quota.
    """
    used = {
        str(row["path"]): int(row.get("used_capacity") or 0)
        for row in vms.listing("quotas", paged=True)
        if row.get("tenant_name") in (None, tenant)
    }
    paths = [space.view.path for space in spaces]
    missing = [path for path in paths if path not in used]
    if missing:
        raise ProvisionError(
            f"the use of {', '.join(missing)} is unknown, because there is no quota on "
            "it: run orbital provision apply"
        )
    return {path: used[path] for path in paths}


def data_reduction(vms: Vms) -> float | None:
    """Return the data reduction of the cluster, None if unknown or of several."""
    ratios = [row.get("drr") for row in vms.listing("clusters")]
    return float(ratios[0]) if len(ratios) == 1 and ratios[0] else None


def uses(
    raw: Mapping[str, int],
    tables: Mapping[str, int],
    database_bytes: int,
    queries: Iterable[LoggedQuery],
) -> dict[str, Use]:
    """Return the use of each observatory and of SHARED.

    `raw` and `tables` are bytes by observatory, `queries` those of one month. A query
    keeps one node busy for its time.
    """
    busy: dict[str, float] = {}
    for query in queries:
        schema = query.table.partition(".")[0]
        owner = schema if schema in raw else SHARED
        busy[owner] = busy.get(owner, 0.0) + query.milliseconds / 1000
    remainder = max(0, database_bytes - sum(tables.values()))
    stored = {name: size + tables.get(name, 0) for name, size in raw.items()}
    return {
        owner: Use(size, busy.get(owner, 0.0))
        for owner, size in {**stored, SHARED: remainder}.items()
    }


def query_costs(queries: Iterable[LoggedQuery], price: Prices) -> list[dict[str, Any]]:
    """Return the number of queries of each kind, and the cost of a thousand."""
    times = times_by_kind(queries)
    return [
        {
            "kind": kind,
            "queries": len(ms),
            "mean_milliseconds": sum(ms) / len(ms),
            "cost_of_1000": 1000 * query_cost(sum(ms) / len(ms), 1, price),
        }
        for kind, ms in sorted(times.items())
    ]


def bill_rows(
    bills: Iterable[Bill], uses: Mapping[str, Use], price: Prices
) -> list[dict[str, Any]]:
    """Return bills with the use behind them, as JSON values."""
    return [
        {
            "owner": bill.owner,
            "stored_bytes": uses[bill.owner].stored_bytes,
            "node_seconds_a_month": uses[bill.owner].node_seconds_a_month,
            "storage_a_month": bill.storage,
            "queries_a_month": bill.queries,
            "total_a_month": bill.total,
            "currency": price.currency,
        }
        for bill in bills
    ]
