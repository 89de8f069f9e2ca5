"""Apertures in which photons of a source are counted, and the background there.

References
----------
ACIS and HRC, radius: 95 % of 1.49 keV are within 2.05 - 0.55 t + 0.18 t^2 arcsec at t
arcmin off axis (E. Feigelson, asc.harvard.edu/chandra-users/0192.html, by CIAO's mkpsf).
ACIS, background: a quiescent front-illuminated chip has 0.3 count/s of good grades in
0.3-10 keV, chip S3 1 count/s (M. Markevitch, cxc.harvard.edu/contrib/maxim/bg; 0.309 and
0.807 in Biller, Plucinsky and Edgar 2001, "Two Years of Science with Chandra"); a chip is
1024 x 0.492 arcsec wide. XRT, fraction: a King profile with a core of 5.8 arcsec and a
slope of 1.55 (Moretti+ 2005, Proc. SPIE 5898, 360, as swift.ac.uk/pileup.shtml gives it)
holds 1 - (1 + (R / 5.8)^2)^-0.55 within R arcsec; half within 9.2, as the Swift Technical
Handbook has it (18 arcsec HPD at 1.5 keV). What is assumed instead is so called in `origin`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Aperture:
    """How photons of a source are counted with an instrument, and what else is there.

    Attributes
    ----------
    radius_arcsec
        Radius on axis, and the factors of the off-axis angle (arcmin) and its square.
    fraction
        Share of a source's photons inside.
    background
        Counts per second and arcsec2.
    origin
        Where these come from.
    """

    radius_arcsec: tuple[float, float, float]
    fraction: float
    background: float
    origin: str

    def radius_at(self, off_axis_arcmin: Reals) -> Reals:
        """Return the radius, arcsec."""
        constant, slope, square = self.radius_arcsec
        return np.asarray(
            constant + slope * off_axis_arcmin + square * off_axis_arcmin**2
        )


XRT_ARCSEC, XRT_CORE_ARCSEC, XRT_SLOPE = 30.0, 5.8, 1.55
_MIRRORS = (2.05, -0.55, 0.18)
_OF_MIRRORS = (
    "95 % within 2.05 - 0.55 t + 0.18 t^2 arcsec at t arcmin off axis (1.49 keV; "
    "chandra-users 0192)"
)
APERTURES = {
    "XRT": Aperture(
        (XRT_ARCSEC, 0.0, 0.0),
        1 - (1 + (XRT_ARCSEC / XRT_CORE_ARCSEC) ** 2) ** (1 - XRT_SLOPE),
        1.8e-7,
        "XRT: 30 arcsec hold 84 % (King profile, 5.8 arcsec and 1.55, Moretti+ 2005, Proc. "
        "SPIE 5898, 360), background 1e-6 count/s a pixel of 2.36 arcsec (assumed, "
        "0.3-10 keV, PC mode)",
    ),
    "ACIS": Aperture(
        _MIRRORS,
        0.95,
        0.3 / (1024 * 0.492) ** 2,
        f"ACIS: {_OF_MIRRORS}, background 0.3 count/s a front-illuminated chip in 0.3-10 "
        "keV (Markevitch, cxc.harvard.edu/contrib/maxim/bg; 1 count/s on S3)",
    ),
    "HRC": Aperture(
        _MIRRORS,
        0.95,
        1.7e-5,
        f"HRC: {_OF_MIRRORS}, background 1.7e-5 count/s/arcsec2 (assumed; unfiltered "
        "HRC-S had 7e-5 in 1999, cxc.cfa.harvard.edu/cal/Letg/Hrc_bg)",
    ),
}
