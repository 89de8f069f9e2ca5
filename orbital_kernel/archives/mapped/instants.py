"""The times of a declared table, from its format, scale and clock to TT.

Trap: Swift's clock (MET) is never set. Its times need the correction UTCF, of the column or
constant `utcf_s` or of the header (UTCFINIT), or they are up to 40 s wrong; read as seconds
since 2001 in UTC they are wrong by as much, in silence.
"""

import math
import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives.formats import free_intervals, header_time
from orbital_kernel.archives.formats.keywords import is_true
from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals
from orbital_kernel.archives.mapped.clock_checks import (
    CLOCKS,
    heading_place,
    hold_against_table,
    require_possible,
)
from orbital_kernel.archives.mapped.units import factor, require_linear, table_unit
from orbital_kernel.errors import MappingError
from orbital_kernel.model import times
from orbital_kernel.model.dates import is_zoned

TIME_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
RULE = "swift-met-utcf"
CORRECTIONS = ("UTCFINIT", "P1UTCC", "PCUTCC", "UTCCTIME")
CORRECTED = "since 2001-01-01T00:01:04.184 {scale}"
"""As in swift/clock.py, for clocks that CLOCKAPP or barycorr corrected."""
JD_OF_MJD = 2400000.5
NAT = np.datetime64("NaT", "ns")


@dataclass(frozen=True)
class Clocked:
    """Instants (TT) with how they were reached; half-widths (s) of written intervals."""

    tt: times.Instants
    rule: str
    met: Reals | None = None
    utcf: Reals | None = None
    since: Reals | None = None
    half: Reals | None = None

    @property
    def columns(self) -> dict[str, object]:
        """The columns of CLOCK: clock value, correction and rule."""
        return {"met_s": self.met, "utcf_s": self.utcf, "time_rule": self.rule}


_DAY = re.compile(r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}\s*")


def clocked(cells: DeclaredCells, meaning: str) -> Clocked:
    """Return the instants of a meaning; MappingError names what cannot be read."""
    try:
        clock = _clocked(cells, meaning)
    except MappingError:
        raise
    except ValueError as error:
        column = cells.mapping.columns.get(meaning, meaning)
        raise MappingError(f"{column}: {error}") from error
    require_possible(cells, meaning, clock.tt)
    placed = header_time.placed_rule(clock.rule, *cells.file.headers)
    named = heading_place(cells, meaning)
    if named and placed == clock.rule and times.place_of(placed) != named:
        placed = f"{placed} at {named}"
    if placed != clock.rule:
        cells.note(f"times are of arrival at the {times.place_of(placed)}")
    return replace(clock, rule=placed)


def _clocked(cells: DeclaredCells, meaning: str) -> Clocked:
    form, scale = cells.mapping.time.format, cells.mapping.time.scale
    hold_against_table(cells, meaning)
    require_linear(cells, meaning)
    if form == "interval":
        middles, halves = _spans(cells, meaning)
        return Clocked(middles, "utc", half=halves)
    if form == "iso":
        return _dates(cells, meaning)
    numbers = cells.real(meaning) * _clock_factor(cells, meaning)
    numbers = numbers + _clock_zero(cells)
    if form == "swift":
        return _swift(cells, numbers)
    if form == "chandra":
        rule = "chandra-tdb" if scale == "tdb" else "chandra-tt"
        return Clocked(times.to_tt(rule, numbers), rule, met=numbers)
    if form == "since":
        start = _zero(cells)
        return Clocked(_after(start, numbers), "utc", since=numbers)
    rule = f"mjd-{scale}"
    days = numbers - (JD_OF_MJD if form == "jd" else 0.0)
    return Clocked(times.to_tt(rule, days), rule)


def _zero(cells: DeclaredCells) -> np.datetime64:
    """Return the instant (TT) of zero; NaT, which is stated, if t0 is unknown."""
    written = str(cells.mapping.time.t0)
    if written == "unknown":
        cells.note("time is since an event; no date, because t0 is unknown")
        return NAT
    instant: np.datetime64 = times.tt_from_utc([written])[0]
    return instant


def _clock_factor(cells: DeclaredCells, meaning: str) -> float:
    """Return the factor from the column's unit to days (mjd, jd) or seconds."""
    form, stated = cells.mapping.time.format, cells.mapping.time.unit
    if form in {"mjd", "jd"}:
        unit = table_unit(cells, meaning)
        if unit is not None and not math.isclose(factor(cells, meaning, "d"), 1.0):
            raise MappingError(
                f"column {cells.column_of(meaning)!r} is in {unit}, but time.format is "
                f"{form!r}, a number of days: set it to the clock that the column counts"
            )
        return 1.0
    if form in CLOCKS and table_unit(cells, meaning) is None:
        return header_time.unit_s(cells.file.header)
    if form == "since" and stated is None and table_unit(cells, meaning) is None:
        raise MappingError("[time] format since needs `t0` (UTC) and `unit`")
    return factor(cells, meaning, "s", stated if form == "since" else None)


def _clock_zero(cells: DeclaredCells) -> float:
    """Return the seconds that TIMEZERO adds to an observatory's clock."""
    zero = header_time.zero_s(cells.file.header)
    if zero and cells.mapping.time.format in CLOCKS:
        cells.note(f"TIMEZERO = {zero:g} s is added to the clock")
        return zero
    if zero:
        cells.note(f"TIMEZERO = {zero:g} s is not added: the mapping states the zero")
    return 0.0


def error_factor(cells: DeclaredCells, meaning: str) -> float:
    """Return the factor from the unit of a time error to seconds."""
    if table_unit(cells, meaning) is not None or meaning in cells.mapping.unit.columns:
        return factor(cells, meaning, "s")
    days = cells.mapping.time.format in {"mjd", "jd"}
    unit = cells.mapping.time.unit or ("d" if days else None)
    clock = next(
        (c for c in ("time", "time_start") if c in cells.mapping.columns), None
    )
    if unit is None and cells.mapping.time.format == "since" and clock:
        return factor(cells, clock, "s")
    return TIME_UNITS[unit or "s"]


def _dates(cells: DeclaredCells, meaning: str) -> Clocked:
    scale = cells.mapping.time.scale
    texts = []
    for row, cell in zip(cells.numbers, cells.words(meaning), strict=True):
        where = f"row {row}: {cells.mapping.columns.get(meaning, meaning)}"
        if cell and scale != "utc" and is_zoned(cell):
            raise MappingError(
                f"{where} is {cell!r}, which says that it is UTC; time.scale is {scale!r}"
            )
        try:
            texts.append(cell or "")
            times.parse_utc(texts[-1])
        except ValueError as error:
            raise MappingError(
                f"{where} is {cell!r}, not a date of format iso: {error}"
            ) from None
    if any(map(_DAY.fullmatch, texts)):
        column = cells.mapping.columns.get(meaning, meaning)
        cells.note(f"{column}: dates without a time of day are taken as 0 h")
    if scale == "utc":
        return Clocked(times.tt_from_utc(np.array(texts, dtype=str)), "utc")
    rule = f"since 1970-01-01T00:00:00 {scale}"
    epoch = np.datetime64(0, "ns")
    instants = np.array([times.parse_utc(t) for t in texts], dtype="datetime64[ns]")
    if scale == "tt":
        return Clocked(instants, rule)
    return Clocked(times.to_tt(rule, _seconds(instants - epoch)), rule)


def _seconds(steps: NDArray[np.timedelta64]) -> Reals:
    return np.where(np.isnat(steps), math.nan, steps / np.timedelta64(1, "s"))


def _swift(cells: DeclaredCells, met: Reals) -> Clocked:
    """Return instants of Swift's clock, by the correction of a column or the header."""
    scale, corrected = cells.mapping.time.scale, cells.file.keyword("CLOCKAPP")
    if scale == "tdb" or is_true(corrected):
        rule = CORRECTED.format(scale="tdb" if scale == "tdb" else "tt")
        return Clocked(times.to_tt(rule, met), rule, met=met)
    utcf = cells.real("utcf_s") if cells.given("utcf_s") else _header_utcf(cells)
    lost = int((np.isnan(utcf) & ~np.isnan(met)).sum())
    if lost:
        cells.note(f"{lost} rows without the clock correction utcf_s have no time")
    return Clocked(times.to_tt(RULE, met, utcf_s=utcf), RULE, met=met, utcf=utcf)


def _header_utcf(cells: DeclaredCells) -> Reals:
    values = [(name, cells.file.keyword(name)) for name in CORRECTIONS]
    for name, value in values:
        if isinstance(value, int | float) and value:
            cells.note(f"Swift's clock is corrected by {name} = {value:g} s")
            return np.full(len(cells), float(value))
    raise MappingError(
        "time.format is 'swift', but neither the column nor the constant `utcf_s` nor a "
        f"header keyword ({', '.join(CORRECTIONS)}) gives the clock's correction to UTC"
    )


def _spans(cells: DeclaredCells, meaning: str) -> tuple[times.Instants, Reals]:
    """Return the middles (TT) and half-widths (s) of freely written dates."""
    middles, halves = [], []
    for row, cell in zip(cells.numbers, cells.words(meaning), strict=True):
        start: np.datetime64 = NAT
        stop = start
        if cell is not None:
            try:
                start, stop = free_intervals.interval(cell)
            except ValueError as error:
                raise MappingError(f"row {row}: {error}") from None
        middles.append(start + (stop - start) / 2)
        halves.append((stop - start) / np.timedelta64(1, "s") / 2)
    return np.array(middles, dtype="datetime64[ns]"), np.array(halves, np.float64)


def _after(start: np.datetime64, since: Reals) -> times.Instants:
    finite = np.isfinite(since)
    steps = np.round(np.where(finite, since, 0.0) * times.NS).astype("timedelta64[ns]")
    return np.where(finite, start + steps, NAT)


def binned(cells: DeclaredCells) -> tuple[Clocked, Reals, Reals]:
    """Return the middles of bins, and their half-widths (s) later and earlier.

    Without a column `time` they are those of `time_start` and `time_stop`.
    """
    start, stop = (
        clocked(cells, n) if cells.given(n) else None
        for n in ("time_start", "time_stop")
    )
    if start and stop:
        _check_order(cells, start.tt, stop.tt)
    if cells.given("time") or start is None or stop is None:
        middle = clocked(cells, "time")
    else:
        middle = Clocked(
            start.tt + (stop.tt - start.tt) / 2,
            start.rule,
            met=_middle(start.met, stop.met),
            utcf=start.utcf,
            since=_middle(start.since, stop.since),
        )
    plus, minus = (np.full(len(cells), math.nan) for _ in range(2))
    if middle.half is not None:
        plus = minus = middle.half
    if stop is not None:
        plus = _seconds(stop.tt - middle.tt)
    if start is not None:
        minus = _seconds(middle.tt - start.tt)
    half = cells.real("time_err") * error_factor(cells, "time_err")
    plus, minus = (_first(half, width) for width in (plus, minus))
    for name in ("time_err_plus", "time_err_minus"):
        width = cells.real(name) * error_factor(cells, name)
        plus, minus = (
            (_first(width, plus), minus) if name.endswith("plus") else (plus, _first(width, minus))
        )  # fmt: skip
    return middle, np.abs(plus), np.abs(minus)


def _middle(start: Reals | None, stop: Reals | None) -> Reals | None:
    return None if start is None or stop is None else (start + stop) / 2


def _first(preferred: Reals, otherwise: Reals) -> Reals:
    return np.where(np.isnan(preferred), otherwise, preferred)


def _check_order(
    cells: DeclaredCells, start: times.Instants, stop: times.Instants
) -> None:
    wrong = np.flatnonzero(stop < start)
    if len(wrong):
        raise MappingError(
            f"row {cells.numbers[wrong[0]]}: time_stop is before time_start"
        )
