"""A mapping file: which column of a table means what, and in which unit.

A mapping is TOML, or YAML with the same keys. It states everything that the table's own
header does not. For example::

    table = "photometry"
    observatory = "chandra"
    format = "tab"
    [columns]
    time = "time"
    value = "flux"
    value_err = "dflux"
    [constants]
    object = "GRB 130427A"
    [time]
    format = "since"
    scale = "utc"
    t0 = "2013-04-27T07:47:06"
    unit = "s"
    [unit]
    value = "1e-13 erg / (cm2 s)"
    [band]
    kev = [0.3, 10.0]

`language.py` lists every key with its meaning; `reference()` returns that list as text. Angles are degrees or sexagesimal text (RA in hours). A wrong or missing entry raises
a MappingError that names the file, the entry, what it is and what is possible.

References: FITS standard 4.0, section 4.3 (unit strings); astropy.io.ascii (formats).
"""

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from orbital_kernel.archives.mapped.blanks import require_filled
from orbital_kernel.archives.mapped.language import (
    CONVENTIONS,
    FORMATS,
    KINDS,
    SCALES,
    SECTIONS,
    TIME_FORMATS,
    Key,
    Series,
    TableMapping,
    keys,
    keys_of,
)
from orbital_kernel.archives.mapped.targets import MEANINGS, NEEDED, STARTS, TABLES
from orbital_kernel.errors import MappingError

__all__ = [
    "CONVENTIONS",
    "FORMATS",
    "MEANINGS",
    "NEEDED",
    "SCALES",
    "TIME_FORMATS",
    "TableMapping",
    "read_mapping",
    "reference",
]


def read_mapping(path: Path) -> TableMapping:
    """Return the mapping of a file.

    Parameters
    ----------
    path : pathlib.Path
        A TOML file (`.toml`), or a YAML file of any other name.

    Returns
    -------
    TableMapping
        The checked mapping.

    Raises
    ------
    MappingError
        If the file cannot be read, or an entry is unknown, missing or of a wrong kind.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel.archives.mapped.mapping import read_mapping
    >>> read_mapping(Path("no_such_file.toml"))
    Traceback (most recent call last):
    orbital_kernel.errors.MappingError: no_such_file.toml cannot be read: ...
    """
    try:
        raw = path.read_text(encoding="utf-8")
        content = tomllib.loads(raw) if path.suffix == ".toml" else yaml.safe_load(raw)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise MappingError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{path.name} holds no sections")
    return checked(content, path.name)


def checked(content: Mapping[str, Any], name: str) -> TableMapping:
    """Return a mapping's content as a TableMapping; MappingError says what is wrong."""
    with _named(name):
        require_filled(content)
        mapping: TableMapping = _built("", _plain(content))
        mapping = _with_starts(replace(mapping, file=name))
        _check(mapping)
    return mapping


@contextmanager
def _named(name: str) -> Any:
    try:
        yield
    except MappingError as error:
        raise MappingError(f"{name}: {error}") from error


def _plain(value: Any) -> Any:
    """Return dates of TOML and YAML as text, at any depth."""
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value


def _built(section: str, content: Mapping[str, Any]) -> Any:
    """Return a section as its dataclass, each entry checked against the language."""
    allowed = {entry.name: entry for entry in keys_of(section)}
    where = f"[{section}]" if section else "mapping"
    _only(where, content, allowed)
    values = {}
    for name, value in content.items():
        _typed(f"{section}.{name}" if section else name, value, allowed[name])
        values[name] = _nested(section, name, value)
    absent = [
        f.name for f in fields(SECTIONS[section]) if f.name in SECTIONS and not section
    ]
    for name in absent:
        if name != "series" and name not in values:
            values[name] = SECTIONS[name]()
    return SECTIONS[section](**values)


def _nested(section: str, name: str, value: Any) -> Any:
    if section == "series" and name == "unit":
        return _built("unit", {"value": value} if isinstance(value, str) else value)
    if name == "series":
        return tuple(_built("series", _section("series", entry)) for entry in value)
    if name in SECTIONS and isinstance(value, dict):
        return _built(name, value)
    return tuple(value) if name == "names" else value


def _section(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MappingError(f"[[{name}]] is {value!r}, not a section")
    return value


def _typed(where: str, value: Any, entry: Key) -> None:
    if where in SECTIONS and where != "series" and not isinstance(value, dict):
        raise MappingError(f"[{where}] is {value!r}, not a section")
    allowed = tuple(kind for name in entry.kinds for kind in KINDS[name])
    is_bool = isinstance(value, bool) and bool not in allowed
    if is_bool or not isinstance(value, allowed):
        raise MappingError(f"{where} is {value!r}, not a {' or a '.join(entry.kinds)}")
    if entry.choices:
        _choice(where, value, entry.choices)


def _with_starts(mapping: TableMapping) -> TableMapping:
    """Return the mapping with `time` for `time_start` in tables whose time is a start."""
    if mapping.table not in STARTS:
        return mapping
    columns, constants = (
        {"time" if n == "time_start" else n: entry for n, entry in section.items()}
        for section in (mapping.columns, mapping.constants)
    )
    return replace(mapping, columns=columns, constants=constants)


def _check(mapping: TableMapping) -> None:
    """Check what the sections need of each other."""
    _choice("table", mapping.table or None, tuple(TABLES))
    _choice("format", mapping.format or None, FORMATS)
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
        _only(f"[{name}]", getattr(mapping, name), MEANINGS[mapping.table])
    _only("[unit] columns", mapping.unit.columns, MEANINGS[mapping.table])
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
    _choice("time.format", time.format, TIME_FORMATS)
    if time.format != "swift" or time.scale is not None:
        _choice("time.scale", time.scale, SCALES)
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


def _only(where: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
    for name in given:
        if name not in allowed:
            raise MappingError(
                f"{where} has {name!r}; it may have {', '.join(allowed)}"
            )


def _choice(where: str, given: Any, allowed: tuple[str, ...]) -> str:
    if given not in allowed:
        raise MappingError(f"{where} is {given!r}; choose of {', '.join(allowed)}")
    return str(given)


def reference() -> str:
    """Return the language as plain text: keys by section, then each table's columns.

    Examples
    --------
    >>> from orbital_kernel.archives.mapped.mapping import reference
    >>> "time.scale" in reference()
    True
    """
    lines = []
    for entry in keys():
        name = f"{entry.section}.{entry.name}" if entry.section else entry.name
        extent = f" [{', '.join(entry.choices)}]" if entry.choices else ""
        only = f" (formats {', '.join(entry.formats)})" if entry.formats else ""
        lines.append(f"{name}: {entry.doc}{extent}{only}")
    for table, names in MEANINGS.items():
        lines.append(f"columns of {table}: {', '.join(names)}")
        lines.append(f"{table} need: {', '.join(NEEDED[table])}")
    return "\n".join(lines)


def of_series(mapping: TableMapping, series: Series) -> TableMapping:
    """Return the mapping of one series: its own columns and sections before the others'."""
    columns = {**mapping.columns}
    for name in (
        "value",
        "value_err",
        "value_err_plus",
        "value_err_minus",
        "exposure_s",
    ):
        if column := getattr(series, name):
            columns[name] = column
    constants = {**mapping.constants}
    for name in ("instrument", "mode"):
        if text := getattr(series, name):
            constants[name] = text
            columns.pop(name, None)
    sections = {
        name: entry
        for name in ("unit", "band", "limit")
        if (entry := getattr(series, name)) is not None
    }
    return replace(mapping, columns=columns, constants=constants, **sections)
