"""Rules of view policies and QoS policies: references to them, and their limits."""

import ipaddress

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import (
    check_reference,
    check_unique,
    refuse_while_used,
    titled,
    with_tenant,
)
from vast_standin.vms.resource import Rules

_HOSTS = ("s3_read_write", "s3_read_only")
_STATIC = frozenset(
    f"{edge}_{direction}_{unit}"
    for edge in ("min", "max")
    for direction in ("reads", "writes")
    for unit in ("bw_mbps", "iops")
) | frozenset(
    f"burst_{direction}_{unit}"
    for direction in ("reads", "writes")
    for unit in ("bw_mb", "iops", "loan_mb", "loan_iops")
)
_TOTAL = frozenset(
    {
        "min_bw_mbps", "max_bw_mbps", "min_iops", "max_iops",
        "burst_bw_mb", "burst_iops", "burst_loan_mb", "burst_loan_iops",
    }
)  # fmt: skip
_CAPACITY = frozenset(
    f"max_{direction}_{unit}_per_gb_capacity"
    for direction in ("reads", "writes")
    for unit in ("bw_mbps", "iops")
)
_CAPACITY_TOTAL = frozenset({"max_bw_mbps_per_gb_capacity", "max_iops_per_gb_capacity"})
_LIMITS = {
    "static_limits": _STATIC,
    "static_total_limits": _TOTAL,
    "capacity_limits": _CAPACITY,
    "capacity_total_limits": _CAPACITY_TOTAL,
}
_USERS_BY = {"username": "name", "uid": "uid"}
_USER = {"name", "fqdn", "identifier_type", "identifier_value"}


class ViewPolicyRules(Rules):
    """View policies: their S3 host lists decide who may read and write."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the name and the host lists."""
        record = with_tenant(cluster, record)
        check_unique(cluster, "viewpolicies", record)
        _check_hosts(record)
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed name and host lists."""
        check_unique(cluster, "viewpolicies", {**old, **changes})
        check_reference(cluster, changes, "tenant_id", "tenants")
        _check_hosts(changes)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while views refer to it."""
        refuse_while_used(cluster, "views", "policy_id", record)

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add how many views refer to it."""
        home = cluster.records.all("clusters")[0]
        views = [
            v for v in cluster.records.all("views") if v["policy_id"] == record["id"]
        ]
        return {
            **titled(cluster, record),
            "count_views": len(views),
            "cluster": home["name"],
            "cluster_id": home["id"],
            "internal": False,
            "sync": "SYNCED",
            "sync_time": record["created"],
        }


class QosRules(Rules):
    """QoS policies: limits are stored and checked; traffic is not shaped."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the name and the limits."""
        record = with_tenant(cluster, record)
        check_unique(cluster, "qospolicies", record)
        _check_limits(record)
        _check_users(cluster, record)
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed name and limits."""
        merged = {**old, **changes}
        check_unique(cluster, "qospolicies", merged)
        _check_limits(merged)
        _check_users(cluster, merged)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while views refer to it."""
        refuse_while_used(cluster, "views", "qos_policy_id", record)

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the tenant's name, and 0 for each unset limit of a group with set ones."""
        limits = {
            name: {**dict.fromkeys(sorted(allowed), 0), **record[name]}  # type: ignore[dict-item]
            for name, allowed in _LIMITS.items()
            if record.get(name) is not None
        }
        return {**titled(cluster, record), **limits}


def _check_hosts(record: Record) -> None:
    for name in _HOSTS:
        for host in record.get(name) or []:  # type: ignore[attr-defined]
            if host == "*":
                continue
            try:
                ipaddress.ip_network(str(host), strict=False)
            except ValueError:
                raise bad_request(
                    f"{name}: {host!r} is neither * nor an address or network; host "
                    "names and netgroups are not implemented by this stand-in"
                ) from None


def _check_users(cluster: Cluster, record: Record) -> None:
    attached: list[Record] = record.get("attached_users") or []  # type: ignore[assignment]
    if attached and record.get("policy_type") != "USER":
        raise bad_request("attached_users: only policies of type USER have them")
    for item in attached:
        field = _USERS_BY.get(str(item.get("identifier_type")))
        value = str(item.get("identifier_value"))
        unknown = sorted(item.keys() - _USER)
        if unknown or field is None:
            raise bad_request(
                f"attached_users: identifier_type is one of {', '.join(_USERS_BY)}; "
                f"unknown fields: {unknown}"
            )
        if value not in [str(user[field]) for user in cluster.records.all("users")]:
            raise bad_request(f"attached_users: there is no user of {field} {value!r}")


def _check_limits(record: Record) -> None:
    for name, allowed in _LIMITS.items():
        limits = record.get(name) or {}
        unknown = sorted(set(limits) - allowed)  # type: ignore[call-overload]
        if unknown:
            raise bad_request(f"{name}: unknown limits {', '.join(unknown)}")
        for limit, value in limits.items():  # type: ignore[attr-defined]
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise bad_request(f"{name}.{limit}: a whole number from 0 is expected")
        for limit, value in limits.items():  # type: ignore[attr-defined]
            least = limits.get(limit.replace("max_", "min_", 1), 0)  # type: ignore[attr-defined]
            if limit.startswith("max_") and value and least > value:
                raise bad_request(
                    f"{name}.{limit}: the minimum {least} is above {value}"
                )
