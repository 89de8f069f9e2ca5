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

The whole language:

================ ===================================================================
Key              Meaning
================ ===================================================================
table            "photometry" or "sources": the table that the rows go to
observatory      whose data the rows are; needed unless [rows] says it per row
format           csv, tab, basic (blank-separated with a header), no_header, ecsv,
                 votable or fits, as astropy reads them
names            column names of a table of format no_header
delimiter        separator, if it is not the format's own
comment          text from which each line is ignored, such as "#"
[columns]        Orbital's column = the file's column; see `MEANINGS`. Photometry
                 needs time, value and object; sources need source_id, ra and dec.
                 Other columns of the file are kept as JSON in `extra`
[constants]      Orbital's column = one value for all rows
time.format      iso, mjd, jd, since (elapsed since t0), chandra (its clock, s) or
                 interval (two dates, as in "2005 Jan 3-5")
time.scale       utc, tt or tdb; iso and interval are UTC
time.t0          UTC of zero for format since
time.unit        s, min, h or d; of format since, and of time errors. The default is
                 d for mjd and jd, else s
unit.value       unit of all values, FITS style, with a factor if needed
unit.column      or the column that names each row's unit
unit.values      unit as written = unit in FITS style
band.kev, .nm    band edges [low, high] of all rows
band.filter      or an optical filter's name
band.name        the band's name; the default is its edges
band.column      or the column that names each row's band
band.values      band as written = {kev = [..]}, {nm = [..]} or {filter = ".."}
limit.convention none, flag (limit if `column` has the value `equals`), zero-value (no
                 positive value beside a positive limit in `column`), zero-error or
                 negative-error
limit.column     see limit.convention
limit.equals     the flag's value; the default is "1"
limit.confidence confidence of the limits, 0 to 1
rows.column      the column that says whose data each row is
rows.values      value = observatory; rows of other values are skipped and counted
================ ===================================================================

Angles are degrees or sexagesimal text (RA in hours). A wrong or missing entry raises a
MappingError that names it.

References: FITS standard 4.0, section 4.3 (unit strings); astropy.io.ascii (formats).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orbital_kernel.archives.mapped.blanks import require_filled
from orbital_kernel.errors import MappingError

FORMATS = ("csv", "tab", "basic", "no_header", "ecsv", "votable", "fits")
TIME_FORMATS = ("iso", "mjd", "jd", "since", "chandra", "interval")
SCALES = ("utc", "tt", "tdb")
CONVENTIONS = ("none", "flag", "zero-value", "zero-error", "negative-error")
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "columns": (),
    "constants": (),
    "time": ("format", "scale", "t0", "unit"),
    "unit": ("value", "column", "values"),
    "band": ("kev", "nm", "filter", "name", "column", "values"),
    "limit": ("convention", "column", "equals", "confidence"),
    "rows": ("column", "values"),
}
KINDS: Mapping[str, type] = {"column": str, "values": dict, "kev": list, "nm": list}
TOP = ("table", "observatory", "format", "names", "delimiter", "comment", *SECTIONS)
MEANINGS: Mapping[str, tuple[str, ...]] = {
    "photometry": (
        "object",
        "obs_id",
        "time",
        "time_err",
        "time_err_plus",
        "time_err_minus",
        "ra",
        "dec",
        "value",
        "value_err",
        "value_err_plus",
        "value_err_minus",
        "instrument",
        "mode",
        "exposure_s",
    ),
    "sources": (
        "source_id",
        "obs_id",
        "ra",
        "dec",
        "error_radius_arcsec",
        "significance",
        "value",
        "value_low",
        "value_high",
        "value_err",
        "exposure_s",
        "kind",
    ),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "photometry": ("object", "time", "value"),
    "sources": ("source_id", "ra", "dec"),
}


@dataclass(frozen=True)
class TableMapping:
    """One mapping file, checked; its sections as dictionaries. See the module's table."""

    table: str
    format: str
    observatory: str | None
    names: tuple[str, ...]
    delimiter: str | None
    comment: str | None
    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section; empty if the file does not have it."""
        return self.sections.get(name, {})


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
    require_filled(content)
    return _checked(content)


def _checked(content: dict[str, Any]) -> TableMapping:
    _only("mapping", content, TOP)
    for name, keys in SECTIONS.items():
        section = content.get(name, {})
        if not isinstance(section, dict):
            raise MappingError(f"[{name}] is not a section")
        if keys:
            _only(f"[{name}]", section, keys)
        for key, kind in KINDS.items():
            if key in section and keys and not isinstance(section[key], kind):
                raise MappingError(
                    f"[{name}] {key} is {section[key]!r}, not a {kind.__name__}"
                )
    table = _choice("table", content.get("table"), tuple(MEANINGS))
    columns, constants = content.get("columns", {}), content.get("constants", {})
    _only("[columns]", columns, MEANINGS[table])
    _only("[constants]", constants, MEANINGS[table])
    for meaning in NEEDED[table]:
        if meaning not in columns and meaning not in constants:
            raise MappingError(
                f"{table} need `{meaning}`: name its column in [columns]"
            )
    mapping = TableMapping(
        table=table,
        format=_choice("format", content.get("format"), FORMATS),
        observatory=content.get("observatory"),
        names=tuple(content.get("names", ())),
        delimiter=content.get("delimiter"),
        comment=content.get("comment"),
        columns=columns,
        constants=constants,
        sections={name: content[name] for name in SECTIONS if name in content},
    )
    _complete(mapping)
    return mapping


def _complete(mapping: TableMapping) -> None:
    """Check what sections need of each other."""
    time, rows = mapping.section("time"), mapping.section("rows")
    if "time" in NEEDED[mapping.table] and "time" not in mapping.columns:
        raise MappingError("`time` is a column, not a constant: name it in [columns]")
    if mapping.observatory is None and not rows:
        raise MappingError("neither `observatory` nor [rows] says whose data it is")
    if rows and not {"column", "values"} <= rows.keys():
        raise MappingError("[rows] needs `column` and `values`")
    if "time" in mapping.columns:
        _choice("time.format", time.get("format"), TIME_FORMATS)
        _choice("time.scale", time.get("scale"), SCALES)
        if time["format"] == "since" and not {"t0", "unit"} <= time.keys():
            raise MappingError("[time] format since needs `t0` (UTC) and `unit`")
    if "value" in mapping.columns and not mapping.section("unit"):
        raise MappingError(
            f"column {mapping.columns['value']!r} has no unit: add [unit]"
        )
    limit = mapping.section("limit")
    convention = _choice(
        "limit.convention", limit.get("convention", "none"), CONVENTIONS
    )
    if convention in {"flag", "zero-value"} and "column" not in limit:
        raise MappingError(f"[limit] convention {convention} needs `column`")


def _only(where: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in given:
        if key not in allowed:
            raise MappingError(f"{where} has {key!r}; it may have {', '.join(allowed)}")


def _choice(where: str, given: Any, allowed: tuple[str, ...]) -> str:
    if given not in allowed:
        raise MappingError(f"{where} is {given!r}; choose of {', '.join(allowed)}")
    return str(given)
