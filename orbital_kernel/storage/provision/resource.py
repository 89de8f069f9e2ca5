"""What should be, and what is: two shapes, compared by kind, tenant and identity."""

from dataclasses import dataclass, field
from typing import Any

from orbital_kernel.model import schema
from orbital_kernel.storage.provision.kinds import KINDS, TABLE, Fields, same

TABLE_ADOPTED = ("sort",)
"""A table sorted by another key answers the same, and no sort key can be changed."""


@dataclass(frozen=True)
class Resource:
    """One thing that should be: kind, name, tenant, identity value and wire fields.

    References (`policy`, `qos_policy`, …) hold names. `reason` says why it is so.
    """

    kind: str
    name: str
    tenant: str
    identity: str
    fields: Fields
    reason: str = ""


@dataclass(frozen=True)
class Found:
    """One thing that is there; references are names, `raw` is what the VMS told."""

    kind: str
    name: str
    tenant: str | None
    identity: str
    id: int | None
    fields: Fields
    raw: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Actual:
    """All that is there of the kinds asked for; `absent` kinds the VMS does not offer."""

    found: tuple[Found, ...]
    absent: frozenset[str] = frozenset()

    def matching(self, wanted: Resource) -> tuple[Found, ...]:
        """Return what has exactly this kind, tenant and identity, oldest first."""
        hits = [
            found
            for found in self.found
            if found.kind == wanted.kind
            and found.identity == wanted.identity
            and found.tenant in (None, wanted.tenant)
        ]
        return tuple(sorted(hits, key=lambda found: found.id or 0))


def differing(wanted: Resource, found: Found) -> list[str]:
    """Return the names of wanted fields that are not as wanted, and should be."""
    kind = KINDS.get(wanted.kind)
    skipped = set(left(wanted, found)) | (kind.create_only if kind else set())
    return [
        name
        for name, value in wanted.fields.items()
        if name not in skipped and not same(name, found.fields.get(name), value)
    ]


def left(wanted: Resource, found: Found) -> list[str]:
    """Return the names of fields that differ and are left as somebody has them."""
    kind = KINDS.get(wanted.kind)
    adopted = TABLE_ADOPTED if wanted.kind == TABLE else ()
    return [
        name
        for name in (kind.adopted if kind else adopted)
        if found.fields.get(name)
        and name in wanted.fields
        and not same(name, found.fields[name], wanted.fields[name])
    ]


def holds_data(found: Found, quota: Found | None = None) -> bool:
    """Tell whether a resource holds data; what the VMS does not tell counts as data."""
    if found.kind == TABLE:
        return bool(found.raw.get("rows", True))
    if found.kind != "view":
        return False
    told = [found.raw.get("logical_capacity"), found.raw.get("physical_capacity")]
    told += [quota.raw.get("used_capacity")] if quota else []
    known = [size for size in told if size is not None]
    return not known or any(known)


def table_fields(table: schema.Table | Fields) -> dict[str, Any]:
    """Return columns (name → Arrow type as text), sort key and projections as fields.

    Projections are name → columns they are sorted by; further ones are left alone.
    """
    if isinstance(table, schema.Table):
        columns = {column.name: str(column.type) for column in table.columns}
        projections = {one.name: list(one.sort) for one in table.projections}
        return {
            "columns": columns,
            "sort": list(table.sort),
            "projections": projections,
        }
    columns = {name: str(kind) for name, kind in table["columns"].items()}
    projections = dict(table.get("projections", {}))
    return {
        "columns": columns,
        "sort": list(table["sort"]),
        "projections": projections,
    }
