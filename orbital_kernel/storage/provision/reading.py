"""The actual state: lists of the VMS as values, with names in place of ids.

Resources are matched by exact path and tenant here, because the VMS cannot filter quotas
by path, and its other filters differ between versions.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orbital_kernel.model import schema
from orbital_kernel.storage.listing import NotOffered, Row
from orbital_kernel.storage.protocols import Vms
from orbital_kernel.storage.provision.kinds import KINDS, TABLE, Kind
from orbital_kernel.storage.provision.resource import (
    Actual,
    Existing,
    Resource,
    table_fields,
)

Names = Mapping[str, Mapping[str, str]]
"""Kind → id as text → name."""


def actual(
    vms: Vms,
    desired: Sequence[Resource],
    tables: Mapping[str, schema.Table] | None = None,
) -> Actual:
    """Return what exists of every kind that is desired or referred to.

    `tables` are those of the database by full name; without them tables count as not
    offered.
    """
    kinds = _kinds(desired)
    rows: dict[str, list[Row]] = {}
    absent = {TABLE} if tables is None else set()
    for kind in kinds:
        try:
            rows[kind.name] = vms.listing(kind.resource, paged=kind.paged)
        except NotOffered:
            if not kind.optional:
                raise
            absent.add(kind.name)
    names = {
        kind: {str(row["id"]): str(row.get("name")) for row in listed}
        for kind, listed in rows.items()
    }
    existing = [
        existing_of(KINDS[kind], row, names)
        for kind, listed in rows.items()
        for row in listed
    ]
    if tables is not None and any(resource.kind == TABLE for resource in desired):
        existing += [
            Existing(TABLE, name, None, name, None, table_fields(table))
            for name, table in tables.items()
        ]
    return Actual(tuple(existing), frozenset(absent))


def existing_of(kind: Kind, row: Row, names: Names) -> Existing:
    """Return a listed row as Existing; an unknown id stays as '#id'."""
    fields: dict[str, Any] = dict(row)
    for name, reference in kind.references.items():
        names_by_id = names.get(reference.kind, {})
        value = row.get(reference.wire)
        if reference.many:
            fields[name] = [names_by_id.get(str(i), f"#{i}") for i in value or ()]
        else:
            fields[name] = (
                None if value is None else names_by_id.get(str(value), f"#{value}")
            )
    tenant = row.get("tenant_id") if kind.tenanted else None
    return Existing(
        kind=kind.name,
        name=str(row.get("name")),
        tenant=None if tenant is None else names.get("tenant", {}).get(str(tenant)),
        identity=str(row.get(kind.identity)),
        id=row.get("id"),
        fields=fields,
        raw=row,
    )


def _kinds(desired: Iterable[Resource]) -> list[Kind]:
    names = {resource.kind for resource in desired} - {TABLE}
    names |= {
        reference.kind
        for resource in desired
        if resource.kind in KINDS
        for name, reference in KINDS[resource.kind].references.items()
        if name in resource.fields
    }
    return [kind for name, kind in KINDS.items() if name in names | {"tenant"}]
