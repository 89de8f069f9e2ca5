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
class Existing:
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

    existing: tuple[Existing, ...]
    absent: frozenset[str] = frozenset()

    def matching(self, resource: Resource) -> tuple[Existing, ...]:
        """Return what has exactly this kind, tenant and identity, oldest first."""
        hits = [
            existing
            for existing in self.existing
            if existing.kind == resource.kind
            and existing.identity == resource.identity
            and existing.tenant in (None, resource.tenant)
        ]
        return tuple(sorted(hits, key=lambda existing: existing.id or 0))


def differing(resource: Resource, existing: Existing) -> list[str]:
    """Return the names of wanted fields that are not as wanted, and should be."""
    kind = KINDS.get(resource.kind)
    skipped = set(tolerated(resource, existing)) | (kind.create_only if kind else set())
    return [
        name
        for name, value in resource.fields.items()
        if name not in skipped and not same(name, existing.fields.get(name), value)
    ]


def tolerated(resource: Resource, existing: Existing) -> list[str]:
    """Return the names of fields that differ and are left as somebody has them."""
    kind = KINDS.get(resource.kind)
    adopted = TABLE_ADOPTED if resource.kind == TABLE else ()
    return [
        name
        for name in (kind.adopted if kind else adopted)
        if existing.fields.get(name)
        and name in resource.fields
        and not same(name, existing.fields[name], resource.fields[name])
    ]


def holds_data(existing: Existing, quota: Existing | None = None) -> bool:
    """Tell whether a resource holds data; what the VMS does not tell counts as data."""
    if existing.kind == TABLE:
        return bool(existing.raw.get("rows", True))
    if existing.kind != "view":
        return False
    sizes = [
        existing.raw.get("logical_capacity"),
        existing.raw.get("physical_capacity"),
    ]
    sizes += [quota.raw.get("used_capacity")] if quota else []
    known_sizes = [size for size in sizes if size is not None]
    return not known_sizes or any(known_sizes)


def table_fields(table: schema.Table | Fields) -> dict[str, Any]:
    """Return columns (name → Arrow type as text), sort key and projections as fields.

    Projections are name → columns they are sorted by; further ones are left alone.
    """
    if isinstance(table, schema.Table):
        columns = {column.name: str(column.type) for column in table.columns}
        projections = {
            projection.name: list(projection.sort) for projection in table.projections
        }
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
