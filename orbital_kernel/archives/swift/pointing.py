"""Which rows of Swift's logs are exposure of a target, and what the others are.

The instrument logs have a row per read-out mode: slews, settling and bias frames too.
Source: heasarc.gsfc.nasa.gov/W3Browse/swift, swiftxrlog, swiftuvlog and swiftbalog.
"""

import re
from dataclasses import dataclass

from orbital_kernel.archives.reading import Account

SNAPSHOT = "snapshot"
SLEWING, SETTLING = "slewing", "settling"
CALIBRATION = "calibration"
IDLE = "idle"
SPAN = "span"
XRT_EXPOSES = {"PHOTON", "WINDOWED", "PC", "WT"}
"""Modes of XRT that expose; bias frames, raw data and images before them do not."""
BAT_MODES = {"SURVEY", "EVENT", "MASKTAG"}
"""Modes of BAT that no other instrument without filters has."""
TURNED_IN_S = 60.0
"""Timelines are in whole minutes: within this, an exposure fills its stretch."""
_IDLE_TARGET = re.compile(r"\s*saa[-_ ]?cold", re.IGNORECASE)
_NO_LIGHT = re.compile(r"BIAS|DARK|NULL|RAW", re.IGNORECASE)
WHY = {
    SLEWING: "slewing",
    SETTLING: "settling",
    CALIBRATION: "bias frames and other modes without exposure",
    IDLE: "pointings named SAA-COLD",
    SPAN: "stretches longer than their exposure, which lies somewhere within",
}


@dataclass(frozen=True)
class Entry:
    """What a row of an instrument log says of its mode; None where it says nothing."""

    pointing_mode: str | None
    operation_mode: str | None
    target: str | None = None
    light_filter: str | None = None


def kind_of(entry: Entry, instrument: str) -> str:
    """Return the kind of interval of a row: 'snapshot' only if a target was exposed."""
    pointing = (entry.pointing_mode or "pointing").lower()
    if pointing != "pointing":
        return SETTLING if pointing.startswith("settl") else SLEWING
    if is_idle(entry.target):
        return IDLE
    mode = (entry.operation_mode or "").upper()
    blocked = (entry.light_filter or "").upper() == "BLOCKED"
    unlit = mode not in XRT_EXPOSES if instrument == "XRT" else _NO_LIGHT.match(mode)
    return CALIBRATION if blocked or unlit else SNAPSHOT


def is_idle(target: str | None) -> bool:
    """Return whether a pointing only waits for the end of a passage of the SAA."""
    return bool(_IDLE_TARGET.match(target or ""))


def flown_kind(target: str | None, length_s: float, busy_s: float) -> str:
    """Return the kind of a stretch flown, of which slew and exposure take `busy_s`."""
    if is_idle(target):
        return IDLE
    return SNAPSHOT if length_s <= busy_s + TURNED_IN_S else SPAN


def count(account: Account, kinds: list[str]) -> None:
    """Add to the account how many rows are not exposure, by reason."""
    for kind, reason in WHY.items():
        if number := kinds.count(kind):
            account.understood.append(
                f"{number} rows kept as '{kind}', not as good time: {reason}"
            )
