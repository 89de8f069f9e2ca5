"""One step of a plan: names become ids, and each step looks before and after it acts."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from orbital_kernel.errors import ProvisionError
from orbital_kernel.storage.listing import Row
from orbital_kernel.storage.protocols import Tables, Vms
from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.kinds import KINDS, TABLE, Fields
from orbital_kernel.storage.provision.reading import Names, found_of
from orbital_kernel.storage.provision.resource import (
    Found,
    Resource,
    differing,
    holds_data,
)


class Steps:
    """One run: the lists it needs to turn names into ids, read once and kept right."""

    def __init__(
        self, vms: Vms, tables: Tables | None, yes_delete: tuple[str, ...]
    ) -> None:
        self.vms = vms
        self.tables = tables
        self.yes_delete = yes_delete
        self._rows: dict[str, list[Row]] = {}

    def carry_out(self, change: Change) -> Change:
        """Make one change and return it as it was done; ProvisionError where it cannot be.

        A creation tells what was made, with its id; where somebody was faster it is told
        as an update of nothing before: it was adopted.
        """
        if change.resource == TABLE:
            self._table(change)
            return change
        return _ACTIONS[change.action](self, change)

    def create(self, change: Change) -> Change:
        """Make what is wanted, unless it is there by now; then make it as wanted."""
        wanted = _wanted(change)
        resource = KINDS[wanted.kind].resource
        mine: Row | None = None
        if self._find(wanted) is None:
            body = self._body(wanted, wanted.fields)
            mine = self.vms.create(resource, body, lambda: self._find(wanted))
        kept = self._only_one(wanted, mine)
        names = differing(wanted, kept)
        if names:
            self._set(wanted, kept, {name: wanted.fields[name] for name in names})
        ours = mine is not None and kept.id == mine["id"]
        return replace(change, action="create" if ours else "update", found=kept)

    def update(self, change: Change) -> Change:
        """Set the fields that differ."""
        wanted = _wanted(change)
        found = change.found
        if found is None or found.id is None:
            raise ProvisionError(f"{change.name} has no id: plan again")
        self._set(wanted, found, change.after)
        return change

    def delete(self, change: Change) -> Change:
        """Delete one, after a last look at whether it holds data."""
        found = change.found
        if found is None or found.id is None:
            raise ProvisionError(f"{change.name} has no id: plan again")
        resource = KINDS[change.resource].resource
        now = [
            row
            for row in self._list(change.resource, anew=True)
            if row["id"] == found.id
        ]
        if not now:
            return change
        fresh = found_of(KINDS[change.resource], now[0], {})
        if holds_data(fresh):
            self._empty(change, now[0])
        self.vms.delete(resource, found.id)
        return change

    def _empty(self, change: Change, row: Row) -> None:
        if change.name not in self.yes_delete:
            raise ProvisionError(
                f"{change.resource} {change.name} has come to hold data since the plan: "
                f"name it with --yes-delete {change.name} to delete it all the same"
            )
        self.vms.empty(str(row["path"]), row.get("tenant_id"))

    def _table(self, change: Change) -> None:
        if self.tables is None:
            raise ProvisionError(f"no database is connected to provide {change.name}")
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
                f"table {change.name} cannot be changed here: look at what differs, and "
                "change it by hand"
            )

    def _drop(self, change: Change, tables: Tables) -> None:
        was_empty = change.found is not None and change.found.raw.get("rows") == 0
        if (
            was_empty
            and change.name not in self.yes_delete
            and tables.rows(change.name)
        ):
            raise ProvisionError(
                f"table {change.name} has come to hold rows since the plan: name it with "
                f"--yes-delete {change.name} to drop it all the same"
            )
        tables.drop(change.name)

    def _set(self, wanted: Resource, found: Found, fields: Fields) -> None:
        resource = KINDS[wanted.kind].resource
        item = found.id
        if item is None:
            raise ProvisionError(f"{wanted.name} has no id: plan again")
        self.vms.patch(resource, item, self._body(wanted, fields, new=False))
        now = self._found(wanted)
        left = (
            [n for n in differing(wanted, now) if n in fields] if now else list(fields)
        )
        if left:
            raise ProvisionError(
                f"{wanted.kind} {wanted.name} still differs in {', '.join(left)} after it "
                "was set: somebody else may be changing it; plan again"
            )

    def _only_one(self, wanted: Resource, mine: Row | None) -> Found:
        """Return the oldest of those there; take ours back if somebody was first."""
        rows = self._matching(wanted, anew=True)
        if not rows:
            raise ProvisionError(
                f"{wanted.kind} {wanted.name} was made but is not listed: plan again"
            )
        if mine and rows[0]["id"] != mine["id"]:
            self.vms.delete(KINDS[wanted.kind].resource, mine["id"])
        return found_of(KINDS[wanted.kind], rows[0], self._names(wanted))

    def _find(self, wanted: Resource) -> Row | None:
        rows = self._matching(wanted, anew=True)
        return rows[0] if rows else None

    def _found(self, wanted: Resource) -> Found | None:
        row = self._find(wanted)
        return found_of(KINDS[wanted.kind], row, self._names(wanted)) if row else None

    def _matching(self, wanted: Resource, *, anew: bool) -> list[Row]:
        kind = KINDS[wanted.kind]
        tenant = self._id("tenant", wanted.tenant, None) if kind.tenanted else None
        rows = [
            row
            for row in self._list(wanted.kind, anew=anew)
            if str(row.get(kind.identity)) == wanted.identity
            and (tenant is None or row.get("tenant_id") in (None, tenant))
        ]
        return sorted(rows, key=lambda row: int(row["id"]))

    def _body(self, wanted: Resource, fields: Fields, *, new: bool = True) -> Row:
        kind = KINDS[wanted.kind]
        body: Row = {}
        for name, value in fields.items():
            reference = kind.references.get(name)
            if reference is None:
                body[name] = dict(value) if isinstance(value, Mapping) else value
            elif reference.many:
                body[reference.wire] = [
                    self._id(reference.kind, one, wanted.tenant) for one in value
                ]
            else:
                item = self._id(reference.kind, value, wanted.tenant)
                body[reference.wire] = str(item) if reference.text else item
        if new and kind.tenanted:
            body["tenant_id"] = self._id("tenant", wanted.tenant, None)
        return body

    def _names(self, wanted: Resource) -> Names:
        kinds = {"tenant", *(r.kind for r in KINDS[wanted.kind].references.values())}
        return {
            kind: {str(row["id"]): str(row.get("name")) for row in self._list(kind)}
            for kind in kinds
            if kind == "tenant" or self._rows.get(kind) is not None
        }

    def _id(self, kind: str, name: str, tenant: str | None) -> int:
        owner = None if tenant is None else self._id("tenant", tenant, None)
        for anew in (False, True):
            for row in self._list(kind, anew=anew):
                mine = owner is None or row.get("tenant_id") in (None, owner)
                if row.get("name") == name and mine:
                    return int(row["id"])
        raise ProvisionError(
            f"{self.vms.address} has no {kind} named {name!r}: make it, or plan again"
        )

    def _list(self, kind: str, *, anew: bool = False) -> list[Row]:
        if anew or kind not in self._rows:
            known = KINDS[kind]
            self._rows[kind] = self.vms.listing(known.resource, paged=known.paged)
        return self._rows[kind]


_ACTIONS: Mapping[str, Callable[[Steps, Change], Change]] = {
    "create": Steps.create,
    "update": Steps.update,
    "delete": Steps.delete,
}


def _wanted(change: Change) -> Resource:
    if change.wanted is None:
        raise ProvisionError(f"change of {change.name} does not say what is wanted")
    return change.wanted
