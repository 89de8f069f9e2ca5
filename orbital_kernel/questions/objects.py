"""One object across observatories, identified by position first, then by name."""

from datetime import datetime
from typing import Any

import polars as pl

from orbital_kernel.query import Query
from orbital_kernel.query.given import given_region
from orbital_kernel.questions import (
    catalogued,
    detections,
    registering,
    spellings,
)
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.matching import Matching, Progress, match, no_progress
from orbital_kernel.questions.matching.combining import combine
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.positions import best_position
from orbital_kernel.science import precedence

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
        names = first, second, *others
        return combine(self._orbital, names, given_region(region))
