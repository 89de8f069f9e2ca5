"""State of limits against usage: nine states, grace periods, remaining space."""

import re
from dataclasses import dataclass

from vast_standin.vms.cluster import Space
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record

LIMITS = ("soft_limit", "hard_limit", "soft_limit_inodes", "hard_limit_inodes")
BLOCKING = frozenset(
    {"HARD_EXCEEDED", "INODE_HARD_EXCEEDED", "HARD_BOTH_EXCEEDED", "GRACE_EXPIRED"}
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SHORT = re.compile(r"(\d+)([smhdw])\Z")
_CLOCK = re.compile(r"(?:(\d+) )?(?:(?:(\d+):)?(\d+):)?(\d+)\Z")
_NAMES = {
    "hard": {1: "HARD_EXCEEDED", 2: "INODE_HARD_EXCEEDED", 3: "HARD_BOTH_EXCEEDED"},
    "soft": {1: "SOFT_EXCEEDED", 2: "INODE_SOFT_EXCEEDED", 3: "SOFT_BOTH_EXCEEDED"},
}


@dataclass(frozen=True)
class Standing:
    """State of limits against usage."""

    state: str
    space: Space
    expires_at: float | None


def judge(limits: Record, space: Space, since: float | None, now: float) -> Standing:
    """Return the state of limits; `since` is when a soft one was exceeded, if it is."""
    hard, soft = (_exceeded(limits, space, which) for which in ("hard", "soft"))
    grace = limits.get("grace_period")
    expires = None if since is None or not grace else since + seconds_of(str(grace))
    if hard:
        return Standing(_NAMES["hard"][hard], space, expires)
    if soft and expires is not None and now >= expires:
        return Standing("GRACE_EXPIRED", space, expires)
    return Standing(_NAMES["soft"][soft] if soft else "OK", space, expires)


def exceeds_soft(limits: Record, space: Space) -> bool:
    """Return whether a soft limit is exceeded."""
    return bool(_exceeded(limits, space, "soft"))


def refusal(limits: Record, now: Standing, size: int) -> str:
    """Return why a write of `size` bytes is refused, "" if it is not."""
    hard, inodes = limit_of(limits, "hard_limit"), limit_of(limits, "hard_limit_inodes")
    if now.state == "GRACE_EXPIRED":
        return "its grace period expired"
    if hard and now.space.bytes + size > hard:
        return f"{now.space.bytes} of {hard} bytes are used"
    if inodes and now.space.inodes >= inodes:
        return f"{now.space.inodes} of {inodes} inodes are used"
    return ""


def usage_report(limits: Record, now: Standing, clock: float) -> Record:
    """Return what every quota shows of its state."""
    remaining = None if now.expires_at is None else max(0, now.expires_at - clock)
    return {
        "state": now.state,
        "used_capacity": now.space.bytes,
        "used_inodes": now.space.inodes,
        "percent_capacity": _percent(now.space.bytes, limits.get("hard_limit")),
        "percent_inodes": _percent(now.space.inodes, limits.get("hard_limit_inodes")),
        "time_to_block": None if remaining is None else _clock(remaining),
    }


def check_limits(record: Record) -> None:
    """Raise 400 if limits or the grace period are not valid."""
    for name in LIMITS:
        if limit_of(record, name) < 0:
            raise bad_request(f"{name}: must not be negative")
    for suffix in ("", "_inodes"):
        soft, hard = (
            limit_of(record, f"{which}_limit{suffix}") for which in ("soft", "hard")
        )
        if soft and hard and soft > hard:
            raise bad_request(
                f"soft_limit{suffix}: {soft} is above the hard limit {hard}"
            )
    if grace := record.get("grace_period"):
        try:
            seconds_of(str(grace))
        except ValueError as error:
            raise bad_request(f"grace_period: {error}") from None


def seconds_of(text: str) -> int:
    """Return the seconds of ``[DD] [HH:[MM:]]ss`` or of ``90m``; raise ValueError."""
    if match := _SHORT.match(text.strip()):
        return int(match[1]) * _UNITS[match[2]]
    if match := _CLOCK.match(text.strip()):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    raise ValueError(
        f"{text!r} is not [DD] [HH:[MM:]]ss, nor a number with s, m, h, d or w"
    )


def limit_of(record: Record, name: str) -> int:
    """Return a limit, 0 if there is none."""
    return int(str(record.get(name) or 0))


def _exceeded(limits: Record, space: Space, which: str) -> int:
    capacity = limit_of(limits, f"{which}_limit")
    inodes = limit_of(limits, f"{which}_limit_inodes")
    # A hard limit is exceeded when nothing more fits, a soft one when it is passed.
    margin = 0 if which == "hard" else 1
    over = 1 if capacity and space.bytes >= capacity + margin else 0
    return over + (2 if inodes and space.inodes >= inodes + margin else 0)


def _percent(used: int, limit: object) -> int:
    return int(used * 100 // int(str(limit))) if limit else 0


def _clock(seconds: float) -> str:
    days, remainder = divmod(int(seconds), 86400)
    hours, remainder = divmod(remainder, 3600)
    text = f"{hours:02}:{remainder // 60:02}:{remainder % 60:02}"
    return f"{days} {text}" if days else text
