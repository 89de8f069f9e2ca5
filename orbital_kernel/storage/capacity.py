"""Whether a cluster can hold what is promised: capacity and guaranteed bandwidth.

Promised is what our hard limits allow beyond what is in use, and every minimum of our
quality of service. A cluster named in the site file may be over-committed; a figure the
VMS does not tell is reported as unknown, never as enough.
"""

from collections.abc import Sequence
from typing import Any

from orbital_kernel.storage.conflicts import Conflict
from orbital_kernel.storage.kinds import CLUSTER, Fields
from orbital_kernel.storage.resource import Actual, Resource
from orbital_kernel.storage.units import size_text

MEND = ": lower the limits, or name the cluster under [over_commit] in site.toml"
BANDWIDTHS = (
    ("min_reads_bw_mbps", "max_cluster_read_bw_mb", "read"),
    ("min_writes_bw_mbps", "max_cluster_write_bw_mb", "write"),
)


def promises(
    wanted: Sequence[Resource], actual: Actual
) -> tuple[tuple[Conflict, ...], tuple[str, ...]]:
    """Return what cannot be promised of each cluster, and what could not be checked."""
    rules = [resource.fields for resource in wanted if resource.kind == CLUSTER]
    clusters = [found for found in actual.found if found.kind == CLUSTER]
    if not rules:
        return (), ()
    conflicts: list[Conflict] = []
    notes: list[str] = []
    for cluster in clusters:
        told = _capacity(wanted, actual, rules[0], cluster.raw)
        told += _bandwidth(wanted, rules[0], cluster.raw)
        broken = [text for kind, text in told if kind == "broken"]
        notes += [f"{cluster.name}: {text}" for kind, text in told if kind == "unknown"]
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
    wanted: Sequence[Resource], actual: Actual, rule: Fields, cluster: Fields
) -> list[tuple[str, str]]:
    free = cluster.get("free_usable_capacity")
    if free is None:
        return [("unknown", "free capacity is not told, over-commit is not checked")]
    unused = sum(_unused(resource, actual) for resource in wanted)
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
    used = [found.raw.get("used_capacity") or 0 for found in actual.matching(resource)]
    hard: int = resource.fields["hard_limit"]
    return max(hard - max(used, default=0), 0)


def _bandwidth(
    wanted: Sequence[Resource], rule: Fields, cluster: Fields
) -> list[tuple[str, str]]:
    told = []
    for limit, field, way in BANDWIDTHS:
        limits: list[Any] = [
            resource.fields["static_limits"].get(limit, 0)
            for resource in wanted
            if resource.kind == "qospolicy"
        ]
        most = cluster.get(field)
        if most is None:
            told.append(
                (
                    "unknown",
                    f"{way} bandwidth is not told, guarantees of it are not checked",
                )
            )
        elif sum(limits) > rule["bandwidth_ratio"] * most:
            text = (
                f"{sum(limits)} MB/s {way} bandwidth are guaranteed, but only "
                f"{rule['bandwidth_ratio']:.0%} of {most} MB/s may be ({limit})"
            )
            told.append(("broken", text))
    return told
