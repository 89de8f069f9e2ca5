"""Angles as people type them: degrees, sexagesimal, or with the letters of their units."""

import re
from collections.abc import Callable

from orbital_kernel.model import angles

NUMBER = r"(\d+(?:\.\d*)?)"
HOURS = re.compile(
    rf"{NUMBER}\s*h(?:\s*{NUMBER}\s*(?:m(?:in)?|'|′))?(?:\s*{NUMBER}\s*(?:s|\"|″))?",  # noqa: RUF001
    re.IGNORECASE,
)
DEGREES = re.compile(
    rf"([+-]?)\s*{NUMBER}\s*(?:deg|d|°)(?:\s*{NUMBER}\s*(?:m(?:in)?|'|′))?"  # noqa: RUF001
    rf"(?:\s*{NUMBER}\s*(?:s|\"|″))?",
    re.IGNORECASE,
)
RA_EXAMPLES = "83.63308, 05:34:31.9 or 5h34m31.9s"
DEC_EXAMPLES = "22.0145, +22:00:52 or 22d00m52s"


def ra_of(text: str) -> float:
    """Return a right ascension in degrees; NaN for blank text, ValueError in words."""
    match = HOURS.fullmatch(text.strip())
    if match is not None:
        hours = _sum(*match.groups())
        if hours > 24:
            raise ValueError(f"RA is up to 24 hours, not {text.strip()!r}")
        return 15.0 * hours
    return _parsed(
        text, angles.parse_ra, "RA", f"degrees or hours, such as {RA_EXAMPLES}"
    )


def dec_of(text: str) -> float:
    """Return a declination in degrees; NaN for blank text, ValueError in words."""
    if HOURS.fullmatch(text.strip()):
        raise ValueError(f"Dec is in degrees, such as {DEC_EXAMPLES}, not hours")
    return _parsed(text, angles.parse_dec, "Dec", f"degrees, such as {DEC_EXAMPLES}")


def _parsed(
    text: str, parse: Callable[[str], float], name: str, examples: str
) -> float:
    match = DEGREES.fullmatch(text.strip())
    try:
        if match is not None:
            sign, *parts = match.groups()
            return parse(f"{sign}{_sum(*parts):.12f}")
        return parse(text)
    except ValueError as error:
        if "could not convert" in str(error):
            raise ValueError(f"{name} is {examples}, not {text.strip()!r}") from None
        raise


def _sum(units: str, minutes: str | None, seconds: str | None) -> float:
    """Return units, sixtieths and their sixtieths as one number."""
    return float(units) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
