"""One check, and the health that many checks give; unknown is never normal."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

STATES = ("ok", "absent", "unknown", "warn", "bad")
"""From best to worst. 'absent': this platform does not offer it."""


@dataclass(frozen=True)
class Check:
    """One check of the platform.

    Attributes
    ----------
    name : str
        What is checked, such as 'quota orbital-swift use'.
    state : str
        'ok', 'absent', 'unknown', 'warn' or 'bad'.
    reason : str
        Why it has this state.
    value, limit : float or None
        What was measured, and the limit it was compared with, in `unit`.
    unit : str
        Unit of value and limit, such as '%', 'ms' or 's'.

    Examples
    --------
    >>> from orbital_kernel.storage.health.checks import Check
    >>> Check("quota orbital-swift use", "warn", "use is 82 %", 82, 80, "%").limit
    80
    """

    name: str
    state: str
    reason: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Health:
    """The health of the platform.

    Attributes
    ----------
    state : str
        The state of the worst check.
    checks : tuple of Check
        All checks.
    """

    state: str
    checks: tuple[Check, ...]

    def of(self, state: str) -> tuple[Check, ...]:
        """Return the checks that have a state."""
        return tuple(check for check in self.checks if check.state == state)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons why the state is not ok, worst first."""
        worst = sorted(self.checks, key=lambda check: -STATES.index(check.state))
        return tuple(
            f"{check.name} {check.state}: {check.reason}"
            for check in worst
            if check.state not in ("ok", "absent")
        )

    def to_json(self) -> dict[str, Any]:
        """Return the health as JSON values."""
        return {
            "state": self.state,
            "reasons": list(self.reasons),
            "checks": [asdict(check) for check in self.checks],
        }

    def __str__(self) -> str:
        """Return state and reasons in one line."""
        counts = ", ".join(
            f"{len(self.of(state))} {state}" for state in STATES if self.of(state)
        )
        return "; ".join((f"{self.state} ({counts})", *self.reasons))


def health_of(checks: Iterable[Check]) -> Health:
    """Return the health of checks: the worst state, 'unknown' without any.

    Parameters
    ----------
    checks : iterable of Check
        The checks of one poll; those that are 'absent' do not count.

    Returns
    -------
    Health
        Their worst state, and all checks.

    Examples
    --------
    >>> from orbital_kernel.storage.health.checks import Check, health_of
    >>> health_of([Check("a", "ok", "fine"), Check("b", "warn", "slow")]).state
    'warn'
    >>> health_of([]).state
    'unknown'
    """
    all_checks = tuple(checks)
    states = [check.state for check in all_checks if check.state != "absent"]
    state = max(states, key=STATES.index, default="unknown")
    return Health(state, all_checks)


def graded(
    name: str, value: float | None, *, warn: float, bad: float, unit: str, quantity: str
) -> Check:
    """Return the check of a number: 'warn' from `warn` on, 'bad' from `bad` on."""
    if value is None:
        return Check(name, "unknown", f"{quantity} is unknown", None, warn, unit)
    state = "bad" if value >= bad else "warn" if value >= warn else "ok"
    limit = bad if state == "bad" else warn
    text = f"{quantity} is {value:.4g} {unit}, "
    text += f"below {limit:g}" if state == "ok" else f"limit {limit:g}"
    return Check(name, state, text, value, limit, unit)
