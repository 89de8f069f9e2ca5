"""Clones of snapshots: directories whose views begin with the contents of a snapshot.

A view with a bucket, made at the clone's path, or below it where the snapshot's views
were below its own, finds the tables and objects there. They share the snapshot's files
until they are changed, so a clone of any size is created at once.
"""

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.folders import delete_path
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_path, check_reference, with_tenant
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Rules
from vast_standin.vms.snapshots import buckets_of
from vast_standin.vms.waiting_clones import CLONES


class CloneRules(Rules):
    """A clone has a path of its own; its snapshot stays while views may be made of it."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check name, path and snapshot; make the directory."""
        for name in ("name", "loanee_root_path", "loanee_snapshot_id"):
            if not record.get(name):
                raise bad_request(f"{name}: This field is required.")
        if cluster.records.find(CLONES, name=record["name"]):
            raise bad_request(f"name: there is a clone {record['name']!r} already")
        check_reference(cluster, record, "loanee_snapshot_id", "snapshots")
        snapshot = cluster.records.get("snapshots", record["loanee_snapshot_id"]) or {}
        owned = with_tenant(
            cluster, {"tenant_id": record.pop("loanee_tenant_id", None)}
        )
        path = check_path(record["loanee_root_path"])
        if cluster.directory_exists(path, owned["tenant_id"]):
            raise bad_request(f"loanee_root_path: there is a directory {path} already")
        cluster.records.add("directories", {"path": path, **owned})
        waiting: Record = {"_waiting": buckets_of(cluster, snapshot)}
        return {**record, **owned, **waiting}

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the snapshot, the tenants and how many views are still missing."""
        snapshot = cluster.records.get("snapshots", record["loanee_snapshot_id"]) or {}
        home = cluster.records.all("clusters")[0]["name"]
        done = not record["_waiting"]
        return {
            **record,
            "loanee_snapshot": snapshot.get("name"),
            "loanee_tenant": _tenant(cluster, record),
            "owner_tenant": _tenant(cluster, snapshot),
            "source_cluster": home,
            "target_cluster": home,
            "source_path": snapshot.get("path"),
            "source_snapshot": snapshot.get("name"),
            "state": "Completed" if done else "Active",
            "sync_progress": 100 if done else 0,
            "health": "OK",
            "view_replication_enabled": False,
        }


def delete(cluster: Cluster, call: VmsCall, record: Record) -> None:
    """Delete a clone, and, if requested, its directory and contents."""
    remove = call.body.get("remove_dir", False)
    if call.body.keys() - {"remove_dir"} or not isinstance(remove, bool):
        raise bad_request("remove_dir: true or false is expected, and nothing else")
    if remove:
        delete_path(cluster, str(record["loanee_root_path"]), record["tenant_id"])
    cluster.records.remove(CLONES, call.id)


def _tenant(cluster: Cluster, record: Record) -> Record:
    tenant = cluster.records.get("tenants", record.get("tenant_id")) or {}
    return {"name": str(tenant.get("name")), "guid": str(tenant.get("guid"))}
