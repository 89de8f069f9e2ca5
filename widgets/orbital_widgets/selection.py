"""What is asked: the one state every control writes and every view reads."""

import threading
from typing import Any

from traitlets import Enum, HasTraits, Int, Unicode

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema, times
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Cone, Query, TimeSpan
from orbital_widgets import code
from orbital_widgets.traits import Bounded, Names, UtcText

TABLES = tuple(table.name for table in schema.OBSERVATORY_TABLES)
ROW_LIMIT = 1000
MAX_RADIUS_ARCMIN = 180 * 60.0


class Selection(HasTraits):  # type: ignore[misc]
    """One question to one table of several observatories, validated as it is set.

    `ra` and `dec` (ICRS degrees) are None for the whole sky; `start` and `stop` are UTC
    text, '' where open; empty `bands` and `instruments` mean any; `limit` is rows an
    observatory. An `object` is a name whose position is looked up by whoever asks; it is
    cleared when the position is set by hand. Values that mean nothing raise TraitError,
    unknown names TypeError. Change it from another thread only while holding `lock`.
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
    limit = Int(ROW_LIMIT, min=1)

    def __init__(self, **traits: Any) -> None:
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise TypeError(
                f"a Selection has no {', '.join(unknown)}; check the spelling against {', '.join(self.trait_names())}"
            )
        self.lock = threading.RLock()
        self.known = tuple(observatories())
        self._placed: tuple[str, float | None, float | None] = ("", None, None)
        super().__init__()
        self.observatories = traits.pop("observatories", self.known)
        for name, value in traits.items():
            setattr(self, name, value)
        self.observe(self._forget_object, ("ra", "dec"))
        self.observe(self._forget_names, "table")

    @property
    def cone(self) -> Cone | None:
        """The circle on the sky, None for the whole sky."""
        if self.ra is None and self.dec is None:
            return None
        if self.ra is None or self.dec is None or self.radius_arcmin is None:
            raise QueryError(
                "a cone needs RA, Dec and a radius; clear RA and Dec to ask the whole sky"
            )
        return Cone(self.ra, self.dec, self.radius_arcmin)

    @property
    def unplaced(self) -> bool:
        """Whether an object is named whose position is not the cone's centre."""
        return bool(self.object) and self._placed != (self.object, self.ra, self.dec)

    def point(
        self,
        ra: float | None,
        dec: float | None,
        radius_arcmin: float | None = None,
        *,
        name: str = "",
    ) -> None:
        """Move the cone in one change; `name` is the object found there."""
        with self.lock, self.hold_trait_notifications():
            self._placed = (name, ra, dec)
            self.ra, self.dec, self.object = ra, dec, name
            if radius_arcmin is not None:
                self.radius_arcmin = radius_arcmin

    def values(self) -> tuple[Any, ...]:
        """Return everything that decides the answer, to compare with later."""
        return tuple(getattr(self, name) for name in sorted(self.trait_names()))

    def copy(self) -> "Selection":
        """Return another Selection that asks the same."""
        twin = Selection(**{name: getattr(self, name) for name in self.trait_names()})
        twin._placed = self._placed
        return twin

    def query(self, observatory: str) -> Query:
        """Return the question to one observatory's table.

        Raises QueryError where the parts do not fit together or the table.
        """
        table = f"{observatory}.{self.table}"
        columns = {column.name for column in schema.table(table).columns}
        if self.unplaced:
            raise QueryError(
                f"the position of {self.object!r} has not been looked up; give RA and Dec"
            )
        if self.cone and "ra" not in columns:
            raise QueryError(
                f"{table} holds no positions: clear RA and Dec, or ask another table"
            )
        sets = {"band": self.bands, "instrument": self.instruments}
        unusable = [
            name for name, names in sets.items() if names and name not in columns
        ]
        if unusable:
            raise QueryError(
                f"{table} has no column {', '.join(unusable)} to choose by"
            )
        return Query(
            table,
            cone=self.cone,
            time=self._span(),
            sets={name: names for name, names in sets.items() if names},
            limit=self.limit,
        )

    def queries(self) -> tuple[Query, ...]:
        """Return the question to each observatory chosen; QueryError where none is."""
        if not self.observatories:
            raise QueryError(f"choose an observatory: {', '.join(self.known)}")
        strangers = [name for name in self.observatories if name not in self.known]
        if strangers:
            raise QueryError(
                f"there is no observatory {', '.join(strangers)}; there are {', '.join(self.known)}"
            )
        return tuple(self.query(observatory) for observatory in self.observatories)

    def code(self) -> str:
        """Return the Python that asks the same without any widget."""
        return code.of(self.queries(), name=self.object)

    def parameters(self) -> dict[str, str]:
        """Return what is asked in words people read, by parameter."""
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
            "limit": f"{self.limit:,} rows an observatory",
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
