"""Questions: what `orbital.questions` is; answers come with units and explanation."""

from collections.abc import Sequence

import polars as pl

from orbital_kernel.query import Answer
from orbital_kernel.questions import pairs
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.counts import Counted, bins_of, counts
from orbital_kernel.questions.followups import follow_ups
from orbital_kernel.questions.pairs import DAYS_APART
from orbital_kernel.questions.simultaneous import simultaneous
from orbital_kernel.science.counting import LIMIT

FIELD_ARCMIN = 12.0
ERROR_ARCMIN = 5.0
DAYS_AFTER = 30.0


class Questions:
    """Cross-observatory questions whose answers include units and explanation.

    `orbital.questions` is one.

    Parameters
    ----------
    orbital : Session
        Answers the queries, and has the database.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> answer = orbital.questions.simultaneous("swift", "chandra")
    >>> answer.units["overlap_s"]
    's'
    """

    def __init__(self, orbital: Session) -> None:
        self._orbital = orbital

    @property
    def session(self) -> Session:
        """Who answers the queries.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.questions.session is orbital
        True
        """
        return self._orbital

    def simultaneous(
        self,
        first: str,
        second: str,
        *,
        within_arcmin: float = FIELD_ARCMIN,
        start: str | None = None,
        stop: str | None = None,
        at_least_s: float = 0.0,
    ) -> Answer:
        """Return the stretches of good time that two observatories share.

        Parameters
        ----------
        first, second, within_arcmin, start, stop, at_least_s
            As in `Orbital.simultaneous`.

        Returns
        -------
        Answer
            obs_id, object and instrument of each, with _a and _b; time and time_stop
            (TT) of the overlap, overlap_s (s), separation_arcmin (arcmin), simulated;
            in order of time.

        Raises
        ------
        QueryError
            As `Orbital.simultaneous`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> answer = orbital.questions.simultaneous("swift", "chandra", at_least_s=60)
        >>> bool((answer.frame["overlap_s"] >= 60).all())
        True
        """
        return simultaneous(
            self._orbital,
            first,
            second,
            within_arcmin=within_arcmin,
            start=start,
            stop=stop,
            at_least_s=at_least_s,
        )

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
    ) -> Answer:
        """Return the later pointings at the positions of bursts.

        Parameters
        ----------
        bursts, of, by, within_arcmin, within_days, after_days, catalog
            As in `Orbital.follow_ups`.

        Returns
        -------
        Answer
            name, time and t90_s (s) of the burst, the pointing's obs_id, time_observed
            and exposure_s (s), separation_arcmin (arcmin), dt_days (d); one row per
            burst and pointing, in order of burst.

        Raises
        ------
        QueryError
            As `Orbital.follow_ups`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> answer = orbital.questions.follow_ups(within_days=30)
        >>> bool((answer.frame["dt_days"] <= 30).all())
        True
        """
        return follow_ups(
            self._orbital,
            bursts,
            of=of,
            by=by,
            within_arcmin=within_arcmin,
            within_days=within_days,
            after_days=after_days,
            catalog=catalog,
        )

    def observed_by(
        self,
        first: str,
        second: str,
        *,
        within_arcsec: float | None = None,
        within_arcmin: float | None = None,
        within_days: float = DAYS_APART,
    ) -> Answer:
        """Return pairs of pointings close on the sky and in time, and how it was found.

        Parameters
        ----------
        first, second, within_arcsec, within_arcmin, within_days
            As in `Orbital.objects_observed_by`.

        Returns
        -------
        Answer
            obs_id, object, time and exposure_s (s) of each, with _a and _b,
            separation_arcmin (arcmin) and dt_days (d, second minus first).

        Raises
        ------
        QueryError
            As `Orbital.objects_observed_by`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> answer = orbital.questions.observed_by(
        ...     "swift", "chandra", within_arcmin=5
        ... )
        >>> answer.units["dt_days"]
        'd'
        """
        return pairs.pointings(
            self._orbital,
            first,
            second,
            within_arcsec=within_arcsec,
            within_arcmin=within_arcmin,
            within_days=within_days,
        )

    def counts(
        self,
        observatory: str,
        obs_id: str,
        *,
        band_kev: tuple[float, float],
        bin_s: float | None = None,
        bins: str | Sequence[float] | None = None,
        region: str | None = None,
        background: str | None = None,
        exposure_ratio: float = 1.0,
        start_s: float | None = None,
        limit_confidence: float = LIMIT,
    ) -> Counted:
        """Return the photons of one ObsID counted in bins of live time.

        Parameters
        ----------
        observatory, obs_id, band_kev, bin_s, bins, region, background, exposure_ratio, \
        start_s, limit_confidence
            As in `Orbital.counts`.

        Returns
        -------
        Counted
            Bins with exposure, in order, in `.frame`: start_s, stop_s (s, the file's
            clock), time (TT, start), counts, background_counts, exposure_s (live, s),
            rate, rate_err_plus, rate_err_minus (ct / s, 1 sigma), is_limit (`rate` is an
            upper limit of limit_confidence), net_rate (ct / s, also of limits); areas,
            backscale and notes beside them.

        Raises
        ------
        QueryError
            As `Orbital.counts`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> obs_id = orbital.table("chandra.events", ["obs_id"])["obs_id"][0]
        >>> answer = orbital.questions.counts(
        ...     "chandra", obs_id, band_kev=(0.5, 7.0), bin_s=300
        ... )
        >>> answer.units["exposure_s"]
        's'
        """
        return counts(
            self._orbital,
            observatory,
            obs_id,
            band_kev=band_kev,
            bins=bins_of(bin_s, bins),
            region=region,
            background=background,
            exposure_ratio=exposure_ratio,
            start_s=start_s,
            limit_confidence=limit_confidence,
        )
