"""Magnitudes of Swift's UVOT, and of AB systems, as flux densities.

An AB magnitude is a flux density: 3631 Jy at zero. A Vega magnitude becomes one by the
offset of its filter, which is listed here for UVOT only.
"""

from astropy import units as u

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves.bands import parse_unit

AB_ZERO_JY = 3631.0
"""Flux density of AB magnitude zero. Oke & Gunn 1983, ApJ 266, 713."""
AB_MINUS_VEGA = {
    "UVW2": 1.73,
    "UVM2": 1.69,
    "UVW1": 1.51,
    "U": 1.02,
    "B": -0.13,
    "V": -0.01,
}
"""AB minus Vega magnitude of UVOT's filters. Breeveld et al. 2011, AIP Conf. Proc. 1358,
373, table 1."""
DENSITY = u.Jy


def is_magnitude(unit: str) -> bool:
    """Return whether a stored unit is one of magnitudes."""
    return unit.startswith("mag")


def density_of_magnitude(
    unit: str, band: str | None, target: u.UnitBase
) -> tuple[float, str]:
    """Return the factor to a flux density, and how.

    Of magnitudes it is the flux density of magnitude zero: multiply by 10^(-0.4 m).
    QueryError if there is none, or the target is not a flux density.
    """
    if not target.is_equivalent(DENSITY):
        raise QueryError(
            f"{unit} of the filter {band or '(none named)'} is a flux density at its "
            f"wavelength: give a unit such as 'Jy', not {target.to_string()!r}"
        )
    if not is_magnitude(unit):
        factor = float(parse_unit(unit).to(target))
        return factor, "as given" if factor == 1 else "unit only"
    zero = float((AB_ZERO_JY * u.Jy).to_value(target))
    system = unit.removeprefix("mag").strip("()").lower()
    if system == "ab":
        return zero, f"AB magnitude: {AB_ZERO_JY:g} Jy at zero"
    name = (band or "").partition(".")[0].upper()
    if system == "vega" and name in AB_MINUS_VEGA:
        offset = AB_MINUS_VEGA[name]
        how = f"Vega magnitude of UVOT's {name}: AB = Vega + {offset:g}"
        return float(zero * 10 ** (-0.4 * offset)), how
    raise QueryError(
        f"{unit!r} of the filter {band or '(none named)'} has no zero point here: only AB "
        "magnitudes and UVOT's Vega magnitudes have one"
    )
