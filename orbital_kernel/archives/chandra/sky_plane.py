"""Chandra's sky plane: places of sky pixels that a header gives without their WCS.

Sky pixels project tangentially about RA_NOM, DEC_NOM. Each focal plane has its own
pixels: ACIS and HRC-I are of AXAF-FP-1.1, HRC-S is of AXAF-FP-2.3, four times as wide.
Source: McDowell, ASC coordinates, revision 5.3, tables of sky tangent planes.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from orbital_kernel.archives.formats.fits import FitsFile, number, text
from orbital_kernel.archives.formats.tangent import Reals, from_tangent, tangent_axes

if TYPE_CHECKING:
    from astropy.io import fits

PIXELS = {
    "ACIS": (4096.5, 0.492),
    "HRC-I": (16384.5, 0.13175),
    "HRC-S": (32768.5, 0.13175),
}
"""Reference pixel and arcsec a pixel, by detector."""


def place(
    file: FitsFile, header: "fits.Header", x: float, y: float
) -> tuple[float, float]:
    """Return RA, dec of a sky pixel: by the file's own sky columns, else by detector.

    NaN if neither is known.
    """
    for hdu in file.hdus:
        if hdu.has("x", "y") and (axes := tangent_axes(hdu)):
            (ra0, x0, dx), (dec0, y0, dy) = axes
            ra, dec = from_tangent((x - x0) * dx, (y - y0) * dy, ra0, dec0)
            return float(ra), float(dec)
    ra, dec = of_detector(header, x, y)
    return float(ra), float(dec)


def of_detector(
    header: "fits.Header", x: ArrayLike, y: ArrayLike
) -> tuple[Reals, Reals]:
    """Return RA, dec of sky pixels by detector, RA_NOM and DEC_NOM; NaN if not known."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    pixels = _pixels(header)
    ra_nom, dec_nom = number(header, "RA_NOM"), number(header, "DEC_NOM")
    if pixels is None or ra_nom is None or dec_nom is None:
        return np.full(x.shape, np.nan), np.full(y.shape, np.nan)
    middle, scale = pixels
    return from_tangent(
        -(x - middle) * scale / 3600, (y - middle) * scale / 3600, ra_nom, dec_nom
    )


def _pixels(header: "fits.Header") -> tuple[float, float] | None:
    """Return reference pixel and scale; None for an HRC whose detector is not named."""
    for keyword in ("DETNAM", "INSTRUME"):
        name = text(header, keyword).upper()
        for detector, pixels in PIXELS.items():
            if name.startswith(detector):
                return pixels
    return None
