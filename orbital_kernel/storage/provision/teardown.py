"""Deletion of what was provisioned; what holds data is retained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from orbital_kernel.storage.provision.change import Change
from orbital_kernel.storage.provision.conflicts import Conflict
from orbital_kernel.storage.provision.created import Created
from orbital_kernel.storage.provision.kinds import ORDER, TABLE
from orbital_kernel.storage.provision.plan import Plan
from orbital_kernel.storage.provision.resource import (
    Actual,
    Existing,
    Resource,
    differing,
    holds_data,
)

NEVER = ("tenant", "cluster", "vippool")
"""Deleted only if an apply created them: others may use them too."""
SHOWN = ("path", "bucket", "hard_limit", "flavor", "mode", "ip_ranges")

Pair = tuple[Resource, Existing]


def teardown(
    desired: Sequence[Resource],
    actual: Actual,
    *,
    yes_delete: Sequence[str] = (),
    created: Sequence[Created] = (),
) -> Plan:
    """Return the plan that deletes everything desired, in reverse order of creation.

    Views and tables that hold data, or may hold data, are retained unless named; a view
    retains its quota, policies and protection. Tenants and VIP pools are deleted only if
    they are among the `created`.
    """
    keys = {resource.key for resource in created}
    doomed = [
        resource
        for resource in desired
        if resource.kind not in NEVER
        or (resource.kind, resource.tenant, resource.identity) in keys
    ]
    doomed += [resource.resource() for resource in unwanted(created, desired)]
    return _removal(_pairs(doomed, actual, created), actual, (), yes_delete)


def prune(
    created: Sequence[Created],
    desired: Sequence[Resource],
    actual: Actual,
    *,
    yes_delete: Sequence[str] = (),
) -> Plan:
    """Return the plan that deletes what an earlier apply created and no file names now.

    What holds data is retained unless named, and so is what another resource needs after
    the remainder of the plan.
    """
    doomed = [resource.resource() for resource in unwanted(created, desired)]
    return _removal(_pairs(doomed, actual, created), actual, desired, yes_delete)


def unwanted(created: Sequence[Created], desired: Sequence[Resource]) -> list[Created]:
    """Return what was created and is no longer desired."""
    desired_keys = {(item.kind, item.tenant, item.identity) for item in desired}
    return [item for item in created if item.key not in desired_keys]


def _pairs(
    doomed: Sequence[Resource], actual: Actual, created: Sequence[Created]
) -> list[Pair]:
    """Return the existing resources; one with another id than recorded is excluded."""
    ids = {resource.key: resource.id for resource in created}
    numbered = [
        (resource, ids.get((resource.kind, resource.tenant, resource.identity)))
        for resource in doomed
    ]
    return [
        (resource, existing)
        for resource, number in numbered
        for existing in actual.matching(resource)[:1]
        if number is None or existing.id in (None, number)
    ]


def _removal(
    pairs: Sequence[Pair],
    actual: Actual,
    desired: Sequence[Resource],
    yes_delete: Sequence[str],
) -> Plan:
    candidates = [existing for _, existing in pairs]
    retained = {
        _key(existing): reason
        for existing in candidates
        if not _allowed(existing, candidates, yes_delete)
        and (reason := _why_kept(existing, actual))
    }
    while more := _guards(candidates, retained, actual, desired):
        retained |= more
    leaving = sorted(
        (pair for pair in pairs if _key(pair[1]) not in retained),
        key=lambda pair: -ORDER.index(pair[1].kind),
    )
    return Plan(
        changes=tuple(_deletion(resource, existing) for resource, existing in leaving),
        retained=tuple(Conflict(k, name, why) for (k, name), why in retained.items()),
        notes=tuple(
            f"--yes-delete {name}: nothing that would be deleted has that name"
            for name in yes_delete
            if name not in {existing.name for existing in candidates}
        ),
        yes_delete=tuple(yes_delete),
    )


def _allowed(
    existing: Existing, candidates: Sequence[Existing], names: Sequence[str]
) -> bool:
    """Return whether a person named it, or the database that holds the table."""
    if existing.name in names:
        return True
    return existing.kind == TABLE and any(
        view.name in names
        for view in candidates
        if view.kind == "view" and "DATABASE" in (view.fields.get("protocols") or ())
    )


def undo(done: Sequence[Change], actual: Actual) -> Plan:
    """Return the plan that takes back what a run has done, in reverse order.

    What was created is deleted unless it holds data by now; what was set is set back
    unless it has changed since. What was adopted or deleted stays so. `actual` is read
    after the run.
    """
    pairs = [
        (change.desired, existing)
        for change in done
        if change.action == "create" and change.desired
        for existing in actual.matching(change.desired)[:1]
        if change.existing is None or existing.id == change.existing.id
    ]
    back = _removal(pairs, actual, (), ())
    updates = [
        change
        for before in reversed(done)
        if before.action == "update" and (change := _set_back(before, actual))
    ]
    return Plan((*updates, *back.changes), retained=back.retained)


def _set_back(done: Change, actual: Actual) -> Change | None:
    if done.desired is None:
        return None
    matches = actual.matching(done.desired)
    fields = {n: v for n, v in done.before.items() if v is not None}
    same_yet = matches and not set(differing(done.desired, matches[0])) & set(fields)
    if not fields or not same_yet:
        return None
    resource = replace(done.desired, fields=fields)
    after = {name: done.after[name] for name in fields}
    why = "taken back"
    return Change(
        "update", done.resource, done.name, after, fields, why, resource, matches[0]
    )


def _key(existing: Existing) -> tuple[str, str]:
    return existing.kind, existing.name


def _why_kept(existing: Existing, actual: Actual) -> str:
    quotas = [
        other
        for other in actual.existing
        if other.kind == "quota"
        and (other.identity, other.tenant) == (existing.identity, existing.tenant)
    ]
    if not holds_data(existing, quotas[0] if quotas else None):
        return ""
    return f"it holds data, or may: name it with --yes-delete {existing.name}"


def _guards(
    candidates: Sequence[Existing],
    retained: Mapping[tuple[str, str], str],
    actual: Actual,
    desired: Sequence[Resource],
) -> dict[tuple[str, str], str]:
    """Return what must be retained because a retained resource needs it."""
    leaving = {(f.kind, f.id) for f in candidates if _key(f) not in retained}
    named = {(resource.kind, resource.name) for resource in desired}
    staying = [_planned(f, desired) for f in actual.existing]
    staying = [f for f in staying if (f.kind, f.id) not in leaving]
    return {
        _key(existing): f"{other.kind} {other.name} stays and needs it"
        for existing in candidates
        if _key(existing) not in retained
        for other in staying
        if _guarded(existing, other, named=_key(other) in named)
    }


def _planned(existing: Existing, desired: Sequence[Resource]) -> Existing:
    """Return a resource as it will be after the plan."""
    for resource in desired:
        same = (resource.kind, resource.identity) == (existing.kind, existing.identity)
        if same and existing.tenant in (None, resource.tenant):
            fields = {**existing.fields, **resource.fields}
            return replace(existing, name=resource.name, fields=fields)
    return existing


def _by_tenant(existing: Existing, other: Existing) -> bool:
    return other.kind != "tenant" and other.tenant == existing.name


def _by_field(kind: str, name: str) -> Callable[[Existing, Existing], bool]:
    """Return the rule that a resource of that kind names it in a field."""

    def needs(existing: Existing, other: Existing) -> bool:
        value = other.fields.get(name)
        names = value if isinstance(value, list | tuple) else (value,)
        return other.kind == kind and existing.name in names

    return needs


def _by_view(field: str) -> Callable[[Existing, Existing], bool]:
    """Return the rule that it belongs to a retained view, by its path."""

    def needs(existing: Existing, other: Existing) -> bool:
        same = existing.tenant in (None, other.tenant)
        return (
            other.kind == "view" and same and existing.fields[field] == other.identity
        )

    return needs


NEEDED: Mapping[str, Callable[[Existing, Existing], bool]] = {
    "tenant": _by_tenant,
    "vippool": _by_field("viewpolicy", "vip_pools"),
    "viewpolicy": _by_field("view", "policy"),
    "qospolicy": _by_field("view", "qos_policy"),
    "quota": _by_view("path"),
    "protectedpath": _by_view("source_dir"),
    "protectionpolicy": _by_field("protectedpath", "protection_policy"),
}
BROUGHT = ("quota", "protectedpath")
"""Created together with a view that a file names."""


def _guarded(existing: Existing, other: Existing, *, named: bool) -> bool:
    needed = NEEDED.get(existing.kind)
    if needed is None or (named and existing.kind in BROUGHT):
        return False
    return needed(existing, other)


def _deletion(resource: Resource, existing: Existing) -> Change:
    shown = {name: existing.fields[name] for name in SHOWN if name in existing.fields}
    why = (
        "named for deletion" if existing.kind in ("view", TABLE) else "no longer needed"
    )
    return Change(
        "delete", existing.kind, existing.name, shown, {}, why, resource, existing
    )
