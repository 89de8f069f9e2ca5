"""Alarms out of health, told once: raised after some looks, cleared after more.

A check that flickers raises nothing; a check that stays bad is told once and not again
until it clears. Losing sight of a bad check ('unknown') does not clear it.
"""

from dataclasses import dataclass, field, replace

from orbital_kernel.storage.health.checks import STATES, Check, Health

RAISING = ("unknown", "warn", "bad")


@dataclass(frozen=True)
class Alert:
    """A change worth telling: a check raised to a state, or cleared."""

    name: str
    event: str
    state: str
    reason: str


@dataclass(frozen=True)
class _Track:
    reported: str = "ok"
    seen: str = "ok"
    looks: int = 0


@dataclass
class Alerts:
    """Follows health over time; `raise_after` and `clear_after` count equal looks."""

    raise_after: int = 2
    clear_after: int = 3
    _tracks: dict[str, _Track] = field(default_factory=dict)

    def update(self, health: Health) -> tuple[Alert, ...]:
        """Return what is new since the last look; a check told no more clears in time."""
        checks = {check.name: check for check in health.checks}
        for name, track in self._tracks.items():
            if name not in checks and track.reported != "ok":
                checks[name] = Check(name, "ok", "it is told no more")
        alerts = [self._look(check) for check in checks.values()]
        return tuple(alert for alert in alerts if alert)

    @property
    def raised(self) -> dict[str, str]:
        """The checks that are raised now, and to which state."""
        return {
            name: t.reported for name, t in self._tracks.items() if t.reported != "ok"
        }

    def _look(self, check: Check) -> Alert | None:
        state = "ok" if check.state == "absent" else check.state
        old = self._tracks.get(check.name, _Track())
        looks = old.looks + 1 if state == old.seen else 1
        track = _Track(reported=old.reported, seen=state, looks=looks)
        needed = self.raise_after if _worse(state, old.reported) else self.clear_after
        blind = state == "unknown" and old.reported in ("warn", "bad")
        if state == old.reported or looks < needed or blind:
            self._tracks[check.name] = track
            return None
        self._tracks[check.name] = replace(track, reported=state)
        event = "raised" if _worse(state, old.reported) else "eased"
        event = "cleared" if state == "ok" else event
        return Alert(check.name, event, state, check.reason)


def _worse(state: str, than: str) -> bool:
    return STATES.index(state) > STATES.index(than)
