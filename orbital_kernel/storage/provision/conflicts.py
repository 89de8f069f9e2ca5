"""Conflicts: differences that a person must resolve before a plan is applied."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orbital_kernel.model.observatory_tables import OPTIONAL
from orbital_kernel.model.sizes import size_text
from orbital_kernel.storage.provision.kinds import CLUSTER, KINDS, TABLE, Fields
from orbital_kernel.storage.provision.resource import (
    Actual,
    Existing,
    Resource,
    differing,
)


@dataclass(frozen=True)
class Conflict:
    """A difference that a person must resolve, or what is retained; with the reason."""

    resource: str
    name: str
    reason: str


def conflict(resource: Resource, actual: Actual) -> Conflict | None:
    """Return why this resource cannot be created or changed, or None."""
    matches = actual.matching(resource)
    for rule in RULES:
        reason = rule(resource, matches, actual)
        if reason:
            return Conflict(resource.kind, resource.name, reason)
    return None


def _doubled(resource: Resource, matches: tuple[Existing, ...], _: Actual) -> str:
    if len(matches) < 2:
        return ""
    ids = ", ".join(str(existing.id) for existing in matches)
    return (
        f"{resource.identity} has {len(matches)} of this kind (ids {ids}): "
        "delete all except one by hand, then plan again"
    )


def _fixed(resource: Resource, matches: tuple[Existing, ...], _: Actual) -> str:
    kind = KINDS.get(resource.kind)
    if not kind or not matches:
        return ""
    names = [
        name
        for name in differing(resource, matches[0])
        if name in kind.fixed and matches[0].fields.get(name)
    ]
    return "".join(
        f"{name} of {resource.identity} is {matches[0].fields.get(name)!r} and cannot be "
        f"changed to {resource.fields[name]!r}: write the former into the file, or move "
        "the data and delete the resource"
        for name in names[:1]
    )


def _bucket_taken(resource: Resource, _: tuple[Existing, ...], actual: Actual) -> str:
    if resource.kind != "view":
        return ""
    bucket = resource.fields.get("bucket")
    if not bucket:
        return ""
    return "".join(
        f"bucket {bucket!r} is served by view {view.identity} already: "
        "choose another bucket or path in the file"
        for view in actual.existing
        if view.kind == "view"
        and view.fields.get("bucket") == bucket
        and view.identity != resource.identity
    )


def _below_use(resource: Resource, matches: tuple[Existing, ...], _: Actual) -> str:
    if resource.kind != "quota" or not matches:
        return ""
    used = matches[0].raw.get("used_capacity")
    hard = resource.fields["hard_limit"]
    if used is None or hard >= used or hard == matches[0].fields.get("hard_limit"):
        return ""
    return (
        f"{size_text(used)} are in use on {resource.identity}, above the desired hard limit "
        f"{size_text(hard)}: writes would stop at once. Raise the limit in the file"
    )


def _table_shape(resource: Resource, matches: tuple[Existing, ...], _: Actual) -> str:
    if resource.kind != TABLE or not matches:
        return ""
    have, want = matches[0].fields, resource.fields
    lacks = set(have["columns"].items()) < set(want["columns"].items())
    missing = set(want["columns"]) - set(have["columns"])
    may_widen = lacks and (widens(resource) or missing <= OPTIONAL)
    if have["columns"] != want["columns"] and not may_widen:
        odd = sorted(set(have["columns"].items()) ^ set(want["columns"].items()))
        names = ", ".join(dict.fromkeys(name for name, _ in odd))
        return f"columns differ ({names}): copy the rows to a new table by hand"
    if not have["sort"] and want["sort"]:
        return f"not sorted, should be sorted by {want['sort']}: create the table again"
    return ""


def widens(resource: Resource) -> bool:
    """Return whether missing columns are added to a table: only to Orbital's ledgers.

    To fill a new column of data, files must be ingested again; a ledger's may stay null.
    """
    return resource.name.startswith("ops.")


def _addresses_taken(
    resource: Resource, _: tuple[Existing, ...], actual: Actual
) -> str:
    """Return the conflict with the addresses of another VIP pool."""
    if resource.kind != "vippool":
        return ""
    return "".join(
        f"addresses {first} to {last} overlap those of VIP pool {pool.name}: choose "
        "others in site.toml, or name that pool there"
        for pool in actual.existing
        if pool.kind == "vippool" and pool.identity != resource.identity
        for first, last in resource.fields["ip_ranges"]
        for low, high in pool.fields.get("ip_ranges") or ()
        if _overlap((first, last), (low, high))
    )


def _overlap(addresses: tuple[str, str], other: tuple[str, str]) -> bool:
    low, high = (ipaddress.ip_address(text) for text in addresses)
    first, last = (ipaddress.ip_address(text) for text in other)
    same = low.version == first.version
    return same and int(low) <= int(last) and int(first) <= int(high)


RULES: tuple[Callable[[Resource, tuple[Existing, ...], Actual], str], ...] = (
    _doubled,
    _fixed,
    _bucket_taken,
    _addresses_taken,
    _below_use,
    _table_shape,
)

MEND = ": lower the limits, or name the cluster under [over_commit] in site.toml"
BANDWIDTHS = (
    ("min_reads_bw_mbps", "max_cluster_read_bw_mb", "read"),
    ("min_writes_bw_mbps", "max_cluster_write_bw_mb", "write"),
)


def promises(
    desired: Sequence[Resource], actual: Actual
) -> tuple[tuple[Conflict, ...], tuple[str, ...]]:
    """Return the conflicts with each cluster's capacity, and what could not be checked."""
    rules = [resource.fields for resource in desired if resource.kind == CLUSTER]
    clusters = [existing for existing in actual.existing if existing.kind == CLUSTER]
    if not rules:
        return (), ()
    conflicts: list[Conflict] = []
    notes: list[str] = []
    for cluster in clusters:
        findings = _capacity(desired, actual, rules[0], cluster.raw)
        findings += _bandwidth(desired, rules[0], cluster.raw)
        broken = [text for kind, text in findings if kind == "broken"]
        notes += [
            f"{cluster.name}: {text}" for kind, text in findings if kind == "unknown"
        ]
        if cluster.name in rules[0]["named"]:
            notes += [
                f"{cluster.name} may be over-committed: {text}" for text in broken
            ]
        else:
            conflicts += [
                Conflict(CLUSTER, cluster.name, text + MEND) for text in broken
            ]
    return tuple(conflicts), tuple(notes)


def _capacity(
    desired: Sequence[Resource], actual: Actual, rule: Fields, cluster: Fields
) -> list[tuple[str, str]]:
    free = cluster.get("free_usable_capacity")
    if free is None:
        return [("unknown", "free capacity is unknown, over-commit is not checked")]
    unused = sum(_unused(resource, actual) for resource in desired)
    allowed = rule["capacity_ratio"] * free
    if unused <= allowed:
        return []
    text = (
        f"hard limits promise {size_text(unused)} beyond what is in use, but only "
        f"{size_text(allowed)} may be promised ({size_text(free)} are free)"
    )
    return [("broken", text)]


def _unused(resource: Resource, actual: Actual) -> int:
    if resource.kind != "quota":
        return 0
    used = [
        existing.raw.get("used_capacity") or 0 for existing in actual.matching(resource)
    ]
    hard: int = resource.fields["hard_limit"]
    return max(hard - max(used, default=0), 0)


def _bandwidth(
    desired: Sequence[Resource], rule: Fields, cluster: Fields
) -> list[tuple[str, str]]:
    findings = []
    for limit, field, direction in BANDWIDTHS:
        limits: list[Any] = [
            resource.fields["static_limits"].get(limit, 0)
            for resource in desired
            if resource.kind == "qospolicy"
        ]
        most = cluster.get(field)
        if most is None:
            findings.append(
                (
                    "unknown",
                    f"{direction} bandwidth is unknown, its guarantees are not checked",
                )
            )
        elif sum(limits) > rule["bandwidth_ratio"] * most:
            text = (
                f"{sum(limits)} MB/s {direction} bandwidth are guaranteed, but only "
                f"{rule['bandwidth_ratio']:.0%} of {most} MB/s may be ({limit})"
            )
            findings.append(("broken", text))
    return findings
