"""PointingCalls: the session's methods on who looked where, and when."""

from collections.abc import Sequence

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.query.given import given_position
from orbital_kernel.questions.asking import require_observatories
from orbital_kernel.questions.calls import Calls
from orbital_kernel.questions.followups import follow_ups
from orbital_kernel.questions.pairs import DAYS_APART, pointings
from orbital_kernel.questions.session import DAYS_AFTER, ERROR_ARCMIN, FIELD_ARCMIN
from orbital_kernel.questions.simultaneous import simultaneous
from orbital_kernel.questions.visits import Visits, visits


class PointingCalls(Calls):
    """Pairs of pointings, shared good time, follow-ups of bursts, visits of a place."""

    def objects_observed_by(
        self,
        first: str,
        second: str,
        *,
        within_arcsec: float | None = None,
        within_arcmin: float | None = None,
        within_days: float = DAYS_APART,
    ) -> pl.DataFrame:
        """Return pairs of pointings of two observatories close on the sky and in time.

        Parameters
        ----------
        first, second : str
            The observatories, e.g. 'swift' and 'chandra'.
        within_arcsec, within_arcmin : float, optional
            Largest separation of the pointings; give one of them.
        within_days : float
            Largest difference of the start times, d, in either order.

        Returns
        -------
        polars.DataFrame
            obs_id, object, time and exposure_s (s) of each, with _a and _b,
            separation_arcmin (arcmin) and dt_days (d, second minus first).

        Raises
        ------
        QueryError
            If an observatory is unknown, or not exactly one separation is given.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> pairs = orbital.objects_observed_by("swift", "chandra", within_arcmin=5)
        >>> "dt_days" in pairs.columns
        True
        """
        return pointings(
            self,
            first,
            second,
            within_arcsec=within_arcsec,
            within_arcmin=within_arcmin,
            within_days=within_days,
        ).frame

    def simultaneous(
        self,
        first: str,
        second: str,
        *,
        within_arcmin: float = FIELD_ARCMIN,
        start: str | None = None,
        stop: str | None = None,
        at_least_s: float = 0.0,
    ) -> pl.DataFrame:
        """Return the stretches of good time that two observatories share.

        Parameters
        ----------
        first, second : str
            Two different observatories, e.g. 'swift' and 'chandra'.
        within_arcmin : float
            Largest separation of the pointings, arcmin.
        start, stop : str, optional
            Only stretches that reach into this span, ISO 8601 in UTC.
        at_least_s : float
            Shortest overlap, s.

        Returns
        -------
        polars.DataFrame
            Columns of `Questions.simultaneous`: time and time_stop (TT), overlap_s (s),
            separation_arcmin (arcmin) and both observations.

        Raises
        ------
        QueryError
            If an observatory is unknown or given twice, or the separation or a time is
            not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "overlap_s" in orbital.simultaneous("swift", "chandra").columns
        True
        """
        return simultaneous(
            self,
            first,
            second,
            within_arcmin=within_arcmin,
            start=start,
            stop=stop,
            at_least_s=at_least_s,
        ).frame

    def follow_ups(
        self,
        bursts: pl.DataFrame | Sequence[str] | str | None = None,
        *,
        of: str = "swift",
        by: str = "chandra",
        within_arcmin: float = ERROR_ARCMIN,
        within_days: float = DAYS_AFTER,
        after_days: float = 0.0,
        catalog: str | None = None,
    ) -> pl.DataFrame:
        """Return the later pointings at the positions of bursts.

        Parameters
        ----------
        bursts : polars.DataFrame, sequence of str or str, optional
            Names, or a frame with name, time (TT), ra and dec (deg). By default all
            bursts of the catalogues of `of`.
        of : str
            The observatory whose burst catalogues are read.
        by : str
            The observatory that pointed afterwards.
        within_arcmin : float
            Largest separation of burst and centre of the pointing, arcmin.
        within_days, after_days : float
            Latest and earliest start of the pointing after the trigger, d.
        catalog : str, optional
            Read only this catalogue.

        Returns
        -------
        polars.DataFrame
            Columns of `Questions.follow_ups`: one row per burst and pointing.

        Raises
        ------
        QueryError
            If an observatory is unknown, or no catalogue has a burst of that name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "time_observed" in orbital.follow_ups(within_days=30).columns
        True
        """
        return follow_ups(
            self,
            bursts,
            of=of,
            by=by,
            within_arcmin=within_arcmin,
            within_days=within_days,
            after_days=after_days,
            catalog=catalog,
        ).frame

    def visits(
        self, place: str | tuple[float, float], *, by: Sequence[str] | None = None
    ) -> Visits:
        """Return who looked at a place, and when, in good time.

        Parameters
        ----------
        place : str or tuple of float
            Name of an object, or RA and Dec, ICRS deg.
        by : sequence of str, optional
            Only these observatories.

        Returns
        -------
        Visits
            One row per stretch of good time, and first and last look by observatory.
            ObsIDs of zero exposure, idle pointings, slews and plans are no look.

        Raises
        ------
        QueryError
            If no table has a position of the name, or an observatory is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> visits = orbital.visits("SIM GRB 120102S", by=["chandra"])
        >>> bool((visits.rows["good_s"] > 0).all())
        True
        """
        require_observatories(*(by or ()))
        where = self.objects.position(place) if isinstance(place, str) else place
        if where is None:
            raise QueryError(f"no table has a position of {place!r}: give (ra, dec)")
        ra, dec = where if isinstance(place, str) else given_position(*where)
        return visits(self, ra % 360, dec, names=None if by is None else tuple(by))
