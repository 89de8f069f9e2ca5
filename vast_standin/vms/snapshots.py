"""Snapshots: states of the buckets under a path, stored by the engine."""

from datetime import UTC, datetime

from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster, is_under
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_path, titled, with_tenant
from vast_standin.vms.resource import Rules
from vast_standin.vms.waiting_clones import waiting_clones


class SnapshotRules(Rules):
    """A snapshot of a path holds tables and objects of every bucket at or below it."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check name and path; let the engine store the state of the buckets."""
        record = with_tenant(cluster, record)
        # vast-csi names a folder with a slash at its end.
        path = check_path(str(record["path"]).removesuffix("/") or "/")
        if "/" in str(record["name"]):
            raise bad_request("name: must not contain a slash")
        if not cluster.directory_exists(path, record["tenant_id"]):
            raise bad_request(f"path: {path} does not exist")
        buckets = buckets_of(cluster, record)
        if _is_taken(cluster, record, buckets):
            raise bad_request(f"name: {path} has a snapshot {record['name']!r} already")
        _check_time(record)
        for bucket in buckets.values():
            cluster.engine.create_snapshot(bucket, str(record["name"]))
            cluster.objects.keep(bucket, str(record["name"]))
        return {**record, "_buckets": buckets}

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the new expiry; a snapshot keeps its name."""
        del cluster
        if changes.get("name", old["name"]) != old["name"]:
            raise bad_request("name: renaming a snapshot is not implemented here")
        _check_time(changes)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse locked, indestructible and cloned ones; release the space."""
        for lock in ("locked", "indestructible"):
            if record.get(lock):
                raise ProtocolError(
                    409, "Conflict", f"snapshot {record['name']} is {lock}"
                )
        for clone in waiting_clones(cluster, record["id"]):
            raise ProtocolError(
                409,
                "Conflict",
                f"snapshot {record['name']} is cloned to {clone['loanee_root_path']}, "
                "where views are still missing; delete the clone first",
            )
        name = str(record["name"])
        for bucket in buckets_of(cluster, record).values():
            if name in cluster.engine.snapshots(bucket):
                cluster.engine.drop_snapshot(bucket, name)
            cluster.objects.release(bucket, name)

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add state and names."""
        policy = cluster.records.get(
            "protectionpolicies", record.get("protection_policy_id")
        )
        return {
            **titled(cluster, record),
            "state": "SUCCEED",
            "type": "SCHEDULED" if policy else "MANUAL",
            "protection_policy": policy["name"] if policy else None,
            "cluster": cluster.records.all("clusters")[0]["name"],
        }


def buckets_of(cluster: Cluster, record: Record) -> dict[str, str]:
    """Return the buckets of a snapshot by their paths below its own.

    For one to be made these are the buckets of the views at and below its path.
    """
    if "_buckets" in record:
        return dict(record["_buckets"])  # type: ignore[call-overload,no-any-return]
    path = str(record["path"])
    return {
        str(view["path"]).removeprefix(path.rstrip("/")): str(view["bucket"])
        for view in cluster.records.all("views")
        if view.get("bucket")
        and view["tenant_id"] == record["tenant_id"]
        and is_under(str(view["path"]), path)
    }


def _is_taken(cluster: Cluster, record: Record, buckets: dict[str, str]) -> bool:
    """Return whether the path, or a bucket below it, has a snapshot of the name."""
    name, tenant = record["name"], record["tenant_id"]
    same = cluster.records.find(
        "snapshots", path=record["path"], name=name, tenant_id=tenant
    )
    return same is not None or any(
        name in cluster.engine.snapshots(bucket) for bucket in buckets.values()
    )


def expire(cluster: Cluster) -> None:
    """Delete expired snapshots unless they are locked, indestructible or cloned."""
    now = datetime.fromtimestamp(cluster.clock(), UTC)
    for snapshot in cluster.records.all("snapshots"):
        moment = _time(snapshot.get("expiration_time"))
        held = snapshot.get("locked") or snapshot.get("indestructible")
        held = held or waiting_clones(cluster, snapshot["id"])
        if moment is not None and moment <= now and not held:
            with cluster.records.transaction():
                SnapshotRules().deleting(cluster, snapshot)
                cluster.records.remove("snapshots", int(str(snapshot["id"])))


def _check_time(record: Record) -> None:
    try:
        _time(record.get("expiration_time"))
    except ValueError:
        raise bad_request("expiration_time: an ISO 8601 time is expected") from None


def _time(text: object) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
