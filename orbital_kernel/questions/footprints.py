"""Footprints of observatories, and limits where they looked and saw nothing."""

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.model.observatory import observatory
from orbital_kernel.query import Cone, Query, TimeSpan
from orbital_kernel.query.given import given_position
from orbital_kernel.questions.asking import Asks, require_observatories, together
from orbital_kernel.questions.calls import Calls, Places
from orbital_kernel.questions.fields import (
    POINTING,
    WIDEST_ARCMIN,
    footprint_of,
    radius_of,
)
from orbital_kernel.questions.upper_limits import (
    LIMITS,
    RING,
    UpperLimit,
    limit_of,
    sources_at,
)
from orbital_kernel.science.count_apertures import APERTURES
from orbital_kernel.science.footprints import ORDER, Footprint

CONFIDENCE = 0.9973


class Footprints(Calls):
    """Where observatories have looked: methods of the session."""

    def footprint(
        self,
        name: str,
        *,
        instrument: str | None = None,
        start: str | None = None,
        stop: str | None = None,
        order: int = ORDER,
    ) -> Footprint:
        """Return the fields of an observatory's exposed pointings.

        Pointings of zero exposure, slews, idle ones (SAA-COLD) and those not yet observed
        are not looks; `excluded` counts them.

        Parameters
        ----------
        name : str
            The observatory, e.g. 'swift'.
        instrument : str, optional
            Only pointings of this instrument, e.g. 'ACIS'; by default of all.
        start, stop : str, optional
            Only pointings that began in this span, ISO 8601 in UTC.
        order : int
            HEALPix order of the MOC; cells of the default, 14, are 13 arcsec wide.

        Returns
        -------
        Footprint
            With `moc`, `area_deg2`, `contains(ra, dec)`, `exposure_at(ra, dec)`,
            `looks_at(ra, dec)` and `overlap(other)`.

        Raises
        ------
        QueryError
            If the observatory is unknown, or a time is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> swift = orbital.footprint("swift")
        >>> first = swift.looks.row(0, named=True)
        >>> swift.contains(first["ra"], first["dec"]).tolist()
        [True]
        """
        require_observatories(name)
        span = None if start is stop is None else TimeSpan(start, stop)
        query = Query(
            f"{name}.observations",
            columns=POINTING,
            not_null=("ra", "dec"),
            time=span,
            full_scan=True,
        )
        frame = self.query(query, kind="footprint").frame
        return footprint_of(name, frame, instrument, order)

    def upper_limit(
        self,
        place: str | tuple[float, float],
        name: str,
        *,
        confidence: float = CONFIDENCE,
        background: float | None = None,
        counts_to_flux: float | None = None,
    ) -> UpperLimit:
        """Return whether an observatory looked at a place, and the limit that follows.

        Where photons are stored they are counted in an aperture, and the background in a
        ring around it. Otherwise the counts are assumed to be those of the background:
        the limit is what such looks reach, and `assumptions` says so.

        Parameters
        ----------
        place : str or tuple of float
            A name that any table has, or RA and Dec, ICRS deg.
        name : str
            The observatory, e.g. 'chandra'.
        confidence : float
            Probability that a source is fainter than the limit; 3 sigma by default.
        background : float, optional
            Background, count / (s arcsec2); by default the assumed one of the instrument.
        counts_to_flux : float, optional
            Flux of one count a second, erg / (cm2 count), for the spectrum assumed.

        Returns
        -------
        UpperLimit
            Looks, limits by instrument, `rate` (count / s) of the deepest, and the
            assumptions; without a look `looked` is False and `rate` None.

        Raises
        ------
        QueryError
            If the observatory is unknown, no table has a position of the name, or the
            confidence is not between 0 and 1.

        References
        ----------
        Kraft, Burrows & Nousek 1991, ApJ 374, 344 (counts with known background).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.upper_limit((0.0, -89.0), "chandra").looked
        False
        """
        require_observatories(name)
        if not 0 < confidence < 1:
            raise QueryError(f"a confidence is between 0 and 1, not {confidence}")
        ra, dec = _position(self.objects, place)
        looks = _looks(self, name, ra, dec)
        photons = _photons(self, name, ra, dec, looks)
        nearby = self.query(
            Query(
                f"{name}.sources",
                columns=("ra", "dec", "healpix", "error_radius_arcsec"),
                cone=Cone(ra, dec, 0.5),
            ),
            kind="footprint",
        ).frame
        rows, notes = [], []
        for label, part in looks.group_by("field", maintain_order=True):
            row, used = limit_of(
                str(label[0]), part, photons, (ra, dec), confidence, background
            )
            rows.append(row)
            notes += used
        limits = pl.DataFrame(rows, schema=LIMITS).with_columns(
            flux=pl.col("rate") * pl.lit(counts_to_flux, dtype=pl.Float64)
        )
        return UpperLimit(
            *(name, ra, dec, looks.drop("field"), limits),
            sources_at(nearby, ra, dec),
            confidence,
            (*notes, "vignetting, chip gaps and spectra are not taken into account"),
        )


def _position(objects: Places, place: str | tuple[float, float]) -> tuple[float, float]:
    """Return the position of a place, ICRS deg."""
    if not isinstance(place, str):
        return given_position(*place)
    row = objects.place(place)
    if row is None:
        raise QueryError(f"no table has a position of {place!r}: give (ra, dec)")
    return float(row["ra"]) % 360, float(row["dec"])


def _looks(orbital: Asks, name: str, ra: float, dec: float) -> pl.DataFrame:
    """Return the looks at a place by one selective query of pointings around it."""
    described = observatory(name)
    radii = [
        radius_of(i) for i in described.instruments if radius_of(i) <= WIDEST_ARCMIN
    ]
    cone = Cone(ra, dec, np.sqrt(2) * max(radii, default=1.0) + 1.0)
    query = Query(f"{name}.observations", columns=POINTING, cone=cone)
    frame = orbital.query(query, kind="footprint").frame
    return footprint_of(name, frame).looks_at(ra, dec)


def _photons(
    orbital: Asks, name: str, ra: float, dec: float, looks: pl.DataFrame
) -> pl.DataFrame | None:
    """Return stored photons around a place of the observations that contain it."""
    ids = looks["obs_id"].drop_nulls().unique().sort().to_list()
    if not ids:
        return None
    off_axis = looks["off_axis_arcmin"].to_numpy()
    widest = max(float(np.max(a.radius_at(off_axis))) for a in APERTURES.values())
    cone = Cone(ra, dec, RING[1] * widest * 1.1 / 60)
    query = Query(
        f"{name}.events",
        columns=("obs_id", "ra", "dec", "healpix"),
        cone=cone,
        sets={"obs_id": ids},
        full_scan=True,
    )
    (answer,) = together(orbital, [query], kind="footprint")
    return answer.frame if len(answer.frame) else None
