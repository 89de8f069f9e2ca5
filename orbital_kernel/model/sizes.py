"""Sizes and durations as written in files: '500 GB', '1.5 TiB', '7 days'.

Decimal and binary units are different things and both are exact: 1 TB is 10**12 bytes,
1 TiB is 2**40 (IEC 80000-13). A number without a unit is refused.
"""

import re
from fractions import Fraction

from orbital_kernel.errors import ConfigError

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
BYTES: dict[str, int] = {unit: 1000**power for power, unit in enumerate(_DECIMAL)}
BYTES |= {unit: 1024**power for power, unit in enumerate(_BINARY)}
SECONDS = {
    **dict.fromkeys(("s", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}

_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
_CLOCK = re.compile(r"(?:(\d+)\s+)?(?:(\d+):(\d+):)?(\d+)(?:\.0+)?")


def bytes_of(text: str) -> int:
    """Return the bytes of a size such as '500 GB' or '1.5 TiB', exactly.

    Raises ConfigError for a bare number, an unknown unit or a part of a byte.
    """
    return _exact(text, BYTES, "a size", "'500 GB' (1000**3) or '1.5 TiB' (1024**4)")


def seconds_of(text: str) -> int:
    """Return the seconds of a duration: '7 days', '90m', or the VMS's '7 00:00:00'.

    Raises ConfigError for anything else.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return _exact(text, SECONDS, "a duration", "'7 days', '12 h' or '90 min'")


def clock_of(seconds: int) -> str:
    """Return a duration as the VMS writes it: '[DD] HH:MM:SS'."""
    days, remainder = divmod(seconds, 86400)
    clock = f"{remainder // 3600:02}:{remainder // 60 % 60:02}:{remainder % 60:02}"
    return f"{days} {clock}" if days else clock


def size_text(size_bytes: float) -> str:
    """Return a size for people, in decimal units: '1.5 TB'."""
    unit = "B"
    for name in _DECIMAL[1:]:
        if abs(size_bytes) < BYTES[name]:
            break
        unit = name
    return f"{size_bytes / BYTES[unit]:.4g} {unit}"


def _exact(text: str, units: dict[str, int], noun: str, example: str) -> int:
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if not match or match[2] not in units:
        raise ConfigError(
            f"{text!r} is not {noun}: write number and unit, like {example}; "
            f"units are {', '.join(units)}"
        )
    value = Fraction(match[1]) * units[match[2]]
    if value.denominator != 1:
        raise ConfigError(f"{text!r} is not a whole number of the smallest unit")
    return int(value)
