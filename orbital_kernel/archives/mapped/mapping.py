"""A mapping file: which column of someone's table means what, and in which unit.

TOML or YAML. Everything that cannot be read off a table's header is said here once::

    table = "photometry"                # or "sources"
    observatory = "chandra"             # or rows by a column, see [rows]
    format = "tab"                      # csv tab basic no_header ecsv votable fits
    names = ["a", "b"]                  # for format no_header
    delimiter = "&"                     # where it is another
    comment = "#"                       # cut each line there
    [columns]                           # schema column = column of the file
    time = "time"
    value = "flux"
    value_err = "dflux"                 # or value_err_plus and value_err_minus
    [constants]                         # schema column = value for every row
    object = "GRB 130427A"
    [time]
    format = "since"                    # iso mjd jd since chandra interval
    scale = "utc"                       # utc tt tdb
    t0 = "2013-04-27T07:47:06"          # with format since
    unit = "s"                          # with format since: s min h d
    [unit]
    value = "1e-13 erg / (cm2 s)"       # or: column = "flux_units"
    values = {"erg/cm^2/sec" = "erg / (cm2 s)"}
    [band]
    kev = [0.3, 10.0]                   # or nm = [..], or filter = "UVW1"
    column = "energy_range"             # with values = {"0.3-10keV" = {kev = [..]}}
    [limit]
    convention = "flag"                 # flag zero-value zero-error negative-error none
    column = "flux_limit"               # flag: limit where equals; zero-value: limit here
    equals = "1"
    confidence = 0.9973
    [rows]
    column = "instrument"               # rows of other values are left out, counted
    values = {Chandra = "chandra", XRT = "swift"}

A wrong or missing entry is a MappingError that names it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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
    """One mapping file, checked; sections as plain dictionaries."""

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
        """Return a section; empty where the file has none."""
        return self.sections.get(name, {})


def read_mapping(path: Path) -> TableMapping:
    """Return the mapping of a TOML or YAML file; MappingError names what is wrong."""
    try:
        raw = path.read_text(encoding="utf-8")
        content = tomllib.loads(raw) if path.suffix == ".toml" else yaml.safe_load(raw)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise MappingError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{path.name} holds no sections")
    return _checked(content)


def _checked(content: dict[str, Any]) -> TableMapping:
    _only("mapping", content, TOP)
    for name, keys in SECTIONS.items():
        section = content.get(name, {})
        if not isinstance(section, dict):
            raise MappingError(f"[{name}] is no section")
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
        raise MappingError("neither `observatory` nor [rows] tells whose data it is")
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
