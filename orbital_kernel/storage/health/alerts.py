"""Alerts from health: raised after some polls, cleared after more.

A check that flickers raises nothing. A check that stays bad is reported once, and again
only after it cleared. A bad check that becomes 'unknown' is not cleared.
"""

from dataclasses import dataclass, field, replace

from orbital_kernel.storage.health.checks import STATES, Check, Health

RAISING = ("unknown", "warn", "bad")


@dataclass(frozen=True)
class Alert:
    """A change of a check: `event` is 'raised', 'eased' or 'cleared'."""

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
    """Follows health over time and reports changes of checks once.

    Parameters
    ----------
    raise_after : int, default 2
        Number of equal polls after which a worse state is reported.
    clear_after : int, default 3
        Number of equal polls after which a better state is reported.

    Examples
    --------
    >>> from orbital_kernel.storage.health.alerts import Alerts
    >>> from orbital_kernel.storage.health.checks import Check, health_of
    >>> alerts, bad = Alerts(), health_of([Check("quota", "bad", "it is full")])
    >>> [[alert.event for alert in alerts.update(bad)] for _ in range(3)]
    [[], ['raised'], []]
    """

    raise_after: int = 2
    clear_after: int = 3
    _tracks: dict[str, _Track] = field(default_factory=dict)

    def update(self, health: Health) -> tuple[Alert, ...]:
        """Return what changed since the last poll; a check that vanished clears in time.

        Parameters
        ----------
        health : Health
            The result of this poll.

        Returns
        -------
        tuple of Alert
            The alerts to report now.

        Examples
        --------
        >>> from orbital_kernel.storage.health.alerts import Alerts
        >>> from orbital_kernel.storage.health.checks import Check, health_of
        >>> alerts = Alerts(raise_after=1, clear_after=1)
        >>> states = ("bad", "bad", "ok")
        >>> polls = [health_of([Check("quota", state, "use")]) for state in states]
        >>> [[alert.event for alert in alerts.update(poll)] for poll in polls]
        [['raised'], [], ['cleared']]
        """
        checks = {check.name: check for check in health.checks}
        for name, track in self._tracks.items():
            if name not in checks and track.reported != "ok":
                checks[name] = Check(name, "ok", "the check is no longer reported")
        alerts = [self._look(check) for check in checks.values()]
        return tuple(alert for alert in alerts if alert)

    @property
    def raised(self) -> dict[str, str]:
        """The raised checks, by name, with their states.

        Returns
        -------
        dict of str to str
            'unknown', 'warn' or 'bad' by the name of the check.

        Examples
        --------
        >>> from orbital_kernel.storage.health.alerts import Alerts
        >>> from orbital_kernel.storage.health.checks import Check, health_of
        >>> alerts = Alerts(raise_after=1)
        >>> (alert,) = alerts.update(health_of([Check("quota", "bad", "it is full")]))
        >>> alerts.raised
        {'quota': 'bad'}
        """
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
