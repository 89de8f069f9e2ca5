"""Rules of tenants: names apart, but one cluster, one data port, one set of users."""

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.resource import Rules
from vast_standin.vms.storage_policies import refuse_while_used

DEFAULT = "default"
_OWNED = ("views", "quotas", "viewpolicies", "qospolicies")


class TenantRules(Rules):
    """Tenants separate paths and quotas; what would separate traffic is refused."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the name."""
        if cluster.records.find("tenants", name=record["name"]):
            raise bad_request(f"name: there is a tenant {record['name']!r} already")
        _refuse_shaping(record)
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Refuse what is not implemented."""
        del cluster, old
        _refuse_shaping(changes)
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
    for name in ("capacity_rules", "qos", "client_ip_ranges", "access_ip_ranges"):
        if record.get(name):
            raise bad_request(f"{name}: not implemented by this stand-in")
