"""One object across observatories, identified by position first, then by name."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from orbital_kernel.errors import QueryError, did_you_mean, shortened
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.questions import catalogued, detections, pairs
from orbital_kernel.questions.asking import Session, read, side_by_side
from orbital_kernel.questions.matching import Matching, Progress, match, no_progress
from orbital_kernel.questions.matching.combining import combine
from orbital_kernel.questions.pairs import DAYS_APART
from orbital_kernel.questions.positions import NEARBY_ARCSEC, best_position
from orbital_kernel.science import lightcurves, precedence
from orbital_kernel.science.lightcurves import (
    Band,
    CountsToFlux,
    PowerLaw,
    SpectralModel,
    conversion,
)
from orbital_kernel.science.matching import plain

FLUX = "erg / (cm2 s)"
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
        detections = partial(read, self._orbital.store, columns=DETECTIONS)
        tables = [f"{observatory}.photometry" for observatory in observatories()]
        photometry = side_by_side(detections, tables)
        frames = [
            rows.filter(
                pl.col("unit").str.contains("erg|count|ph"),
                ~pl.col("is_limit").fill_null(value=False),
            )
            .group_by("object")
            .agg(pl.len().alias("points"), pl.col("simulated").max())
            .select(pl.lit(observatory).alias("observatory"), pl.all())
            for observatory, rows in zip(observatories(), photometry, strict=True)
        ]
        return self._renamed(pl.concat(frames)).sort("object", "observatory")

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
        database = self._orbital.store
        return best_position(database, name, catalogued.listed(database, name))

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
        return _trigger(catalogued.listed(self._orbital.store, name))[0]

    def light_curve(
        self,
        name: str,
        *,
        unit: str = FLUX,
        band_kev: tuple[float, float] = (0.3, 10.0),
        model: SpectralModel = PowerLaw(),  # noqa: B008 - frozen
        counts_to_flux: Mapping[str, CountsToFlux] | None = None,
        t0: datetime | None = None,
        within_arcsec: float = NEARBY_ARCSEC,
    ) -> pl.DataFrame:
        """Return an object's points of all observatories in one unit and band.

        A point is the object's if its file names the object, or if it is within
        `within_arcsec` of the object's position.

        Parameters
        ----------
        name : str
            The object's name in any spelling that a table has.
        unit : str
            Unit of the result: an energy flux, a photon flux or a flux density.
        band_kev : tuple of float
            Lower and upper edge of the band, keV.
        model : SpectralModel
            Spectrum by which bands are converted; by default a power law of photon
            index 2.0 +- 0.3.
        counts_to_flux : mapping of str to CountsToFlux, optional
            Factor of 'INSTRUMENT/MODE' or 'INSTRUMENT'; count rates without one have no
            value.
        t0 : datetime, optional
            Where `since_s` starts, TT. By default the trigger of a catalogued burst,
            else the first point.
        within_arcsec : float
            Radius within which points are the object's, arcsec.

        Returns
        -------
        polars.DataFrame
            The columns of `photometry`, and utc (text), since_s (s), since_days (d),
            t0_source, time_place (spacecraft or barycentre), time_assumed_err_s (s, of
            the catalogue's trigger where the file gives only seconds since T0, as
            time_rule then says), factor, factor_err, value_err_model, conversion, the `given_`
            originals, and left_out: why a point has no value, else null. value and its
            errors are in the unit of column unit; in order of time.

        Raises
        ------
        QueryError
            If no photometry is of the object, or points cannot be converted into `unit`
            and `band_kev`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> curve = orbital.light_curve("SIM AGN 1")
        >>> curve["unit"].unique().to_list()
        ['erg / (s cm2)']
        """
        band = Band(*band_kev)
        conversion(FLUX, band, to_unit=unit, to_band=band, model=model)
        database = self._orbital.store
        bursts = catalogued.listed(database, name)
        place = best_position(database, name, bursts)
        cone = None
        if place is not None:
            cone = Cone(place["ra"] % 360, place["dec"], within_arcsec / 60)
        names = tuple(observatories())
        frames = side_by_side(partial(self._points, name=name, cone=cone), names)
        points = lightcurves.gather(dict(zip(names, frames, strict=True)))
        if not len(points):
            objects_ = self.names()["object"].drop_nulls().unique().sort().to_list()
            raise QueryError(
                f"no photometry of {name!r}{did_you_mean(name, objects_)}; objects with "
                f"photometry: {shortened(objects_) or 'none'}"
            )
        trigger, catalog = _trigger(bursts)
        points = lightcurves.dated(points, trigger, catalog)
        source = None
        if t0 is None:
            t0, source = trigger, catalog
        return lightcurves.joint(
            points,
            unit=unit,
            band_kev=band_kev,
            model=model,
            counts_to_flux=counts_to_flux,
            t0=t0,
            t0_source=source,
        )

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
        dask : str, optional
            Address of a Dask cluster whose workers do the work, such as
            'tcp://host:8786'; needs the extra `dask`. By default the cores of this
            machine.

        Returns
        -------
        polars.DataFrame
            All candidate pairs, each left source's best first: left_id, right_id (names
            as written), left_catalog, right_catalog, left_members, right_members (rows of
            each source), separation_arcsec (arcsec), normalised_separation, p_any
            (probability of any counterpart), p_i (that it is this one, if any),
            match_probability (their product), p_any_right, p_i_right, mutual and more.

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
            dask=dask,
        ).pairs

    def matching(
        self,
        first: str = "swift",
        second: str = "chandra",
        *others: str,
        region: tuple[float, float, float] | None = None,
        within_arcsec: float | None = None,
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
            RA, Dec and radius, ICRS deg: match only sources in this circle. Outside, what
            was stored remains.
        within_arcsec : float, optional
            Largest separation, arcsec; by default 5 combined errors.
        dask : str, optional
            Address of a Dask cluster whose workers do the work, such as
            'tcp://host:8786'; needs the extra `dask`. By default the cores of this
            machine.
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

    def _points(
        self, observatory: str, *, name: str, cone: Cone | None
    ) -> pl.DataFrame:
        """Return the points that a file names so, and those within the cone."""
        table = f"{observatory}.photometry"
        stored = read(self._orbital.store, table, ("object",))["object"]
        names = [
            text for text in stored.drop_nulls().unique() if plain(text) == plain(name)
        ]
        queries = (
            [Query(table, sets={"object": names}, full_scan=True)] if names else []
        )
        queries += [Query(table, cone=cone)] if cone is not None else []
        frames = [self._rows(query) for query in queries]
        if cone is not None:
            if table == detections.CURVES:
                curves = detections.curves_within(self._rows, cone)
                frames[-1] = pl.concat([frames[-1], curves])
            is_named = pl.col("object").is_in(names).fill_null(value=False)
            frames[-1] = frames[-1].filter(~is_named)
        if not frames:
            return frame_of(self._orbital.store.read(table, limit=0))
        return pl.concat(frames)


def _trigger(bursts: pl.DataFrame) -> tuple[datetime | None, str | None]:
    """Return the trigger time (TT) and the catalogue it is from."""
    row = catalogued.row_used(bursts, precedence.TIME.name)
    return (None, None) if row is None else (row["time"], row["catalog"])
