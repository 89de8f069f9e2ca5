"""Rules of quotas: limits on a path, states from what its views hold, grace and block."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from vast_standin.http import ProtocolError
from vast_standin.vms import tenants
from vast_standin.vms.cluster import Cluster, Space, is_under
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.resource import Rules
from vast_standin.vms.views import check_path, with_tenant

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SHORT = re.compile(r"(\d+)([smhdw])\Z")
_CLOCK = re.compile(r"(?:(\d+) )?(?:(?:(\d+):)?(\d+):)?(\d+)\Z")
_LIMITS = ("soft_limit", "hard_limit", "soft_limit_inodes", "hard_limit_inodes")
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


@dataclass(frozen=True)
class Standing:
    """How a quota stands against what its path holds."""

    state: str
    space: Space
    expires_at: float | None


class QuotaRules(Rules):
    """Quotas are checked at every write and told at every read."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check path and limits; one quota a path and tenant."""
        record = with_tenant(cluster, record)
        path = check_path(record["path"])
        tenant = record["tenant_id"]
        for name in ("path", "name"):
            if cluster.records.find("quotas", tenant_id=tenant, **{name: record[name]}):
                raise bad_request(
                    f"{name}: tenant has a quota {record[name]!r} already"
                )
        _check_limits(record)
        make = record.pop("create_dir", None)
        record.pop("create_dir_mode", None)
        if not cluster.directory_exists(path, tenant):
            if not make:
                raise bad_request(
                    f"path: {path} does not exist; set create_dir to have it made"
                )
            cluster.records.add("directories", {"path": path, "tenant_id": tenant})
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the limits that result."""
        merged = {**old, **changes}
        other = cluster.records.find(
            "quotas", tenant_id=old["tenant_id"], name=merged["name"]
        )
        if other is not None and other["id"] != old["id"]:
            raise bad_request(f"name: tenant has a quota {merged['name']!r} already")
        _check_limits(merged)
        return changes

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add state, usage, percentages and the time left."""
        now = standing(cluster, record)
        left = (
            None if now.expires_at is None else max(0, now.expires_at - cluster.clock())
        )
        tenant = cluster.records.get("tenants", record["tenant_id"])
        home = cluster.records.all("clusters")[0]
        used = now.space.bytes
        return {
            **record,
            "title": record["name"],
            "state": now.state,
            "pretty_state": _PRETTY[now.state],
            "used_capacity": used,
            "used_capacity_tb": round(used / 1e12, 6),
            "used_effective_capacity": used,
            "used_effective_capacity_tb": round(used / 1e12, 6),
            "used_limited_capacity": used,
            "used_inodes": now.space.inodes,
            "percent_capacity": _percent(used, record.get("hard_limit")),
            "percent_inodes": _percent(
                now.space.inodes, record.get("hard_limit_inodes")
            ),
            "time_to_block": None if left is None else _clock(left),
            "pretty_grace_period": record.get("grace_period"),
            "pretty_grace_period_expiration": None
            if now.expires_at is None
            else datetime.fromtimestamp(now.expires_at, UTC).isoformat(
                timespec="seconds"
            ),
            "tenant_name": tenant["name"] if tenant else None,
            "cluster": home["name"],
            "cluster_id": home["id"],
            "system_id": home["id"],
            "num_exceeded_users": 0,
            "num_blocked_users": 0,
            "sync_state": "SYNCHRONIZED",
            "internal": False,
        }


def standing(cluster: Cluster, quota: Record) -> Standing:
    """Return a quota's state; note when its soft limit came to be exceeded."""
    path, tenant = str(quota["path"]), quota["tenant_id"]
    if not cluster.directory_exists(path, tenant):
        return Standing("FAILED", Space(0, 0), None)
    space = cluster.space_under(path, tenant)
    hard = _exceeded(quota, space, "hard")
    soft = _exceeded(quota, space, "soft")
    since = _note_soft(cluster, quota, exceeded=bool(soft))
    expires = _expiry(quota, since)
    if hard:
        return Standing(_NAMES["hard"][hard], space, expires)
    if soft and expires is not None and cluster.clock() >= expires:
        return Standing("GRACE_EXPIRED", space, expires)
    return Standing(_NAMES["soft"][soft] if soft else "OK", space, expires)


def check_writable(cluster: Cluster, bucket: str, size: int) -> None:
    """Raise 507 where tenant or a quota above a bucket has no room for so many bytes."""
    view = cluster.view_of_bucket(bucket)
    if view is None:
        return
    tenants.check_writable(cluster, view["tenant_id"], size)
    for quota in cluster.records.all("quotas"):
        is_same = quota["tenant_id"] == view["tenant_id"]
        if is_same and is_under(str(view["path"]), str(quota["path"])):
            _check_room(cluster, quota, size)


def reset_grace(cluster: Cluster, number: int) -> None:
    """Let the grace period of a quota begin anew."""
    cluster.records.change("quotas", number, {"_soft_since": cluster.clock()})


def seconds_of(text: str) -> int:
    """Return the seconds of ``[DD] [HH:[MM:]]ss`` or of ``90m``; raise ValueError."""
    if found := _SHORT.match(text.strip()):
        return int(found[1]) * _UNITS[found[2]]
    if found := _CLOCK.match(text.strip()):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    raise ValueError(
        f"{text!r} is not [DD] [HH:[MM:]]ss, nor a number with s, m, h, d or w"
    )


_NAMES = {
    "hard": {1: "HARD_EXCEEDED", 2: "INODE_HARD_EXCEEDED", 3: "HARD_BOTH_EXCEEDED"},
    "soft": {1: "SOFT_EXCEEDED", 2: "INODE_SOFT_EXCEEDED", 3: "SOFT_BOTH_EXCEEDED"},
}


def _check_room(cluster: Cluster, quota: Record, size: int) -> None:
    now = standing(cluster, quota)
    hard, inodes = _limit(quota, "hard_limit"), _limit(quota, "hard_limit_inodes")
    reason = ""
    if now.state == "GRACE_EXPIRED":
        reason = "its grace period expired"
    elif hard and now.space.bytes + size > hard:
        reason = f"{now.space.bytes} of {hard} bytes are used"
    elif inodes and now.space.inodes >= inodes:
        reason = f"{now.space.inodes} of {inodes} inodes are used"
    if reason:
        raise ProtocolError(
            507,
            "QuotaExceeded",
            f"quota {quota['name']} on {quota['path']} blocks this write of {size} "
            f"bytes: {reason}",
        )


def _exceeded(quota: Record, space: Space, which: str) -> int:
    capacity, inodes = (
        _limit(quota, f"{which}_limit"),
        _limit(quota, f"{which}_limit_inodes"),
    )
    # A hard limit is exceeded when nothing more fits, a soft one when it is passed.
    margin = 0 if which == "hard" else 1
    over = 1 if capacity and space.bytes >= capacity + margin else 0
    return over + (2 if inodes and space.inodes >= inodes + margin else 0)


def _note_soft(cluster: Cluster, quota: Record, *, exceeded: bool) -> float | None:
    since = quota.get("_soft_since")
    if exceeded and since is None:
        since = cluster.clock()
        cluster.records.change("quotas", int(str(quota["id"])), {"_soft_since": since})
    elif not exceeded and since is not None:
        since = None
        cluster.records.change("quotas", int(str(quota["id"])), {"_soft_since": None})
    return None if since is None else float(str(since))


def _expiry(quota: Record, since: float | None) -> float | None:
    text = quota.get("grace_period")
    if since is None or not text:
        return None
    return since + seconds_of(str(text))


def _check_limits(record: Record) -> None:
    for name in _LIMITS:
        if _limit(record, name) < 0:
            raise bad_request(f"{name}: must not be negative")
    for suffix in ("", "_inodes"):
        soft, hard = (
            _limit(record, f"soft_limit{suffix}"),
            _limit(record, f"hard_limit{suffix}"),
        )
        if soft and hard and soft > hard:
            raise bad_request(
                f"soft_limit{suffix}: {soft} is above the hard limit {hard}"
            )
    if grace := record.get("grace_period"):
        try:
            seconds_of(str(grace))
        except ValueError as error:
            raise bad_request(f"grace_period: {error}") from None
    for name in ("is_user_quota", "user_quotas", "group_quotas"):
        if record.get(name):
            raise bad_request(
                f"{name}: user quotas are not implemented by this stand-in"
            )


def _limit(record: Record, name: str) -> int:
    return int(str(record.get(name) or 0))


def _percent(used: int, limit: object) -> int:
    return int(used * 100 // int(str(limit))) if limit else 0


def _clock(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    text = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{days} {text}" if days else text
