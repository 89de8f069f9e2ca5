"""A field of X-ray sources as two catalogues list it, with the truth of who is who."""

from dataclasses import dataclass

import numpy as np

from orbital_kernel.sample.plan import dice
from orbital_kernel.sample.pulses import Flags
from orbital_kernel.sample.rounding import Reals, degrees, modelled, right_ascensions
from orbital_kernel.sample.truth import Ledger

CENTRE_DEG = (0.05, -0.35)
HALF_SIDE_DEG = 0.9
COMMON_SHARE = 0.4
SWIFT_ONLY_SHARE = 0.25


@dataclass(frozen=True)
class Field:
    """Sources of one field; arrays of one length.

    True positions in degrees; `flux` is 0.5-7 keV in erg/cm2/s; `in_swift` and
    `in_chandra` say which catalogue lists the source, `swift_ra` … what each one measured, and
    the sigmas are 1-sigma a coordinate, in arcsec.
    """

    centre_deg: tuple[float, float]
    ra: Reals
    dec: Reals
    flux: Reals
    in_swift: Flags
    in_chandra: Flags
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
    flux = modelled(1.0e-14 * rng.random(count) ** (-1 / 1.3))
    drawn = rng.random(count)
    in_swift = drawn < COMMON_SHARE + SWIFT_ONLY_SHARE
    in_chandra = (drawn < COMMON_SHARE) | ~in_swift
    swift_sigma = np.round(rng.uniform(2.0, 3.5, count), 2)
    chandra_sigma = np.round(0.15 + rng.random(count) ** 2 * 0.65, 3)
    swift = _scatter(rng, ra, dec, swift_sigma)
    chandra = _scatter(rng, ra, dec, chandra_sigma)
    return Field(
        centre_deg=(round(float(centre[0]), 4), round(float(centre[1]), 4)),
        ra=right_ascensions(ra),
        dec=degrees(dec),
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
    return right_ascensions(ra + east / np.cos(np.radians(dec))), degrees(dec + north)


def sexagesimal(
    value_deg: float, *, hours: bool, digits: int, sign: bool = True
) -> str:
    """Return '23:59:58.120' (hours) or '-00:21:07.45' (degrees), never ':60'."""
    scale = 10**digits
    total = round(abs(value_deg) / (15 if hours else 1) * 3600 * scale)
    if hours:
        total %= 24 * 3600 * scale
    units, part = divmod(total, scale)
    text = f"{units // 3600:02d}:{units // 60 % 60:02d}:{units % 60:02d}"
    if digits:
        text += f".{part:0{digits}d}"
    if hours:
        return text
    lead = "-" if value_deg < 0 else ("+" if sign else "")
    return lead + text


def field_truth(ledger: Ledger, sky: Field, label: str, files: tuple[str, str]) -> None:
    """Add a field's sources and matches to the truth; `files` are Swift's, Chandra's.

    `swift_row` is the row in Swift's file from 0, `chandra_region_id` the region_id in
    Chandra's.
    """
    swift_row = np.cumsum(sky.in_swift) - 1
    for row in range(len(sky)):
        source = f"{label}-{row + 1}"
        ledger.add("sources", **_source(sky, row, source, files))
        if sky.in_swift[row] and sky.in_chandra[row]:
            ledger.add(
                "matches",
                source=source,
                swift_file=files[0],
                swift_row=int(swift_row[row]),
                chandra_file=files[1],
                chandra_region_id=row + 1,
                separation_arcsec=_separation(sky, row),
            )


def _source(
    sky: Field, row: int, source: str, files: tuple[str, str]
) -> dict[str, object]:
    swift, chandra = bool(sky.in_swift[row]), bool(sky.in_chandra[row])
    return {
        "source": source,
        "ra": float(sky.ra[row]),
        "dec": float(sky.dec[row]),
        "flux_b_erg_cm2_s": float(sky.flux[row]),
        "swift_file": files[0] if swift else "",
        "swift_ra": float(sky.swift_ra[row]) if swift else None,
        "swift_dec": float(sky.swift_dec[row]) if swift else None,
        "swift_sigma_arcsec": float(sky.swift_sigma[row]) if swift else None,
        "chandra_file": files[1] if chandra else "",
        "chandra_ra": float(sky.chandra_ra[row]) if chandra else None,
        "chandra_dec": float(sky.chandra_dec[row]) if chandra else None,
        "chandra_sigma_arcsec": float(sky.chandra_sigma[row]) if chandra else None,
    }


def _separation(sky: Field, row: int) -> float:
    """Return the separation of the two catalogue positions (arcsec), small angles."""
    dec = np.radians(sky.swift_dec[row])
    east = (sky.swift_ra[row] - sky.chandra_ra[row] + 180) % 360 - 180
    north = sky.swift_dec[row] - sky.chandra_dec[row]
    return modelled(float(np.hypot(east * np.cos(dec), north) * 3600))
