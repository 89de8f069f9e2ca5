"""Rules of quotas: limits on a path, their states, grace periods and blocking."""

from datetime import UTC, datetime

from vast_standin.http import ProtocolError
from vast_standin.vms import tenants, user_quotas
from vast_standin.vms.cluster import Cluster, Space, is_under
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.references import check_path, with_tenant
from vast_standin.vms.resource import Rules
from vast_standin.vms.standing import (
    Standing,
    check_limits,
    exceeds_soft,
    judge,
    refusal,
    usage_report,
)

_RULES = ("user_quotas", "group_quotas")
_PRETTY = {
    "OK": "OK",
    "SOFT_EXCEEDED": "Soft limit exceeded",
    "HARD_EXCEEDED": "Hard limit exceeded",
    "INODE_SOFT_EXCEEDED": "Soft inode limit exceeded",
    "INODE_HARD_EXCEEDED": "Hard inode limit exceeded",
    "SOFT_BOTH_EXCEEDED": "Soft limits exceeded",
    "HARD_BOTH_EXCEEDED": "Hard limits exceeded",
    "GRACE_EXPIRED": "Grace period expired",
    "FAILED": "Failed",
}


class QuotaRules(Rules):
    """Quotas are checked at every write and shown at every read."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check path and limits; one quota per path and tenant."""
        record = with_tenant(cluster, record)
        path = check_path(record["path"])
        tenant = record["tenant_id"]
        for name in ("path", "name"):
            if cluster.records.find("quotas", tenant_id=tenant, **{name: record[name]}):
                raise bad_request(
                    f"{name}: tenant has a quota {record[name]!r} already"
                )
        _check(record)
        make = record.pop("create_dir", None)
        record.pop("create_dir_mode", None)
        if not cluster.directory_exists(path, tenant):
            if not make:
                raise bad_request(
                    f"path: {path} does not exist; set create_dir to create it"
                )
            cluster.records.add("directories", {"path": path, "tenant_id": tenant})
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed limits."""
        merged = {**old, **changes}
        other = cluster.records.find(
            "quotas", tenant_id=old["tenant_id"], name=merged["name"]
        )
        if other is not None and other["id"] != old["id"]:
            raise bad_request(f"name: tenant has a quota {merged['name']!r} already")
        _check(merged)
        if old.get("is_user_quota") and not merged.get("is_user_quota"):
            raise bad_request("is_user_quota: cannot be disabled")
        user_quotas.replace_rules(cluster, merged, changes)
        return {n: v for n, v in changes.items() if n not in _RULES}

    def created(self, cluster: Cluster, record: Record) -> None:
        """Store its rules for users and groups."""
        user_quotas.replace_rules(cluster, record, record)

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Delete its rules for users and groups."""
        for rule in user_quotas.rules_of(cluster, record):
            cluster.records.remove("userquotas", int(str(rule["id"])))

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add state, usage, percentages and the time left."""
        now = standing(cluster, record)
        tenant = cluster.records.get("tenants", record["tenant_id"])
        home = cluster.records.all("clusters")[0]
        used = now.space.bytes
        return {
            **record,
            "title": record["name"],
            **usage_report(record, now, cluster.clock()),
            "pretty_state": _PRETTY[now.state],
            "used_capacity_tb": round(used / 1e12, 6),
            "used_effective_capacity": used,
            "used_effective_capacity_tb": round(used / 1e12, 6),
            "used_limited_capacity": used,
            "pretty_grace_period": record.get("grace_period"),
            "pretty_grace_period_expiration": None
            if now.expires_at is None
            else datetime.fromtimestamp(now.expires_at, UTC).isoformat(
                timespec="seconds"
            ),
            "tenant_name": tenant["name"] if tenant else None,
            "cluster": home["name"],
            "cluster_id": home["id"],
            "system_id": record["id"],
            **user_quotas.summary(cluster, record),
            "sync_state": "SYNCHRONIZED",
            "internal": False,
        }


def standing(cluster: Cluster, quota: Record) -> Standing:
    """Return a quota's state; record when its soft limit was exceeded."""
    path, tenant = str(quota["path"]), quota["tenant_id"]
    if not cluster.directory_exists(path, tenant):
        return Standing("FAILED", Space(0, 0), None)
    space = cluster.space_under(path, tenant)
    since = _note_soft(cluster, quota, exceeded=exceeds_soft(quota, space))
    return judge(quota, space, since, cluster.clock())


def check_writable(cluster: Cluster, bucket: str, size: int, owner: str = "") -> None:
    """Raise 507 if tenant or a quota above a bucket has no space for `size` bytes.

    They are the owner's, by default those of the bucket's owner.
    """
    view = cluster.view_of_bucket(bucket)
    if view is None:
        return
    tenants.check_writable(cluster, view["tenant_id"], size)
    for quota in cluster.records.all("quotas"):
        is_same = quota["tenant_id"] == view["tenant_id"]
        if is_same and is_under(str(view["path"]), str(quota["path"])):
            _check_room(cluster, quota, size)
            if quota.get("is_user_quota"):
                who = owner or str(view["bucket_owner"])
                user_quotas.check_room(cluster, quota, who, size)


def reset_grace(cluster: Cluster, number: int) -> None:
    """Restart the grace period of a quota, also for its users."""
    restart: Record = {"_soft_since": cluster.clock(), "_users_since": {}}
    cluster.records.change("quotas", number, restart)


def _check_room(cluster: Cluster, quota: Record, size: int) -> None:
    reason = refusal(quota, standing(cluster, quota), size)
    if reason:
        raise ProtocolError(
            507,
            "QuotaExceeded",
            f"quota {quota['name']} on {quota['path']} blocks this write of {size} "
            f"bytes: {reason}",
        )


def _note_soft(cluster: Cluster, quota: Record, *, exceeded: bool) -> float | None:
    since = quota.get("_soft_since")
    if exceeded and since is None:
        since = cluster.clock()
        cluster.records.change("quotas", int(str(quota["id"])), {"_soft_since": since})
    elif not exceeded and since is not None:
        since = None
        cluster.records.change("quotas", int(str(quota["id"])), {"_soft_since": None})
    return None if since is None else float(str(since))


def _check(record: Record) -> None:
    check_limits(record)
    user_quotas.check_defaults(record)
