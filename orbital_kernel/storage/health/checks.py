"""One check, and what many of them say together; unknown is never normal."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

STATES = ("ok", "absent", "unknown", "warn", "bad")
"""From best to worst. 'absent': this platform has no such thing, and says so."""


@dataclass(frozen=True)
class Check:
    """What was looked at, its state, what was measured against which limit, and why."""

    name: str
    state: str
    reason: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Health:
    """The state of the worst check, with every check behind it."""

    state: str
    checks: tuple[Check, ...]

    def of(self, state: str) -> tuple[Check, ...]:
        """Return the checks in a state."""
        return tuple(check for check in self.checks if check.state == state)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the state is not ok, worst first."""
        worst = sorted(self.checks, key=lambda check: -STATES.index(check.state))
        return tuple(
            f"{check.name} {check.state}: {check.reason}"
            for check in worst
            if check.state not in ("ok", "absent")
        )

    def to_json(self) -> dict[str, Any]:
        """Return the health as values json.dumps takes."""
        return {
            "state": self.state,
            "reasons": list(self.reasons),
            "checks": [asdict(check) for check in self.checks],
        }

    def __str__(self) -> str:
        """Tell state and reasons in one line."""
        counts = ", ".join(
            f"{len(self.of(state))} {state}" for state in STATES if self.of(state)
        )
        return "; ".join((f"{self.state} ({counts})", *self.reasons))


def health_of(checks: Iterable[Check]) -> Health:
    """Return the health of checks: the worst state, 'unknown' where nothing is known."""
    all_checks = tuple(checks)
    states = [check.state for check in all_checks if check.state != "absent"]
    state = max(states, key=STATES.index, default="unknown")
    return Health(state, all_checks)


def graded(
    name: str, value: float | None, *, warn: float, bad: float, unit: str, quantity: str
) -> Check:
    """Return a check of a number that must stay below `warn`, and by all means `bad`."""
    if value is None:
        return Check(name, "unknown", f"{quantity} is not told", None, warn, unit)
    state = "bad" if value >= bad else "warn" if value >= warn else "ok"
    limit = bad if state == "bad" else warn
    text = f"{quantity} is {value:.4g} {unit}, "
    text += f"below {limit:g}" if state == "ok" else f"limit {limit:g}"
    return Check(name, state, text, value, limit, unit)
