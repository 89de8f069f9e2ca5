"""How tables are laid out for the queries they serve: sort keys and projections.

Two access patterns: Swift's streams are queried by time first (a window about a burst),
Chandra's deep exposures by position first (everything about a source). A table is sorted
by the most frequent pattern, and a projection, a copy sorted otherwise, serves a
second one. A projection by a real number is sorted within stretches of its table, so that
BY_VALUE with a time span serves both: stretches by time, rows within by value. All others
are sorted as a whole. What is not named here is laid out as schema.py says.
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
BY_OBSID = Projection("by_obs_id", ("obs_id", "time"))
BY_SOURCE = Projection("by_source", ("source_id",))
OF_OBSID = Projection("by_obs_id", ("obs_id",))
BY_NAME = Projection("by_name", ("name",))
BY_ERROR = Projection("by_error", ("error_radius_arcsec",))
BY_NOTICE = Projection("by_notice", ("notice_id",))
BY_TRIGGER = Projection("by_trigger", ("trigger_id",))
BY_SERIES = Projection("by_series", ("series", "time"))
BY_ID = Projection("by_id", ("object_id",))
BY_KEY = Projection("by_key", ("key",))

EVERY: dict[str, Layout] = {
    "observations": Layout(projections=(BY_TIME, BY_OBSID, BY_OBJECT)),
    "grbs": Layout(projections=(BY_NAME, BY_SKY, BY_ERROR)),
    "intervals": Layout(projections=(BY_OBSID,)),
    "sources": Layout(projections=(BY_FLUX, BY_SOURCE, OF_OBSID)),
    "photometry": Layout(projections=(BY_OBJECT, BY_SKY, BY_VALUE, BY_OBSID)),
    "rates": Layout(projections=(BY_SERIES, BY_OBJECT, BY_OBSID)),
    "notices": Layout(projections=(BY_NOTICE, BY_TRIGGER, BY_SKY, BY_ERROR)),
}
"""By table name, of whatever observatory."""

BY_TABLE: dict[str, Layout] = {
    "swift.events": Layout(("time",), (BY_SKY,)),
    "chandra.events": Layout(("healpix", "time"), (BY_TIME,)),
    "chandra.photometry": Layout(
        ("healpix", "time"), (BY_OBJECT, BY_TIME, BY_VALUE, BY_OBSID)
    ),
    "cross.names": Layout(projections=(BY_SKY, BY_ID)),
    "cross.objects": Layout(projections=(BY_ID,)),
    "cross.bursts": Layout(projections=(BY_OBJECT,)),
    "cross.associations": Layout(projections=(BY_KEY, BY_SKY)),
}
"""By full name, for tables that are queried otherwise."""


def layout(full_name: str) -> Layout:
    """Return the layout of a table of that full name."""
    return BY_TABLE.get(full_name) or EVERY.get(full_name.partition(".")[2], Layout())
