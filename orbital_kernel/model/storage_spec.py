"""A space: one view with its policy, quota, quality of service and protection.

Every number is written in a TOML file with its unit and, where it was chosen, its
reason. Reading refuses unknown and missing keys, so a misspelt limit is never ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orbital_kernel.errors import ConfigError
from orbital_kernel.model.sizes import bytes_of, seconds_of
from orbital_kernel.model.strict_toml import Units, built, named, only, read

__all__ = ["Growth", "Limit", "Protection", "Qos", "Quota", "Space", "View"]
__all__ += ["ViewPolicy", "built", "named", "named_as", "only", "space"]

PROTOCOLS = ("NFS", "SMB", "NFS4", "S3", "ENDPOINT", "DATABASE", "KAFKA", "BLOCK")
BUCKETED = frozenset({"S3", "DATABASE", "KAFKA"})
STATIC_LIMITS = tuple(
    f"{kind}_{direction}_{unit}"
    for kind in ("min", "max")
    for direction in ("reads", "writes")
    for unit in ("bw_mbps", "iops")
)

QUOTA_UNITS: Units = {
    "soft": ("soft_bytes", bytes_of),
    "hard": ("hard_bytes", bytes_of),
    "grace": ("grace_s", seconds_of),
}
GROWTH_UNITS: Units = {
    "step": ("step_bytes", bytes_of),
    "ceiling": ("ceiling_bytes", bytes_of),
    "approval_above": ("approval_bytes", bytes_of),
    "headroom": ("headroom_s", seconds_of),
    "cool_down": ("cool_down_s", seconds_of),
}
PROTECTION_UNITS: Units = {
    "every": ("every_s", seconds_of),
    "keep": ("keep_s", seconds_of),
}


@dataclass(frozen=True)
class View:
    """One view: where it lies in the element store and how it is reached.

    A view that serves files only (NFS, SMB) has no bucket.
    """

    name: str
    path: str
    protocols: tuple[str, ...]
    live_monitoring: bool
    reason: str
    bucket: str = ""


@dataclass(frozen=True)
class ViewPolicy:
    """Who may reach the view from where; hosts as the VMS writes them."""

    name: str
    flavor: str
    s3_read_write: tuple[str, ...]
    nfs_read_only: tuple[str, ...]
    nfs_read_write: tuple[str, ...]
    reason: str
    vip_pools: tuple[str, ...] = ()


@dataclass(frozen=True)
class Growth:
    """How far and how fast automation may raise a quota; sizes in bytes, times in s.

    Above `approval_bytes` a person must approve; `headroom_s` is how far ahead a limit
    must not be in reach; `cool_down_s` lies between two expansions that can wait.
    """

    step_bytes: int
    ceiling_bytes: int
    approval_bytes: int
    headroom_s: int
    cool_down_s: int
    reason: str


@dataclass(frozen=True)
class Quota:
    """Limits on the view's directory, in logical bytes; grace in seconds."""

    name: str
    soft_bytes: int
    hard_bytes: int
    grace_s: int
    reason: str
    growth: Growth | None


@dataclass(frozen=True)
class Limit:
    """One static limit by its name on the wire (MB/s or IOPS), and why it is so."""

    name: str
    value: int
    reason: str


@dataclass(frozen=True)
class Qos:
    """Quality of service of a view: minima under contention, maxima without."""

    name: str
    priority: bool
    limits: tuple[Limit, ...]
    reason: str

    def limit(self, name: str) -> int:
        """Return the limit of that name, 0 (unlimited, none guaranteed) if unset."""
        return next((limit.value for limit in self.limits if limit.name == name), 0)


@dataclass(frozen=True)
class Protection:
    """Local snapshots: how often, how long kept, in seconds."""

    name: str
    every_s: int
    keep_s: int
    reason: str


@dataclass(frozen=True)
class Space:
    """Everything storage needs to know of one observatory, or of the database."""

    owner: str
    view: View
    policy: ViewPolicy
    quota: Quota
    qos: Qos
    protection: Protection | None


def named_as(space: Space, bucket: str) -> Space:
    """Return the space of another bucket: view, quota and snapshots of its own.

    Policy and quality of service are shared: they name nothing of a bucket.
    """
    if bucket == space.view.bucket:
        return space
    view = replace(space.view, name=bucket, path=f"/{bucket}", bucket=bucket)
    protection = space.protection and replace(space.protection, name=bucket)
    quota = replace(space.quota, name=bucket)
    return replace(space, view=view, quota=quota, protection=protection)


def space(document: Mapping[str, Any], owner: str) -> Space:
    """Return the space of a TOML table; `owner` names it in messages.

    Raises ConfigError naming file, table and key.
    """
    with named(owner):
        only(document, "storage", ("view", "policy", "quota", "qos", "protection"))
        protection = document.get("protection")
        return Space(
            owner=owner,
            view=_view(_table(document, "view")),
            policy=_policy(_table(document, "policy")),
            quota=_quota(_table(document, "quota")),
            qos=_qos(_table(document, "qos")),
            protection=None if protection is None else _protection(protection),
        )


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if name not in document:
        raise ConfigError(f"[storage.{name}] is missing")
    table: Mapping[str, Any] = document[name]
    return table


def _view(table: Mapping[str, Any]) -> View:
    view = built(View, table, "storage.view")
    if not view.path.startswith("/") or (view.path != "/" and view.path.endswith("/")):
        raise ConfigError(
            f"[storage.view] path {view.path!r} must begin with '/' and not end with one"
        )
    strangers = set(view.protocols) - set(PROTOCOLS)
    if strangers:
        raise ConfigError(
            f"[storage.view] has no protocols {sorted(strangers)}; "
            f"there are {', '.join(PROTOCOLS)}"
        )
    if bool(view.bucket) != bool(BUCKETED & set(view.protocols)):
        raise ConfigError(
            f"[storage.view] bucket is {view.bucket!r} with protocols "
            f"{', '.join(view.protocols)}: a bucket and one of "
            f"{', '.join(sorted(BUCKETED))} belong together"
        )
    return view


def _policy(table: Mapping[str, Any]) -> ViewPolicy:
    return built(ViewPolicy, table, "storage.policy")


def _quota(table: Mapping[str, Any]) -> Quota:
    growth = table.get("growth")
    values = {key: value for key, value in table.items() if key != "growth"}
    grows = None if growth is None else _growth(growth)
    quota = read(Quota, values, "storage.quota", QUOTA_UNITS, growth=grows)
    if not 0 < quota.soft_bytes <= quota.hard_bytes:
        raise ConfigError("[storage.quota] soft must be above 0 and not above hard")
    if quota.growth and quota.growth.ceiling_bytes < quota.hard_bytes:
        raise ConfigError("[storage.quota.growth] ceiling is below the hard limit")
    return quota


def _growth(table: Mapping[str, Any]) -> Growth:
    growth = read(Growth, table, "storage.quota.growth", GROWTH_UNITS)
    if growth.step_bytes <= 0:
        raise ConfigError("[storage.quota.growth] step must be above 0")
    return growth


def _qos(table: Mapping[str, Any]) -> Qos:
    limits = [
        built(Limit, row, "storage.qos.limits") for row in table.get("limits", [])
    ]
    for limit in limits:
        if limit.name not in STATIC_LIMITS:
            raise ConfigError(
                f"[storage.qos] has no limit {limit.name!r}; "
                f"there are {', '.join(STATIC_LIMITS)}"
            )
        if not limit.reason:
            raise ConfigError(f"[storage.qos] limit {limit.name} gives no reason")
    qos = built(Qos, {**table, "limits": limits}, "storage.qos")
    for name in STATIC_LIMITS[:4]:
        top = qos.limit(name.replace("min_", "max_"))
        if top and qos.limit(name) > top:
            raise ConfigError(f"[storage.qos] {name} is above its maximum {top}")
    return qos


def _protection(table: Mapping[str, Any]) -> Protection:
    protection = read(Protection, table, "storage.protection", PROTECTION_UNITS)
    if not 60 <= protection.every_s <= protection.keep_s:
        raise ConfigError(
            "[storage.protection] every must be a minute or more, and keep not less"
        )
    return protection
