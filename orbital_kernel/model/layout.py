"""How tables are laid out for the queries they serve: sort keys and projections.

Two access patterns: Swift's streams are queried by time first (a window about a burst),
Chandra's deep exposures by position first (everything about a source). A table is sorted
by the most frequent pattern, and a projection, a copy sorted otherwise, serves a
second one. A projection is sorted within stretches of its table, so that BY_VALUE with a
time span serves both: stretches by time, rows within by value. What is not named here is laid out as schema.py says.
"""

from dataclasses import dataclass

from orbital_kernel.model.columns import Projection


@dataclass(frozen=True)
class Layout:
    """Sort key (empty: that of schema.py) and projections of one table."""

    sort: tuple[str, ...] = ()
    projections: tuple[Projection, ...] = ()


BY_TIME = Projection("by_time", ("time",))
BY_SKY = Projection("by_sky", ("healpix",))
BY_OBJECT = Projection("by_object", ("object", "time"))
BY_FLUX = Projection("by_flux", ("flux",))
BY_VALUE = Projection("by_value", ("value",))

EVERY: dict[str, Layout] = {
    "observations": Layout(projections=(BY_TIME,)),
    "sources": Layout(projections=(BY_FLUX,)),
    "photometry": Layout(projections=(BY_OBJECT, BY_VALUE)),
}
"""By table name, of whatever observatory."""

BY_TABLE: dict[str, Layout] = {
    "swift.events": Layout(("time",), (BY_SKY,)),
    "chandra.events": Layout(("healpix", "time"), (BY_TIME,)),
    "cross.associations": Layout(projections=(BY_SKY,)),
    "chandra.photometry": Layout(("healpix", "time"), (BY_OBJECT, BY_TIME, BY_VALUE)),
}
"""By full name, for tables that are queried otherwise."""


def layout(full_name: str) -> Layout:
    """Return the layout of a table of that full name."""
    return BY_TABLE.get(full_name) or EVERY.get(full_name.partition(".")[2], Layout())
