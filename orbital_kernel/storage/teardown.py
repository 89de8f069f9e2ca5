"""What to remove of what was provisioned, and what to keep because it holds data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orbital_kernel.storage.conflicts import Conflict
from orbital_kernel.storage.kinds import ORDER, TABLE
from orbital_kernel.storage.plan import Change, Plan
from orbital_kernel.storage.resource import Actual, Found, Resource, differing

GUARDS = {"viewpolicy": "policy", "qospolicy": "qos_policy"}
NEVER = ("tenant", "cluster", "vippool")
SHOWN = ("path", "bucket", "hard_limit", "flavor", "mode")


def teardown(
    desired: Sequence[Resource], actual: Actual, *, yes_delete: Sequence[str] = ()
) -> Plan:
    """Return the plan that removes what is wanted no more, last made first.

    Views and tables that hold data, or of which it is not known, are kept unless named;
    with a view stay its quota, policies and protection.
    """
    there = [
        found
        for resource in desired
        if resource.kind not in NEVER
        for found in actual.matching(resource)[:1]
    ]
    kept = {
        _key(found): reason
        for found in there
        if found.name not in yes_delete and (reason := _why_kept(found, actual))
    }
    kept |= _guards(there, kept, actual)
    leaving = sorted(
        (found for found in there if _key(found) not in kept),
        key=lambda found: -ORDER.index(found.kind),
    )
    return Plan(
        changes=tuple(_deletion(found) for found in leaving),
        kept=tuple(Conflict(k, name, why) for (k, name), why in kept.items()),
        yes_delete=tuple(yes_delete),
    )


def undo(done: Sequence[Change], actual: Actual) -> Plan:
    """Return the plan that takes back what a run has done, last first.

    What was made goes again, unless it holds data by now; what was set is set back, where
    nobody has changed it since. `actual` is read after the run.
    """
    made = [c.wanted for c in done if c.action == "create" and c.wanted]
    back = teardown(made, actual)
    updates = [
        change
        for before in reversed(done)
        if before.action == "update" and (change := _set_back(before, actual))
    ]
    return Plan((*updates, *back.changes), kept=back.kept)


def holds_data(found: Found, quota: Found | None = None) -> bool:
    """Tell whether a resource holds data; what the VMS does not tell counts as data."""
    if found.kind == TABLE:
        return True
    if found.kind != "view":
        return False
    told = [found.raw.get("logical_capacity"), found.raw.get("physical_capacity")]
    told += [quota.raw.get("used_capacity")] if quota else []
    known = [size for size in told if size is not None]
    return not known or any(known)


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


def _guards(there: Sequence[Found], kept: Any, actual: Actual) -> dict[Any, str]:
    """Return what must stay because a view that stays, or somebody else's, needs it."""
    leaving = {f.id for f in there if f.kind == "view" and _key(f) not in kept}
    staying = [f for f in actual.found if f.kind == "view" and f.id not in leaving]
    reasons: dict[Any, str] = {}
    for found in there:
        for view in staying:
            if _guarded(found, view):
                reasons[_key(found)] = f"view {view.identity} stays and needs it"
    return reasons


def _guarded(found: Found, view: Found) -> bool:
    if found.kind in GUARDS:
        return bool(view.fields.get(GUARDS[found.kind]) == found.name)
    if found.kind == "quota":
        return (found.identity, found.tenant) == (view.identity, view.tenant)
    if found.kind == "protectedpath":
        return bool(found.fields.get("source_dir") == view.identity)
    if found.kind == "protectionpolicy":
        return bool(view.name == found.name)
    return False


def _deletion(found: Found) -> Change:
    shown = {name: found.fields[name] for name in SHOWN if name in found.fields}
    why = "named for deletion" if found.kind in ("view", TABLE) else "no longer needed"
    return Change("delete", found.kind, found.name, shown, {}, why, found=found)
