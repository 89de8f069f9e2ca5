"""Analytics: time series of views and the cluster, from real counts."""

import itertools
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import fmean, pstdev
from typing import TypeVar

from vast_standin.digits import whole
from vast_standin.meters import Client, Counts
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.metrics import METRICS, Interval, Metric, mean_us, rate
from vast_standin.vms.network import POOL
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall
from vast_standin.vms.resource import Rules

Chosen = TypeVar("Chosen")

_FRAME = re.compile(r"(\d+)([smhHdDwWMY])\Z")
_SECONDS = {
    "s": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "D": 86400,
    "w": 604800, "W": 604800, "M": 2592000, "Y": 31536000,
}  # fmt: skip
_GRAINS = {"seconds": 0, "minutes": 300, "hours": 3600, "days": 86400}
_POINTS_LIMIT = 10_000


class MonitorRules(Rules):
    """Saved reports: checked when saved, so that their queries cannot fail."""

    def creating(self, cluster: Cluster, record: Record) -> Record:
        """Check the query by running it."""
        full = {
            "granularity": "seconds",
            "aggregation": "avg",
            "time_frame": "1h",
            **record,
        }
        query(cluster, full)
        return {
            "name": f"{record['object_type']} report",
            **full,
            "monitor_type": "CUSTOM",
        }

    def changing(self, cluster: Cluster, old: Record, changes: Record) -> Record:
        """Check the changed query."""
        query(cluster, {**old, **changes})
        return changes


def gauges(cluster: Cluster) -> dict[str, float]:
    """Return the capacities that are sampled with the counters."""
    total, used, free = cluster.disk()
    logical = cluster.total_space().bytes
    return {
        "logical_space": logical + free,
        "logical_space_in_use": logical,
        "physical_space": total,
        "physical_space_in_use": used,
        "drr": 1.0,
        "snapshots_count": len(cluster.records.all("snapshots")),
    }


def question(call: VmsCall) -> Record:
    """Return the parameters of an ad-hoc query."""
    names = {
        "object_type", "from_time", "to_time", "time_frame", "object_ids", "prop_list",
        "granularity", "aggregation", "format_data",
    }  # fmt: skip
    unknown = sorted({name for name, _ in call.query} - names)
    if unknown:
        raise bad_request(f"unknown parameters: {', '.join(unknown)}")
    ids = [part for text in call.many("object_ids") for part in text.split(",") if part]
    return {**dict(call.query), "prop_list": call.many("prop_list"), "object_ids": ids}


def query(cluster: Cluster, parameters: Record) -> Record:
    """Return samples, newest first: ``[timestamp, object_id, *values]``.

    Values are rates over the interval since the sample before; null if an interval
    has nothing to average.  Samples live in memory: they begin with this process.
    """
    object_type = str(parameters.get("object_type") or "")
    metrics = [
        _metric(str(name), object_type) for name in _listed(parameters.get("prop_list"))
    ]
    if not metrics:
        raise bad_request("prop_list: name at least one metric; GET metrics lists them")
    objects = _objects(cluster, object_type, _listed(parameters.get("object_ids")))
    grain = _choice(parameters, "granularity", _GRAINS, "seconds")
    combine = _choice(parameters, "aggregation", _AGGREGATIONS, "avg")
    since, until = _span(cluster, parameters)
    cluster.meters.sample_if_older(1.0, lambda: gauges(cluster))
    rows: list[list[object]] = []
    points = [p for p in cluster.meters.samples(since) if p.at <= until]
    for before, after in itertools.pairwise(points):
        seconds = max(after.at - before.at, 1e-3)
        for number, buckets in objects.items():
            counts = after.total(buckets).minus(before.total(buckets))
            interval = Interval(seconds, counts, after.gauges)
            rows.append(
                [after.at, number, *(metric.value(interval) for metric in metrics)]
            )
    if grain:
        rows = _aggregated(rows, grain, combine)
    rows = sorted(rows, key=lambda row: (-float(str(row[0])), int(str(row[1]))))
    return {
        "prop_list": ["timestamp", "object_id", *(metric.name for metric in metrics)],
        "object_ids": list(objects),
        "data": [[_iso(float(str(row[0]))), *row[1:]] for row in rows[:_POINTS_LIMIT]],
        "granularity": parameters.get("granularity") or "seconds",
        "aggregation": parameters.get("aggregation") or "avg",
        "object_type": object_type,
    }


def metrics_list() -> list[Record]:
    """Return all metrics."""
    return [
        {
            "fqn": metric.name,
            "title": metric.title,
            "units": metric.units,
            "object_types": list(metric.object_types),
            "class_name": metric.class_name,
        }
        for metric in METRICS.values()
    ]


def top(cluster: Cluster, key: str, kind: str, count: int) -> Record:
    """Return the clients with most bandwidth, operations or latency in the last minute."""
    name_of, value = _KEYS.get(key), _TOP.get(kind)
    if name_of is None or value is None:
        raise bad_request(
            f"key: {', '.join(_KEYS)}; type: {', '.join(_TOP)} are what is counted here"
        )
    seconds, clients = cluster.meters.recent_clients()
    done: dict[str, Counts] = {}
    for client, counts in clients.items():
        name = name_of(cluster, client)
        if name:
            done[name] = done.get(name, Counts()).plus(counts)
    entries: list[Record] = []
    for name, counts in done.items():
        interval = Interval(seconds, counts, {})
        read, write = (value(interval, direction) for direction in ("read", "write"))
        if read or write:
            total = max(read, write) if kind == "latency" else read + write
            entries.append(
                {"title": name, "total": total, "read": read, "write": write}
            )
    entries.sort(key=lambda entry: -float(str(entry["total"])))
    return {"data": {key: {kind: entries[:count]}}, "timestamp": _iso(cluster.clock())}


def _path(cluster: Cluster, client: Client) -> str:
    return str((cluster.view_of_bucket(client.bucket) or {}).get("path", ""))


_KEYS: dict[str, Callable[[Cluster, Client], str]] = {
    "user": lambda cluster, client: client.user,  # noqa: ARG005
    "client": lambda cluster, client: client.address,  # noqa: ARG005
    "view": _path,
    # One address, one pool and one node see all there is; there are no volumes.
    "vip": lambda cluster, client: cluster.addresses[0][0],  # noqa: ARG005
    "vippool": lambda cluster, client: POOL,  # noqa: ARG005
    "cnode": lambda cluster, client: "cnode-1",  # noqa: ARG005
    "volume": lambda cluster, client: "",  # noqa: ARG005
}
_TOP: dict[str, Callable[[Interval, str], float]] = {
    "bw": lambda i, direction: rate(f"{direction}_bytes")(i),
    "iops": lambda i, direction: rate(f"{direction}_ops")(i),
    "md_iops": lambda i, direction: rate(f"{direction}_md_ops")(i),
    "latency": lambda i, direction: mean_us(direction)(i) or 0.0,
}
_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "avg": fmean,
    "min": min,
    "max": max,
    "sum": math.fsum,
    "stddev": pstdev,
    "latency_weighted_average": fmean,
}


def _metric(name: str, object_type: str) -> Metric:
    metric = METRICS.get(name) or METRICS.get(f"ViewMetrics,{name}")
    if metric is None or object_type not in metric.object_types:
        raise bad_request(
            f"prop_list: {name!r} is not measured for {object_type!r}; GET metrics lists "
            "what is"
        )
    return metric


def _objects(
    cluster: Cluster, object_type: str, names: list[str]
) -> dict[int, tuple[str, ...] | None]:
    """Return object ids with their buckets; None means all buckets."""
    objects: dict[int, tuple[str, ...] | None]
    if object_type == "view":
        objects = {
            int(str(v["id"])): (str(v.get("bucket") or ""),)
            for v in cluster.records.all("views")
        }
    else:
        objects = {1: None}
    if not names:
        return objects
    unknown = [text for text in names if whole(text) not in objects]
    if unknown:
        raise bad_request(f"object_ids: there is no {object_type} {', '.join(unknown)}")
    return {
        number: objects[number] for number in objects if number in map(whole, names)
    }


def _choice(
    parameters: Record, name: str, choices: dict[str, Chosen], default: str
) -> Chosen:
    text = str(parameters.get(name) or default)
    if text not in choices:
        raise bad_request(f"{name}: {text} is not one of {', '.join(choices)}")
    return choices[text]


def _span(cluster: Cluster, parameters: Record) -> tuple[float, float]:
    now = cluster.clock()
    until = _unix(parameters, "to_time", now + 1)
    if parameters.get("from_time"):
        return _unix(parameters, "from_time", now), until
    match = _FRAME.match(str(parameters.get("time_frame") or "10m"))
    if not match:
        raise bad_request("time_frame: a number with s, m, h, D, W, M or Y is expected")
    return until - timedelta(
        seconds=int(match[1]) * _SECONDS[match[2]]
    ).total_seconds(), until


def _unix(parameters: Record, name: str, default: float) -> float:
    text = parameters.get(name)
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise bad_request(f"{name}: an ISO 8601 time is expected") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _aggregated(
    rows: list[list[object]], grain: int, combine: Callable[[list[float]], float]
) -> list[list[object]]:
    groups: dict[tuple[float, object], list[list[object]]] = {}
    for row in rows:
        start = float(str(row[0])) // grain * grain
        groups.setdefault((start, row[1]), []).append(row)
    return [[*key, *_columns(group, combine)] for key, group in groups.items()]


def _columns(
    group: list[list[object]], combine: Callable[[list[float]], float]
) -> list[float | None]:
    combined: list[float | None] = []
    for column in zip(*(row[2:] for row in group), strict=True):
        values = [float(str(value)) for value in column if value is not None]
        combined.append(combine(values) if values else None)
    return combined


def _listed(value: object) -> list[str]:
    """Return the items of a list, or of a text that names one metric or many ids."""
    if isinstance(value, str):
        return [value] if value in METRICS else [p for p in value.split(",") if p]
    return [str(item) for item in value] if isinstance(value, list) else []


def _iso(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
