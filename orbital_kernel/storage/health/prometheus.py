"""Health in the Prometheus text format, version 0.0.4."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from orbital_kernel.storage.health.checks import STATES, Check, Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(health: Health) -> str:
    """Return the metrics: a one-hot state for all and for each check, values, limits.

    Unknown values are omitted, so that a graph shows a gap and not a zero.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Metrics(health))
    return generate_latest(registry).decode()


class Metrics(Collector):
    """The metrics of the newest health, as Prometheus collects them."""

    def __init__(self, health: Health | None = None) -> None:
        self.health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics of one health report; none before the first."""
        if self.health is None:
            return
        checks = self.health.checks
        state = GaugeMetricFamily(
            "orbital_health",
            "state of the storage: 1 for the current state",
            labels=["state"],
        )
        check_state = GaugeMetricFamily(
            "orbital_check",
            "state of one check: 1 for the current state",
            labels=["check", "state"],
        )
        for name in STATES:
            state.add_metric([name], int(self.health.state == name))
        for check in checks:
            for name in STATES:
                check_state.add_metric([check.name, name], int(check.state == name))
        yield state
        yield check_state
        yield _numbers("value", ((check, check.value) for check in checks))
        yield _numbers("limit", ((check, check.limit) for check in checks))


def _numbers(
    noun: str, pairs: Iterable[tuple[Check, float | None]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        f"orbital_check_{noun}",
        f"{noun} of one check, in its unit",
        labels=["check", "unit"],
    )
    for check, number in pairs:
        if number is not None:
            family.add_metric([check.name, check.unit], number)
    return family
