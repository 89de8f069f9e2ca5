"""A management resource: its fields, filters and calls as data, its rules as code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vast_standin.http import ProtocolError
from vast_standin.vms.fields import Field, bad_request, declare
from vast_standin.vms.published import published
from vast_standin.vms.records import Record

if TYPE_CHECKING:
    from vast_standin.vms.cluster import Cluster

PAGING = frozenset({"page", "page_size"})


class Rules:
    """Checks of a resource beyond its fields; each method may raise ProtocolError."""

    def creating(self, cluster: "Cluster", record: Record) -> Record:
        """Check a new record and return it as stored."""
        del cluster
        return record

    def created(self, cluster: "Cluster", record: Record) -> None:
        """Run steps that need the id of a new record."""

    def changing(self, cluster: "Cluster", old: Record, changes: Record) -> Record:
        """Check a patch and return the changes to be stored."""
        del cluster, old
        return changes

    def deleting(self, cluster: "Cluster", record: Record) -> None:
        """Check a deletion, and remove dependent records."""

    def shown(self, cluster: "Cluster", record: Record) -> Record:
        """Return the record with its computed fields."""
        del cluster
        return record


@dataclass(frozen=True)
class Resource:
    """One resource of the VMS REST interface."""

    name: str
    fields: tuple[Field, ...]
    filters: Mapping[str, str]
    calls: frozenset[str]
    rules: Rules = field(default_factory=Rules)
    listed: Callable[["Cluster"], list[Record]] | None = None

    def need(self, call: str) -> None:
        """Raise 405 if the resource does not have a call."""
        if call not in self.calls:
            raise ProtocolError(
                405,
                "MethodNotAllowed",
                f"{self.name} knows {', '.join(sorted(self.calls))}, not {call}",
            )


def resource(
    name: str,
    fields: str,
    *,
    filters: str = "",
    calls: str = "list get create patch delete",
    rules: Rules | None = None,
    listed: Callable[["Cluster"], list[Record]] | None = None,
) -> Resource:
    """Return a resource from its declaration.

    A filter is a query name, with ``=field`` if it filters by another field; suffixes
    such as ``__contains`` select how to compare.
    """
    pairs = (text.partition("=") for text in filters.split())
    return Resource(
        name,
        declare(fields),
        {query: target or query for query, _, target in pairs},
        frozenset(calls.split()),
        rules or Rules(),
        listed,
    )


def select(
    kind: Resource, records: list[Record], query: tuple[tuple[str, str], ...]
) -> list[Record]:
    """Return the records all filters of a query accept; raise 400 for unknown ones.

    Every field that answers carry filters by its value, and with a suffix such as
    ``__contains`` or ``__in``; a resource may declare further names.
    """
    for name, text in query:
        if name in PAGING:
            continue
        column, how = _filter(kind, name)
        compare = _COMPARE[how]
        records = [r for r in records if compare(r.get(column), text)]
    return records


def _filter(kind: Resource, name: str) -> tuple[str, str]:
    """Return the field a filter compares, and how."""
    if name in kind.filters:
        column, _, how = kind.filters[name].partition("__")
        return column, how
    fields = {f.name for f in kind.fields if f.answered}
    fields.update(published().get(kind.name, ()))
    column, _, how = name.rpartition("__")
    if name in fields:
        return name, ""
    if column in fields and how in _SUFFIXES:
        return column, how
    if related := _related(name, fields):
        return related
    raise bad_request(
        f"unknown filter {name}; {kind.name} can be listed by "
        f"{', '.join(sorted(fields | set(kind.filters)))}, and by these with "
        f"{', '.join(f'__{suffix}' for suffix in _SUFFIXES)}"
    )


def _related(name: str, fields: set[str]) -> tuple[str, str] | None:
    """Return the field that `other__name` or `other__id` compares, and how.

    A record names another one in the fields `other_name` and `other_id`, or `other`.
    """
    other, _, rest = name.partition("__")
    attribute, _, how = rest.partition("__")
    if not attribute or (how and how not in _SUFFIXES):
        return None
    named = (other,) if attribute == "name" else ()
    for column in (f"{other}_{attribute}", *named):
        if column in fields:
            return column, how
    return None


def _equal(value: object, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    return value is not None and str(value) == text


_COMPARE: dict[str, Callable[[object, str], bool]] = {
    "": _equal,
    "contains": lambda value, text: text in str(value or ""),
    "icontains": lambda value, text: text.lower() in str(value or "").lower(),
    "startswith": lambda value, text: str(value or "").startswith(text),
    "in": lambda value, text: str(value) in text.split(","),
    "gte": lambda value, text: value is not None and str(value) >= text,
    "lte": lambda value, text: value is not None and str(value) <= text,
    "any": lambda value, text: True,  # noqa: ARG005
    "isnull": lambda value, text: (value is None) == (text.lower() == "true"),
}
_SUFFIXES = tuple(sorted(how for how in _COMPARE if how not in ("", "any")))
