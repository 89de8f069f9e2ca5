"""The clock of a drafted mapping: format, scale, zero and correction of its times.

A clock of an observatory (MET) is known by TELESCOP and MJDREF, of the header or of the
comments; without them by numbers that only such a clock counts. Swift's needs a correction
to UTC (UTCF), which is a column, a keyword or a blank.
"""

import math
import re
from collections.abc import Iterator, Mapping

from orbital_kernel.archives.mapped import toml_text
from orbital_kernel.archives.mapped.blanks import BLANK
from orbital_kernel.archives.mapped.guesses import (
    TIMES,
    Guess,
    plain_name,
    time_format,
)
from orbital_kernel.archives.mapped.headings import heading, scale_of, unit
from orbital_kernel.archives.mapped.instants import CORRECTIONS
from orbital_kernel.archives.mapped.layout import Layout

EPOCHS = {"swift": 51910.0, "chandra": 50814.0}
"""MJD from which each clock counts; Fermi's and NuSTAR's epochs are other missions'."""
TELESCOPES = {"SWIFT": "swift", "CHANDRA": "chandra", "AXAF": "chandra"}
LEAST_S, MOST_S = 5e7, 2e9
"""Clock values of 1999 to 2064 for both."""
_DAY = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?")


def observatory_of(words: Mapping[str, str]) -> tuple[str, str]:
    """Return whose clock the header's words name, and why; '' for neither or another's."""
    telescope = words.get("TELESCOP", words.get("MISSION", "")).upper()
    epoch = _number(words.get("MJDREFI", words.get("MJDREF", "")))
    epoch += _number(words.get("MJDREFF", "0")) if "MJDREFI" in words else 0.0
    named = [o for o, mjd in EPOCHS.items() if abs(epoch - mjd) < 0.001]
    if telescope:
        owner = TELESCOPES.get(telescope, "")
        return owner, f"TELESCOP is {telescope}"
    corrected = [name for name in (*CORRECTIONS, "UTCF") if name in words]
    if corrected and (not named or named == ["swift"]):
        return "swift", f"the file gives {corrected[0]}"
    return (named[0], f"MJDREF is {epoch:g}") if named == ["chandra"] else ("", "")


def time_of_day(shown: Layout, guess: Guess) -> str | None:
    """Return the column right of a column of dates that holds their times of day."""
    if guess.meaning not in TIMES:
        return None
    following = shown.header.index(guess.column) + 1
    dates = shown.cells(guess.column)
    if following == len(shown.header) or not all(map(_DAY.fullmatch, dates)):
        return None
    cells = shown.cells(column := shown.header[following])
    return column if cells and all(map(_CLOCK.fullmatch, cells)) else None


def lines(
    shown: Layout, columns: list[Guess], *, needed: bool
) -> tuple[list[str], list[str]]:
    """Return the lines of [time], and those of [constants] that it needs."""
    mapped = {guess.meaning: guess.column for guess in columns}
    column = mapped.get("time") or mapped.get("time_start")
    if column is None:
        return (list(_blank()) if needed else []), []
    form, why = time_format(shown.cells(column)[:50], heading(column)) or ("", "")
    if form == "since" and _counts_clock(shown, column):
        return _clock(shown, mapped)
    written = [f"\n[time]\nformat = {toml_text.text(form)}  # {why}"]
    if form in {"iso", "interval"}:
        return [*written, 'scale = "utc"  # dates are read as UTC'], []
    written.append(_scale(shown.words, column))
    if form == "since":
        written.append(f"t0 = {_BLANK}  # UTC of zero, such as 2013-04-27T07:47:06")
        written += _elapsed_unit(shown, column)
    return written, []


_BLANK = toml_text.text(BLANK)


def _blank() -> Iterator[str]:
    yield f"\n[time]\nformat = {_BLANK}  # iso, mjd, jd, since, chandra, swift or interval"
    yield f"scale = {_BLANK}  # utc, tt or tdb"


def _scale(words: Mapping[str, str], column: str = "") -> str:
    if named := scale_of(column):
        return f"scale = {toml_text.text(named)}  # by the heading {column!r}"
    stated = words.get("TIMESYS", "").lower()
    if stated in {"utc", "tt", "tdb"}:
        return f"scale = {toml_text.text(stated)}  # TIMESYS is {stated.upper()}"
    return f"scale = {_BLANK}  # utc, tt or tdb: the file does not say"


def _counts_clock(shown: Layout, column: str) -> bool:
    """Return whether numbers are seconds of an observatory's clock."""
    values = [_number(cell) for cell in shown.cells(column)[:50]]
    in_seconds = (unit(shown.units.get(column, "s")) or "s") == "s"
    return in_seconds and min(values) > LEAST_S and max(values) < MOST_S


def _clock(shown: Layout, mapped: Mapping[str, str]) -> tuple[list[str], list[str]]:
    owner, why = observatory_of(shown.words)
    if not owner:
        choices = (
            "seconds of a clock since 1998 or 2001: swift (with utcf_s), chandra, or since "
            f"with t0 and unit; {why or 'the file does not name TELESCOP or MJDREF'}"
        )
        return [f"\n[time]\nformat = {_BLANK}  # {choices}", _scale(shown.words)], []
    stated = shown.words.get("TIMESYS", "TT").lower()
    written = [f"\n[time]\nformat = {toml_text.text(owner)}  # {why}"]
    if stated == "tdb":
        return [*written, 'scale = "tdb"  # TIMESYS is TDB: barycentred'], []
    if owner == "swift":
        return written, _utcf(shown, mapped)
    return [*written, 'scale = "tt"  # Chandra\'s clock counts TT'], []


def _utcf(shown: Layout, mapped: Mapping[str, str]) -> list[str]:
    """Return the constant `utcf_s`, where neither a column nor a keyword read gives it."""
    if "utcf_s" in mapped or (shown.format == "fits" and _named(shown)):
        return []
    if name := _named(shown):
        return [f"utcf_s = {shown.words[name]}  # {name} of the comments, s"]
    choices = (
        "UTCF, the clock's correction to UTC, s: UTCFINIT of the event file's header"
    )
    return [f"utcf_s = {_BLANK}  # {choices}"]


def _named(shown: Layout) -> str | None:
    names = (*CORRECTIONS, "UTCF")
    given = (n for n in names if not math.isnan(_number(shown.words.get(n, ""))))
    return next(given, None)


def _elapsed_unit(shown: Layout, column: str) -> Iterator[str]:
    name = plain_name(column)
    named = next((c for c in shown.header if plain_name(c) == "time unit"), None)
    words = [
        heading(column).unit,
        shown.units.get(column),
        *(shown.cells(named)[:1] if named else []),
        name.split()[0],
    ]
    for word in words:
        spelled = unit(word) if word else None
        if spelled in {"s", "min", "h", "d"}:
            yield f"unit = {toml_text.text(spelled)}  # by {word!r}"
            return
    yield f"unit = {_BLANK}  # s, min, h or d"


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
