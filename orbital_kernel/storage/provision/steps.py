"""Execution of one step: names become ids; the state is checked before and after."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from orbital_kernel.errors import ProvisionError
from orbital_kernel.storage.listing import Row
from orbital_kernel.storage.protocols import Tables, Vms
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.kinds import KINDS, TABLE, Fields
from orbital_kernel.storage.provision.reading import Names, existing_of
from orbital_kernel.storage.provision.resource import (
    Existing,
    Resource,
    differing,
    holds_data,
)


class Steps:
    """One run, with the lists that turn names into ids."""

    def __init__(
        self, vms: Vms, tables: Tables | None, yes_delete: tuple[str, ...]
    ) -> None:
        self.vms = vms
        self.tables = tables
        self.yes_delete = yes_delete
        self._rows: dict[str, list[Row]] = {}

    def carry_out(self, change: Change) -> Change:
        """Make one change and return it as it was done; ProvisionError if it fails.

        A creation is returned with its id; if somebody else was faster, it is returned
        as an update of nothing before: the resource was adopted.
        """
        if change.resource == TABLE:
            self._table(change)
            return change
        return _ACTIONS[change.action](self, change)

    def create(self, change: Change) -> Change:
        """Create the resource unless it exists by now, then set the fields that differ."""
        resource = _desired(change)
        endpoint = KINDS[resource.kind].resource
        row: Row | None = None
        if self._find(resource) is None:
            body = self._body(resource, resource.fields)
            row = self.vms.create(endpoint, body, lambda: self._find(resource))
        existing = self._only_one(resource, row)
        names = differing(resource, existing)
        if names:
            self._set(
                resource, existing, {name: resource.fields[name] for name in names}
            )
        ours = row is not None and existing.id == row["id"]
        return replace(change, action="create" if ours else "update", existing=existing)

    def update(self, change: Change) -> Change:
        """Set the fields that differ."""
        resource = _desired(change)
        existing = change.existing
        if existing is None or existing.id is None:
            raise ProvisionError(f"{change.name} has no id: plan again")
        self._set(resource, existing, change.after)
        return change

    def delete(self, change: Change) -> Change:
        """Delete the resource, unless it holds data by now."""
        existing = change.existing
        if existing is None or existing.id is None:
            raise ProvisionError(f"{change.name} has no id: plan again")
        endpoint = KINDS[change.resource].resource
        rows = [
            row
            for row in self._list(change.resource, fresh=True)
            if row["id"] == existing.id
        ]
        if not rows:
            return change
        current = existing_of(KINDS[change.resource], rows[0], {})
        if holds_data(current):
            self._empty(change, rows[0])
        self.vms.delete(endpoint, existing.id)
        return change

    def _empty(self, change: Change, row: Row) -> None:
        if change.name not in self.yes_delete:
            raise ProvisionError(
                f"{change.resource} {change.name} holds data, which it did not when it was "
                f"planned: name it with --yes-delete {change.name} to delete it anyway"
            )
        self.vms.empty(str(row["path"]), row.get("tenant_id"))

    def _table(self, change: Change) -> None:
        if self.tables is None:
            raise ProvisionError(
                f"{change.name} cannot be created without a database: connect to one"
            )
        if change.action == "create":
            self.tables.create(change.name)
        elif change.action == "delete":
            self._drop(change, self.tables)
        elif set(change.after) <= {"columns", "projections"}:
            if "columns" in change.after:
                self.tables.widen(change.name)
            if "projections" in change.after:
                self.tables.arrange(change.name)
        else:
            raise ProvisionError(
                f"table {change.name} cannot be changed: look at what differs, and change "
                "it by hand"
            )

    def _drop(self, change: Change, tables: Tables) -> None:
        was_empty = change.existing is not None and change.existing.raw.get("rows") == 0
        if (
            was_empty
            and change.name not in self.yes_delete
            and tables.rows(change.name)
        ):
            raise ProvisionError(
                f"table {change.name} holds rows, which it did not when it was planned: name "
                f"it with --yes-delete {change.name} to drop it anyway"
            )
        tables.drop(change.name)

    def _set(self, resource: Resource, existing: Existing, fields: Fields) -> None:
        endpoint = KINDS[resource.kind].resource
        item = existing.id
        if item is None:
            raise ProvisionError(f"{resource.name} has no id: plan again")
        self.vms.patch(endpoint, item, self._body(resource, fields, new=False))
        current = self._existing(resource)
        wrong = differing(resource, current) if current else list(fields)
        wrong = [name for name in wrong if name in fields]
        if wrong:
            raise ProvisionError(
                f"{resource.kind} {resource.name} still differs in {', '.join(wrong)} "
                "after it was set: somebody else may be changing it; plan again"
            )

    def _only_one(self, resource: Resource, row: Row | None) -> Existing:
        """Return the oldest match; delete the created one if somebody else was first."""
        rows = self._matching(resource, fresh=True)
        if not rows:
            raise ProvisionError(
                f"{resource.kind} {resource.name} was created but is not listed: plan again"
            )
        if row and rows[0]["id"] != row["id"]:
            self.vms.delete(KINDS[resource.kind].resource, row["id"])
        return existing_of(KINDS[resource.kind], rows[0], self._names(resource))

    def _find(self, resource: Resource) -> Row | None:
        rows = self._matching(resource, fresh=True)
        return rows[0] if rows else None

    def _existing(self, resource: Resource) -> Existing | None:
        row = self._find(resource)
        return (
            existing_of(KINDS[resource.kind], row, self._names(resource))
            if row
            else None
        )

    def _matching(self, resource: Resource, *, fresh: bool) -> list[Row]:
        kind = KINDS[resource.kind]
        tenant = self._id("tenant", resource.tenant, None) if kind.tenanted else None
        rows = [
            row
            for row in self._list(resource.kind, fresh=fresh)
            if str(row.get(kind.identity)) == resource.identity
            and (tenant is None or row.get("tenant_id") in (None, tenant))
        ]
        return sorted(rows, key=lambda row: int(row["id"]))

    def _body(self, resource: Resource, fields: Fields, *, new: bool = True) -> Row:
        kind = KINDS[resource.kind]
        body: Row = {}
        for name, value in fields.items():
            reference = kind.references.get(name)
            if reference is None:
                body[name] = dict(value) if isinstance(value, Mapping) else value
            elif reference.many:
                body[reference.wire] = [
                    self._id(reference.kind, target, resource.tenant)
                    for target in value
                ]
            else:
                item = self._id(reference.kind, value, resource.tenant)
                body[reference.wire] = str(item) if reference.text else item
        if new and kind.tenanted:
            body["tenant_id"] = self._id("tenant", resource.tenant, None)
        return body

    def _names(self, resource: Resource) -> Names:
        kinds = {"tenant", *(r.kind for r in KINDS[resource.kind].references.values())}
        return {
            kind: {str(row["id"]): str(row.get("name")) for row in self._list(kind)}
            for kind in kinds
            if kind == "tenant" or self._rows.get(kind) is not None
        }

    def _id(self, kind: str, name: str, tenant: str | None) -> int:
        owner = None if tenant is None else self._id("tenant", tenant, None)
        for fresh in (False, True):
            for row in self._list(kind, fresh=fresh):
                owned = owner is None or row.get("tenant_id") in (None, owner)
                if row.get("name") == name and owned:
                    return int(row["id"])
        raise ProvisionError(
            f"{self.vms.address} has no {kind} named {name!r}: create it, or plan again"
        )

    def _list(self, kind: str, *, fresh: bool = False) -> list[Row]:
        if fresh or kind not in self._rows:
            listed = KINDS[kind]
            self._rows[kind] = self.vms.listing(listed.resource, paged=listed.paged)
        return self._rows[kind]


_ACTIONS: Mapping[str, Callable[[Steps, Change], Change]] = {
    "create": Steps.create,
    "update": Steps.update,
    "delete": Steps.delete,
}


def _desired(change: Change) -> Resource:
    if change.desired is None:
        raise ProvisionError(f"{change.name} has no desired state: plan again")
    return change.desired
