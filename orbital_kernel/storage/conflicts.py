"""What a plan cannot mend by itself: a person decides, nothing is applied before."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from orbital_kernel.storage.kinds import KINDS, TABLE
from orbital_kernel.storage.resource import Actual, Found, Resource, differing
from orbital_kernel.storage.units import size_text


@dataclass(frozen=True)
class Conflict:
    """Something a person must decide; a plan with a conflict is not applied."""

    resource: str
    name: str
    reason: str


def conflict(wanted: Resource, actual: Actual) -> Conflict | None:
    """Return why this resource cannot be brought about, or None."""
    matches = actual.matching(wanted)
    for rule in RULES:
        reason = rule(wanted, matches, actual)
        if reason:
            return Conflict(wanted.kind, wanted.name, reason)
    return None


def _doubled(wanted: Resource, matches: tuple[Found, ...], _: Actual) -> str:
    if len(matches) < 2:
        return ""
    ids = ", ".join(str(found.id) for found in matches)
    return (
        f"{wanted.identity} has {len(matches)} of this kind (ids {ids}): "
        "delete all but one by hand, then plan again"
    )


def _fixed(wanted: Resource, matches: tuple[Found, ...], _: Actual) -> str:
    kind = KINDS.get(wanted.kind)
    if not kind or not matches:
        return ""
    names = [
        name
        for name in differing(wanted, matches[0])
        if name in kind.fixed and matches[0].fields.get(name)
    ]
    return "".join(
        f"{name} of {wanted.identity} is {matches[0].fields.get(name)!r} and cannot be "
        f"changed to {wanted.fields[name]!r}: write the former into the file, or move "
        "the data and remove what is there"
        for name in names[:1]
    )


def _bucket_taken(wanted: Resource, _: tuple[Found, ...], actual: Actual) -> str:
    if wanted.kind != "view":
        return ""
    bucket = wanted.fields.get("bucket")
    if not bucket:
        return ""
    return "".join(
        f"bucket {bucket!r} is served by view {view.identity} already: "
        "choose another bucket or path in the file"
        for view in actual.found
        if view.kind == "view"
        and view.fields.get("bucket") == bucket
        and view.identity != wanted.identity
    )


def _below_use(wanted: Resource, matches: tuple[Found, ...], _: Actual) -> str:
    if wanted.kind != "quota" or not matches:
        return ""
    used = matches[0].raw.get("used_capacity")
    hard = wanted.fields["hard_limit"]
    if used is None or hard >= used or hard == matches[0].fields.get("hard_limit"):
        return ""
    return (
        f"{size_text(used)} are in use on {wanted.identity}, above the wanted hard limit "
        f"{size_text(hard)}: writes would stop at once. Raise the limit in the file"
    )


def _table_shape(wanted: Resource, matches: tuple[Found, ...], _: Actual) -> str:
    if wanted.kind != TABLE or not matches:
        return ""
    have, want = matches[0].fields, wanted.fields
    lacks = set(have["columns"].items()) < set(want["columns"].items())
    if have["columns"] != want["columns"] and not (lacks and widens(wanted)):
        odd = sorted(set(have["columns"].items()) ^ set(want["columns"].items()))
        names = ", ".join(dict.fromkeys(name for name, _ in odd))
        return f"columns differ ({names}): copy the rows to a new table by hand"
    if not have["sort"] and want["sort"]:
        return f"sorted by nothing, should be by {want['sort']}: make the table anew"
    return ""


def widens(wanted: Resource) -> bool:
    """Whether columns a table lacks are added: to Orbital's own records, not to data.

    An archive's rows must be read again to fill a new column; a record's may stay null.
    """
    return wanted.name.startswith("ops.")


def _addresses_taken(wanted: Resource, _: tuple[Found, ...], actual: Actual) -> str:
    """Addresses answer for one pool: a pool of another name must not hold them too."""
    if wanted.kind != "vippool":
        return ""
    return "".join(
        f"addresses {first} to {last} overlap those of VIP pool {pool.name}: choose "
        "others in site.toml, or name that pool there"
        for pool in actual.found
        if pool.kind == "vippool" and pool.identity != wanted.identity
        for first, last in wanted.fields["ip_ranges"]
        for low, high in pool.fields.get("ip_ranges") or ()
        if _overlap((first, last), (low, high))
    )


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    low, high = (ipaddress.ip_address(text) for text in one)
    first, last = (ipaddress.ip_address(text) for text in other)
    same = low.version == first.version
    return same and int(low) <= int(last) and int(first) <= int(high)


RULES: tuple[Callable[[Resource, tuple[Found, ...], Actual], str], ...] = (
    _doubled,
    _fixed,
    _bucket_taken,
    _addresses_taken,
    _below_use,
    _table_shape,
)
