"""One object across observatories, identified by position first, then by name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from orbital_kernel.query import Answer, Query
from orbital_kernel.questions import (
    catalogued,
    detections,
    pairs,
    registering,
    spellings,
)
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.curve import LightCurve
from orbital_kernel.questions.curve_scale import Scale
from orbital_kernel.questions.instants import instant_of
from orbital_kernel.questions.light_curves import assembled
from orbital_kernel.questions.matching import Matching, Progress, match, no_progress
from orbital_kernel.questions.matching.combining import combine
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.pairs import DAYS_APART
from orbital_kernel.questions.positions import NEARBY_ARCSEC, best_position
from orbital_kernel.questions.subject import resolve
from orbital_kernel.science import precedence
from orbital_kernel.science.lightcurves import CountsToFlux, SpectralModel

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

DETECTIONS = ("object", "unit", "is_limit", "simulated")


class Objects:
    """Objects in the data of all observatories: names, positions, curves and pairs.

    `orbital.objects` is one.

    Parameters
    ----------
    orbital : Session
        Answers the queries, and has the database.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> orbital.objects.names().columns
    ['observatory', 'object', 'points', 'simulated']
    """

    def __init__(self, orbital: Session) -> None:
        self._orbital = orbital

    def names(self) -> pl.DataFrame:
        """Return the objects with X-ray detections, by observatory.

        Returns
        -------
        polars.DataFrame
            observatory, object, points (number of detections) and simulated; one row
            per object and observatory.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "SIM AGN 1" in orbital.objects.names()["object"]
        True
        """
        registering.ensure(self._orbital.store)
        query = Query(
            spellings.NAMES,
            columns=("observatory", "object_id", "points", "simulated"),
            sets={"kind": ["object"]},
            ranges={"points": (1, None)},
            full_scan=True,
        )
        rows = self._rows(query).with_columns(pl.col("points").cast(pl.UInt32))
        names = rows.rename({"object_id": "object"})
        return self._renamed(names).sort("object", "observatory")

    def _rows(self, query: Query) -> pl.DataFrame:
        return self._orbital.query(query, kind="object").frame

    def _renamed(self, names: pl.DataFrame) -> pl.DataFrame:
        """Return the names with those of stack and region replaced by the source's."""
        regions = pl.col("object").str.contains(detections.OF_A_REGION)
        objects_ = names.filter(regions.fill_null(value=False))["object"]
        sources = detections.sources_of(self._rows, objects_.unique().to_list())
        if not sources:
            return names
        return (
            names.with_columns(pl.col("object").replace(sources))
            .group_by("observatory", "object", maintain_order=True)
            .agg(pl.col("points").sum(), pl.col("simulated").max())
        )

    def position(self, name: str) -> tuple[float, float] | None:
        """Return the position of a name.

        Parameters
        ----------
        name : str
            An object's name, a burst's with or without 'GRB', or a notice's identifier.

        Returns
        -------
        tuple of float, or None
            RA and Dec, ICRS degrees; None if no table has the name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.position("no such object") is None
        True
        """
        row = self.place(name)
        return None if row is None else (row["ra"], row["dec"])

    def place(self, name: str) -> dict[str, Any] | None:
        """Return the position of a name and its source.

        Burst catalogues, notices and light curves are searched first and put in one
        order of positions; source catalogues if none of those has the name.

        Parameters
        ----------
        name : str
            An object's name, a burst's with or without 'GRB', or a notice's identifier.

        Returns
        -------
        dict, or None
            ra and dec (ICRS, deg), error_radius_arcsec (typical of the instrument if
            none is given: error_assumed is True then), error_confidence,
            position_catalog and position_instrument; None if no table has the name.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> "error_radius_arcsec" in orbital.objects.place("SIM GRB 120102S")
        True
        """
        registering.ensure(self._orbital.store)
        orbital = OneCall(self._orbital)
        names = spellings.named(orbital, name)
        bursts = catalogued.listed(orbital, name, names=names)
        return best_position(orbital, name, bursts, names=names)

    def trigger(self, name: str) -> datetime | None:
        """Return the trigger time of a burst.

        Parameters
        ----------
        name : str
            The burst's name with or without 'GRB', or a notice's identifier.

        Returns
        -------
        datetime, or None
            The time on the TT scale; None if no catalogue and no notice has the burst.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.trigger("no such burst") is None
        True
        """
        bursts = catalogued.listed(OneCall(self._orbital), name)
        row = catalogued.row_used(bursts, precedence.TIME.name)
        return None if row is None else row["time"]

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
        t0: "datetime | str | Time | None" = None,
        bins: float | str | Sequence[float] | None = None,
        within_arcsec: float = NEARBY_ARCSEC,
        background: bool = False,
    ) -> LightCurve:
        """Return the light curve of an object from all observatories.

        The same as `Orbital.light_curve`.

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
        t0 : datetime, str or Time, optional
            Where `since_s` starts: a datetime on TT, or text in UTC. By default the
            trigger of a catalogued burst, else T0 of the files, else the first point.
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
        >>> curve = orbital.objects.light_curve("SIM AGN 1", unit="erg / (cm2 s)")
        >>> curve["unit"].unique().to_list()
        ['erg / (s cm2)']
        """
        scale = Scale(unit, band_kev, model, counts_to_flux, nh, absorption)
        scale.require()
        registering.ensure(self._orbital.store)
        orbital = OneCall(self._orbital)
        curve = assembled(
            orbital,
            resolve(
                orbital, subject, neighbours_arcsec=None, near_arcsec=within_arcsec
            ),
            scale,
            redshift=redshift,
            t0=instant_of(t0, "t0"),
            within_arcsec=within_arcsec,
            background=background,
        )
        return curve if bins is None else curve.binned(bins)

    def observed_by(
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
            The columns of `ask_observed_by`.

        Raises
        ------
        QueryError
            If an observatory is unknown, or not exactly one separation is given.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> pairs = orbital.objects.observed_by("swift", "chandra", within_arcmin=5)
        >>> pairs["separation_arcmin"].max() <= 5
        True
        """
        return self.ask_observed_by(
            first,
            second,
            within_arcsec=within_arcsec,
            within_arcmin=within_arcmin,
            within_days=within_days,
        ).frame

    def ask_observed_by(
        self,
        first: str,
        second: str,
        *,
        within_arcsec: float | None = None,
        within_arcmin: float | None = None,
        within_days: float = DAYS_APART,
    ) -> Answer:
        """Return pairs of pointings close on the sky and in time, and how it was found.

        Positions are those of the pointings, so a separation below the fields of view
        (Swift XRT 11.8', Chandra 8') means that both observed the target. Both logs are
        read in full, except rows without time or position, and joined locally by
        HEALPix cell and time.

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
        Answer
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
        >>> answer = orbital.objects.ask_observed_by(
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
        >>> "match_probability" in orbital.objects.match().columns
        True

        References
        ----------
        Budavári & Szalay 2008, ApJ 679, 301; Salvato et al. 2018, MNRAS 473, 4937.
        """
        return self.matching(
            first,
            second,
            *others,
            region=region,
            within_arcsec=within_arcsec,
            brightness=brightness,
            epoch=epoch,
            dask=dask,
        ).pairs

    def matching(
        self,
        first: str = "swift",
        second: str = "chandra",
        *others: str,
        region: tuple[float, float, float] | None = None,
        within_arcsec: float | None = None,
        brightness: str | None = None,
        epoch: float | None = None,
        dask: str | None = None,
        progress: Progress = no_progress,
    ) -> Matching:
        """Match as `match`, and return the account of every row with the pairs.

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
        progress : callable
            Called with the rows matched so far, and all rows.

        Returns
        -------
        Matching
            pairs, objects, blends, excluded and errors (rows by reason), frame offsets
            and chance rates.

        Raises
        ------
        QueryError
            If an observatory is unknown or given twice, or the region or separation is
            not valid.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> orbital.objects.matching("swift", "chandra").objects > 0
        True
        """
        return match(
            self._orbital,
            (first, second, *others),
            region=region,
            within_arcsec=within_arcsec,
            brightness=brightness,
            epoch=epoch,
            dask=dask,
            progress=progress,
        )

    def combinations(
        self, first: str, second: str, *others: str, region: tuple[float, float, float]
    ) -> pl.DataFrame:
        """Return the combinations of candidates of three and more observatories.

        Every source of the first observatory in the region is combined with each
        candidate of each other observatory, and with none. Nothing is stored.

        Parameters
        ----------
        first : str
            The observatory whose sources' counterparts are searched.
        second : str
            Another observatory.
        *others : str
            Further observatories.
        region : tuple of float
            RA, Dec and radius, ICRS deg.

        Returns
        -------
        polars.DataFrame
            `NAME_id` and `NAME_catalog` of each observatory (null: no counterpart there),
            ra and dec (of the first, deg), log10_bayes_factor, p_any (of any counterpart),
            p_i (of this combination, if any), rank and simulated.

        Raises
        ------
        QueryError
            If an observatory is unknown or given twice, or there are too many
            combinations.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> found = orbital.objects.combinations(
        ...     "swift", "chandra", "fermi", region=(83.63, 22.01, 1.0)
        ... )
        >>> "p_any" in found.columns
        True

        References
        ----------
        Budavári & Szalay 2008, ApJ 679, 301, eq. 18; Salvato et al. 2018, MNRAS 473, 4937.
        """
        return combine(self._orbital, (first, second, *others), region)
