"""Live time of Chandra's detectors: what dead time leaves of a good time interval.

LIVETIME = ONTIME x DTCOR; ACIS headers give both per chip too (LIVTIME7, ONTIME7).
EXPOSURE of dmextract's bins is live time already.
Source: cxc.cfa.harvard.edu/ciao, dictionary, 'exposure' and 'dtcor'.
"""

from typing import TYPE_CHECKING

from orbital_kernel.archives.formats.fits import number

if TYPE_CHECKING:
    from astropy.io import fits


def live_remark(table: "fits.Header") -> str:
    """Return for the account how good time becomes live time."""
    fraction = live_fraction(table, table)
    if fraction is None:
        return "no dead time in the header: live time is not known"
    return f"live time is {fraction:.4f} of good time"


def live_fraction(table: "fits.Header", gti: "fits.Header") -> float | None:
    """Return live time over good time of a GTI, of its chip if given; None if unknown."""
    chip = number(gti, "CCD_ID")
    names = [("LIVETIME", "ONTIME")]
    if chip is not None:
        names.insert(0, (f"LIVTIME{chip:.0f}", f"ONTIME{chip:.0f}"))
    fractions = [
        *(_ratio(table, *pair) for pair in names),
        *(number(header, "DTCOR") for header in (gti, table)),
    ]
    return next((f for f in fractions if f is not None and 0 < f <= 1), None)


def _ratio(header: "fits.Header", live: str, good: str) -> float | None:
    above, below = number(header, live), number(header, good)
    return None if above is None or not below else above / below
