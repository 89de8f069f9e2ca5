"""The values of a Selection, each validated as it is set, and where it points."""

import threading
from typing import Any

from traitlets import Bool, Enum, HasTraits, Int, Unicode

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.query import Cone
from orbital_widgets.traits import Bounded, Names, Ranges, Texts, UtcText

TABLES = tuple(table.name for table in schema.OBSERVATORY_TABLES)
ROW_LIMIT = 1000
MAX_RADIUS_ARCMIN = 180 * 60.0
RANGED = ("significance", "flux", "exposure_s", "value", "rate", "t90_s")
"""Columns that can be limited to a range."""


class SelectionState(HasTraits):  # type: ignore[misc]
    """The traits that controls write and views observe.

    Examples
    --------
    >>> from orbital_widgets import Selection
    >>> Selection(sort="flux").descending
    True
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
    contains: dict[str, str] = Texts()
    columns: tuple[str, ...] = Names()
    sort = Unicode()
    descending = Bool(default_value=True)
    page = Int(0, min=0)
    limit = Int(ROW_LIMIT, min=1)

    lock: threading.RLock
    available: tuple[str, ...]
    _placed: tuple[str, float | None, float | None]

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
