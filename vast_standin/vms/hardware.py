"""The cluster and its nodes, as one process on one disk can honestly report them."""

import os
import platform
from datetime import timedelta

from vast_standin import __version__
from vast_standin.vms.cluster import Cluster, platform_name
from vast_standin.vms.records import Record
from vast_standin.vms.resource import Rules

SW_VERSION = "5.5.0.1"


class ClusterRules(Rules):
    """The one cluster: physical space is the disk's, logical space what views hold."""

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add capacities, state and the quotas' sums."""
        total, used, free = cluster.disk()
        logical = cluster.total_space().bytes
        quotas = cluster.records.all("quotas")
        allocated = sum(int(str(q.get("hard_limit") or 0)) for q in quotas)
        held = sum(
            cluster.space_under(str(q["path"]), q["tenant_id"]).bytes for q in quotas
        )
        uptime = timedelta(seconds=int(cluster.clock() - cluster.started))
        return {
            **record,
            "title": record["name"],
            "system_name": record["name"],
            "state": "ONLINE",
            "sw_version": SW_VERSION,
            "build": f"vast_standin on {platform_name()}",
            **_spaces("physical", total, used, free),
            **_spaces("logical", logical + free, logical, free),
            "usable_capacity_bytes": total,
            "free_usable_capacity": free,
            "auxiliary_space_in_use": max(0, used - logical),
            "drr": 1.0,
            "drr_text": "1.0:1",
            "ssd_raid_state": "HEALTHY",
            "nvram_raid_state": "HEALTHY",
            "memory_raid_state": "HEALTHY",
            "raid_drives_can_fail": 0,
            "quotas_allocated_capacity": allocated,
            "quotas_used_capacity": held,
            "quotas_used_percent": round(100 * held / allocated, 2)
            if allocated
            else 0.0,
            "uptime": str(uptime),
            "enabled": True,
            "enable_s3": True,
            "leader_state": "UP",
            "mgmt_vip": "127.0.0.1",
            **cluster.rates(),
        }


def list_cnodes(cluster: Cluster) -> list[Record]:
    """Return the one node that answers: this process."""
    return [
        {
            **_node(cluster, "cnode-1"),
            "is_mgmt": True,
            "cores": os.cpu_count() or 1,
            "data_tcp_port": cluster.addresses[0][1] if cluster.addresses else None,
        }
    ]


def list_dnodes(cluster: Cluster) -> list[Record]:
    """Return the one node that stores: this machine's disk."""
    return [_node(cluster, "dnode-1")]


def list_versions(cluster: Cluster) -> list[Record]:
    """Return the one version that is installed."""
    home = cluster.records.all("clusters")[0]
    return [
        {
            "id": 1,
            "guid": f"{home['guid']}-version-1",
            "name": SW_VERSION,
            "title": SW_VERSION,
            "sys_version": SW_VERSION,
            "os_version": platform.platform(),
            "build": f"vast_standin {__version__}",
            "status": "success",
            "created": home["created"],
        }
    ]


def list_vms(cluster: Cluster) -> list[Record]:
    """Return the one management service."""
    home = cluster.records.all("clusters")[0]
    return [
        {
            "id": 1,
            "guid": f"{home['guid']}-vms-1",
            "name": "vms",
            "title": "vms",
            "state": "ONLINE",
            "sw_version": SW_VERSION,
            "build": f"vast_standin {__version__}",
            "ip": "127.0.0.1",
            "mgmt_vip": "127.0.0.1",
            "created": home["created"],
            "capacity_base_10": True,
            "performance_base_10": True,
            "tabular_support": "SUPPORTED",
        }
    ]


def _node(cluster: Cluster, name: str) -> Record:
    home = cluster.records.all("clusters")[0]
    return {
        "id": 1,
        "guid": f"{home['guid']}-{name}",
        "name": name,
        "title": name,
        "ip": "127.0.0.1",
        "mgmt_ip": "127.0.0.1",
        "hostname": platform.node() or "localhost",
        "state": "ACTIVE",
        "display_state": "ACTIVE",
        "sync": "SYNCED",
        "enabled": True,
        "os_version": platform.platform(),
        "build": "vast_standin",
        "cluster": home["name"],
        "cluster_id": home["id"],
    }


def _spaces(kind: str, total: int, used: int, free: int) -> Record:
    return {
        f"{kind}_space": total,
        f"{kind}_space_in_use": used,
        f"{kind}_space_in_use_percent": round(100 * used / total, 2) if total else 0.0,
        f"{kind}_space_tb": round(total / 1e12, 6),
        f"{kind}_space_in_use_tb": round(used / 1e12, 6),
        f"free_{kind}_space": free,
        f"free_{kind}_space_tb": round(free / 1e12, 6),
    }
