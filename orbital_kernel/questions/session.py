"""Questions: what `orbital.questions` is; answers come with units and explanation."""

from collections.abc import Mapping, Sequence

import polars as pl

from orbital_kernel.query import Answer, Cone, TimeSpan
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.calibration import (
    ARCSEC_APART,
    DAYS_APART,
    Calibration,
    calibration,
)
from orbital_kernel.questions.counts import Counted, bins_of, counts
from orbital_kernel.questions.followups import follow_ups
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.place import Known, known_at
from orbital_kernel.questions.rare import Rare, rare
from orbital_kernel.questions.rare_kept import keep_rare
from orbital_kernel.questions.rare_scope import Scope
from orbital_kernel.questions.simultaneous import simultaneous
from orbital_kernel.questions.visits import Visits, visits
from orbital_kernel.science.counting import LIMIT
from orbital_kernel.science.lightcurves import CountsToFlux
from orbital_kernel.science.one_band import BAND_KEV

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
        first, second : str
            Two different observatories, e.g. 'swift' and 'chandra'.
        within_arcmin : float
            Largest separation of the pointings, arcmin. The default is the radius of
            the field of Swift XRT.
        start, stop : str, optional
            Only stretches that reach into this span, ISO 8601 in UTC.
        at_least_s : float
            Shortest overlap, s.

        Returns
        -------
        Answer
            obs_id, object and instrument of each, with _a and _b; time and time_stop
            (TT) of the overlap, overlap_s (s), separation_arcmin (arcmin), simulated;
            in order of time.

        Raises
        ------
        QueryError
            If an observatory is unknown or given twice, or the separation or a time is
            not valid.

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
        Answer
            name, time and t90_s (s) of the burst, the pointing's obs_id, time_observed
            and exposure_s (s), separation_arcmin (arcmin), dt_days (d); one row per
            burst and pointing, in order of burst.

        Raises
        ------
        QueryError
            If an observatory is unknown, or no catalogue has a burst of that name.

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

        Only photons within good time count, each chip in its own; exposure is the live
        part of it (ONTIME times DTCOR). Rates are not corrected for PSF, vignetting or
        pile-up.

        Parameters
        ----------
        observatory, obs_id : str
            The observatory and its ObsID; both must have an event list ingested.
        band_kev : tuple of float
            Nominal energies to count, keV, the lower included.
        bin_s : float, optional
            Width of bins, s. Give this or `bins`.
        bins : str or sequence of float, optional
            'counts:N' (photons a bin), 'snr:X' (net counts over their error), 'snapshots',
            'observation', 'blocks' or 'blocks:P0' (Bayesian blocks; 0.05 by default), or
            edges on the file's clock, s.
        region, background : str, optional
            Content of a DS9 or CIAO region file; all photons by default. With a
            background rates are net.
        exposure_ratio : float
            Mean of the exposure map in the source region over that in the background
            region; 1 by default, as if both saw the same.
        start_s : float, optional
            Start of the first bin on the file's clock, s; by default TSTART of the file
            where known (the bins of dmextract), else the first good time.
        limit_confidence : float
            Confidence of limits and detections; 3 sigma by default.

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
            If there are no good times or photons of the ObsID, or an argument is not
            valid.

        References
        ----------
        Gehrels 1986, ApJ 303, 336; `orbital_kernel.science.counting` for backgrounds.

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

    def known_at(self, ra: float, dec: float, *, radius_arcmin: float = 1.0) -> Known:
        """Return everything the database has at a position.

        Parameters
        ----------
        ra, dec : float
            The position, ICRS deg.
        radius_arcmin : float
            Radius for sources, points and photons, arcmin.

        Returns
        -------
        Known
            Rows by table, nearest first: sources, photometry and photons within the
            radius, observations whose field of view contains the position, bursts and
            notices whose error circle does.

        Raises
        ------
        QueryError
            If the position or the radius is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> ra, dec = orbital.objects.position("SIM GRB 120102S")
        >>> "swift.grbs" in orbital.questions.known_at(ra, dec).tables
        True
        """
        return known_at(OneCall(self._orbital), ra, dec, radius_arcmin=radius_arcmin)

    def rare(
        self,
        kind: str,
        *,
        first: str = "swift",
        second: str = "chandra",
        region: tuple[float, float, float] | None = None,
        start: str | None = None,
        stop: str | None = None,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        store: bool = False,
    ) -> Rare:
        """Return rare events of one kind, rarest first.

        Parameters
        ----------
        kind : str
            'variability', 'flux-ratio', 'lone-burst', 'transient', 'extreme-hardness',
            'new-source' or 'serendipitous-afterglow' (bursts of the first observatory).
        first, second : str
            The observatories compared.
        region : tuple of float, optional
            RA, Dec and radius (deg) of a cone: only what is in it.
        start, stop : str, optional
            Only light-curve points, pointings and bursts of this span, ISO 8601 in UTC.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of an observatory's count rates. Without one flux-ratio excludes them.
        store : bool
            Whether to keep events of which chance gives fewer than one, or an unknown
            number, in cross.findings; a repeated search replaces them.

        Returns
        -------
        Rare
            All candidates ranked, with statistic, p_value and expected: select by
            `expected`, e.g. below 0.01.

        Raises
        ------
        QueryError
            If the kind or an observatory is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "expected" in orbital.questions.rare("variability").rows.columns
        True
        """
        cone = None if region is None else Cone(*region[:2], 60 * region[2])
        span = None if start is None and stop is None else TimeSpan(start, stop)
        scope = Scope(cone, span, counts_to_flux or {})
        events = rare(self._orbital, kind, first=first, second=second, scope=scope)
        if store:
            keep_rare(
                self._orbital,
                kind,
                events.rows,
                looked_at=events.looked_at,
                selection=events.selection,
                first=first,
            )
        return events

    def calibration(
        self,
        first: str = "swift",
        second: str = "chandra",
        *,
        place: tuple[float, float] | None = None,
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
        place : tuple of float, optional
            RA and Dec, ICRS deg: only points within `within_arcsec` of it.
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
            If an observatory is unknown or given twice, or a limit is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> calibration = orbital.questions.calibration(within_days=30)
        >>> "constant" in calibration.constants.columns
        True
        """
        return calibration(
            self._orbital,
            first,
            second,
            place=place,
            within_days=within_days,
            within_arcsec=within_arcsec,
            at_least_s=at_least_s,
            band_kev=band_kev,
            photon_index=photon_index,
        )

    def visits(
        self, ra: float, dec: float, *, by: Sequence[str] | None = None
    ) -> Visits:
        """Return who looked at a place, and when, in good time.

        Parameters
        ----------
        ra, dec : float
            The place, ICRS deg.
        by : sequence of str, optional
            Only these observatories.

        Returns
        -------
        Visits
            One row per stretch of good time, and first and last look by observatory.

        Raises
        ------
        QueryError
            If the position is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> ra, dec = orbital.objects.position("SIM GRB 120102S")
        >>> len(orbital.questions.visits(ra, dec).rows) > 0
        True
        """
        return visits(self._orbital, ra, dec, names=None if by is None else tuple(by))
