"""What a unit of flux measures: energy, photons, flux density or counts; and its text."""

import re
import warnings
from collections.abc import Mapping
from functools import lru_cache

from astropy import units as u

from orbital_kernel.errors import QueryError
from orbital_kernel.science.spectra import Band

ENERGY_FLUX = u.erg / (u.cm**2 * u.s)
PHOTON_FLUX = u.ph / (u.cm**2 * u.s)
DENSITY = u.erg / (u.cm**2 * u.s * u.Hz)
COUNT_RATE = u.ct / u.s
DETECTOR = u.def_unit("det", doc="one of BAT's 32,768 detectors")
SPELLINGS = {"sec": "s", "counts": "ct", "cts": "ct", "photons": "ph"}
_KINDS: Mapping[str, u.UnitBase] = {
    "energy flux": ENERGY_FLUX,
    "photon flux": PHOTON_FLUX,
    "flux density": DENSITY,
    "count rate": COUNT_RATE,
    "count rate per area": COUNT_RATE / u.cm**2,
    "count rate per detector": COUNT_RATE / DETECTOR,
}


def is_flux_density(unit: str) -> bool:
    """Return whether a unit is of flux densities."""
    return kind_of(parse_unit(unit)) == "flux density"


def require_band(unit: u.UnitBase, band: Band) -> None:
    """Raise QueryError if a band does not go with a unit to convert into."""
    at_one_energy = band.low_kev == band.high_kev
    if at_one_energy and kind_of(unit) != "flux density":
        raise QueryError(f"the band to convert into has no width: {band}")
    if not at_one_energy and kind_of(unit) == "flux density":
        raise QueryError(
            f"a flux density is at one energy, not in {band}: give both edges of the "
            "band the same energy, such as (1.0, 1.0)"
        )


@lru_cache(maxsize=512)
def parse_unit(text: str) -> u.UnitBase:
    """Return the astropy unit of a text, in FITS style or as tables write it.

    Raises QueryError if the text is not a unit, and for a prefixed erg: published tables
    hold 'cerg/cm^2/sec', which would be read as a hundredth.
    """
    words = re.sub(r"[A-Za-z]+", lambda word: SPELLINGS.get(word[0], word[0]), text)
    try:
        with warnings.catch_warnings(), u.add_enabled_units([DETECTOR]):
            warnings.simplefilter("ignore", u.UnitsWarning)  # 'erg/s/cm2' is clear
            unit = u.Unit(words, parse_strict="raise")
    except (ValueError, TypeError):
        raise QueryError(f"{text!r} is not a unit that astropy knows") from None
    if not isinstance(unit, u.UnitBase):
        raise QueryError(f"{text!r} is a unit of magnitudes")
    if any(base.name.endswith("erg") and base.name != "erg" for base in unit.bases):
        raise QueryError(f"{text!r} reads as a fraction of an erg: correct the unit")
    return unit


def kind_of(unit: u.UnitBase) -> str:
    """Return what a unit measures, one of the kinds that can be converted."""
    for kind, reference in _KINDS.items():
        if unit.is_equivalent(reference):
            return kind
    raise QueryError(
        f"'{unit}' is neither an energy flux, a photon flux, a flux density"
        " nor a count rate"
    )
