"""Dates as observation logs write them beside their own forms: Modified Julian Dates.

HEASARC's tables hold times as MJD (UTC), and 0 for what has not happened yet.
"""

import re

import numpy as np

from orbital_kernel.model import times

_MJD = re.compile(r"0|[4-9]\d{4}(\.\d*)?|0\.0*")


def from_mjd(cell: str) -> np.datetime64 | None:
    """Return the UTC of '55690.148' (NaT of '0'); None if the text is not an MJD."""
    if _MJD.fullmatch(cell) is None:
        return None
    if not float(cell):
        return np.datetime64("NaT", "ns")
    utc: np.datetime64 = times.utc_from_tt(times.to_tt("mjd-utc", [float(cell)]))[0]
    return utc
