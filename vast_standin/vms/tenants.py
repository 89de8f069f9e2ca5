"""Rules of tenants: separate names, but one cluster, one data port, one set of users.

Capacity rules and the number of views are enforced; soft limits and grace periods of a
tenant are stored and shown, and block nothing here.
"""

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import refuse_while_used
from vast_standin.vms.resource import Rules

DEFAULT = "default"
_OWNED = ("views", "quotas", "viewpolicies", "qospolicies", "vippools")
_CAPACITY = {"soft_limit": int, "hard_limit": int, "grace_period": str}


class TenantRules(Rules):
    """Tenants separate paths and quotas; settings that would separate traffic are refused."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the name."""
        if cluster.records.find("tenants", name=record["name"]):
            raise bad_request(f"name: there is a tenant {record['name']!r} already")
        _refuse_shaping(record)
        _check_capacity(record)
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Refuse what is not implemented."""
        del cluster, old
        _refuse_shaping(changes)
        _check_capacity(changes)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse the default tenant, and any that owns something."""
        if record["name"] == DEFAULT:
            raise ProtocolError(409, "Conflict", "the default tenant cannot be deleted")
        for resource in _OWNED:
            refuse_while_used(cluster, resource, "tenant_id", record)

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add title and state."""
        del cluster
        return {
            **record,
            "title": record["name"],
            "sync": "SYNCED",
            "sync_time": record["created"],
        }


def _refuse_shaping(record: Record) -> None:
    for name in ("qos", "client_ip_ranges", "access_ip_ranges"):
        if record.get(name):
            raise bad_request(f"{name}: not implemented by this stand-in")


def check_writable(cluster: Cluster, tenant_id: object, size: int) -> None:
    """Raise 507 if a tenant's hard limit leaves no room for `size` more bytes."""
    tenant = cluster.records.get("tenants", tenant_id)
    rules = (tenant or {}).get("capacity_rules") or {}
    hard = rules.get("hard_limit")  # type: ignore[attr-defined]
    if not hard:
        return
    used = cluster.space_under("/", tenant_id).bytes
    if used + size > hard:
        raise ProtocolError(
            507,
            "QuotaExceeded",
            f"tenant {(tenant or {}).get('name')} blocks this write of {size} bytes: "
            f"{used} of {hard} bytes are used",
        )


def _check_capacity(record: Record) -> None:
    rules = record.get("capacity_rules") or {}
    unknown = sorted(set(rules) - set(_CAPACITY))  # type: ignore[call-overload]
    if unknown:
        raise bad_request(f"capacity_rules: {', '.join(unknown)} not implemented here")
    for name, value in rules.items():  # type: ignore[attr-defined]
        if type(value) is not _CAPACITY[name]:
            raise bad_request(f"capacity_rules.{name}: {value!r} is not a valid value")
    soft, hard = (rules.get(f"{edge}_limit") or 0 for edge in ("soft", "hard"))  # type: ignore[attr-defined]
    if soft < 0 or hard < 0 or (hard and soft > hard):
        raise bad_request(f"capacity_rules: soft {soft} and hard {hard} contradict")
