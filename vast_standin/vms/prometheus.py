"""Metrics for Prometheus in its text format, names as the vendor's exporter gives them.

A value that is null or missing has no sample, as in the exporter: a quota without an
inode limit exports no limit, and is never a quota whose limit is 0.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter

from vast_standin.http import ProtocolError, Response
from vast_standin.meters import Client, Counts
from vast_standin.vms.alarms import list_alarms
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.records import Record

Line = tuple[str, dict[str, object], float]
OBJECT_LABELS = ("path", "name", "guid")
CLUSTER_GAUGES = (
    "physical_space", "physical_space_in_use", "logical_space",
    "logical_space_in_use", "drr", "rd_bw", "wr_bw", "rd_iops", "wr_iops", "latency",
)  # fmt: skip
VIEW_GAUGES = ("logical_capacity", "physical_capacity")
QUOTA_GAUGES = (
    "used_capacity", "used_inodes", "soft_limit", "hard_limit",
    "soft_limit_inodes", "hard_limit_inodes", "percent_capacity", "percent_inodes",
)  # fmt: skip


def respond(cluster: Cluster, family: str) -> Response:
    """Return one family of metrics, or ``all``; raise 404 for those not measured."""
    if family == "all":
        lines = [line for make in FAMILIES.values() for line in make(cluster)]
    elif family in FAMILIES:
        lines = list(FAMILIES[family](cluster))
    else:
        raise ProtocolError(
            404, "NotFound", f"{family} is not measured here; {', '.join(FAMILIES)} are"
        )
    return Response(
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        body=text_of(lines).encode(),
    )


def _cluster(cluster: Cluster) -> Iterator[Line]:
    yield from cluster_lines(_shown(cluster, "clusters")[0])


def cluster_lines(row: Mapping[str, object]) -> Iterator[Line]:
    """Yield the samples of one cluster as the VMS shows it."""
    labels = {"cluster": row.get("name")}
    yield from _gauges("vast_cluster", labels, row, CLUSTER_GAUGES)
    yield "vast_cluster_online", labels, 1.0


def _views(cluster: Cluster) -> Iterator[Line]:
    counts = cluster.meters.now()
    for view in _shown(cluster, "views"):
        yield from view_lines(view, counts.get(str(view.get("bucket"))))


def view_lines(row: Mapping[str, object], counts: Counts | None) -> Iterator[Line]:
    """Yield the samples of one view as the VMS shows it, and its bucket's counters."""
    labels = {name: row.get(name) for name in OBJECT_LABELS}
    yield from _gauges("vast_view", labels, row, VIEW_GAUGES)
    for name, value in vars(counts).items() if counts else ():
        yield f"vast_view_{name}_total", labels, float(value)


def _quotas(cluster: Cluster) -> Iterator[Line]:
    for quota in _shown(cluster, "quotas"):
        yield from quota_lines(quota)


def quota_lines(row: Mapping[str, object]) -> Iterator[Line]:
    """Yield the samples of one quota as the VMS shows it."""
    labels = {name: row.get(name) for name in OBJECT_LABELS}
    if row.get("state") is not None:
        yield "vast_quota_ok", labels, float(row["state"] == "OK")
    yield from _gauges("vast_quota", labels, row, QUOTA_GAUGES)


def _gauges(
    prefix: str,
    labels: dict[str, object],
    row: Mapping[str, object],
    names: Iterable[str],
) -> Iterator[Line]:
    for name in names:
        value = row.get(name)
        if value is not None:
            yield f"{prefix}_{name}", labels, float(str(value))


def _alarms(cluster: Cluster) -> Iterator[Line]:
    counts: dict[tuple[object, object], int] = {}
    for alarm in list_alarms(cluster):
        key = (alarm["severity"], alarm["event_name"])
        counts[key] = counts.get(key, 0) + 1
    for (severity, name), count in counts.items():
        yield (
            "vast_vms_alarms",
            {"severity": severity, "event_name": name},
            float(count),
        )


def _users(cluster: Cluster) -> Iterator[Line]:
    yield from _summed(cluster, "user", lambda client: {"user": client.user})


def _user_views(cluster: Cluster) -> Iterator[Line]:
    def labels(client: Client) -> dict[str, object]:
        view = cluster.view_of_bucket(client.bucket) or {}
        return {"user": client.user, "path": view.get("path", "")}

    yield from _summed(cluster, "user_view", labels)


def _user_connections(cluster: Cluster) -> Iterator[Line]:
    def labels(client: Client) -> dict[str, object]:
        return {"user": client.user, "client": client.address}

    yield from _summed(cluster, "user_connection", labels)


def _vips(cluster: Cluster) -> Iterator[Line]:
    for host, _ in cluster.addresses:
        yield from _summed(cluster, "vip", lambda _, host=host: {"ip": host})  # type: ignore[misc]


def _none(cluster: Cluster) -> Iterator[Line]:
    """Yield nothing: the stand-in has none of these."""
    del cluster
    yield from ()


def _summed(
    cluster: Cluster, name: str, labels: Callable[[Client], dict[str, object]]
) -> Iterator[Line]:
    """Yield the counters of all clients, summed up by labels."""
    sums: dict[tuple[tuple[str, object], ...], Counts] = {}
    for client, counts in cluster.meters.clients().items():
        key = tuple(labels(client).items())
        sums[key] = sums.get(key, Counts()).plus(counts)
    for key, counts in sums.items():
        for field, value in vars(counts).items():
            yield f"vast_{name}_{field}_total", dict(key), float(value)


def _tenants(cluster: Cluster) -> Iterator[Line]:
    for tenant in cluster.records.all("tenants"):
        space = cluster.space_under("/", tenant["id"])
        labels = {"tenant": tenant["name"]}
        yield "vast_tenant_logical_capacity", labels, float(space.bytes)


FAMILIES: dict[str, Callable[[Cluster], Iterator[Line]]] = {
    "cluster": _cluster,
    "views": _views,
    "quotas": _quotas,
    "alarms": _alarms,
    "tenants": _tenants,
    "users": _users,
    "user_view": _user_views,
    "user_connections": _user_connections,
    "vips": _vips,
    **dict.fromkeys(
        ("devices", "nics", "replications", "switches", "defrag", "volumes"), _none
    ),
}


def _shown(cluster: Cluster, resource: str) -> list[Record]:
    rules = RESOURCES[resource].rules
    return [rules.shown(cluster, record) for record in cluster.records.all(resource)]


def text_of(lines: Iterable[Line]) -> str:
    """Return samples in Prometheus's text format, each family together.

    A label without a value is an empty text, which means that it is not set.
    """
    # Imported here: 0.1 s and 5 MB that only a scrape needs.
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
    from prometheus_client.core import (  # noqa: PLC0415
        CounterMetricFamily,
        GaugeMetricFamily,
    )
    from prometheus_client.registry import Collector  # noqa: PLC0415

    class Families(Collector):
        def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
            by_name = sorted(lines, key=itemgetter(0))
            for name, samples in groupby(by_name, key=itemgetter(0)):
                kind = (
                    CounterMetricFamily
                    if name.endswith("_total")
                    else GaugeMetricFamily
                )
                rows = list(samples)
                words = name.removeprefix("vast_").replace("_", " ")
                family = kind(name, words, labels=list(rows[0][1]))
                for _, labels, value in rows:
                    texts = ["" if v is None else str(v) for v in labels.values()]
                    family.add_metric(texts, value)
                yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families())
    return generate_latest(registry).decode()
