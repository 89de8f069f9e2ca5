"""The tables that a mapping can fill, and the columns that it may name of each."""

from collections.abc import Mapping

from orbital_kernel.model import schema
from orbital_kernel.model.columns import PROVENANCE, Table

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        schema.PHOTOMETRY,
        schema.SOURCES,
        schema.OBSERVATIONS,
        schema.INTERVALS,
        schema.EVENTS,
    )
}
COMPUTED = frozenset(
    [
        *(column.name for column in PROVENANCE),
        *("healpix", "extra", "time_rule", "since_t0_s", "met_start_s", "met_stop_s"),
        *("met_s", "is_limit", "unit", "flux_unit", "flux", "flux_low", "flux_high"),
        *("value_err_plus", "value_err_minus", "time_err_plus_s", "time_err_minus_s"),
    ]
)
"""Columns that a reader fills from others: a mapping names what they are made of."""
OF_BANDS = ("band", "band_low_kev", "band_high_kev", "band_low_nm", "band_high_nm")
_VALUES = (
    *("value", "value_err", "value_err_plus", "value_err_minus"),
    *("value_low", "value_high", "value_bounds"),
)
DERIVED: Mapping[str, tuple[str, ...]] = {
    "photometry": (
        *("time_start", "time_stop", "time_err", "time_err_plus", "time_err_minus"),
        *_VALUES,
        "error_confidence",
    ),
    "sources": _VALUES,
    "observations": ("time_start", "utcf_s"),
    "intervals": ("time_start",),
    "events": ("utcf_s",),
}
"""What a mapping may name besides the table's columns."""


def _meanings(table: Table) -> tuple[str, ...]:
    names = [c.name for c in table.columns if c.name not in COMPUTED]
    return tuple(dict.fromkeys([*names, *DERIVED[table.name]]))


MEANINGS: Mapping[str, tuple[str, ...]] = {n: _meanings(t) for n, t in TABLES.items()}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "photometry": ("object", "time", "value"),
    "sources": ("source_id", "ra", "dec"),
    "observations": ("obs_id",),
    "intervals": ("time", "time_stop"),
    "events": ("time",),
}
STARTS = ("observations", "intervals")
"""Tables whose `time` is a start: `time_start` is the same there."""
