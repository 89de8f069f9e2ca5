"""Events and alarms: raised by the state of quotas and disk, cleared when it ends."""

from collections.abc import Iterator
from dataclasses import dataclass

from vast_standin.vms.cluster import Cluster
from vast_standin.vms.quotas import standing
from vast_standin.vms.records import Record, stamp
from vast_standin.vms.resource import Rules
from vast_standin.vms.user_quotas import held_under

Key = tuple[object, ...]

KEPT_EVENTS = 10_000
DISK_MAJOR, DISK_CRITICAL = 90.0, 97.0

DEFINITIONS: dict[str, tuple[str, str, str]] = {
    "QUOTA_SOFT_EXCEEDED": ("Quota", "MINOR", "a soft limit is exceeded"),
    "QUOTA_HARD_EXCEEDED": ("Quota", "MAJOR", "a hard limit is exceeded: writes fail"),
    "QUOTA_GRACE_EXPIRED": ("Quota", "MAJOR", "a grace period expired: writes fail"),
    "QUOTA_FAILED": ("Quota", "MAJOR", "the path of a quota is gone"),
    "DATA_SET_ASIDE": (
        "Cluster",
        "MAJOR",
        "files that no database of the folder names are in lost/",
    ),
    "DATA_DAMAGED": (
        "Cluster",
        "CRITICAL",
        "files of stored data are not as they were written",
    ),
    "DATA_UNVERIFIED": (
        "Cluster",
        "INFO",
        "files of an older program have no checksums yet: upkeep reads them",
    ),
    "DATA_MISSING": ("Cluster", "CRITICAL", "files of stored data are missing"),
    "CLUSTER_SPACE_LOW": ("Cluster", "MAJOR", f"the disk is {DISK_MAJOR:.0f} % full"),
    "CLUSTER_SPACE_OUT": (
        "Cluster",
        "CRITICAL",
        f"the disk is {DISK_CRITICAL:.0f} % full",
    ),
}
"""Name → object type, severity at first, what it means."""


@dataclass(frozen=True)
class Finding:
    """A present problem."""

    name: str
    object_type: str
    record: Record
    message: str


class AlarmRules(Rules):
    """Alarms can be acknowledged and deleted; unsolved problems return."""

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the cluster."""
        return {**record, "cluster": cluster.records.all("clusters")[0]["name"]}


class EventRules(Rules):
    """Events are raised by the cluster, or posted by managers."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Complete a posted event."""
        del cluster
        return {
            "event_type": "OBJECT_MODIFIED",
            "event_message": "",
            **record,
            "event_name": "USER_EVENT",
            "event_origin": "USER",
            "severity": "INFO",
            "timestamp": stamp(),
        }

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add the cluster."""
        return {**record, "cluster": cluster.records.all("clusters")[0]["name"]}


def list_alarms(cluster: Cluster) -> list[Record]:
    """Return the alarms as of now."""
    watch(cluster)
    return cluster.records.all("alarms")


def watch(cluster: Cluster) -> None:
    """Raise alarms for problems, end those of solved ones, and record both as events."""
    with cluster.records.transaction():
        open_ = {_key(alarm): alarm for alarm in cluster.records.all("alarms")}
        present = set()
        for finding in _findings(cluster):
            definition = cluster.records.find("eventdefinitions", name=finding.name)
            if definition is None or not definition.get("enabled", True):
                continue
            key: Key = (finding.name, finding.object_type, finding.record["id"])
            present.add(key)
            _raise(cluster, finding, str(definition["severity"]), open_.get(key))
        for key, alarm in open_.items():
            if key not in present:
                cluster.records.remove("alarms", int(str(alarm["id"])))
                _note(cluster, {**alarm, "severity": "INFO"}, "ended: ")
        cluster.records.keep_last("events", KEPT_EVENTS)


def clear(cluster: Cluster) -> None:
    """Remove all alarms; the next check raises those of unsolved problems again."""
    for alarm in cluster.records.all("alarms"):
        cluster.records.remove("alarms", int(str(alarm["id"])))


def seed_definitions(cluster: Cluster) -> None:
    """Store the event definitions."""
    for name, (object_type, severity, message) in DEFINITIONS.items():
        fields: Record = {
            "object_type": object_type,
            "severity": severity,
            "event_message": message,
            "event_type": "THRESHOLD",
            "enabled": True,
            "alarm_only": True,
            "disable_actions": True,
            "email_recipients": [],
            "webhooks": [],
        }
        cluster.records.seed("eventdefinitions", name, lambda f=fields: f)  # type: ignore[misc]


def _findings(cluster: Cluster) -> Iterator[Finding]:
    for quota in cluster.records.all("quotas"):
        state = standing(cluster, quota).state
        if quota.get("enable_alarms", True) and state != "OK":
            text = f"quota {quota['name']} on {quota['path']} is {state}"
            yield Finding(_event_of(state), "Quota", quota, text)
        if quota.get("is_user_quota") and quota.get("enable_alarms", True):
            yield from _users_over(cluster, quota)
    yield from _lost(cluster)
    total, used, _ = cluster.disk()
    percent = 100 * used / total
    if percent >= DISK_MAJOR:
        name = "CLUSTER_SPACE_OUT" if percent >= DISK_CRITICAL else "CLUSTER_SPACE_LOW"
        text = f"the disk of {cluster.folder.name} is {percent:.0f} % full"
        yield Finding(name, "Cluster", cluster.records.all("clusters")[0], text)


def _lost(cluster: Cluster) -> Iterator[Finding]:
    """Return findings of missing files and of files that a start set aside."""
    home, record = cluster.home, cluster.records.all("clusters")[0]
    if home.missing:
        yield Finding("DATA_MISSING", "Cluster", record, "; ".join(home.missing))
    if home.damaged:
        text = "; ".join(f"{name}: {why}" for name, why in home.damaged.items())
        yield Finding("DATA_DAMAGED", "Cluster", record, text)
    if home.unverified:
        text = f"{home.unverified} files have no checksums yet: upkeep reads them"
        yield Finding("DATA_UNVERIFIED", "Cluster", record, text)
    if reasons := home.lost.reasons():
        yield Finding("DATA_SET_ASIDE", "Cluster", record, "; ".join(reasons))


def _users_over(cluster: Cluster, quota: Record) -> Iterator[Finding]:
    """Return one finding per kind of problem of users and groups."""
    names: dict[str, list[str]] = {}
    for held in held_under(cluster, quota):
        if held.standing.state != "OK":
            event = _event_of(held.standing.state)
            names.setdefault(event, []).append(str(held.entity["name"]))
    for event, who in names.items():
        text = f"quota {quota['name']} on {quota['path']}: {event} for {', '.join(who)}"
        yield Finding(event, "UserQuota", quota, text)


def _event_of(state: str) -> str:
    if state in ("GRACE_EXPIRED", "FAILED"):
        return f"QUOTA_{state}"
    return "QUOTA_HARD_EXCEEDED" if "HARD" in state else "QUOTA_SOFT_EXCEEDED"


def _raise(
    cluster: Cluster, finding: Finding, severity: str, old: Record | None
) -> None:
    if old is not None:
        if old["alarm_message"] != finding.message or old["severity"] != severity:
            changes: Record = {
                "alarm_message": finding.message,
                "severity": severity,
                "last_updated": stamp(),
            }
            cluster.records.change("alarms", int(str(old["id"])), changes)
        return
    alarm: Record = {
        "severity": severity,
        "alarm_message": finding.message,
        "event_name": finding.name,
        "event_type": "THRESHOLD",
        "event_definition": finding.name,
        "object_type": finding.object_type,
        "object_id": finding.record["id"],
        "object_guid": finding.record["guid"],
        "object_name": finding.record["name"],
        "timestamp": stamp(),
        "last_updated": stamp(),
        "acknowledged": False,
        "metadata": {},
    }
    cluster.records.add("alarms", alarm)
    _note(cluster, alarm, "")


def _note(cluster: Cluster, alarm: Record, prefix: str) -> None:
    names = (
        "severity", "event_name", "event_type", "event_definition",
        "object_type", "object_id", "object_guid", "object_name", "metadata",
    )  # fmt: skip
    cluster.records.add(
        "events",
        {
            **{name: alarm[name] for name in names},
            "event_message": f"{prefix}{alarm['alarm_message']}",
            "event_origin": "SYSTEM",
            "timestamp": stamp(),
        },
    )


def _key(alarm: Record) -> Key:
    return alarm["event_name"], alarm["object_type"], alarm["object_id"]
