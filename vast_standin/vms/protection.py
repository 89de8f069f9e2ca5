"""Protection policies and protected paths: snapshots at scheduled times."""

from datetime import UTC, datetime, timedelta

from vast_standin.digits import whole
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.frames import check_frames, start_of
from vast_standin.vms.records import Record
from vast_standin.vms.references import (
    check_path,
    check_unique,
    refuse_while_used,
    titled,
    with_tenant,
)
from vast_standin.vms.resource import Rules
from vast_standin.vms.snapshots import SnapshotRules
from vast_standin.vms.standing import seconds_of


class PolicyRules(Rules):
    """Local policies: a name prefix and how often snapshots are taken and kept."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check name, kind and frames."""
        record = with_tenant(cluster, record)
        check_unique(cluster, "protectionpolicies", record)
        _check_policy(record)
        return record

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed record."""
        merged = {**old, **changes}
        check_unique(cluster, "protectionpolicies", merged)
        _check_policy(merged)
        return changes

    def deleting(self, cluster: Cluster, record: Record) -> None:
        """Refuse while protected paths use it."""
        refuse_while_used(cluster, "protectedpaths", "protection_policy_id", record)

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the schedules in words."""
        frames: list[dict[str, str]] = record["frames"]  # type: ignore[assignment]
        return {
            **titled(cluster, record),
            "pretty_schedules": [
                " ".join(f"{name} {text}" for name, text in frame.items())
                for frame in frames
            ],
            "state": "working",
            "is_local": True,
            "internal": False,
        }


class PathRules(Rules):
    """Protected paths: which path a policy protects."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check path, tenant and policy."""
        record = with_tenant(cluster, record)
        check_unique(cluster, "protectedpaths", record)
        return _checked_path(cluster, record)

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed record."""
        merged = {**old, **changes}
        check_unique(cluster, "protectedpaths", merged)
        checked = _checked_path(cluster, merged)
        return {name: checked[name] for name in changes}

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add state, size and the last snapshot."""
        policy = cluster.records.get(
            "protectionpolicies", record.get("protection_policy_id")
        )
        times = [str(s["created"]) for s in _snapshots(cluster, record)]
        space = cluster.space_under(str(record["source_dir"]), record["tenant_id"])
        number = record.get("protection_policy_id")
        return {
            **titled(cluster, record),
            "protection_policy_id": None if number is None else str(number),
            "protection_policy_name": policy["name"] if policy else None,
            "state": "Active" if record.get("enabled") else "Suspended",
            "health": "OK",
            "is_local": True,
            "internal": False,
            "last_snapshot_creation_time": max(times, default=None),
            "logical_size": space.bytes,
            "physical_size": space.bytes,
        }


def take_due(cluster: Cluster) -> None:
    """Take the snapshots that are due."""
    now = datetime.fromtimestamp(cluster.clock(), UTC)
    for path in cluster.records.all("protectedpaths"):
        policy = cluster.records.get(
            "protectionpolicies", path.get("protection_policy_id")
        )
        if policy is None or not path.get("enabled"):
            continue
        frames: list[dict[str, str]] = policy["frames"]  # type: ignore[assignment]
        for frame in frames:
            if _is_due(cluster, path, frame, now):
                _take(cluster, path, policy, frame, now)


def _is_due(
    cluster: Cluster, path: Record, frame: dict[str, str], now: datetime
) -> bool:
    start = start_of(frame) or datetime.fromisoformat(str(path["created"]))
    times = [
        datetime.fromisoformat(str(s["created"]))
        for s in _snapshots(cluster, path)
        if s.get("_every") == frame["every"]
    ]
    every = timedelta(seconds=seconds_of(frame["every"]))
    due = max(times) + every if times else start
    return now >= due


def _take(
    cluster: Cluster, path: Record, policy: Record, frame: dict[str, str], now: datetime
) -> None:
    keep = timedelta(seconds=seconds_of(frame["keep-local"]))
    fields: Record = {
        "name": f"{policy['prefix']}_{now:%Y-%m-%dT%H-%M-%S}_{frame['every']}",
        "path": path["source_dir"],
        "tenant_id": path["tenant_id"],
        "protection_policy_id": policy["id"],
        "expiration_time": (now + keep).isoformat(timespec="seconds"),
        "indestructible": policy.get("indestructible", False),
        "locked": False,
        "_every": frame["every"],
        "_path_id": path["id"],
    }
    with cluster.records.transaction():
        cluster.records.add("snapshots", SnapshotRules().creating(cluster, fields))


def _snapshots(cluster: Cluster, path: Record) -> list[Record]:
    return [
        s for s in cluster.records.all("snapshots") if s.get("_path_id") == path["id"]
    ]


def _check_policy(record: Record) -> None:
    if record["clone_type"] != "LOCAL":
        raise bad_request("clone_type: there is no other cluster; use LOCAL")
    check_frames(record["frames"])  # type: ignore[arg-type]


def _checked_path(cluster: Cluster, record: Record) -> Record:
    path = check_path(record["source_dir"])
    if not cluster.directory_exists(path, record["tenant_id"]):
        raise bad_request(f"source_dir: {path} does not exist")
    if record.get("target_exported_dir"):
        raise bad_request('target_exported_dir: there is no other cluster; give ""')
    number = record.get("protection_policy_id")
    if number is None:
        return record
    policy = whole(number)
    if policy is None or cluster.records.get("protectionpolicies", policy) is None:
        raise bad_request(f"protection_policy_id: there is no policy {number}")
    return {**record, "protection_policy_id": policy}
