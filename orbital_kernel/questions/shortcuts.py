"""Shortcuts: the questions as methods of the session; they return frames."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import QueryError
from orbital_kernel.questions import published, registering
from orbital_kernel.questions.asking import require_observatories
from orbital_kernel.questions.calibration import ARCSEC_APART, Calibration
from orbital_kernel.questions.calibration import DAYS_APART as CALIBRATION_DAYS
from orbital_kernel.questions.comparison import (
    EXPECTED,
    RATIO,
    Comparison,
    Limits,
)
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.questions.findings import compare_new, findings
from orbital_kernel.questions.light import Light
from orbital_kernel.questions.objects import Objects
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.page import ObjectPage, page
from orbital_kernel.questions.pairs import DAYS_APART
from orbital_kernel.questions.place import Known
from orbital_kernel.questions.positions import NEARBY_ARCSEC
from orbital_kernel.questions.rare import Rare
from orbital_kernel.questions.session import (
    DAYS_AFTER,
    ERROR_ARCMIN,
    FIELD_ARCMIN,
    Questions,
)
from orbital_kernel.questions.visits import Visits
from orbital_kernel.science.lightcurves import CountsToFlux, SpectralModel
from orbital_kernel.science.one_band import BAND_KEV

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

    from orbital_kernel.questions.asking import Session
    from orbital_kernel.science.correlation import Lag


class Shortcuts(Light, ABC):
    """The questions that a session answers in one call."""

    @property
    @abstractmethod
    def objects(self) -> Objects:
        """Objects in the data of all observatories."""

    @property
    @abstractmethod
    def questions(self) -> Questions:
        """The same questions, with units and explanation."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """The database."""

    def light_curve(
        self,
        subject: "str | tuple[float, float] | SkyCoord",
        *,
        unit: str | None = None,
        band_kev: tuple[float, float] | None = None,
        model: SpectralModel | None = None,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        nh: float | str | None = None,
        absorption: str | None = None,
        redshift: float | None = None,
        t0: datetime | None = None,
        bins: float | str | Sequence[float] | None = None,
        within_arcsec: float = NEARBY_ARCSEC,
        background: bool = False,
    ) -> LightCurve:
        """Return the light curve of an object from all observatories.

        Detections and limits of every instrument, in order of time. Points that do not
        count keep their rows, with the reason in column `excluded`.

        Parameters
        ----------
        subject : str, tuple of float or SkyCoord
            A name or alias in any spelling that a table has, or a position: RA and Dec
            (ICRS deg) or a SkyCoord.
        unit : str, optional
            Unit to bring the points to: an energy flux, a photon flux or a flux density.
            By default each point keeps its own unit and band.
        band_kev : tuple of float, optional
            Band to convert to, keV; 0.3-10 keV by default, and 1 keV for a flux density.
            A band, a model or factors without a unit ask for an energy flux.
        model : SpectralModel, optional
            Spectrum by which bands are converted. By default the one that the record of
            the point states, else a power law of photon index 2.0 +- 0.3.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of 'INSTRUMENT/MODE' or 'INSTRUMENT'; count rates without one are
            excluded from a curve in units of flux.
        nh : float or 'galactic', optional
            Column of hydrogen towards the object, cm-2, by which spectra are absorbed;
            'galactic' is that of the position (needs the extra 'absorption').
        absorption : {'absorbed', 'unabsorbed'}, optional
            What fluxes are converted to; by default they stay as they are.
        redshift : float, optional
            Redshift, for luminosities and times in the rest frame; by default that of
            the burst catalogue that comes first in the one order.
        t0 : datetime, optional
            Where `since_s` starts, TT. By default the trigger of a catalogued burst,
            else the T0 of the files, else the first point.
        bins : float, str or sequence of float, optional
            Bins in which detections are averaged: see `LightCurve.binned`.
        within_arcsec : float
            Radius within which points are the object's, arcsec.
        background : bool
            Whether rates of a whole detector with its background count as points.

        Returns
        -------
        LightCurve
            Points (an exposure once in each unit), excluded ones with why, neighbours.

        Raises
        ------
        QueryError
            If no photometry is of the object, or points cannot be converted into `unit`
            and `band_kev`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1", band_kev=(0.5, 8.0))
        >>> curve.points["band_low_kev"].unique().to_list()
        [0.5]
        """
        return self.objects.light_curve(
            subject,
            unit=unit,
            band_kev=band_kev,
            model=model,
            counts_to_flux=counts_to_flux,
            nh=nh,
            absorption=absorption,
            redshift=redshift,
            t0=t0,
            bins=bins,
            within_arcsec=within_arcsec,
            background=background,
        )

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
        session = cast("Session", self)
        registering.ensure(session.store)
        return page(OneCall(session), name)

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
        return self.objects.observed_by(
            first,
            second,
            within_arcsec=within_arcsec,
            within_arcmin=within_arcmin,
            within_days=within_days,
        )

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
        return self.questions.simultaneous(
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
        return self.questions.follow_ups(
            bursts,
            of=of,
            by=by,
            within_arcmin=within_arcmin,
            within_days=within_days,
            after_days=after_days,
            catalog=catalog,
        ).frame

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
            ra, dec = place
            return self.questions.known_at(ra % 360, dec, radius_arcmin=radius_arcmin)
        row = self.objects.place(place)
        if row is None:
            raise QueryError(f"no table has a position of {place!r}: give (ra, dec)")
        content = self.questions.known_at(
            row["ra"] % 360, row["dec"], radius_arcmin=radius_arcmin
        )
        return replace(content, position_catalog=row["position_catalog"])

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
            All candidates ranked: select by `expected`, e.g. below 0.01.

        Raises
        ------
        QueryError
            If the kind or an observatory is unknown.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.rare("transient").kind
        'transient'
        """
        return self.questions.rare(
            kind,
            first=first,
            second=second,
            region=region,
            start=start,
            stop=stop,
            counts_to_flux=counts_to_flux,
            store=store,
        )

    def calibration(
        self,
        first: str = "swift",
        second: str = "chandra",
        *,
        subject: str | None = None,
        within_days: float = CALIBRATION_DAYS,
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
        subject : str, optional
            Name of an object: only points at its position.
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
        place = None if subject is None else self.objects.position(subject)
        if subject is not None and place is None:
            raise QueryError(f"no table has a position of {subject!r}")
        return self.questions.calibration(
            first,
            second,
            place=place,
            within_days=within_days,
            within_arcsec=within_arcsec,
            at_least_s=at_least_s,
            band_kev=band_kev,
            photon_index=photon_index,
        )

    def compare_new(
        self,
        *,
        since: datetime | None = None,
        alert_ratio: float = RATIO,
        alert_expected: float = EXPECTED,
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        within_s: float | None = None,
    ) -> Comparison:
        """Compare newly ingested sources and points with all known at their place.

        An ingest does that for what it brings; this compares what one left, for lack of
        time or since it ended. Each row of a file is compared, in one band, with the
        fluxes and limits of both observatories from files ingested earlier, and kept in
        `cross.findings`.

        Parameters
        ----------
        since : datetime, optional
            Rows of files ingested after this, UTC; by default those that are due.
        alert_ratio : float
            Least ratio to the faintest earlier row, or of the brightest to the new one,
            of an alert.
        alert_expected : float
            Largest expected number by chance of an alert.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of an observatory's count rates; without one they are excluded.
        within_s : float, optional
            Time after which the remainder is left to the next run, s; no limit by default.

        Returns
        -------
        Comparison
            The compared rows, the alerts among them, what is no alert, and the excluded ones.

        Raises
        ------
        QueryError
            If a factor is not of the band of the rates.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "expected" in orbital.compare_new().rows.columns
        True
        """
        return compare_new(
            self.questions.session,
            since=since,
            limits=Limits(alert_ratio, alert_expected),
            counts_to_flux=counts_to_flux,
            within_s=within_s,
        )

    def findings(
        self, *, since: str | None = None, kind: str | None = None
    ) -> pl.DataFrame:
        """Return what is kept in `cross.findings`, rarest first.

        Parameters
        ----------
        since : str, optional
            Only findings made since then, ISO 8601 in UTC.
        kind : str, optional
            Only of this kind: 'brightening', 'fading' or 'new'.

        Returns
        -------
        polars.DataFrame
            The columns of `cross.findings`: the new row, its ratios to the brightest and
            the faintest earlier one, statistic, p_value, expected, and evidence as JSON.

        Raises
        ------
        QueryError
            If the time is not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "ratio_brightest" in orbital.findings(kind="fading").columns
        True
        """
        return findings(self.questions.session, since, kind).frame

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
        return self.questions.visits(where[0] % 360, where[1], by=by)

    def lag(
        self,
        subject: str,
        *,
        of: str,
        against: str,
        method: str = "iccf",
        max_lag_s: float | None = None,
        step_s: float | None = None,
        confidence: float = 0.68,
        simulations: int = 1000,
        interval: str | None = None,
        seed: int = 1,
        store: bool = False,
    ) -> "Lag":
        """Return by how much one light curve of an object follows another.

        The lag is positive if `of` follows `against`.

        Parameters
        ----------
        subject : str
            The object's name in any spelling that a table has.
        of, against : str
            The points compared, `OBSERVATORY[/INSTRUMENT][:LOW-HIGH]` with the band in keV.
        method : str
            'iccf' (interpolated cross-correlation), 'zdcf' or 'dcf'.
        max_lag_s : float, optional
            Largest lag examined, s; by default half the length of the shorter series.
        step_s : float, optional
            Step of the lags (ICCF) or width of bins (DCF), s; by default from the spacing.
        confidence : float
            Confidence of the interval.
        simulations : int
            Number of simulated unrelated series behind the significance.
        interval : {'simulated', 'resampled'}, optional
            From simulated pairs (default of ICCF) or resampled points (FR/RSS).
        seed : int
            Seed of the random numbers.
        store : bool
            Store the result in `cross.lags`, in place of an earlier one.

        Returns
        -------
        Lag
            Lag, interval (s) with its measured coverage, significance against red noise.

        Raises
        ------
        QueryError
            If a selection is not valid or mixes units or places, or errors are missing.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> lag = orbital.lag("SIM AGN 1", of="swift", against="swift", simulations=50)
        >>> lag.low_s <= 0 <= lag.high_s
        True
        """
        from orbital_kernel.questions.lags import lag_of  # noqa: PLC0415 - with numba

        return lag_of(
            self,
            subject,
            of=of,
            against=against,
            method=method,
            max_lag_s=max_lag_s,
            step_s=step_s,
            confidence=confidence,
            simulations=simulations,
            interval=interval,
            seed=seed,
            store=store,
        )

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

        Parameters
        ----------
        first, second : str
            The observatories whose `sources` are matched.
        *others : str
            Further observatories; every two are matched.
        region : tuple of float, optional
            RA, Dec and radius, ICRS deg: match only sources in this circle.
        within_arcsec : float, optional
            Largest separation, arcsec; by default 5 combined errors.
        brightness : str, optional
            'flux', or a number of `extra`, that weighs candidates; see `match`.
        epoch : float, optional
            Julian year that positions with a proper motion are brought to; see `match`.
        dask : str, optional
            Address of a Dask cluster, such as 'tcp://host:8786' (needs the extra `dask`);
            by default the cores of this machine do the work.

        Returns
        -------
        polars.DataFrame
            The candidate pairs of `Objects.match`, best first, with separation_arcsec
            (arcsec), p_any, p_i and match_probability.

        Raises
        ------
        QueryError
            If an observatory is unknown or given twice, or the region or separation is
            not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "separation_arcsec" in orbital.match("swift", "chandra").columns
        True
        """
        return self.objects.match(
            first,
            second,
            *others,
            region=region,
            within_arcsec=within_arcsec,
            brightness=brightness,
            epoch=epoch,
            dask=dask,
        )

    def published_results(self, subject: str | None = None) -> pl.DataFrame:
        """Return published results beside the same values measured from stored points.

        Needs the measurements that `ingest_published()` stores.

        Parameters
        ----------
        subject : {'GRB 130427A', 'GW170817', 'NGC 925 ULX-3', 'SN 2010jl', 'Sgr A*'}
            One object; by default all.

        Returns
        -------
        polars.DataFrame
            object, paper, quantity, unit, published and measured with their 1-sigma
            errors (in `unit`), sigmas (difference over both errors), consistent (within
            3 sigma, or a lower bound reached within its error) and remark.

        Raises
        ------
        QueryError
            If the object has no published result, or its points are not stored.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> published = connect(database="published")
        >>> _ = published.storage.apply()
        >>> _ = published.ingest_published()
        >>> published.published_results("GRB 130427A")["published"].to_list()
        [1.309]
        """
        return published.results(
            lambda name, t0: self.objects.light_curve(name, t0=t0).points, subject
        )
