"""The site: what all observatories share, from one file.

`tenant` is the name of a tenant that is there, or a table with settings of one to make.
`[[vip_pools]]` are addresses to be made; view policies name those they are served on.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orbital_kernel.errors import ConfigError
from orbital_kernel.model.sizes import bytes_of, seconds_of
from orbital_kernel.model.storage_spec import Space, space
from orbital_kernel.model.strict_toml import Units, built, only, read

Range = tuple[str, str]
ROLES = ("PROTOCOLS", "REPLICATION")
TENANT_UNITS: Units = {
    "soft": ("soft_bytes", bytes_of),
    "hard": ("hard_bytes", bytes_of),
    "grace": ("grace_s", seconds_of),
}


@dataclass(frozen=True)
class OverCommit:
    """What may be promised of a cluster, as a share; clusters named may exceed it."""

    capacity_ratio: float
    bandwidth_ratio: float
    named: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Tenant:
    """The tenant everything belongs to; a setting that is None is left as it is.

    Sizes in bytes, grace in seconds; addresses of clients as pairs, first and last.
    """

    name: str
    reason: str = ""
    client_ip_ranges: tuple[Range, ...] | None = None
    max_views: int | None = None
    soft_bytes: int | None = None
    hard_bytes: int | None = None
    grace_s: int | None = None


@dataclass(frozen=True)
class VipPool:
    """Addresses clients reach the cluster at; pairs of first and last, both included."""

    name: str
    ip_ranges: tuple[Range, ...]
    subnet_cidr: int
    reason: str
    role: str = "PROTOCOLS"
    domain_name: str = ""
    vlan: int = 0


@dataclass(frozen=True)
class Site:
    """What all observatories share: tenant, addresses, bucket owner, database, promises."""

    name: str
    bucket_owner: str
    database: Space
    over_commit: OverCommit
    tenancy: Tenant
    vip_pools: tuple[VipPool, ...] = ()

    @property
    def tenant(self) -> str:
        """The tenant's name."""
        return self.tenancy.name


def site_of(document: Mapping[str, Any]) -> Site:
    """Return the site of a file's content; ConfigError names table and key."""
    keys = ("name", "tenant", "bucket_owner", "storage", "over_commit", "vip_pools")
    only(document, "site", keys)
    shared = {key: document[key] for key in ("name", "bucket_owner") if key in document}
    return read(
        Site,
        shared,
        "site",
        {},
        tenancy=_tenant(document.get("tenant")),
        vip_pools=tuple(_pool(row) for row in document.get("vip_pools", ())),
        database=space(document.get("storage", {}), "database"),
        over_commit=built(OverCommit, document.get("over_commit", {}), "over_commit"),
    )


def _tenant(section: Any) -> Tenant:
    if not section or not isinstance(section, str | dict):
        raise ConfigError(
            f"[site] tenant is {section!r}, should be the name of a tenant or its table"
        )
    if isinstance(section, str):
        return Tenant(section)
    rows = section.get("client_ip_ranges")
    values = {**section, "client_ip_ranges": rows and _ranges(rows, "tenant")}
    tenant = read(Tenant, values, "tenant", TENANT_UNITS)
    if tenant.hard_bytes and (tenant.soft_bytes or 0) > tenant.hard_bytes:
        raise ConfigError("[tenant] soft is above hard")
    return tenant


def _pool(row: Mapping[str, Any]) -> VipPool:
    values = {**row, "ip_ranges": _ranges(row.get("ip_ranges"), "vip_pools")}
    pool = built(VipPool, values, "vip_pools")
    if pool.role not in ROLES:
        raise ConfigError(f"[vip_pools] role {pool.role!r} is not one of {ROLES}")
    return pool


def _ranges(rows: Any, where: str) -> tuple[Range, ...]:
    """Return pairs of addresses; each pair of one family, and in order."""
    try:
        pairs = tuple((str(first), str(last)) for first, last in rows)
        wrong = [pair for pair in pairs if not _in_order(*pair)]
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"[{where}] {rows!r} are not pairs of first and last address: {error}"
        ) from error
    if wrong or not pairs:
        raise ConfigError(
            f"[{where}] {wrong or rows} hold no address from first to last"
        )
    return pairs


def _in_order(first: str, last: str) -> bool:
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    return low.version == high.version and int(low) <= int(high)
