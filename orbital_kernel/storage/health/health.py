"""The health of the storage: the answers of the VMS, compared with limits.

A field that is missing or has an unexpected value is 'unknown', and so is every check
whose request failed. A resource that this VMS does not offer is 'absent'.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from orbital_kernel.errors import ProvisionError
from orbital_kernel.model.sizes import size_text
from orbital_kernel.storage.health.checks import Check, Health, graded, health_of
from orbital_kernel.storage.health.metrics import view_checks
from orbital_kernel.storage.history import p99
from orbital_kernel.storage.listing import NotOffered, Row
from orbital_kernel.storage.protocols import Vms

QUOTA_STATES = {
    "OK": "ok",
    "SOFT_EXCEEDED": "warn",
    "INODE_SOFT_EXCEEDED": "warn",
    "SOFT_BOTH_EXCEEDED": "warn",
    "HARD_EXCEEDED": "bad",
    "INODE_HARD_EXCEEDED": "bad",
    "HARD_BOTH_EXCEEDED": "bad",
    "GRACE_EXPIRED": "bad",
    "FAILED": "bad",
}
CLUSTER_STATES = {
    "ONLINE": "ok",
    "OFFLINE": "bad",
    "FAILED": "bad",
    "KILLED": "bad",
    "KILLING": "bad",
    "DEACTIVATING": "bad",
    "INIT": "warn",
    "ACTIVATING": "warn",
    "INSTALLING": "warn",
    "BOOTSTRAP": "warn",
}
RAID_STATES = {"HEALTHY": "ok", "REBALANCE": "ok", "DEGRADED": "bad", "FAILED": "bad"}
NODE_STATES = {"ACTIVE": "ok", "INACTIVE": "warn", "FAILED": "bad"}
SEVERITIES = {"CRITICAL": "bad", "MAJOR": "warn", "MINOR": "ok", "INFO": "ok"}
VMS_STATES = {"ok": "ok", "warning": "warn", "error": "bad"}
RAIDS = ("ssd", "nvram", "memory")


@dataclass(frozen=True)
class Limits:
    """Limits of the checks: percent of capacity and quota, milliseconds, seconds.

    `query_p99_ms` is the limit of the 99th percentile of query times; `ingest_lag_s` is
    the limit of the age of a feed's newest file. Twice and four times as much is 'bad'.
    """

    capacity_warn: float = 80.0
    capacity_bad: float = 90.0
    quota_warn: float = 80.0
    quota_bad: float = 95.0
    latency_warn_ms: float = 5.0
    latency_bad_ms: float = 50.0
    query_p99_ms: float = 1000.0
    ingest_lag_s: float = 900.0


LIMITS = Limits()


def health(
    vms: Vms,
    *,
    quotas: Sequence[str] = (),
    limits: Limits = Limits(),
    more: Iterable[Check] = (),
) -> Health:
    """Return the state of a VMS and every check behind it.

    `quotas` names the quotas that must exist; without any, all are checked. `more` are
    checks from elsewhere, such as those of the query ledger. Does not raise if the VMS
    fails to answer: the state is then 'unknown'.
    """
    checks: list[Check] = []
    for name, checks_of in CHECKS.items():
        checks += _checks_or_state(name, partial(checks_of, vms, limits))
    checks += _checks_or_state("quota", partial(_quotas, vms, limits, quotas))
    return health_of((*checks, *more))


def latency_check(
    kind: str, milliseconds: Sequence[float], limits: Limits = Limits()
) -> Check:
    """Return the check of one kind of query from the ledger: its 99th percentile."""
    return graded(
        f"query {kind}",
        p99(milliseconds),
        warn=limits.query_p99_ms,
        bad=2 * limits.query_p99_ms,
        unit="ms",
        quantity=f"99th percentile of {len(milliseconds)} queries ({kind})",
    )


def lag_check(
    observatory: str, lag_s: float | None, limits: Limits = Limits()
) -> Check:
    """Return the check of the seconds since a feed's newest file was ingested."""
    return graded(
        f"ingest {observatory}",
        lag_s,
        warn=limits.ingest_lag_s,
        bad=4 * limits.ingest_lag_s,
        unit="s",
        quantity="ingest lag",
    )


def _checks_or_state(
    name: str, checks_of: Callable[[], Iterable[Check]]
) -> list[Check]:
    try:
        return list(checks_of())
    except NotOffered as error:
        return [Check(name, "absent", f"this VMS does not offer it: {error}")]
    except (ProvisionError, TypeError, ValueError, KeyError) as error:
        return [Check(name, "unknown", f"could not be checked: {error}")]


def _named(name: str, value: Any, states: Mapping[str, str], quantity: str) -> Check:
    state = states.get(str(value), "unknown")
    return Check(
        name, state, f"{quantity} is {value if value is not None else 'unknown'}"
    )


def _vms(vms: Vms, _: Limits) -> Iterable[Check]:
    yield _named(
        "vms", vms.get("health").get("status"), VMS_STATES, "the VMS's own state"
    )


def _cluster(vms: Vms, limits: Limits) -> Iterable[Check]:
    rows = vms.listing("clusters")
    if not rows:
        yield Check("cluster", "unknown", "the VMS lists no cluster")
    for row in rows:
        name = str(row.get("name"))
        yield _named(f"cluster {name}", row.get("state"), CLUSTER_STATES, "state")
        yield graded(
            f"capacity {name}",
            _percent(row),
            warn=limits.capacity_warn,
            bad=limits.capacity_bad,
            unit="%",
            quantity=f"physical capacity in use ({_free(row)})",
        )
        yield _reduction(name, row)
        for raid in RAIDS:
            yield _raid(name, raid, row)


def _percent(row: Row) -> float | None:
    used, total = row.get("physical_space_in_use"), row.get("physical_space")
    return 100.0 * used / total if used is not None and total else None


def _free(row: Row) -> str:
    free = row.get("free_usable_capacity")
    return "free space unknown" if free is None else f"{size_text(free)} free"


def _reduction(name: str, row: Row) -> Check:
    ratio = row.get("drr")
    if ratio is None:
        return Check(f"reduction {name}", "unknown", "data reduction is unknown")
    text = f"data reduction is {ratio:.3g} to 1"
    return Check(f"reduction {name}", "ok", text, float(ratio), None, "")


def _raid(name: str, raid: str, row: Row) -> Check:
    field = f"{raid}_raid_state"
    if field not in row:
        return Check(f"raid {raid} {name}", "absent", f"this VMS has no {field}")
    return _named(f"raid {raid} {name}", row[field], RAID_STATES, field)


def _nodes(resource: str) -> Callable[[Vms, Limits], Iterable[Check]]:
    def checks_of(vms: Vms, _: Limits) -> Iterable[Check]:
        for row in vms.listing(resource):
            name = f"{resource[:-1]} {row.get('name')}"
            if row.get("is_mgmt") and row.get("state") == "INACTIVE":
                yield Check(name, "ok", "management node, inactive as it should be")
            elif row.get("enabled") is False:
                yield Check(name, "warn", "disabled")
            else:
                yield _named(name, row.get("state"), NODE_STATES, "state")

    return checks_of


def _alarms(vms: Vms, _: Limits) -> Iterable[Check]:
    rows = vms.listing("alarms", paged=True)
    open_ = [row for row in rows if not row.get("acknowledged")]
    if not open_:
        yield Check("alarms", "ok", f"none open, {len(rows)} acknowledged", 0.0)
    for row in open_:
        severity = str(row.get("severity"))
        yield Check(
            f"alarm {row.get('object_type')} {row.get('object_name')} "
            f"{row.get('event_name')}",
            SEVERITIES.get(severity.upper(), "unknown"),
            f"{severity}: {row.get('alarm_message')}",
        )


def _quotas(vms: Vms, limits: Limits, names: Sequence[str]) -> Iterable[Check]:
    rows = {str(row.get("name")): row for row in vms.listing("quotas", paged=True)}
    for name in names or rows:
        if name not in rows:
            yield Check(f"quota {name}", "bad", "it does not exist: provision it")
            continue
        row = rows[name]
        yield _named(
            f"quota {name} state", row.get("state"), QUOTA_STATES, _state_text(row)
        )
        yield _quota_use(name, row, limits)


def _quota_use(name: str, row: Row, limits: Limits) -> Check:
    used, hard = row.get("used_capacity"), row.get("hard_limit")
    if not hard:
        return Check(
            f"quota {name} use", "unknown", "it has no hard limit to compare use with"
        )
    return graded(
        f"quota {name} use",
        None if used is None else 100.0 * used / hard,
        warn=limits.quota_warn,
        bad=limits.quota_bad,
        unit="%",
        quantity="use of the hard limit"
        if used is None
        else f"{size_text(used)} in use",
    )


def _state_text(row: Row) -> str:
    remaining = row.get("time_to_block")
    return f"state (writes stop in {remaining})" if remaining else "state"


CHECKS: Mapping[str, Callable[[Vms, Limits], Iterable[Check]]] = {
    "vms": _vms,
    "cluster": _cluster,
    "cnodes": _nodes("cnodes"),
    "dnodes": _nodes("dnodes"),
    "alarms": _alarms,
    "views": lambda vms, limits: view_checks(
        vms, warn_ms=limits.latency_warn_ms, bad_ms=limits.latency_bad_ms
    ),
}
