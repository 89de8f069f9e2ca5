"""Rules of views: paths, buckets and their owners; a view is a directory with data."""

import re

from vast_standin.http import ProtocolError
from vast_standin.vms.cloned_views import make_bucket
from vast_standin.vms.cluster import DATABASE_PROTOCOLS, Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_path, check_reference, with_tenant
from vast_standin.vms.resource import Rules

LIVE_MONITORED = 10
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\Z")
_NOT_HERE = {
    "s3_versioning": "object versions",
    "locking": "object locks",
    "event_notifications": "notifications of an event broker",
    "is_seamless": "seamless failover",
    "allow_s3_anonymous_access": "anonymous access",
    "allow_anonymous_access": "anonymous access",
}


class ViewRules(Rules):
    """Views make and own buckets of the engine and the object store."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the path and references; create the bucket."""
        record = with_tenant(cluster, record)
        path = check_path(record["path"])
        if cluster.records.find("views", path=path, tenant_id=record["tenant_id"]):
            raise bad_request(f"path: tenant has a view at {path} already")
        _check_room(cluster, record["tenant_id"])
        _check_references(cluster, record)
        _refuse_unsupported(record)
        _check_bucket(cluster, record)
        create_dir = record.pop("create_dir", None)
        if not create_dir and not cluster.directory_exists(path, record["tenant_id"]):
            raise bad_request(
                f"path: {path} does not exist; set create_dir to create it"
            )
        _check_monitored(cluster, record)
        if record.get("bucket"):
            make_bucket(cluster, record)
        return {"name": record.get("name") or path, **record}

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check a patch; a bucket can be added but never renamed."""
        changes.pop("create_dir", None)
        merged = {**old, **changes}
        if "path" in changes and changes["path"] != old["path"]:
            raise bad_request("path: moving a view is not implemented by this stand-in")
        if old.get("bucket") and merged.get("bucket") != old["bucket"]:
            raise bad_request("bucket: the name of a bucket cannot be changed")
        _check_references(cluster, merged)
        _refuse_unsupported(changes)
        _check_bucket(cluster, merged)
        if changes.get("select_for_live_monitoring"):
            _check_monitored(cluster, merged)
        if merged.get("bucket") and not old.get("bucket"):
            make_bucket(cluster, merged)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while the view holds data; drop its bucket otherwise."""
        bucket = record.get("bucket")
        if not bucket:
            return
        space = cluster.space_of_bucket(str(bucket))
        if space.inodes:
            raise ProtocolError(
                409,
                "Conflict",
                f"view {record['path']} still holds {space.inodes} tables and objects "
                f"({space.bytes} bytes); remove them first",
            )
        cluster.engine.drop_bucket(str(bucket))
        cluster.objects.drop_bucket(str(bucket))

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add capacities and the names of its references."""
        space = cluster.space_of_view(record)
        records = cluster.records
        policy = records.get("viewpolicies", record["policy_id"])
        qos = records.get("qospolicies", record.get("qos_policy_id"))
        tenant = records.get("tenants", record["tenant_id"])
        home = records.all("clusters")[0]
        return {
            **record,
            "title": record["path"],
            "policy": policy["name"] if policy else None,
            "qos_policy": qos["name"] if qos else None,
            "tenant_name": tenant["name"] if tenant else None,
            "cluster": home["name"],
            "cluster_id": home["id"],
            "logical_capacity": space.bytes,
            "physical_capacity": space.bytes,
            "directory": True,
            "sync": "SYNCED",
            "sync_time": record["created"],
            "internal": False,
            "is_remote": False,
        }


def _check_room(cluster: Cluster, tenant_id: object) -> None:
    tenant = cluster.records.get("tenants", tenant_id) or {}
    most = tenant.get("max_views") or 0
    views = [v for v in cluster.records.all("views") if v["tenant_id"] == tenant_id]
    if most and len(views) >= int(str(most)):
        raise bad_request(
            f"tenant_id: tenant {tenant['name']} may have {most} views and has as many"
        )


def _check_references(cluster: Cluster, record: Record) -> None:
    check_reference(cluster, record, "policy_id", "viewpolicies")
    check_reference(cluster, record, "qos_policy_id", "qospolicies")
    for pool in record.get("kafka_vip_pools") or []:  # type: ignore[attr-defined]
        check_reference(
            cluster, {"kafka_vip_pools": pool}, "kafka_vip_pools", "vippools"
        )


def _check_bucket(cluster: Cluster, record: Record) -> None:
    protocols = set(record.get("protocols") or [])  # type: ignore[call-overload]
    bucket, owner = record.get("bucket"), record.get("bucket_owner")
    needed = sorted(protocols & DATABASE_PROTOCOLS)
    if not needed:
        if bucket:
            raise bad_request("bucket: needs one of the protocols S3, DATABASE, KAFKA")
        return
    if not bucket or not owner:
        raise bad_request(f"bucket, bucket_owner: required with {', '.join(needed)}")
    if not _BUCKET.match(str(bucket)):
        raise bad_request(f"bucket: {bucket!r} is not a valid bucket name")
    if cluster.records.find("users", name=owner) is None:
        names = ", ".join(str(user["name"]) for user in cluster.records.all("users"))
        raise bad_request(f"bucket_owner: there is no user {owner!r}; users: {names}")
    other = cluster.view_of_bucket(str(bucket))
    if other is not None and other["id"] != record.get("id"):
        raise bad_request(f"bucket: {bucket} is the bucket of view {other['path']}")


def _refuse_unsupported(record: Record) -> None:
    for name, feature in _NOT_HERE.items():
        if record.get(name):
            raise bad_request(f"{name}: {feature} are not implemented by this stand-in")


def _check_monitored(cluster: Cluster, record: Record) -> None:
    if not record.get("select_for_live_monitoring"):
        return
    others = [
        view
        for view in cluster.records.all("views")
        if view.get("select_for_live_monitoring") and view["id"] != record.get("id")
    ]
    if len(others) >= LIVE_MONITORED:
        raise bad_request(
            f"select_for_live_monitoring: at most {LIVE_MONITORED} views can be selected"
        )
