"""Rules of VIP pools: addresses are stored and checked, but only this process answers."""

import ipaddress

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import (
    check_reference,
    check_unique,
    refuse_while_used,
    titled,
)
from vast_standin.vms.resource import Rules

POOL = "main"


class VipPoolRules(Rules):
    """Pools may name loopback addresses only: no other address answers."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check name and addresses."""
        return _checked(cluster, record)

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed name and addresses."""
        merged = _checked(cluster, {**old, **changes})
        if changes.keys() & {"start_ip", "end_ip", "ip_ranges"}:
            return {**changes, "ip_ranges": merged["ip_ranges"]}
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while view policies use it."""
        for policy in cluster.records.all("viewpolicies"):
            if record["id"] in (policy.get("vip_pools") or []):  # type: ignore[operator]
                refuse_while_used(
                    cluster, "viewpolicies", "id", {**record, "id": policy["id"]}
                )

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the nodes that answer."""
        home = cluster.records.all("clusters")[0]
        ranges = record.get("ip_ranges") or []
        text = ", ".join(f"{first}-{last}" for first, last in ranges)  # type: ignore[attr-defined]
        return {
            **titled(cluster, record),
            "active_cnode_ids": [1] if record.get("enabled") else [],
            "state": "ENABLED" if record.get("enabled") else "DISABLED",
            "ranges_summary": text,
            "cluster": home["name"],
            "cluster_id": home["id"],
            "sync": "SYNCED",
            "sync_time": record["created"],
        }


def list_vips(cluster: Cluster) -> list[Record]:
    """Return the addresses of enabled pools."""
    home = cluster.records.all("clusters")[0]
    addresses: list[Record] = []
    for pool in cluster.records.all("vippools"):
        for first, last in pool.get("ip_ranges") or []:  # type: ignore[attr-defined]
            for address in _addresses(first, last) if pool.get("enabled") else ():
                number = len(addresses) + 1
                addresses.append(
                    {
                        "id": number,
                        "guid": f"{home['guid']}-vip-{number}",
                        "name": f"vip-{number}",
                        "title": address,
                        "ip": address,
                        "cnode": "cnode-1",
                        "vippool": pool["name"],
                        "cluster": home["name"],
                    }
                )
    return addresses


def _checked(cluster: Cluster, record: Record) -> Record:
    check_unique(cluster, "vippools", record)
    check_reference(cluster, record, "tenant_id", "tenants")
    ranges = record.get("ip_ranges") or []
    if not ranges and record.get("start_ip"):
        ranges = [[record["start_ip"], record.get("end_ip") or record["start_ip"]]]
    for pair in ranges:  # type: ignore[attr-defined]
        if not isinstance(pair, list) or len(pair) != 2:
            raise bad_request("ip_ranges: pairs of first and last address are expected")
        _addresses(*pair)
    unknown = set(record.get("cnode_ids") or []) - {1}  # type: ignore[call-overload]
    if unknown:
        raise bad_request(f"cnode_ids: there is one cnode, 1, not {sorted(unknown)}")
    return {**record, "ip_ranges": ranges}


def _addresses(first: object, last: object) -> list[str]:
    try:
        low, high = (ipaddress.IPv4Address(str(text)) for text in (first, last))
    except ValueError:
        raise bad_request(f"ip_ranges: {first}-{last} are not IPv4 addresses") from None
    if (
        not (low.is_loopback and high.is_loopback)
        or high < low
        or int(high) - int(low) > 255
    ):
        raise bad_request(
            f"ip_ranges: {first}-{last}: at most 256 ascending addresses of 127.0.0.0/8; "
            "a stand-in is reached on loopback"
        )
    return [str(ipaddress.IPv4Address(n)) for n in range(int(low), int(high) + 1)]
