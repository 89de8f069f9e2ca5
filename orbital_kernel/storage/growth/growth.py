"""Decisions whether and by how much a quota grows, with their evidence.

A quota blocks writes at its hard limit, and at its soft limit after the grace period. A
decision considers the earlier of both, at the early end of the forecast, and looks ahead
at most twice the length of the history: one busy day does not buy a month. A decision is
an absolute pair of limits, so that executing it twice has the effect of once.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orbital_kernel.model.sizes import size_text
from orbital_kernel.model.storage_spec import Growth, Quota
from orbital_kernel.storage.growth.forecast import Sample, Trend, reach, trend

DAY_S = 86400.0
FULL = 0.9
AHEAD = 2.0


@dataclass(frozen=True)
class QuotaState:
    """The present state of a quota.

    Attributes
    ----------
    path : str
        Path of the view.
    used_bytes, soft_bytes, hard_bytes : int
        Use and limits, in bytes.
    state : str
        State in the VMS, such as 'OK' or 'SOFT_EXCEEDED'.
    block_s : float or None
        Remaining grace time in s; None if the soft limit is not exceeded.
    """

    path: str
    used_bytes: int
    soft_bytes: int
    hard_bytes: int
    state: str
    block_s: float | None = None


@dataclass(frozen=True)
class Decision:
    """A decision on a quota.

    Attributes
    ----------
    path : str
        Path of the view.
    action : str
        'keep'; 'expand' to the limits given; 'wait' for the cool-down; 'ask' a person.
    soft_bytes, hard_bytes : int
        The limits after the action, in bytes.
    reason : str
        Why, in one sentence.
    evidence : dict
        State, trend and forecast behind it, as stored in `ops.actions`.
    """

    path: str
    action: str
    soft_bytes: int
    hard_bytes: int
    reason: str
    evidence: dict[str, Any]


def decide(
    quota: Quota,
    now: QuotaState,
    samples: Sequence[Sample],
    *,
    now_s: float,
    last_s: float | None = None,
    approved_bytes: int = 0,
    free_bytes: int | None = None,
) -> Decision:
    """Return the decision of a quota's policy, given its state and its history.

    Parameters
    ----------
    quota : Quota
        The quota with its growth policy.
    now : QuotaState
        Its present state.
    samples : sequence of Sample
        Its earlier use.
    now_s : float
        The present time, in seconds since 1970, UTC.
    last_s : float, optional
        The time of its last expansion, in the same unit.
    approved_bytes : int, default 0
        The hard limit that a person approved, in bytes.
    free_bytes : int, optional
        What the cluster can still promise, in bytes; None if unknown.

    Returns
    -------
    Decision
        'ask' if ceiling, approval limit or cluster do not allow the needed limit.

    Examples
    --------
    >>> from orbital_kernel.model.observatory import observatory
    >>> from orbital_kernel.storage.growth.growth import QuotaState, decide
    >>> quota = observatory("swift").storage.quota
    >>> now = QuotaState("/swift", 0, quota.soft_bytes, quota.hard_bytes, "OK")
    >>> decide(quota, now, [], now_s=0.0).action
    'keep'
    """
    growth = quota.growth
    trend_now = trend([*samples, Sample(now_s, now.used_bytes)])
    evidence = _evidence(now, trend_now)
    blocked_s = _blocked_s(now, trend_now)
    if growth is None:
        return _keep(now, "no growth policy", evidence)
    ahead_s = _ahead_s(growth, trend_now)
    evidence["ahead_s"] = ahead_s
    if not _pressing(now, blocked_s, ahead_s):
        return _keep(now, _clear(trend_now, ahead_s), evidence)
    hard = _enough(quota, growth, now, trend_now)
    reason = _why(now, blocked_s, ahead_s)
    cooling = last_s is not None and now_s - last_s < growth.cool_down_s
    if cooling and blocked_s > growth.cool_down_s:
        since_s = now_s - (last_s or 0.0)
        remaining = _days(growth.cool_down_s - since_s)
        waits = f"{reason}; expanded {_days(since_s)} ago, wait {remaining}"
        return Decision(
            now.path, "wait", now.soft_bytes, now.hard_bytes, waits, evidence
        )
    allowed, bar = _allowed(growth, now, approved_bytes, free_bytes)
    if allowed <= now.hard_bytes:
        asks = f"{reason}; {bar}"
        return Decision(now.path, "ask", now.soft_bytes, now.hard_bytes, asks, evidence)
    short = hard > allowed
    hard = min(hard, allowed)
    return Decision(
        path=now.path,
        action="expand",
        soft_bytes=max(now.soft_bytes, hard * quota.soft_bytes // quota.hard_bytes),
        hard_bytes=hard,
        reason=f"{reason}; {bar}" if short else reason,
        evidence=evidence,
    )


def _ahead_s(growth: Growth, trend_now: Trend | None) -> float:
    """Return the seconds ahead in which no limit may be reached."""
    history = trend_now.span_s if trend_now else 0.0
    return min(growth.headroom_s, max(growth.cool_down_s, AHEAD * history))


def _pressing(now: QuotaState, blocked_s: float, ahead_s: float) -> bool:
    full = now.used_bytes >= FULL * now.hard_bytes or now.state != "OK"
    return full or blocked_s < ahead_s


def _blocked_s(now: QuotaState, trend_now: Trend | None) -> float:
    """Return the seconds until writes may be blocked, at the early end."""
    early = reach(trend_now, now.hard_bytes).early_s if trend_now else None
    times = [time for time in (early, now.block_s) if time is not None]
    if now.used_bytes >= now.hard_bytes or now.state == "GRACE_EXPIRED":
        return 0.0
    return min(times, default=float("inf"))


def _enough(
    quota: Quota, growth: Growth, now: QuotaState, trend_now: Trend | None
) -> int:
    """Return the least hard limit, in steps, that will not be reached in time."""
    ratio = quota.soft_bytes / quota.hard_bytes
    hard = now.hard_bytes
    while hard < growth.ceiling_bytes:
        hard = min(hard + growth.step_bytes, growth.ceiling_bytes)
        early = reach(trend_now, hard).early_s if trend_now else None
        clear = early is None or early >= _ahead_s(growth, trend_now)
        if clear and now.used_bytes < FULL * hard and now.used_bytes < ratio * hard:
            break
    return hard


def _allowed(
    growth: Growth, now: QuotaState, approved_bytes: int, free_bytes: int | None
) -> tuple[int, str]:
    """Return the greatest hard limit allowed now, and the reason that limits it."""
    bars = [
        (growth.ceiling_bytes, f"the ceiling is {size_text(growth.ceiling_bytes)}"),
        (
            max(growth.approval_bytes, approved_bytes),
            f"above {size_text(growth.approval_bytes)} a person must approve",
        ),
    ]
    if free_bytes is not None:
        limit = f"the cluster has {size_text(free_bytes)} left to promise"
        bars.append((now.hard_bytes + free_bytes, limit))
    return min(bars)


def _why(now: QuotaState, blocked_s: float, ahead_s: float) -> str:
    if blocked_s == 0:
        return f"writes are blocked: {size_text(now.used_bytes)} in use, {now.state}"
    if blocked_s < ahead_s:
        return f"writes may be blocked in {_days(blocked_s)}"
    return f"{size_text(now.used_bytes)} of {size_text(now.hard_bytes)} in use, {now.state}"


def _evidence(now: QuotaState, trend_now: Trend | None) -> dict[str, Any]:
    evidence: dict[str, Any] = {"now": asdict(now), "trend": None}
    if trend_now:
        evidence["trend"] = asdict(trend_now)
        for name, limit in (("soft", now.soft_bytes), ("hard", now.hard_bytes)):
            evidence[f"{name}_reached_s"] = asdict(reach(trend_now, limit))
    return evidence


def _keep(now: QuotaState, reason: str, evidence: dict[str, Any]) -> Decision:
    return Decision(now.path, "keep", now.soft_bytes, now.hard_bytes, reason, evidence)


def _clear(trend_now: Trend | None, ahead_s: float) -> str:
    """Return why a quota is left as it is; without a trend nothing is said of the future."""
    if trend_now is None:
        return "within its limits; too few samples to forecast"
    return f"no limit will be reached within {_days(ahead_s)}"


def _days(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return (
        f"{seconds / 3600:.0f} h"
        if seconds < 2 * DAY_S
        else f"{seconds / DAY_S:.1f} days"
    )
