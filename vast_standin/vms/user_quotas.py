"""User quotas: limits of each user or group below the path of a quota.

Objects belong to their writer; tables, directories and objects from before writers
were noted belong to the owner of their bucket. A group holds what the users hold whose
leading group it is. The default rule of the quota applies to all others.
"""

import zlib
from dataclasses import dataclass

from vast_standin.digits import whole
from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster, Space
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.resource import Rules
from vast_standin.vms.standing import (
    BLOCKING,
    LIMITS,
    Standing,
    check_limits,
    exceeds_soft,
    judge,
    refusal,
    usage_report,
)

GRACE = "grace_period"
_LISTS = {"user_quotas": False, "group_quotas": True}
_DEFAULTS = {False: "default_user_quota", True: "default_group_quota"}
_LISTED = (
    "name", "identifier", "identifier_type", "is_group", "is_accountable",
    "is_iam_role", "vast_id", "quota_system_id", *LIMITS, GRACE, "state",
    "used_capacity", "used_inodes", "percent_capacity", "percent_inodes",
    "time_to_block",
)  # fmt: skip
_NAMING = frozenset({"name", "identifier", "identifier_type", "is_group"})


@dataclass(frozen=True)
class Held:
    """Usage of a user or group below a quota's path, and the state of its limits."""

    entity: Record
    limits: Record
    standing: Standing


class UserQuotaRules(Rules):
    """A rule is one user's or group's, and belongs to a quota that has user quotas."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check quota, user or group, and limits."""
        quota = cluster.records.get("quotas", record["quota_id"])
        if quota is None:
            raise bad_request(f"quota_id: there is no quota {record['quota_id']}")
        return {**_checked(cluster, quota, record), "quota_id": quota["id"]}

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed limits."""
        del cluster
        check_limits({**old, **changes})
        return changes

    def shown(self, cluster: Cluster, record: Record) -> Record:
        """Add state and usage, unless they were just listed."""
        if "state" in record:
            return record
        quota = cluster.records.get("quotas", record["quota_id"]) or {}
        return next(r for r in shown_under(cluster, quota) if r["id"] == record["id"])


def list_user_quotas(cluster: Cluster) -> list[Record]:
    """Return every rule, and users and groups without one that hold data."""
    quotas = (q for q in cluster.records.all("quotas") if q.get("is_user_quota"))
    return [row for quota in quotas for row in shown_under(cluster, quota)]


def shown_under(cluster: Cluster, quota: Record) -> list[Record]:
    """Return the same of one quota."""
    now = cluster.clock()
    return [
        {
            **held.limits,
            **held.entity,
            **usage_report(held.limits, held.standing, now),
            "id": held.entity.get("id"),
            "path": quota["path"],
            "tenant_id": quota["tenant_id"],
            "quota_system_id": quota["id"],
            "entity_identifier": held.entity["identifier"],
            "is_accountable": "id" in held.entity,
            "is_iam_role": False,
            "vast_id": zlib.crc32(str(held.entity["name"]).encode()),
        }
        for held in held_under(cluster, quota)
    ]


def summary(cluster: Cluster, quota: Record) -> Record:
    """Return what a quota shows of its users."""
    if not quota.get("is_user_quota"):
        return {"user_quotas": [], "group_quotas": [], **_counts([])}
    rows = shown_under(cluster, quota)
    ruled = [row for row in rows if row["is_accountable"]]
    lists = {
        name: [
            {n: row[n] for n in _LISTED if row.get(n) is not None}
            for row in ruled
            if bool(row["is_group"]) == group
        ]
        for name, group in _LISTS.items()
    }
    return {**lists, **_counts([str(row["state"]) for row in rows])}


def check_room(cluster: Cluster, quota: Record, owner: str, size: int) -> None:
    """Raise 507 if a user, or the user's group, has no space for `size` bytes."""
    names = {owner, _group_of(cluster, owner)}
    for held in held_under(cluster, quota, also=owner):
        reason = refusal(held.limits, held.standing, size)
        if reason and held.entity["_key"] in names:
            raise ProtocolError(
                507,
                "QuotaExceeded",
                f"quota {quota['name']} on {quota['path']} blocks this write of {size} "
                f"bytes for {held.entity['name']}: {reason}",
            )


def replace_rules(cluster: Cluster, quota: Record, given: Record) -> None:
    """Return a quota the rules that its own fields list, replacing its present ones."""
    for name, group in _LISTS.items():
        if given.get(name) is None:
            continue
        for rule in rules_of(cluster, quota):
            if bool(rule.get("is_group")) == group:
                cluster.records.remove("userquotas", int(str(rule["id"])))
        for item in given[name]:  # type: ignore[attr-defined]
            unknown = sorted(item.keys() - {*LIMITS, GRACE, *_NAMING})
            if unknown:
                raise bad_request(f"{name}: unknown fields: {', '.join(unknown)}")
            rule = _checked(cluster, quota, {**item, "is_group": group})
            cluster.records.add("userquotas", {**rule, "quota_id": quota["id"]})


def check_defaults(record: Record) -> None:
    """Raise 400 if the default rules of a quota are not valid."""
    for name in _DEFAULTS.values():
        limits = record.get(name) or {}
        unknown = sorted(set(limits) - {*LIMITS, GRACE})  # type: ignore[call-overload]
        if unknown:
            raise bad_request(f"{name}: unknown fields: {', '.join(unknown)}")
        _check(limits)  # type: ignore[arg-type]


def rules_of(cluster: Cluster, quota: Record) -> list[Record]:
    """Return the rules of a quota."""
    rules = cluster.records.all("userquotas")
    return [rule for rule in rules if rule["quota_id"] == quota["id"]]


def held_under(cluster: Cluster, quota: Record, *, also: str = "") -> list[Held]:
    """Return usage of all users and groups with a rule or data, and of `also`."""
    spaces = _spaces(cluster, quota, also)
    rules = {str(rule["_key"]): rule for rule in rules_of(cluster, quota)}
    before: dict[str, float] = dict(quota.get("_users_since") or {})  # type: ignore[call-overload]
    since: dict[str, float] = {}
    quotas = []
    for key in dict.fromkeys([*rules, *sorted(spaces)]):
        entity = rules.get(key) or _entity(key)
        default = quota.get(_DEFAULTS[bool(entity["is_group"])]) or {}
        limits: Record = rules.get(key) or default  # type: ignore[assignment]
        space = spaces.get(key, Space(0, 0))
        if exceeds_soft(limits, space):
            since[key] = before.get(key, cluster.clock())
        standing = judge(limits, space, since.get(key), cluster.clock())
        quotas.append(Held(entity, limits, standing))
    if since != before:
        cluster.records.change("quotas", int(str(quota["id"])), {"_users_since": since})
    return quotas


def _spaces(cluster: Cluster, quota: Record, also: str) -> dict[str, Space]:
    """Return what users hold, and the groups they lead with."""
    users = cluster.spaces_by_owner(str(quota["path"]), quota["tenant_id"])
    if also:
        users.setdefault(also, Space(0, 0))
    spaces = dict(users)
    for name, space in users.items():
        group = _group_of(cluster, name)
        if group:
            spaces[group] = spaces.get(group, Space(0, 0)) + space
    return spaces


def _group_of(cluster: Cluster, name: str) -> str:
    gid = cluster.index.users.get(name, {}).get("leading_gid")
    return "" if gid is None else f"gid:{gid}"


def _counts(states: list[str]) -> Record:
    return {
        "num_exceeded_users": sum(state != "OK" for state in states),
        "num_blocked_users": sum(state in BLOCKING for state in states),
    }


def _checked(cluster: Cluster, quota: Record, record: Record) -> Record:
    if not quota.get("is_user_quota"):
        raise bad_request(
            f"quota {quota['name']} has no user quotas: set its is_user_quota"
        )
    _check(record)
    given = {n: v for n, v in record.items() if n not in (*_NAMING, "quota_id")}
    entity = _entity(_key(cluster, record))
    if any(r["_key"] == entity["_key"] for r in rules_of(cluster, quota)):
        raise bad_request(
            f"name: quota {quota['name']} has a rule for {entity['name']} already"
        )
    return {**given, **entity}


def _check(limits: Record) -> None:
    for name in LIMITS:
        if type(limits.get(name)) not in (int, type(None)):
            raise bad_request(f"{name}: a whole number is expected")
    check_limits(limits)


def _key(cluster: Cluster, record: Record) -> str:
    """Return the user or group of a rule; users must exist, groups are numbers."""
    name = str(record.get("name") or record.get("identifier") or "")
    kind = record.get("identifier_type") or ("gid" if record.get("is_group") else "")
    if record.get("is_group"):
        if kind != "gid" or whole(name) is None:
            raise bad_request("identifier: a group is its gid, a whole number")
        return f"gid:{name}"
    fields = {"": ("name", "uid"), "username": ("name",), "uid": ("uid",)}.get(
        str(kind)
    )
    if fields is None:
        raise bad_request(f"identifier_type: {kind} is not one of username, uid")
    for user in cluster.records.all("users"):
        if name and name in [str(user[field]) for field in fields]:
            return str(user["name"])
    raise bad_request(f"name: there is no user {name!r}")


def _entity(key: str) -> Record:
    gid = key.partition("gid:")[2]
    return {
        "_key": key,
        "name": gid or key,
        "identifier": gid or key,
        "identifier_type": "gid" if gid else "username",
        "is_group": bool(gid),
    }
