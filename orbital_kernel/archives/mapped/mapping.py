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
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from orbital_kernel.archives.mapped.blanks import require_filled
from orbital_kernel.archives.mapped.checks import check, choice, only
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
from orbital_kernel.archives.mapped.targets import MEANINGS, NEEDED, STARTS
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
        check(mapping)
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
    only(where, content, allowed)
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
        choice(where, value, entry.choices)


def _with_starts(mapping: TableMapping) -> TableMapping:
    """Return the mapping with `time` for `time_start` in tables whose time is a start."""
    if mapping.table not in STARTS:
        return mapping
    columns, constants = (
        {"time" if n == "time_start" else n: entry for n, entry in section.items()}
        for section in (mapping.columns, mapping.constants)
    )
    return replace(mapping, columns=columns, constants=constants)


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
