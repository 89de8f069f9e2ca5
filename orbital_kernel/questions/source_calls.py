"""SourceCalls: the session's methods on sources: what is known, matched, compared."""

from dataclasses import replace

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.query.given import given_position
from orbital_kernel.questions import registering
from orbital_kernel.questions.calibration import (
    ARCSEC_APART,
    DAYS_APART,
    Calibration,
    calibration,
)
from orbital_kernel.questions.calls import Calls
from orbital_kernel.questions.matching import match
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.page import ObjectPage, page
from orbital_kernel.questions.place import Known, known_at
from orbital_kernel.science.one_band import BAND_KEV


class SourceCalls(Calls):
    """Everything of an object or a place, matches, and the calibration of fluxes."""

    def object(self, name: str) -> ObjectPage:
        """Return everything stored about an object, on one page.

        Parameters
        ----------
        name : str
            A name or alias in any spelling, or an identifier of `cross.objects`.

        Returns
        -------
        ObjectPage
            Names, position, redshift, numbers of points, bursts, observations and
            matched objects.

        Raises
        ------
        QueryError
            If no table has the name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.object("SIM GRB 120102S").position["position_catalog"]
        'swift-grb-table'
        """
        registering.ensure(self.store)
        return page(OneCall(self), name)

    def known_at(
        self, place: str | tuple[float, float], *, radius_arcmin: float = 1.0
    ) -> Known:
        """Return everything the database has at a position.

        Parameters
        ----------
        place : str or tuple of float
            A name that any table has, or RA and Dec, ICRS deg.
        radius_arcmin : float
            Radius for sources, points and photons, arcmin.

        Returns
        -------
        Known
            Rows by table, nearest first, and the source of the position.

        Raises
        ------
        QueryError
            If no table has a position of the name, or the radius is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "swift.grbs" in orbital.known_at("SIM GRB 120102S").tables
        True
        """
        if not isinstance(place, str):
            return known_at(
                OneCall(self), *given_position(*place), radius_arcmin=radius_arcmin
            )
        row = self.objects.place(place)
        if row is None:
            raise QueryError(f"no table has a position of {place!r}: give (ra, dec)")
        where = _on_sky((row["ra"], row["dec"]))
        content = known_at(OneCall(self), *where, radius_arcmin=radius_arcmin)
        return replace(content, position_catalog=row["position_catalog"])

    def match(
        self,
        first: str = "swift",
        second: str = "chandra",
        *others: str,
        region: tuple[float, float, float] | None = None,
        within_arcsec: float | None = None,
        brightness: str | None = None,
        epoch: float | None = None,
        dask: str | None = None,
    ) -> pl.DataFrame:
        """Match observatories' sources; store pairs, objects and associations in `cross`.

        The rows of each observatory are made one list first. A row without a stated
        position error gets the typical one of its instrument, one without a confidence is
        taken at 68 %. Matching again replaces the stored objects; their ids stay.

        Parameters
        ----------
        first, second : str
            The observatories whose `sources` are matched.
        *others : str
            Further observatories; every two are matched.
        region : tuple of float, optional
            RA, Dec and radius, ICRS deg: match only sources in this circle. Outside, what
            was stored remains.
        within_arcsec : float, optional
            Largest separation, arcsec; by default 5 combined errors.
        brightness : str, optional
            What candidates are weighed by besides the sizes of their errors: 'flux', or
            the name of a number in `extra`, such as a magnitude. Its weight is the ratio
            of the histograms of counterparts and of unrelated sources.
        epoch : float, optional
            Julian year that positions are brought to, where `extra` states proper motions
            (mas/yr) and their epoch; by default they are used as catalogued.
        dask : str, optional
            Address of a Dask cluster, such as 'tcp://host:8786' (needs the extra `dask`);
            by default the cores of this machine do the work.

        Returns
        -------
        polars.DataFrame
            Candidate pairs, each left source's best first, as in `cross.pairs`: left_id,
            right_id, separation_arcsec (arcsec), p_any (probability of any counterpart),
            p_i (of this one, if any), match_probability (their product), mutual and more.

        Raises
        ------
        QueryError
            If an observatory is unknown or given twice, or the region or separation is
            not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "match_probability" in orbital.match().columns
        True

        References
        ----------
        Budavári & Szalay 2008, ApJ 679, 301; Salvato et al. 2018, MNRAS 473, 4937.
        """
        return match(
            self,
            (first, second, *others),
            region=region,
            within_arcsec=within_arcsec,
            brightness=brightness,
            epoch=epoch,
            dask=dask,
        ).pairs

    def calibration(
        self,
        first: str = "swift",
        second: str = "chandra",
        *,
        subject: str | tuple[float, float] | None = None,
        within_days: float = DAYS_APART,
        within_arcsec: float = ARCSEC_APART,
        at_least_s: float = 0.0,
        band_kev: tuple[float, float] = BAND_KEV,
        photon_index: float = 2.0,
    ) -> Calibration:
        """Return the flux ratio of two observatories from nearly simultaneous points.

        Parameters
        ----------
        first, second : str
            The observatories; ratios are first over second.
        subject : str or tuple of float, optional
            Name of an object, or RA and Dec, ICRS deg: only points within
            `within_arcsec` of it.
        within_days : float
            Longest time between the good times of two points, d; 1 by default.
        within_arcsec : float
            Largest separation of two points, arcsec.
        at_least_s : float
            Least good time in common, s; above 0 only simultaneous points are compared.
        band_kev : tuple of float
            The band of all fluxes, keV; by default that of Chandra's source catalogue.
        photon_index : float
            Photon index (+- 0.3) of the power law that converts bands.

        Returns
        -------
        Calibration
            Constants by pair of instruments, the pairs, and the excluded points.

        Raises
        ------
        QueryError
            If no table has a position of the object, an observatory is unknown or given
            twice, or a limit is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> calibration = orbital.calibration("swift", "chandra", within_days=30)
        >>> "ratio" in calibration.pairs.columns
        True
        """
        place = self.objects.position(subject) if isinstance(subject, str) else subject
        if place is None and subject is not None:
            raise QueryError(f"no table has a position of {subject!r}")
        if place is not None and not isinstance(subject, str):
            place = given_position(*place)
        return calibration(
            self,
            first,
            second,
            place=place,
            within_days=within_days,
            within_arcsec=within_arcsec,
            at_least_s=at_least_s,
            band_kev=band_kev,
            photon_index=photon_index,
        )


def _on_sky(place: tuple[float, float]) -> tuple[float, float]:
    return place[0] % 360, place[1]
