"""The mapping language: every key with its kinds, its choices and its meaning.

This is the one list of keys. `mapping.py` checks files against it; `keys` and
`mapping.reference` make help and guide of it.
"""

# ruff: noqa: RUF009  `key` and `group` return fields of dataclasses

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

TARGETS = ("photometry", "sources", "observations", "intervals", "events")
TEXT_FORMATS = ("csv", "tab", "basic", "no_header", "latex", "pasted")
BINARY_FORMATS = ("votable", "fits")
FORMATS = (*TEXT_FORMATS, "ecsv", *BINARY_FORMATS)
TIME_FORMATS = ("iso", "mjd", "jd", "since", "chandra", "swift", "interval")
SCALES = ("utc", "tt", "tdb")
CONVENTIONS = ("none", "flag", "zero-value", "zero-error", "negative-error", "sign")

Choices = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """One key of the language.

    Attributes
    ----------
    section : str
        Its section; '' for a key at the top of the file.
    name : str
        The key.
    kinds : tuple of str
        What a value may be: 'text', 'number', 'list', 'section', …
    doc : str
        What it means, in words.
    choices : tuple of str
        The values that are possible; empty if any is.
    formats : tuple of str
        The formats that take it; empty if all do.
    """

    section: str
    name: str
    kinds: tuple[str, ...]
    doc: str
    choices: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()


def key(
    doc: str,
    *kinds: str,
    choices: tuple[str, ...] = (),
    formats: tuple[str, ...] = (),
    default: Any = None,
) -> Any:
    """Return a field of a section; `kinds` are names of `KINDS`."""
    notes = {
        "doc": doc,
        "kinds": kinds or ("text",),
        "choices": choices,
        "formats": formats,
    }
    return field(default=default, metadata=notes)


def group(doc: str) -> Any:
    """Return a field that is a section of names and values."""
    return field(default_factory=dict, metadata={"doc": doc, "kinds": ("section",)})


@dataclass(frozen=True)
class Time:
    """How the table writes times."""

    format: str | None = key(
        "iso (2013-04-27T07:47:06.5, also with an offset such as +02:00, and "
        "2012:123:04:05:06), mjd, jd, since (elapsed since `t0`), chandra or swift (the "
        "observatory's clock, s) or interval (dates as in '2005 Jan 3-5')",
        choices=TIME_FORMATS,
    )
    scale: str | None = key(
        "scale of the times; format swift may leave it out: its clock is turned into UTC "
        "by the correction UTCF, of the column or constant `utcf_s` or of the header's "
        "UTCFINIT; tdb means barycentred times",
        choices=SCALES,
    )
    t0: str | None = key(
        "date and time (UTC) of zero for format since; unknown keeps the elapsed time "
        "and no date"
    )
    unit: str | None = key(
        "unit of format since, and of time errors; the default is the column's unit, "
        "else d for mjd and jd, else s",
        choices=("s", "min", "h", "d"),
    )


@dataclass(frozen=True)
class Unit:
    """Units of values, where the table does not state them, or to check what it states."""

    value: str | None = key(
        "unit of all values in FITS style, with a factor if needed, such as "
        "1e-13 erg / (cm2 s)"
    )
    column: str | None = key("the column that names the unit of each row")
    values: Choices = group("unit as the table writes it = unit in FITS style")
    columns: Choices = group(
        "column of Orbital = its unit in the table, such as exposure_s = 'ks'"
    )
    override: bool = key(
        "true: the units that the table states are wrong, those given here hold",
        "true or false",
        default=False,
    )


@dataclass(frozen=True)
class Band:
    """Energy or wavelength of the values."""

    kev: Any = key("band edges [low, high], or one energy, keV", "list", "number")
    nm: Any = key("band edges [low, high], or one wavelength, nm", "list", "number")
    ghz: Any = key("band edges [low, high], or one frequency, GHz", "list", "number")
    filter: str | None = key("name of a filter of UVOT, such as UVW1")
    name: str | None = key("name of the band; the default is its edges")
    column: str | None = key("the column that names the band of each row")
    values: Choices = group(
        "band as the table writes it = {kev = [..]}, {nm = [..]} or {filter = '..'}"
    )


@dataclass(frozen=True)
class Limit:
    """How the table marks upper limits."""

    convention: str = key(
        "none; flag (a limit if `column` is `equals`); zero-value (no positive value "
        "beside a positive limit in `column`); zero-error; negative-error; sign (values "
        "such as <3.2, or >21.5 of magnitudes), which holds for none as well",
        choices=CONVENTIONS,
        default="none",
    )
    column: str | None = key("the column of the flag, or of the limits")
    equals: Any = key(
        "the flag of a limit, or a list of them; by default any spelling of true (1, T, "
        "yes, ...), '<', 'UL' or 'limit'; other flags are then an error",
        "text", "number", "true or false", "list",
    )  # fmt: skip
    confidence: float | None = key("confidence of the limits, 0 to 1", "number")
    side: str = key(
        "upper; lower limits are refused: no table has a place for them",
        choices=("upper", "lower"),
        default="upper",
    )


@dataclass(frozen=True)
class Rows:
    """Whose data each row is, for tables of several observatories."""

    column: str | None = key("the column that says whose data each row is")
    values: Choices = group(
        "value = observatory; rows of other values are skipped and counted"
    )


@dataclass(frozen=True)
class Series:
    """One value column of a table that has several: [[series]], once for each."""

    value: str | None = key("the column of values")
    value_err: str | None = key("the column of errors")
    value_err_plus: str | None = key("the column of upper errors")
    value_err_minus: str | None = key("the column of lower errors")
    exposure_s: str | None = key("the column of exposures")
    instrument: str | None = key("the instrument's name")
    mode: str | None = key("the read-out mode")
    unit: Any = key("a unit, or a section as [unit]", "text", "section")
    band: Band | None = key("a section as [band]", "section")
    limit: Limit | None = key("a section as [limit]", "section")


@dataclass(frozen=True)
class TableMapping:
    """One mapping file, checked. Sections that it does not have are empty."""

    table: str = key("the table that the rows go to", choices=TARGETS, default="")
    format: str = key(
        "format of the file, as astropy reads it; basic is separated by blanks, latex by "
        "&; pasted is text copied from a page, with blanks within cells too",
        choices=FORMATS,
        default="",
    )
    observatory: str | None = key(
        "whose data the rows are; else [rows] says it of each row"
    )
    names: tuple[str, ...] = key(
        "names of the columns, in place of a header line's",
        "list", formats=TEXT_FORMATS, default=(),
    )  # fmt: skip
    delimiter: str | None = key(
        "the sign between columns, if it is not the format's",
        formats=("csv", "basic", "no_header"),
    )
    comment: Any = key(
        "sign from which a line is ignored, such as '#', or a list of them",
        "text", "list", formats=TEXT_FORMATS,
    )  # fmt: skip
    skip_lines: int = key(
        "how many lines at the top are not of the table",
        "whole number", formats=TEXT_FORMATS, default=0,
    )  # fmt: skip
    extension: Any = key(
        "name or number of the table in the file; the default is the first",
        "text", "whole number", formats=BINARY_FORMATS,
    )  # fmt: skip
    missing: Any = key(
        "codes of missing values, such as [-99, 'INDEF']; or a section: column = codes, "
        "'*' for all columns",
        "list", "section", default=(),
    )  # fmt: skip
    columns: Choices = group(
        "column of Orbital = column of the table; or a list of names, of which the first "
        "that the table has is read; or a text of several, such as '{name}-{obs}'"
    )
    constants: Choices = group(
        "column of Orbital = one value for all rows; '{file}' is the file's name without "
        "its extensions"
    )
    aliases: Choices = group(
        "column of Orbital = {text in the table = text to store}, such as the names of "
        "one object"
    )
    time: Time = group(Time.__doc__ or "")
    unit: Unit = group(Unit.__doc__ or "")
    band: Band = group(Band.__doc__ or "")
    limit: Limit = group(Limit.__doc__ or "")
    rows: Rows = group(Rows.__doc__ or "")
    series: tuple[Series, ...] = key(Series.__doc__ or "", "list", default=())
    file: str = field(default="", metadata={"internal": True})

    @property
    def options(self) -> Mapping[str, Any]:
        """Return the keys that only some formats take, with what they are set to."""
        given = {k.name: getattr(self, k.name) for k in keys_of("") if k.formats}
        return {name: value for name, value in given.items() if value not in _UNSET}


_UNSET: tuple[Any, ...] = (None, (), 0)
SECTIONS: Mapping[str, type] = {
    "": TableMapping,
    "time": Time,
    "unit": Unit,
    "band": Band,
    "limit": Limit,
    "rows": Rows,
    "series": Series,
}
KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "whole number": (int,),
    "true or false": (bool,),
    "list": (list, tuple),
    "section": (dict,),
}


def keys_of(section: str) -> tuple[Key, ...]:
    """Return the keys of a section; '' is the top of the file."""
    return tuple(_keys(section, fields(SECTIONS[section])))


def keys() -> Iterator[Key]:
    """Yield every key of the language."""
    for section in SECTIONS:
        yield from keys_of(section)


def _keys(section: str, entries: tuple[Field[Any], ...]) -> Iterator[Key]:
    for entry in entries:
        if not entry.metadata.get("internal"):
            notes = {n: v for n, v in entry.metadata.items() if n != "doc"}
            yield Key(section, entry.name, doc=entry.metadata["doc"], **notes)
