"""Health in the Prometheus text format (version 0.0.4), for Grafana and its kind."""

from collections.abc import Iterable, Iterator

from orbital_kernel.storage.health.checks import STATES, Check, Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(health: Health) -> str:
    """Return the metrics: a one-hot state for all and for each check, values, limits.

    A value nobody knows is left out, so that a graph shows a gap and not a zero.
    """
    return "\n".join(_lines(health)) + "\n"


def _lines(health: Health) -> Iterator[str]:
    yield from _head("orbital_health", "state of the storage: 1 for the state it is in")
    for state in STATES:
        yield f'orbital_health{{state="{state}"}} {int(health.state == state)}'
    yield from _head("orbital_check", "state of one check: 1 for the state it is in")
    for check in health.checks:
        for state in STATES:
            labels = f'check="{_quoted(check.name)}",state="{state}"'
            yield f"orbital_check{{{labels}}} {int(check.state == state)}"
    yield from _numbers("value", ((c, c.value) for c in health.checks))
    yield from _numbers("limit", ((c, c.limit) for c in health.checks))


def _numbers(noun: str, pairs: Iterable[tuple[Check, float | None]]) -> Iterator[str]:
    yield from _head(f"orbital_check_{noun}", f"{noun} of one check, in its unit")
    for check, number in pairs:
        if number is not None:
            labels = f'check="{_quoted(check.name)}",unit="{_quoted(check.unit)}"'
            yield f"orbital_check_{noun}{{{labels}}} {number!r}"


def _head(name: str, doc: str) -> Iterator[str]:
    yield f"# HELP {name} {doc}"
    yield f"# TYPE {name} gauge"


def _quoted(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
