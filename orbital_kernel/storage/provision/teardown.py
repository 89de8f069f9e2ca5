"""What to remove of what was provisioned, and what to keep because it holds data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.conflicts import Conflict
from orbital_kernel.storage.provision.created import Made
from orbital_kernel.storage.provision.kinds import ORDER, TABLE
from orbital_kernel.storage.provision.plan import Plan
from orbital_kernel.storage.provision.resource import (
    Actual,
    Found,
    Resource,
    differing,
    holds_data,
)

NEVER = ("tenant", "cluster", "vippool")
"""Taken down only where an apply has made them: others may live there too."""
SHOWN = ("path", "bucket", "hard_limit", "flavor", "mode", "ip_ranges")

Pair = tuple[Resource, Found]


def teardown(
    desired: Sequence[Resource],
    actual: Actual,
    *,
    yes_delete: Sequence[str] = (),
    made: Sequence[Made] = (),
) -> Plan:
    """Return the plan that removes what is wanted no more, last made first.

    Views and tables that hold data, or of which it is not known, are kept unless named;
    with a view stay its quota, policies and protection. Tenants and VIP pools go only
    where they are among what was `made`.
    """
    own = {one.key for one in made}
    doomed = [
        resource
        for resource in desired
        if resource.kind not in NEVER
        or (resource.kind, resource.tenant, resource.identity) in own
    ]
    doomed += [one.resource() for one in unwanted(made, desired)]
    return _removal(_pairs(doomed, actual, made), actual, (), yes_delete)


def prune(
    made: Sequence[Made],
    desired: Sequence[Resource],
    actual: Actual,
    *,
    yes_delete: Sequence[str] = (),
) -> Plan:
    """Return the plan that removes what an earlier apply made and no file names now.

    What holds data is kept unless named, and so is what something else needs, as it will
    be once the rest of the plan is done.
    """
    doomed = [one.resource() for one in unwanted(made, desired)]
    return _removal(_pairs(doomed, actual, made), actual, desired, yes_delete)


def unwanted(made: Sequence[Made], desired: Sequence[Resource]) -> list[Made]:
    """Return what was made and is wanted no more."""
    wanted = {(one.kind, one.tenant, one.identity) for one in desired}
    return [one for one in made if one.key not in wanted]


def _pairs(
    doomed: Sequence[Resource], actual: Actual, made: Sequence[Made]
) -> list[Pair]:
    """Return what is there of it; what has another id than what was made is not it."""
    ids = {one.key: one.id for one in made}
    known = [(one, ids.get((one.kind, one.tenant, one.identity))) for one in doomed]
    return [
        (resource, found)
        for resource, number in known
        for found in actual.matching(resource)[:1]
        if number is None or found.id in (None, number)
    ]


def _removal(
    pairs: Sequence[Pair],
    actual: Actual,
    desired: Sequence[Resource],
    yes_delete: Sequence[str],
) -> Plan:
    there = [found for _, found in pairs]
    kept = {
        _key(found): reason
        for found in there
        if not _allowed(found, there, yes_delete)
        and (reason := _why_kept(found, actual))
    }
    while more := _guards(there, kept, actual, desired):
        kept |= more
    leaving = sorted(
        (pair for pair in pairs if _key(pair[1]) not in kept),
        key=lambda pair: -ORDER.index(pair[1].kind),
    )
    return Plan(
        changes=tuple(_deletion(wanted, found) for wanted, found in leaving),
        kept=tuple(Conflict(k, name, why) for (k, name), why in kept.items()),
        notes=tuple(
            f"--yes-delete {name}: nothing that would be deleted has that name"
            for name in yes_delete
            if name not in {found.name for found in there}
        ),
        yes_delete=tuple(yes_delete),
    )


def _allowed(found: Found, there: Sequence[Found], names: Sequence[str]) -> bool:
    """Tell whether a person has named it, or the database it is a table of."""
    if found.name in names:
        return True
    return found.kind == TABLE and any(
        view.name in names
        for view in there
        if view.kind == "view" and "DATABASE" in (view.fields.get("protocols") or ())
    )


def undo(done: Sequence[Change], actual: Actual) -> Plan:
    """Return the plan that takes back what a run has done, last first.

    What was made goes again, unless it holds data by now; what was set is set back, where
    nobody has changed it since. What was adopted or deleted stays so. `actual` is read
    after the run.
    """
    pairs = [
        (change.wanted, found)
        for change in done
        if change.action == "create" and change.wanted
        for found in actual.matching(change.wanted)[:1]
        if change.found is None or found.id == change.found.id
    ]
    back = _removal(pairs, actual, (), ())
    updates = [
        change
        for before in reversed(done)
        if before.action == "update" and (change := _set_back(before, actual))
    ]
    return Plan((*updates, *back.changes), kept=back.kept)


def _set_back(done: Change, actual: Actual) -> Change | None:
    if done.wanted is None:
        return None
    matches = actual.matching(done.wanted)
    mine = {n: v for n, v in done.before.items() if v is not None}
    same_yet = matches and not set(differing(done.wanted, matches[0])) & set(mine)
    if not mine or not same_yet:
        return None
    wanted = replace(done.wanted, fields=mine)
    after = {name: done.after[name] for name in mine}
    why = "taken back"
    return Change(
        "update", done.resource, done.name, after, mine, why, wanted, matches[0]
    )


def _key(found: Found) -> tuple[str, str]:
    return found.kind, found.name


def _why_kept(found: Found, actual: Actual) -> str:
    quotas = [
        other
        for other in actual.found
        if other.kind == "quota"
        and (other.identity, other.tenant) == (found.identity, found.tenant)
    ]
    if not holds_data(found, quotas[0] if quotas else None):
        return ""
    return f"it holds data, or may: name it with --yes-delete {found.name}"


def _guards(
    there: Sequence[Found],
    kept: Mapping[tuple[str, str], str],
    actual: Actual,
    desired: Sequence[Resource],
) -> dict[tuple[str, str], str]:
    """Return what must stay too, because something that stays needs it."""
    leaving = {(f.kind, f.id) for f in there if _key(f) not in kept}
    wanted = {(one.kind, one.name) for one in desired}
    staying = [_planned(f, desired) for f in actual.found]
    staying = [f for f in staying if (f.kind, f.id) not in leaving]
    return {
        _key(found): f"{other.kind} {other.name} stays and needs it"
        for found in there
        if _key(found) not in kept
        for other in staying
        if _guarded(found, other, named=_key(other) in wanted)
    }


def _planned(found: Found, desired: Sequence[Resource]) -> Found:
    """Return something as it will be once the plan is done."""
    for wanted in desired:
        same = (wanted.kind, wanted.identity) == (found.kind, found.identity)
        if same and found.tenant in (None, wanted.tenant):
            fields = {**found.fields, **wanted.fields}
            return replace(found, name=wanted.name, fields=fields)
    return found


def _by_tenant(found: Found, other: Found) -> bool:
    return other.kind != "tenant" and other.tenant == found.name


def _by_field(kind: str, name: str) -> Callable[[Found, Found], bool]:
    """Return whether something of that kind names it in a field."""

    def needs(found: Found, other: Found) -> bool:
        told = other.fields.get(name)
        names = told if isinstance(told, list | tuple) else (told,)
        return other.kind == kind and found.name in names

    return needs


def _by_view(field: str) -> Callable[[Found, Found], bool]:
    """Return whether it belongs to a view that stays, by its path."""

    def needs(found: Found, other: Found) -> bool:
        same = found.tenant in (None, other.tenant)
        return other.kind == "view" and same and found.fields[field] == other.identity

    return needs


NEEDED: Mapping[str, Callable[[Found, Found], bool]] = {
    "tenant": _by_tenant,
    "vippool": _by_field("viewpolicy", "vip_pools"),
    "viewpolicy": _by_field("view", "policy"),
    "qospolicy": _by_field("view", "qos_policy"),
    "quota": _by_view("path"),
    "protectedpath": _by_view("source_dir"),
    "protectionpolicy": _by_field("protectedpath", "protection_policy"),
}
BROUGHT = ("quota", "protectedpath")
"""What a view that a file names brings along itself."""


def _guarded(found: Found, other: Found, *, named: bool) -> bool:
    needed = NEEDED.get(found.kind)
    if needed is None or (named and found.kind in BROUGHT):
        return False
    return needed(found, other)


def _deletion(wanted: Resource, found: Found) -> Change:
    shown = {name: found.fields[name] for name in SHOWN if name in found.fields}
    why = "named for deletion" if found.kind in ("view", TABLE) else "no longer needed"
    return Change("delete", found.kind, found.name, shown, {}, why, wanted, found)
