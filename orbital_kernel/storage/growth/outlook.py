"""Decisions on quotas as table rows and JSON, with the day a limit is reached."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from orbital_kernel.model.sizes import size_text
from orbital_kernel.storage.growth.growth import Decision

COLUMNS = ("quota", "used", "soft", "hard", "full (90 % interval)", "decision")
ENDS = ("early", "likely", "late")


def outlook(
    decisions: Iterable[Decision], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return each decision as JSON values; `names` are the quotas' names by path.

    Days of the forecast are ISO text in UTC, null if beyond ten years; the forecast is
    null if there are too few samples.
    """
    return [_values(decision, names) for decision in decisions]


def rows(outlooks: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the rows of a table with COLUMNS for an outlook."""
    return [
        (
            outlook["quota"],
            size_text(outlook["used_bytes"]),
            size_text(outlook["soft_bytes"]),
            size_text(outlook["hard_bytes"]),
            full_at(outlook["forecast"]),
            _decided(outlook),
        )
        for outlook in outlooks
    ]


def _values(decision: Decision, names: Mapping[str, str]) -> dict[str, Any]:
    now = decision.evidence["now"]
    trend = decision.evidence["trend"]
    return {
        "quota": names.get(decision.path, decision.path),
        "path": decision.path,
        "state": now["state"],
        "used_bytes": now["used_bytes"],
        "soft_bytes": now["soft_bytes"],
        "hard_bytes": now["hard_bytes"],
        "forecast": trend
        and {
            limit: _reached(decision.evidence[f"{limit}_reached_s"], trend["time_s"])
            for limit in ("soft", "hard")
        },
        "action": decision.action,
        "to_soft_bytes": decision.soft_bytes,
        "to_hard_bytes": decision.hard_bytes,
        "reason": decision.reason,
    }


def _reached(reach: Mapping[str, Any], from_s: float) -> dict[str, Any]:
    days = {end: _day(reach[f"{end}_s"], from_s) for end in ENDS}
    return {**days, "confidence": reach["confidence"]}


def _day(after_s: float | None, from_s: float) -> str | None:
    if after_s is None:
        return None
    return datetime.fromtimestamp(from_s + after_s, UTC).isoformat(timespec="seconds")


def full_at(forecast: Mapping[str, Any] | None) -> str:
    """Return the day on which the hard limit is reached, with its interval, in words."""
    if forecast is None:
        return "unknown: too few samples"
    early, likely, late = (
        day[:10] if (day := forecast["hard"][end]) else "beyond ten years"
        for end in ENDS
    )
    return likely if early == late else f"{likely} ({early} to {late})"


def _decided(outlook: Mapping[str, Any]) -> str:
    if outlook["action"] != "expand":
        return f"{outlook['action']}: {outlook['reason']}"
    return (
        f"expand to {size_text(outlook['to_soft_bytes'])} soft, "
        f"{size_text(outlook['to_hard_bytes'])} hard: {outlook['reason']}"
    )
