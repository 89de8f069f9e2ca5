"""METRICS: metrics of views and the cluster, and their calculation from counts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vast_standin.meters import Counts


@dataclass(frozen=True)
class Interval:
    """Counts between two samples."""

    seconds: float
    counts: Counts
    gauges: dict[str, float]


@dataclass(frozen=True)
class Metric:
    """One metric: its class, title and unit, and its calculation from an interval."""

    name: str
    title: str
    units: str
    object_types: tuple[str, ...]
    value: Callable[[Interval], float | None]

    @property
    def class_name(self) -> str:
        """Return the class, the part before the first comma."""
        return self.name.partition(",")[0]


def rate(field: str) -> Callable[[Interval], float]:
    """Return a function for the rate per second of a counter."""
    return lambda interval: getattr(interval.counts, field) / interval.seconds


def mean_us(direction: str) -> Callable[[Interval], float | None]:
    """Return a function for the mean latency (us) of reads or writes, null without any."""

    def value(interval: Interval) -> float | None:
        operations = getattr(interval.counts, f"{direction}_ops")
        spent = getattr(interval.counts, f"{direction}_ms")
        return 1000 * spent / operations if operations else None

    return value


def _total(kind: str) -> Callable[[Interval], float]:
    return lambda i: (
        (getattr(i.counts, f"read_{kind}") + getattr(i.counts, f"write_{kind}"))
        / i.seconds
    )


def _latency(interval: Interval) -> float | None:
    counts = interval.counts
    operations = counts.read_ops + counts.write_ops
    return (
        1000 * (counts.read_ms + counts.write_ms) / operations if operations else None
    )


def _gauge(name: str) -> Callable[[Interval], float | None]:
    return lambda interval: interval.gauges.get(name)


def _view_metrics() -> Iterable[Metric]:
    views = ("view",)
    for direction in ("read", "write"):
        title = f"{direction} bandwidth"
        for name in ("bw__rate", "bw"):
            value = rate(f"{direction}_bytes")
            yield Metric(f"ViewMetrics,{direction}_{name}", title, "B/s", views, value)
    for direction in ("read", "write", "read_md", "write_md"):
        prefix, noun = f"ViewMetrics,{direction}", direction.replace("_md", " metadata")
        for name in ("iops__rate", "iops"):
            value = rate(f"{direction}_ops")
            yield Metric(f"{prefix}_{name}", f"{noun} operations", "1/s", views, value)
        for name, title, units, measure in (
            ("latency__avg", "latency", "us", mean_us(direction)),
            ("latency", "latency", "us", mean_us(direction)),
            (
                "latency__num_samples",
                "operations counted",
                "1",
                _count(f"{direction}_ops"),
            ),
            (
                "latency__sum",
                "time, all operations",
                "us",
                _count(f"{direction}_ms", 1000),
            ),
        ):
            yield Metric(f"{prefix}_{name}", f"{noun} {title}", units, views, measure)
    # Traffic is not shaped: nothing ever waits.
    for name in ("", "__avg", "__num_samples", "__sum"):
        full = f"ViewMetrics,qos_wait_for_budget_time{name}"
        yield Metric(full, "time waited for QoS", "us", views, lambda _: 0.0)


def _count(field: str, factor: float = 1) -> Callable[[Interval], float]:
    return lambda interval: factor * getattr(interval.counts, field)


def _cluster_metrics() -> Iterable[Metric]:
    where = ("cluster", "cnode")
    for protocol in ("ProtoAll", "ProtoCommon", "S3Common"):
        prefix = f"ProtoMetrics,proto_name={protocol}"
        yield Metric(f"{prefix},bw", "bandwidth", "B/s", where, _total("bytes"))
        yield Metric(
            f"{prefix},rd_bw", "read bandwidth", "B/s", where, rate("read_bytes")
        )
        yield Metric(
            f"{prefix},wr_bw", "write bandwidth", "B/s", where, rate("write_bytes")
        )
        yield Metric(f"{prefix},iops", "operations", "1/s", where, _total("ops"))
        yield Metric(
            f"{prefix},rd_iops", "read operations", "1/s", where, rate("read_ops")
        )
        yield Metric(
            f"{prefix},wr_iops", "write operations", "1/s", where, rate("write_ops")
        )
        yield Metric(f"{prefix},latency", "latency", "us", where, _latency)
    for name, units in GAUGES.items():
        title = name.replace("_", " ")
        yield Metric(f"Capacity,{name}", title, units, ("cluster",), _gauge(name))


GAUGES = {
    "logical_space": "B",
    "logical_space_in_use": "B",
    "physical_space": "B",
    "physical_space_in_use": "B",
    "drr": "1",
    "snapshots_count": "1",
}
METRICS: dict[str, Metric] = {
    m.name: m for m in (*_view_metrics(), *_cluster_metrics())
}
