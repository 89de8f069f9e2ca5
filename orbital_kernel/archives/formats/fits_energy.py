"""Energies in FITS tables, in keV by the unit of their column."""

from orbital_kernel.archives.formats.fits import Block, Reals
from orbital_kernel.errors import ArchiveError

SPELLINGS = {"ev": 1e-3, "kev": 1.0, "mev": 1e3, "gev": 1e6}
"""Units in keV, whatever their case: nobody counts photons in milli-eV."""


def kev(block: Block, name: str, *, without: str) -> Reals:
    """Return a column of energies in keV; `without` is the unit of a column that has none.

    ArchiveError if its unit is not one of energy.
    """
    written = block.hdu.field(name).unit or without
    scale = SPELLINGS.get(written.lower())
    if scale is None:
        scale = _scale(written, name)
    return block.reals(name) * scale


def _scale(written: str, name: str) -> float:
    from astropy import units as u  # noqa: PLC0415 - few units need it

    try:
        return float(u.Unit(written).to(u.keV))
    except (u.UnitConversionError, ValueError, TypeError):
        raise ArchiveError(
            f"{name} is in {written!r}, which is not a unit of energy: correct the header "
            "(eV or keV)"
        ) from None
