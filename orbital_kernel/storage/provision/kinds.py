"""Every kind of resource of a plan: its REST resource and its identity.

The order of KINDS is the order of creation; deletion has the reverse order. Field names
are the VMS's own (public OpenAPI); a reference is planned by name and sent by id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orbital_kernel.errors import ConfigError
from orbital_kernel.model.sizes import seconds_of

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Reference:
    """A field that names another resource: planned by name, sent as `wire` id(s).

    `text`: the API has this id as a string.
    """

    kind: str
    wire: str
    many: bool = False
    text: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind: its REST resource, identity and fields with rules of their own.

    The `identity` field is unique within a tenant. `create_only` fields are sent on
    creation and never compared. `fixed` fields cannot be changed after creation.
    `adopted` fields are set if unset, and otherwise left unchanged. `paged`: the API
    documents `page_size` for its list.
    """

    name: str
    resource: str
    identity: str = "name"
    paged: bool = False
    tenanted: bool = True
    references: Mapping[str, Reference] = field(default_factory=dict)
    create_only: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    adopted: frozenset[str] = frozenset()
    optional: bool = False


_PROTECTION = Reference("protectionpolicy", "protection_policy_id", text=True)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("tenant", "tenants", paged=True, tenanted=False),
        Kind("cluster", "clusters", tenanted=False),
        Kind("vippool", "vippools"),
        Kind(
            "viewpolicy",
            "viewpolicies",
            references={"vip_pools": Reference("vippool", "vip_pools", many=True)},
        ),
        Kind("qospolicy", "qospolicies", paged=True, fixed=frozenset({"policy_type"})),
        Kind(
            "view",
            "views",
            identity="path",
            paged=True,
            references={
                "policy": Reference("viewpolicy", "policy_id"),
                "qos_policy": Reference("qospolicy", "qos_policy_id"),
            },
            create_only=frozenset({"create_dir"}),
            fixed=frozenset({"bucket"}),
            adopted=frozenset({"bucket_owner"}),
        ),
        Kind(
            "quota",
            "quotas",
            identity="path",
            paged=True,
            create_only=frozenset({"create_dir"}),
        ),
        Kind("protectionpolicy", "protectionpolicies", optional=True),
        Kind(
            "protectedpath",
            "protectedpaths",
            paged=True,
            references={"protection_policy": _PROTECTION},
            create_only=frozenset({"target_exported_dir"}),
            optional=True,
        ),
    )
}
"""Kinds with a REST resource. Tables are planned too, and created by the database."""

CLUSTER = "cluster"
TABLE = "table"
ORDER = (*KINDS, TABLE)


def normal(name: str, value: Any) -> Any:
    """Return a field's value in the one form in which two values are compared."""
    rule = _NORMAL.get(name)
    return value if rule is None or value is None else rule(value)


def same(name: str, have: Any, want: Any) -> bool:
    """Return whether the VMS's value equals the desired one; of objects, these keys."""
    if isinstance(want, Mapping):
        have = have if isinstance(have, Mapping) else {}
        return all(same(key, have.get(key, 0), value) for key, value in want.items())
    return bool(normal(name, have) == normal(name, want))


def _seconds(value: Any) -> Any:
    try:
        return seconds_of(str(value))
    except ConfigError:
        return value


def _set(values: Any) -> list[str]:
    return sorted(str(value) for value in values)


def _pairs(ranges: Any) -> list[list[str]]:
    return sorted([str(address) for address in pair] for pair in ranges)


def _frames(frames: Any) -> list[dict[str, Any]]:
    return [
        {k: _seconds(v) for k, v in frame.items() if k in ("every", "keep-local")}
        for frame in frames
    ]


_NORMAL: Mapping[str, Callable[[Any], Any]] = {
    "protocols": _set,
    "s3_read_write": _set,
    "nfs_read_only": _set,
    "nfs_read_write": _set,
    "vip_pools": _set,
    "ip_ranges": _pairs,
    "client_ip_ranges": _pairs,
    "grace_period": _seconds,
    "frames": _frames,
}
