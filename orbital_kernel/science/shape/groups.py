"""Points that may be put together: of one instrument, unit and band, or of all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

GROUP = (
    *("observatory", "instrument", "unit", "band_low_kev", "band_high_kev"),
    "filter",
)
ALL = "all"


def with_filter(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points with `filter`: the band's name, of bands without edges in keV."""
    edges = pl.col("band_low_kev")
    named = pl.when(edges.is_null()).then(pl.col("band"))
    return points.with_columns(named.alias("filter"))


def has_t0(points: pl.DataFrame) -> bool:
    """Return whether times are since a trigger, not since the first point."""
    if points["since_s"].null_count() == len(points):
        return False
    if "t0_source" not in points.columns:
        return True
    return points["t0_source"].drop_nulls().unique().to_list() != ["first point"]


def groups(points: pl.DataFrame) -> Iterator[tuple[str, dict[str, Any], pl.DataFrame]]:
    """Yield name, columns of GROUP and points of each group.

    First those of each instrument, then those of all that share unit and band. Names are
    distinct: of groups that differ in unit or band only, the largest has the plain name.
    """
    parts = []
    for _, group in points.group_by(list(GROUP), maintain_order=True):
        parts.append((group.select(GROUP).row(0, named=True), group))
    for _, group in points.group_by(list(GROUP[2:]), maintain_order=True):
        if group.select(pl.struct("observatory", "instrument").n_unique()).item() > 1:
            row = group.select(GROUP).row(0, named=True)
            parts.append((row | {"observatory": ALL, "instrument": ALL}, group))
    largest: dict[str, int] = {}
    for row, group in parts:
        largest[_name(row)] = max(largest.get(_name(row), 0), len(group))
    for row, group in parts:
        plain = largest[_name(row)] == len(group)
        if plain:
            largest[_name(row)] = -1  # of two as large the first
        yield _name(row) if plain else f"{_name(row)} [{_scale(row)}]", row, group


def _name(row: Mapping[str, Any]) -> str:
    """Return 'observatory/instrument' or 'all', with the filter of an optical group."""
    whose = ALL if row["observatory"] == ALL else "{observatory}/{instrument}"
    name = whose.format_map(row)
    return name if row["filter"] is None else f"{name} {row['filter']}"


def _scale(row: Mapping[str, Any]) -> str:
    """Return unit and band of a group in words."""
    low, high = row["band_low_kev"], row["band_high_kev"]
    band = None if None in (low, high) else f"{low:g}-{high:g} keV"
    return ", ".join(filter(None, (row["unit"], band))) or "no unit"
