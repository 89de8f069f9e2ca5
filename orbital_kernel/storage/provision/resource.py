"""Desired and existing resources, compared by kind, tenant and identity."""

from dataclasses import dataclass, field
from typing import Any

from orbital_kernel.model import schema
from orbital_kernel.storage.provision.kinds import KINDS, TABLE, Fields, same

TABLE_ADOPTED = ("sort",)
"""A table with another sort key gives the same answers, and the key is fixed."""


@dataclass(frozen=True)
class Resource:
    """One desired resource.

    Attributes
    ----------
    kind : str
        A key of `kinds.KINDS`, or 'table'.
    name, tenant, identity : str
        Its name, its tenant's name, and the value of the field that identifies it.
    fields : mapping
        Values by the field names of the VMS API; sizes in bytes. References (`policy`,
        `qos_policy`, …) hold names in place of ids.
    reason : str
        Why the file asks for it.
    needs : tuple of (str, str)
        Kind and name of what must exist before it, besides what its fields refer to.
    """

    kind: str
    name: str
    tenant: str
    identity: str
    fields: Fields
    reason: str = ""
    needs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Existing:
    """One existing resource; references hold names, `raw` is the row of the VMS."""

    kind: str
    name: str
    tenant: str | None
    identity: str
    id: int | None
    fields: Fields
    raw: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Actual:
    """Existing resources of the listed kinds; the VMS does not offer `absent` kinds."""

    existing: tuple[Existing, ...]
    absent: frozenset[str] = frozenset()

    def matching(self, resource: Resource) -> tuple[Existing, ...]:
        """Return the resources of exactly this kind, tenant and identity, oldest first."""
        hits = [
            existing
            for existing in self.existing
            if existing.kind == resource.kind
            and existing.identity == resource.identity
            and existing.tenant in (None, resource.tenant)
        ]
        return tuple(sorted(hits, key=lambda existing: existing.id or 0))


def differing(resource: Resource, existing: Existing) -> list[str]:
    """Return the names of the fields that differ and must be set."""
    kind = KINDS.get(resource.kind)
    skipped = set(tolerated(resource, existing)) | (kind.create_only if kind else set())
    return [
        name
        for name, value in resource.fields.items()
        if name not in skipped and not same(name, existing.fields.get(name), value)
    ]


def tolerated(resource: Resource, existing: Existing) -> list[str]:
    """Return the names of the fields that differ and stay as they are."""
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
    """Return whether a resource holds data; unknown counts as data."""
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

    Projections are name → columns they are sorted by.
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
