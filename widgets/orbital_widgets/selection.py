"""The state that every control writes and every view reads."""

import threading
from collections.abc import Mapping
from typing import Any

from orbital_kernel.model.observatory import observatories as all_observatories
from orbital_widgets.selection_queries import SelectionQueries
from orbital_widgets.selection_state import MAX_RADIUS_ARCMIN, RANGED, ROW_LIMIT, TABLES
from orbital_widgets.selection_text import SelectionText, range_text

PLACED_LATER = ("page", "columns")
"""Values that do not change which rows are on a page."""
__all__ = [
    "MAX_RADIUS_ARCMIN",
    "RANGED",
    "ROW_LIMIT",
    "TABLES",
    "Selection",
    "range_text",
]


class Selection(SelectionQueries, SelectionText):
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
    contains : mapping of str to str, optional
        Text that columns of text must contain, case included.
    columns : tuple of str, default ()
        Columns of the table and of files, in order; () is all.
    sort : str, default ''
        Column that the store sorts all selected rows by; '' leaves their order open.
        Rows without a value in it are not listed.
    descending : bool, default True
        Whether the largest value comes first.
    page : int, default 0
        Which stretch of `limit` rows in that order, from 0; any other change returns to
        the first.
    limit : int, default 1000
        Largest number of rows per observatory; in a sorted page, of all together.

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
        contains: Mapping[str, str] | None = None,
        columns: tuple[str, ...] = (),
        sort: str = "",
        descending: bool = True,
        page: int = 0,
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
        self.contains = {} if contains is None else dict(contains)
        self.columns, self.sort, self.descending = columns, sort, descending
        self.page = page
        others = [name for name in self.trait_names() if name not in PLACED_LATER]
        self.observe(self._first_page, others)
        self.observe(self._forget_object, ("ra", "dec"))
        self.observe(self._forget_names, "table")

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

    def become(self, other: "Selection") -> None:
        """Take the values of another selection in one change.

        Parameters
        ----------
        other : Selection
            The values.

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
            self.table = other.table  # forgets names, ranges and columns
            with self.hold_trait_notifications():
                self._placed = (other.object, other.ra, other.dec)
                for name in self.trait_names():
                    setattr(self, name, getattr(other, name))
            self._placed = other.place
            self.page = other.page

    def _forget_object(self, _change: Any) -> None:
        if self.unplaced:
            self.object = ""

    def _forget_names(self, _change: Any) -> None:
        with self.hold_trait_notifications():
            self.bands = self.instruments = self.columns = ()
            self.ranges, self.contains, self.sort = {}, {}, ""

    def _first_page(self, _change: Any) -> None:
        self.page = 0
