"""Whether what a mapping states fits together: keys, columns, constants, times, limits."""

from collections.abc import Iterable, Mapping
from typing import Any

from orbital_kernel.archives.mapped.language import (
    FORMATS,
    SCALES,
    TIME_FORMATS,
    TableMapping,
    keys_of,
)
from orbital_kernel.archives.mapped.targets import MEANINGS, NEEDED, TABLES
from orbital_kernel.errors import MappingError


def check(mapping: TableMapping) -> None:
    """Check what the sections need of each other."""
    choice("table", mapping.table or None, tuple(TABLES))
    choice("format", mapping.format or None, FORMATS)
    _check_options(mapping)
    _check_columns(mapping)
    rows = mapping.rows
    if mapping.observatory is None and not rows.column:
        raise MappingError("neither `observatory` nor [rows] says whose data it is")
    if bool(rows.column) != bool(rows.values):
        raise MappingError("[rows] needs `column` and `values`")
    _check_time(mapping)
    for limit in (mapping.limit, *(s.limit for s in mapping.series if s.limit)):
        _check_limit(limit)


def _check_options(mapping: TableMapping) -> None:
    for entry in keys_of(""):
        if entry.name in mapping.options and mapping.format not in entry.formats:
            raise MappingError(
                f"`{entry.name}` is set to {getattr(mapping, entry.name)!r}, which format "
                f"{mapping.format} does not take; formats {', '.join(entry.formats)} do"
            )
    if mapping.delimiter is not None and len(mapping.delimiter) != 1:
        raise MappingError(
            f"`delimiter` is {mapping.delimiter!r}; give one character such as ';'"
        )
    if mapping.skip_lines < 0:
        raise MappingError(f"`skip_lines` is {mapping.skip_lines}; give 0 or more")
    for name in ("names", "comment"):
        texts = getattr(mapping, name) or ()
        texts = (texts,) if isinstance(texts, str) else texts
        if not all(isinstance(text, str) and text for text in texts):
            raise MappingError(f"`{name}` is {list(texts)!r}, not a list of texts")


def _check_columns(mapping: TableMapping) -> None:
    for name in ("columns", "constants", "aliases"):
        only(f"[{name}]", getattr(mapping, name), MEANINGS[mapping.table])
    only("[unit] columns", mapping.unit.columns, MEANINGS[mapping.table])
    for meaning, column in mapping.columns.items():
        names = column if isinstance(column, list) else [column]
        if not names or not all(isinstance(n, str) and n for n in names):
            raise MappingError(f"columns.{meaning} is {column!r}, not a column's name")
        if meaning in mapping.constants:
            raise MappingError(f"`{meaning}` is in [columns] and in [constants]")
    for meaning, value in mapping.constants.items():
        _check_constant(mapping, meaning, value)
    for meaning, texts in mapping.aliases.items():
        if not isinstance(texts, dict):
            raise MappingError(
                f"aliases.{meaning} is {texts!r}, not a section of text = text to store"
            )
    _check_needed(mapping)


def _check_constant(mapping: TableMapping, meaning: str, value: Any) -> None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise MappingError(f"constants.{meaning} is {value!r}, not one value")
    types = {column.name: str(column.type) for column in TABLES[mapping.table].columns}
    is_number = types.get(meaning, "double") != "string"
    is_text = isinstance(value, str)
    if (
        meaning not in _WRITTEN
        and is_number == is_text
        and not _is_instant(types, meaning)
    ):
        kind = "number" if is_number else "text"
        raise MappingError(f"constants.{meaning} is {value!r}; it must be a {kind}")


_WRITTEN = frozenset({"ra", "dec", "obs_id", "source_id", "target_id"})
"""Constants that may be text or a number: angles and ids."""


def _is_instant(types: Mapping[str, str], meaning: str) -> bool:
    return types.get(meaning, "").startswith("timestamp") or meaning in {
        "time_start",
        "time_stop",
    }


def _check_needed(mapping: TableMapping) -> None:
    table, given = mapping.table, {*mapping.columns, *mapping.constants}
    if mapping.series and table != "photometry":
        raise MappingError(f"[[series]] is of photometry, not of {table}")
    if mapping.series and "value" in given:
        raise MappingError("`value` is given by [[series]]: remove it from [columns]")
    for number, series in enumerate(mapping.series, start=1):
        if series.value is None:
            raise MappingError(
                f"[[series]] {number} lacks `value`, its column of values"
            )
        given.add("value")
    if {"time_start", "time_stop"} <= given:
        given.add("time")
    for meaning in NEEDED[table]:
        if meaning not in given:
            raise MappingError(
                f"{table} need `{meaning}`: name its column in [columns]"
            )


def _check_time(mapping: TableMapping) -> None:
    time = mapping.time
    types = {column.name: str(column.type) for column in TABLES[mapping.table].columns}
    given = {*mapping.columns, *mapping.constants}
    if not any(_is_instant(types, meaning) for meaning in given):
        return
    choice("time.format", time.format, TIME_FORMATS)
    if time.format != "swift" or time.scale is not None:
        choice("time.scale", time.scale, SCALES)
    if time.format == "since" and time.t0 is None:
        raise MappingError("[time] format since needs `t0` (UTC) and `unit`")
    if time.format == "interval" and time.scale != "utc":
        raise MappingError("time.format interval is read as UTC; set scale = 'utc'")


def _check_limit(limit: Any) -> None:
    if limit.convention in {"flag", "zero-value"} and limit.column is None:
        raise MappingError(f"[limit] convention {limit.convention} needs `column`")
    if limit.side == "lower":
        raise MappingError(
            "limit.side is 'lower': no table has a place for lower limits; remove these "
            "rows, or keep them out by [rows]"
        )
    if limit.confidence is not None and not 0 < limit.confidence < 1:
        raise MappingError(f"limit.confidence is {limit.confidence!r}, not 0 to 1")


def only(where: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Raise MappingError for a name that is not allowed in this place."""
    for name in given:
        if name not in allowed:
            raise MappingError(
                f"{where} has {name!r}; it may have {', '.join(allowed)}"
            )


def choice(where: str, given: Any, allowed: tuple[str, ...]) -> str:
    """Return what is given; MappingError if it is not allowed."""
    if given not in allowed:
        raise MappingError(f"{where} is {given!r}; choose of {', '.join(allowed)}")
    return str(given)
