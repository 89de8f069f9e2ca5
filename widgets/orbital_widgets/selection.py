"""The state that every control writes and every view reads."""

import json
import threading
from collections.abc import Mapping
from typing import Any

from traitlets import Enum, HasTraits, Int, Unicode

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema, times
from orbital_kernel.model.observatory import observatories as all_observatories
from orbital_kernel.query import Cone, Query, TimeSpan
from orbital_widgets import code
from orbital_widgets.traits import Bounded, Names, Ranges, UtcText

TABLES = tuple(table.name for table in schema.OBSERVATORY_TABLES)
ROW_LIMIT = 1000
MAX_RADIUS_ARCMIN = 180 * 60.0
RANGED = ("significance", "flux", "exposure_s", "value", "rate", "t90_s")
"""Columns that can be limited to a range."""


class Selection(HasTraits):  # type: ignore[misc]
    """One query to one table of several observatories, validated as it is set.

    Each parameter is an attribute of the same name that controls write and views observe.
    Change it from another thread only while holding `lock`.

    Parameters
    ----------
    table : str, default 'sources'
        Table without its schema: sources, photometry, observations, grbs, rates, …
    observatories : tuple of str, optional
        Observatories to query; all by default.
    ra, dec : float, optional
        Centre of the cone, ICRS degrees; None queries the whole sky.
    radius_arcmin : float, default 5.0
        Radius of the cone, arcmin.
    object : str, default ''
        Name of an object; the explorer resolves its position. Setting `ra` or `dec`
        clears it.
    start, stop : str, default ''
        Time range in UTC as ISO text, both ends included; '' is open.
    bands, instruments : tuple of str, default ()
        Allowed values of these columns; () allows all.
    ranges : mapping of str to tuple, optional
        (low, high) by column, None where open: significance, exposure_s (s), t90_s (s);
        flux, value and rate in each row's own unit.
    limit : int, default 1000
        Largest number of rows per observatory.

    Raises
    ------
    TraitError
        If a value is out of range.

    Examples
    --------
    >>> from orbital_widgets import Selection
    >>> selection = Selection(table="sources", ra=0.8, dec=-0.5, radius_arcmin=10)
    >>> selection.query("swift").table
    'swift.sources'
    """

    table = Enum(TABLES, "sources")
    observatories: tuple[str, ...] = Names()
    ra: float | None = Bounded("deg", 0, 360)
    dec: float | None = Bounded("deg", -90, 90)
    radius_arcmin: float | None = Bounded("arcmin", 1e-4, MAX_RADIUS_ARCMIN, 5.0)
    object = Unicode()
    start: str = UtcText()
    stop: str = UtcText()
    bands: tuple[str, ...] = Names()
    instruments: tuple[str, ...] = Names()
    ranges: dict[str, tuple[float | None, float | None]] = Ranges(RANGED)
    limit = Int(ROW_LIMIT, min=1)

    def __init__(
        self,
        *,
        table: str = "sources",
        observatories: tuple[str, ...] | None = None,
        ra: float | None = None,
        dec: float | None = None,
        radius_arcmin: float | None = 5.0,
        object: str = "",  # noqa: A002 - the trait's name
        start: str = "",
        stop: str = "",
        bands: tuple[str, ...] = (),
        instruments: tuple[str, ...] = (),
        ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
        limit: int = ROW_LIMIT,
    ) -> None:
        self.lock = threading.RLock()
        self.available = tuple(all_observatories())
        self._placed: tuple[str, float | None, float | None] = ("", None, None)
        super().__init__()
        self.table = table
        self.observatories = self.available if observatories is None else observatories
        self.ra, self.dec, self.radius_arcmin = ra, dec, radius_arcmin
        self.object, self.start, self.stop = object, start, stop
        self.bands, self.instruments, self.limit = bands, instruments, limit
        self.ranges = {} if ranges is None else dict(ranges)
        self.observe(self._forget_object, ("ra", "dec"))
        self.observe(self._forget_names, "table")

    @property
    def cone(self) -> Cone | None:
        """The circle on the sky, None for the whole sky.

        Returns
        -------
        Cone or None
            The cone that `ra`, `dec` and `radius_arcmin` describe.

        Raises
        ------
        QueryError
            If only some of the three are set.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection(ra=83.63, dec=22.01).cone.radius_arcmin
        5.0
        >>> Selection().cone is None
        True
        """
        if self.ra is None and self.dec is None:
            return None
        if self.ra is None or self.dec is None or self.radius_arcmin is None:
            raise QueryError(
                "a cone needs RA, Dec and a radius; clear RA and Dec to query the whole sky"
            )
        return Cone(self.ra, self.dec, self.radius_arcmin)

    @property
    def unplaced(self) -> bool:
        """Whether an object is named whose position is not the cone's centre.

        Returns
        -------
        bool
            True until the object's position has been looked up.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection(object="Cen X-3").unplaced
        True
        >>> Selection(ra=83.63, dec=22.01).unplaced
        False
        """
        return bool(self.object) and self._placed != (self.object, self.ra, self.dec)

    @property
    def place(self) -> tuple[str, float | None, float | None]:
        """The object last looked up, and its RA and Dec (deg).

        Returns
        -------
        tuple
            Name, '' if none, and the position.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> selection = Selection()
        >>> selection.point(83.633, 22.0145, name="Crab")
        >>> selection.place
        ('Crab', 83.633, 22.0145)
        """
        return self._placed

    def point(
        self,
        ra: float | None,
        dec: float | None,
        radius_arcmin: float | None = None,
        *,
        name: str = "",
    ) -> None:
        """Move the cone in one change.

        Parameters
        ----------
        ra, dec : float or None
            Centre, ICRS degrees; None queries the whole sky.
        radius_arcmin : float, optional
            New radius, arcmin; unchanged by default.
        name : str, default ''
            Name of the object at this position.

        Returns
        -------
        None

        Raises
        ------
        TraitError
            If a value is out of range; the selection does not change.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> selection = Selection()
        >>> selection.point(83.633, 22.0145, 5, name="Crab")
        >>> selection.cone
        Cone(ra=83.633, dec=22.0145, radius_arcmin=5.0)
        """
        with self.lock, self.hold_trait_notifications():
            self._placed = (name, ra, dec)
            self.ra, self.dec, self.object = ra, dec, name
            if radius_arcmin is not None:
                self.radius_arcmin = radius_arcmin

    def values(self) -> tuple[Any, ...]:
        """Return the values of all traits, for comparison.

        Returns
        -------
        tuple
            Values in the order of the traits' names.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection().values() == Selection().values()
        True
        """
        return tuple(getattr(self, name) for name in sorted(self.trait_names()))

    def copy(self) -> "Selection":
        """Return a copy with the same values.

        Returns
        -------
        Selection
            An independent copy.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection(limit=7).copy().limit
        7
        """
        twin = Selection(**{name: getattr(self, name) for name in self.trait_names()})
        twin._placed = self._placed
        return twin

    def query(self, observatory: str) -> Query:
        """Return the query to one observatory's table.

        Parameters
        ----------
        observatory : str
            Name of the observatory, for example 'swift'.

        Returns
        -------
        Query
            The query, with the row limit.

        Raises
        ------
        QueryError
            If the parts contradict each other, or the table has no such column.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection(table="photometry", limit=7).query("swift")
        Query(table='swift.photometry', limit=7)
        """
        table = f"{observatory}.{self.table}"
        columns = {column.name for column in schema.table(table).columns}
        if self.unplaced:
            raise QueryError(
                f"the position of {self.object!r} has not been looked up; give RA and Dec"
            )
        if self.cone and "ra" not in columns:
            raise QueryError(
                f"{table} holds no positions: clear RA and Dec, or choose another table"
            )
        sets = {"band": self.bands, "instrument": self.instruments}
        unusable = [
            name for name, names in sets.items() if names and name not in columns
        ]
        unusable += [name for name in self.ranges if name not in columns]
        if unusable:
            raise QueryError(
                f"{table} has no column {', '.join(unusable)}: clear that choice"
            )
        return Query(
            table,
            cone=self.cone,
            time=self._span(),
            ranges=dict(self.ranges),
            sets={name: names for name, names in sets.items() if names},
            limit=self.limit,
        )

    def queries(self) -> tuple[Query, ...]:
        """Return the query to each chosen observatory.

        Returns
        -------
        tuple of Query
            One query per observatory.

        Raises
        ------
        QueryError
            If no observatory is chosen, or one is unknown.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> [query.table for query in Selection(observatories=("swift",)).queries()]
        ['swift.sources']
        """
        if not self.observatories:
            raise QueryError(f"choose an observatory: {', '.join(self.available)}")
        strangers = [name for name in self.observatories if name not in self.available]
        if strangers:
            raise QueryError(
                f"unknown observatory {', '.join(strangers)}; known are {', '.join(self.available)}"
            )
        return tuple(self.query(observatory) for observatory in self.observatories)

    def to_json(self) -> str:
        """Return the values as JSON, to save or share.

        Returns
        -------
        str
            JSON that `from_json` reads.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> saved = Selection(ra=83.63, dec=22.01).to_json()
        >>> Selection.from_json(saved).ra
        83.63
        """
        return json.dumps(
            {name: getattr(self, name) for name in sorted(self.trait_names())}
        )

    @classmethod
    def from_json(cls, text: str) -> "Selection":
        """Return the selection that JSON describes.

        Parameters
        ----------
        text : str
            What `to_json` returned; parameters that it lacks have their defaults.

        Returns
        -------
        Selection
            A new selection.

        Raises
        ------
        QueryError
            If the text is not such JSON.
        TraitError
            If a value is out of range.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection.from_json('{"table": "grbs", "limit": 5}').limit
        5
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise QueryError(f"a saved selection is JSON: {error}") from None
        names = set(cls.class_trait_names())
        if not isinstance(values, dict) or set(values) - names:
            raise QueryError(
                f"a saved selection is a JSON object of {', '.join(sorted(names))}"
            )
        return cls(**values)

    def become(self, other: "Selection") -> None:
        """Take the values of another selection in one change.

        Parameters
        ----------
        other : Selection
            The values.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> selection = Selection()
        >>> selection.become(Selection(table="grbs"))
        >>> selection.table
        'grbs'
        """
        if self.values() == other.values():
            return
        with self.lock:
            self.table = other.table  # forgets bands, instruments and ranges
            with self.hold_trait_notifications():
                self._placed = (other.object, other.ra, other.dec)
                for name in self.trait_names():
                    setattr(self, name, getattr(other, name))
            self._placed = other.place

    def code(self) -> str:
        """Return equivalent Python code without widgets.

        Returns
        -------
        str
            A script that connects and runs the queries.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> print(Selection(observatories=("swift",)).code())
        from orbital_kernel import Query, connect
        <BLANKLINE>
        orbital = connect()
        swift_sources = orbital.query(
            Query('swift.sources', limit=1000)
        ).frame
        <BLANKLINE>
        """
        return code.of(self.queries(), name=self.object)

    def parameters(self) -> dict[str, str]:
        """Return the values in words, by parameter.

        Returns
        -------
        dict of str to str
            Name and value of each parameter.

        Examples
        --------
        >>> from orbital_widgets import Selection
        >>> Selection().parameters()["cone"]
        'whole sky'
        """
        cone = "whole sky"
        if self.ra is not None and self.dec is not None:
            cone = f"{self.radius_arcmin:g} arcmin around RA {self.ra:.5f}, Dec {self.dec:+.5f} deg (ICRS)"
        return {
            "table": self.table,
            "observatories": ", ".join(self.observatories) or "none",
            "object": self.object or "none named",
            "cone": cone,
            "time (UTC)": f"{self.start or '…'} to {self.stop or '…'}"
            if self.start or self.stop
            else "any",
            "bands": ", ".join(self.bands) or "any",
            "instruments": ", ".join(self.instruments) or "any",
            "ranges": "; ".join(
                f"{name} {range_text(ends)}" for name, ends in self.ranges.items()
            )
            or "any",
            "limit": f"{self.limit:,} rows per observatory",
        }

    def _span(self) -> TimeSpan | None:
        if not (self.start or self.stop):
            return None
        if self.start and self.stop:
            start, stop = times.tt_from_utc([self.start, self.stop])
            if start > stop:
                raise QueryError(
                    f"the time range starts {self.start}, after its end {self.stop}"
                )
        return TimeSpan(self.start or None, self.stop or None)

    def _forget_object(self, _change: Any) -> None:
        if self.unplaced:
            self.object = ""

    def _forget_names(self, _change: Any) -> None:
        self.bands = self.instruments = ()
        self.ranges = {}


def range_text(ends: tuple[float | None, float | None]) -> str:
    """Return a range as text, as the field of a range reads it."""
    low, high = ("" if end is None else f"{end:g}" for end in ends)
    return f"{low} to {high}".strip()
