"""A field of X-ray sources as two catalogues list it, with the truth of who is who."""

from dataclasses import dataclass

import numpy as np

from orbital_kernel.sample.plan import dice
from orbital_kernel.sample.pulses import Reals

CENTRE_DEG = (0.05, -0.35)
HALF_SIDE_DEG = 0.9
COMMON_SHARE = 0.4
SWIFT_ONLY_SHARE = 0.25


@dataclass(frozen=True)
class Field:
    """Sources of one field; arrays of one length.

    True positions in degrees; `flux` is 0.5-7 keV in erg/cm2/s; `in_swift` and
    `in_chandra` tell who lists the source, `swift_ra` … what each one measured, and
    the sigmas are 1-sigma a coordinate, in arcsec.
    """

    ra: Reals
    dec: Reals
    flux: Reals
    in_swift: Reals
    in_chandra: Reals
    swift_ra: Reals
    swift_dec: Reals
    swift_sigma: Reals
    chandra_ra: Reals
    chandra_dec: Reals
    chandra_sigma: Reals

    def __len__(self) -> int:
        return len(self.ra)


def draw_field(seed: int, count: int, *, number: int = 0) -> Field:
    """Draw a field; field 0 lies across RA 0, the others anywhere off the poles.

    Two in five sources are in both catalogues. Swift's errors are 2 to 3.5 arcsec
    (90 % radius 4.3 to 7.5), Chandra's grow off axis from 0.15 to 0.8 arcsec.
    """
    rng = dice(seed, f"field {number}")
    centre = CENTRE_DEG if number == 0 else (rng.uniform(0, 360), rng.uniform(-60, 60))
    side = HALF_SIDE_DEG * max(1.0, np.sqrt(count / 300))
    dec = centre[1] + rng.uniform(-side, side, count)
    ra = centre[0] + rng.uniform(-side, side, count) / np.cos(np.radians(dec))
    flux = 1.0e-14 * rng.random(count) ** (-1 / 1.3)
    drawn = rng.random(count)
    in_swift = drawn < COMMON_SHARE + SWIFT_ONLY_SHARE
    in_chandra = (drawn < COMMON_SHARE) | ~in_swift
    swift_sigma = np.round(rng.uniform(2.0, 3.5, count), 2)
    chandra_sigma = np.round(0.15 + rng.random(count) ** 2 * 0.65, 3)
    swift = _scatter(rng, ra, dec, swift_sigma)
    chandra = _scatter(rng, ra, dec, chandra_sigma)
    return Field(
        ra=np.round(ra % 360, 7),
        dec=np.round(dec, 7),
        flux=np.minimum(flux, 5e-12),
        in_swift=in_swift,
        in_chandra=in_chandra,
        swift_ra=swift[0],
        swift_dec=swift[1],
        swift_sigma=swift_sigma,
        chandra_ra=chandra[0],
        chandra_dec=chandra[1],
        chandra_sigma=chandra_sigma,
    )


def _scatter(
    rng: np.random.Generator, ra: Reals, dec: Reals, sigma_arcsec: Reals
) -> tuple[Reals, Reals]:
    east, north = rng.normal(0, sigma_arcsec / 3600, (2, len(ra)))
    return (ra + east / np.cos(np.radians(dec))) % 360, dec + north


def sexagesimal(
    value_deg: float, *, hours: bool, digits: int, sign: bool = True
) -> str:
    """Return '23:59:58.120' (hours) or '-00:21:07.45' (degrees), never ':60'."""
    scale = 10**digits
    total = round(abs(value_deg) / (15 if hours else 1) * 3600 * scale)
    if hours:
        total %= 24 * 3600 * scale
    whole, part = divmod(total, scale)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    if digits:
        text += f".{part:0{digits}d}"
    if hours:
        return text
    lead = "-" if value_deg < 0 else ("+" if sign else "")
    return lead + text
