"""Bandwidth, IOPS and latency of views, from the VMS's ad-hoc monitor.

Views are polled every 5 minutes (10 seconds where monitored live), so a frame of 13
minutes holds at least two samples; rows come newest first (vast-exporter does likewise).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orbital_kernel.storage.health.checks import Check, graded
from orbital_kernel.storage.protocols import Vms

FRAME = "13m"
RATES = ("read_bw", "write_bw", "read_iops", "write_iops")
LATENCIES = ("read_latency", "write_latency")
PROPERTIES = tuple(
    f"ViewMetrics,{name}__{'rate' if name in RATES else 'avg'}"
    for name in (*RATES, *LATENCIES)
)


@dataclass(frozen=True)
class ViewMetrics:
    """The newest sample of a view: bytes/s, 1/s, microseconds; None if unknown."""

    view: str
    timestamp: str
    values: Mapping[str, float | None]


def view_metrics(vms: Vms) -> tuple[ViewMetrics, ...]:
    """Return the newest sample of every view that has one."""
    views = {
        row["id"]: str(row.get("name")) for row in vms.listing("views", paged=True)
    }
    if not views:
        return ()
    answer = vms.get(
        "monitors/ad_hoc_query",
        object_type="view",
        time_frame=FRAME,
        prop_list=list(PROPERTIES),
        object_ids=",".join(str(number) for number in views),
    )
    columns = [str(name) for name in answer["prop_list"]]
    newest: dict[int, ViewMetrics] = {}
    for row in answer["data"]:
        sample = dict(zip(columns, row, strict=True))
        number = sample["object_id"]
        if number in views and number not in newest:
            values = {_short(name): sample.get(name) for name in PROPERTIES}
            newest[number] = ViewMetrics(views[number], sample["timestamp"], values)
    return tuple(newest.values())


def view_checks(vms: Vms, *, warn_ms: float, bad_ms: float) -> Iterable[Check]:
    """Yield the checks of every view's latency; rates have no limit."""
    samples = view_metrics(vms)
    if not samples:
        yield Check("views", "unknown", f"no view has a sample within {FRAME}")
    for sample in samples:
        for operation in ("read", "write"):
            yield _latency(operation, sample, warn_ms, bad_ms)
        for name in RATES:
            yield _rate(name, sample)


def _latency(
    operation: str, sample: ViewMetrics, warn_ms: float, bad_ms: float
) -> Check:
    name = f"{operation}_latency"
    value = sample.values[name]
    if value is None and sample.values[f"{operation}_iops"] == 0:
        return Check(
            f"{name} {sample.view}", "ok", f"no {operation}s at {sample.timestamp}"
        )
    return graded(
        f"{name} {sample.view}",
        None if value is None else value / 1000,
        warn=warn_ms,
        bad=bad_ms,
        unit="ms",
        quantity=f"{operation} latency at {sample.timestamp}",
    )


def _rate(name: str, sample: ViewMetrics) -> Check:
    value = sample.values[name]
    if value is None:
        return Check(f"{name} {sample.view}", "unknown", "the VMS has no value")
    unit = "bytes/s" if name.endswith("bw") else "1/s"
    return Check(
        f"{name} {sample.view}", "ok", f"{value:.4g} {unit}", value, None, unit
    )


def _short(name: str) -> str:
    return name.rsplit(",", maxsplit=1)[-1].split("__", maxsplit=1)[0]
