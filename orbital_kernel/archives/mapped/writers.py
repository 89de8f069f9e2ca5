"""Rows of each target table from declared cells, with what they lack counted."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.mapped.bands import band_columns
from orbital_kernel.archives.mapped.bounds import (
    errors_in_sigma,
    first,
    interval,
    limit_confidence,
    measured,
)
from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.instants import Clocked, binned, clocked
from orbital_kernel.archives.mapped.places import place
from orbital_kernel.archives.mapped.scaled import scaled
from orbital_kernel.archives.mapped.targets import OF_BANDS, TABLES
from orbital_kernel.archives.mapped.units import DENSITY, value_units
from orbital_kernel.archives.reading import Account
from orbital_kernel.archives.rows import extra, rows
from orbital_kernel.errors import MappingError
from orbital_kernel.model.columns import TT


@dataclass(frozen=True)
class Written:
    """Rows of a table before they are stored, and which are excluded and why.

    `skipped` counts by reason; `lacking` counts rows that are stored without something.
    """

    table: str
    cells: DeclaredCells
    columns: Mapping[str, Any]
    excluded: NDArray[np.bool_]
    skipped: Mapping[str, int] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)

    def stored(self, account: Account, *, simulated: bool) -> pa.Table:
        """Return the rows to store, and count the others in the account."""
        for reason, count in self.skipped.items():
            if count:
                account.skip(reason, count)
        for reason, count in self.lacking.items():
            if count:
                self.cells.note(f"{count} of {len(self.cells)} rows without {reason}")
        self._state_repeated()
        batch = rows(
            TABLES[self.table],
            len(self.cells),
            **self.columns,
            **_others(self.cells),
            simulated=simulated,
            file_row=self.cells.numbers,
        )[1]
        return batch.filter(pa.array(~self.excluded)) if self.excluded.any() else batch

    def _state_repeated(self) -> None:
        """State rows that repeat the key of the table: one of them is stored."""
        key = [n for n in TABLES[self.table].key if n in self.columns]
        values = [self.columns[n] for n in key if isinstance(self.columns[n], list)]
        repeated = len(self.cells) - len(set(zip(*values, strict=True)))
        if values and repeated:
            named = ", ".join(TABLES[self.table].key)
            self.cells.note(f"{repeated} rows repeat {named}: one of each is stored")

    def without_blank(self, reason: str) -> "Written":
        """Return the rows so that those without a value are skipped, for this reason."""
        blank = np.isnan(np.asarray(self.columns["value"], dtype=np.float64))
        count = int((blank & ~self.excluded).sum())
        lacking = {name: n for name, n in self.lacking.items() if name != "a value"}
        return replace(
            self,
            excluded=self.excluded | blank,
            skipped={**self.skipped, reason: count},
            lacking=lacking,
        )


def photometry(cells: DeclaredCells) -> Written:
    """Return light-curve points."""
    units = value_units(cells)
    values, plus, minus = measured(cells, units)
    value = np.where(values.is_limit, math.nan, values.value * units[0])
    low, high = interval(cells, units, value)
    plus, minus = first(plus, high - value), first(minus, value - low)
    sigmas = errors_in_sigma(cells)
    middle, after, before = binned(cells)
    confidence = limit_confidence(cells, values.is_limit)
    bands = band_columns(cells)
    if DENSITY in units[1] and not any(bands[n][0] for n in OF_BANDS[1:] if bands[n]):
        cells.note(
            f"flux densities in {DENSITY} without energy or wavelength: add [band]"
        )
    columns = {
        **_plain(cells, ("limit_confidence", *OF_BANDS)),
        "time": middle.tt,
        **middle.columns,
        "since_t0_s": middle.since,
        "time_err_plus_s": after,
        "time_err_minus_s": before,
        "value": values.value * units[0],
        "value_err_plus": plus / sigmas,
        "value_err_minus": minus / sigmas,
        "is_limit": values.is_limit,
        "limit_confidence": confidence,
        "unit": units[1],
        **bands,
        **_plain(cells, (), only=OF_BANDS),
    }
    return Written(
        "photometry",
        cells,
        columns,
        values.is_lower,
        {"lower limits, for which no table has a place": int(values.is_lower.sum())},
        {
            "a value": _blank(values.value),
            "a unit": _without_unit(values.value, units[1]),
            "a time": int(np.isnat(middle.tt).sum()),
        },
    )


def sources(cells: DeclaredCells) -> Written:
    """Return sources of a catalogue; without a name it has that of the file."""
    units = value_units(cells)
    values, plus, minus = measured(cells, units)
    value = values.value * units[0]
    measurement = np.where(values.is_limit, math.nan, value)
    low, high = interval(cells, units, measurement)
    low, high = first(low, value - minus), first(high, value + plus)
    columns = {
        **_plain(cells, ("catalog", *OF_BANDS)),
        "catalog": cells.words("catalog") if cells.given("catalog") else cells.catalog,
        "flux": np.where(values.is_limit, math.nan, value),
        "flux_low": np.where(values.is_limit, math.nan, low),
        "flux_high": np.where(values.is_limit, value, high),
        "is_limit": values.is_limit,
        "flux_unit": units[1],
        **band_columns(cells),
        **_plain(cells, (), only=OF_BANDS),
    }
    if not cells.given("catalog"):
        cells.note(f"catalogue {cells.catalog}, as the file is named")
    nowhere = int(np.ma.getmaskarray(columns["healpix"]).sum())
    lower = {"lower limits, for which no table has a place": int(values.is_lower.sum())}
    lacking = {"a position": nowhere}
    if cells.given("value"):
        lacking["a value"] = _blank(values.value)
        lacking["a unit"] = _without_unit(values.value, units[1])
    return Written("sources", cells, columns, values.is_lower, lower, lacking)


def observations(cells: DeclaredCells) -> Written:
    """Return observations of a log."""
    instants, clocks = _instants(cells)
    columns = {**_plain(cells, ()), **instants}
    if "time" in clocks:
        columns["time_rule"] = clocks["time"].rule
    lacking = {"an obs_id": sum(word is None for word in cells.words("obs_id"))}
    return Written("observations", cells, columns, _none(cells), {}, lacking)


def intervals(cells: DeclaredCells) -> Written:
    """Return intervals of exposure."""
    instants, clocks = _instants(cells)
    start, stop = clocks["time"], clocks["time_stop"]
    clock = {"met_start_s": start.met, "met_stop_s": stop.met, "time_rule": start.rule}
    if start.utcf is not None:
        clock["utcf_s"] = start.utcf
    wrong = np.flatnonzero(stop.tt < start.tt)
    if len(wrong):
        raise MappingError(f"row {cells.numbers[wrong[0]]}: time_stop is before time")
    columns = {**_plain(cells, ()), **instants, **clock}
    lacking = {"a time": int((np.isnat(start.tt) | np.isnat(stop.tt)).sum())}
    return Written("intervals", cells, columns, _none(cells), {}, lacking)


def events(cells: DeclaredCells) -> Written:
    """Return photons."""
    instants, clocks = _instants(cells)
    clock = clocks["time"]
    columns = {
        **_plain(cells, ()),
        **instants,
        "met_s": clock.met,
        "time_rule": clock.rule,
    }
    lacking = {"a time": int(np.isnat(clock.tt).sum())}
    return Written("events", cells, columns, _none(cells), {}, lacking)


WRITERS: Mapping[str, Callable[[DeclaredCells], Written]] = {
    function.__name__: function
    for function in (photometry, sources, observations, intervals, events)
}


def _plain(
    cells: DeclaredCells, without: tuple[str, ...], *, only: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the table's columns that the mapping names, by their types and units."""
    columns: dict[str, Any] = {}
    for column in TABLES[cells.mapping.table].columns:
        name = column.name
        skip = name in without or (only and name not in only)
        if skip or not cells.given(name) or column.type == TT or name in _HANDLED:
            continue
        if pa.types.is_string(column.type):
            columns[name] = cells.words(name)
        elif pa.types.is_integer(column.type):
            columns[name] = _integers(cells, name)
        else:
            columns[name] = scaled(cells, name, column.unit)
    if not only and (cells.given("ra") or cells.given("dec")):
        columns |= place(cells)
    elif not only:
        columns["healpix"] = np.ma.MaskedArray(
            np.zeros(len(cells), np.int64), mask=np.ones(len(cells), bool)
        )
    return columns


_HANDLED = frozenset({"ra", "dec", "value"})


def _integers(cells: DeclaredCells, name: str) -> np.ma.MaskedArray[Any, Any]:
    values = cells.real(name)
    absent = np.isnan(values)
    wrong = np.flatnonzero(~absent & (values != np.round(values)))
    if len(wrong):
        raise MappingError(
            f"row {cells.numbers[wrong[0]]}: {cells.mapping.columns.get(name, name)} is "
            f"{values[wrong[0]]:g}, not a whole number"
        )
    return np.ma.MaskedArray(np.where(absent, 0, values).astype(np.int64), mask=absent)


def _instants(cells: DeclaredCells) -> tuple[dict[str, Any], dict[str, Clocked]]:
    clocks = {
        c.name: clocked(cells, c.name)
        for c in TABLES[cells.mapping.table].columns
        if c.type == TT and cells.given(c.name)
    }
    return {name: clock.tt for name, clock in clocks.items()}, clocks


def _blank(values: Reals) -> int:
    return int(np.isnan(values).sum())


def _without_unit(values: Reals, units: list[str | None]) -> int:
    """Return how many values are lost because their row does not name a unit."""
    return sum(
        u is None for u, v in zip(units, values, strict=True) if not math.isnan(v)
    )


def _none(cells: DeclaredCells) -> NDArray[np.bool_]:
    return np.zeros(len(cells), dtype=bool)


def _others(cells: DeclaredCells) -> dict[str, list[str | None]]:
    """Return the columns that the mapping does not name as JSON in `extra`.

    A table that does not have `extra` has no place for them, which is stated.
    """
    others = cells.others()
    if "extra" not in {column.name for column in TABLES[cells.mapping.table].columns}:
        if others:
            cells.note(f"columns that are not stored: {', '.join(others)}")
        return {}
    if not others:
        return {}
    each = zip(*others.values(), strict=True)
    return {"extra": [extra(dict(zip(others, row, strict=True))) for row in each]}
