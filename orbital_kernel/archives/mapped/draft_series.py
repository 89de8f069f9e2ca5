"""Several value columns of one table, a series each: six filters of UVOT, several bands.

A column is of a series if its name is that of a filter or names a band, alone or beside a
word for values, errors, exposures or limits: `UVW2`, `e_UVW2`, `uvm2_mag`, `flux_0.5-2keV`,
`soft_flux_err`. Two series make a table of series; a letter alone (`U`, `B`, `V`) is a
filter only beside one with a longer name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from orbital_kernel.archives.mapped import notation, toml_text
from orbital_kernel.archives.mapped.bands import FILTERS_NM
from orbital_kernel.archives.mapped.blanks import BLANK
from orbital_kernel.archives.mapped.guesses import ERROR, MINUS, PLUS, VALUE, has_unit
from orbital_kernel.archives.mapped.headings import band, heading, unit
from orbital_kernel.archives.mapped.layout import Layout
from orbital_kernel.archives.mapped.units import is_kept

_FILTERS = {
    **{name.lower(): name for name in FILTERS_NM},
    "w2": "UVW2",
    "m2": "UVM2",
    "w1": "UVW1",
    "wh": "WHITE",
}
_LETTERS = {"U", "B", "V"}
_BANDS = ("soft", "medium", "hard", "broad", "total", "full")
_PART = (
    rf"(?:(?P<name>{'|'.join(_FILTERS)}|{'|'.join(_BANDS)})"
    r"|(?P<low>\d+\.?\d*) ?(?:-|to| ) ?(?P<high>\d+\.?\d*) ?(?P<unit>kev|ev))"
)
_ROLES = {
    "value_err_plus": rf"(?:{VALUE} )?(?:{ERROR} ?{PLUS}|{PLUS} ?{ERROR})",
    "value_err_minus": rf"(?:{VALUE} )?(?:{ERROR} ?{MINUS}|{MINUS} ?{ERROR})",
    "value_err": rf"(?:{VALUE} ?)?{ERROR}|{ERROR} ?{VALUE}|[de]{VALUE}|[de]",
    "exposure_s": r"exp|exposure( time)?|livetime",
    "limit": r"(?:is )?(?:ul|upper ?lim(?:it)?|lim(?:it)?|uplim)(?: flag)?",
    "value": rf"(?:{VALUE})?",
}
"""What the other words of a name mean."""


@dataclass
class Drafted:
    """One series: its band and the columns by their meaning."""

    name: str
    band: dict[str, Any]
    quantity: str
    columns: dict[str, str] = field(default_factory=dict)


def series_of(shown: Layout) -> list[Drafted]:
    """Return the series of a table, of one quantity; none if it has not several."""
    drafted: dict[tuple[str, str], Drafted] = {}
    for column in shown.header:
        part = _part(shown, column)
        if part is not None:
            name, edges, role, quantity = part
            key = (name, quantity or _only(drafted, name))
            entry = drafted.setdefault(key, Drafted(name, edges, key[1]))
            entry.columns.setdefault(role, column)
    complete = [s for s in drafted.values() if "value" in s.columns]
    filters = {s.name for s in complete if "filter" in s.band}
    if filters <= _LETTERS and len(filters) < len(_LETTERS):
        complete = [s for s in complete if s.name not in filters]
    by_quantity: dict[str, list[Drafted]] = {}
    for entry in complete:
        by_quantity.setdefault(entry.quantity, []).append(entry)
    most = max(by_quantity.values(), key=len, default=[])
    return most if len(most) > 1 else []


def _part(shown: Layout, column: str) -> tuple[str, dict[str, Any], str, str] | None:
    """Return series, band, meaning and quantity of a column; None for other columns."""
    words = _words(column)
    match = re.search(rf"(?:^|(?<= )){_PART}(?= |$)", words)
    if match is None:
        return None
    others = " ".join((words[: match.start()] + " " + words[match.end() :]).split())
    cells = shown.cells(column)
    role = next((r for r, form in _ROLES.items() if re.fullmatch(form, others)), None)
    if (
        role is None
        or not cells
        or not (role == "limit" or all(map(_is_number, cells)))
    ):
        return None
    if role == "exposure_s" and not has_unit(shown, column):
        return None
    quantity = next((q for q in ("mag", "flux", "rate") if q in others), "")
    if match["name"] in _FILTERS:
        name = _FILTERS[match["name"]]
        return name, {"filter": name}, role, quantity
    if edges := band(match[0]) or (band(column) if match["low"] else None):
        name = f"{edges[0]:g}-{edges[1]:g} keV"
        return name, {"kev": list(edges)}, role, quantity
    return match[0], {"name": match[0], "kev": BLANK}, role, quantity


def _words(column: str) -> str:
    """Return a heading in lower case, its words apart, without its unit."""
    name = heading(column).name
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name).lower()
    name = re.sub(r"(\d)_(\d)", r"\1 \2", name)
    return " ".join(re.sub(r"[_*,()\[\]]+", " ", name).split())


def _only(drafted: dict[tuple[str, str], Drafted], name: str) -> str:
    """Return the quantity of the only series of that name so far; '' of several or none."""
    quantities = [quantity for series, quantity in drafted if series == name]
    return quantities[0] if len(quantities) == 1 else ""


def _is_number(cell: str) -> bool:
    try:
        notation.measured(cell)
    except ValueError:
        return False
    return True


def lines(shown: Layout, series: list[Drafted]) -> Iterator[str]:
    """Yield the [[series]] of a mapping, each guess with its reason."""
    for entry in series:
        yield "\n[[series]]"
        for meaning, column in entry.columns.items():
            if meaning != "limit":
                yield f"{meaning} = {toml_text.text(column)}  # by its name"
        if own := own_unit(shown, entry.columns["value"]):
            yield f"unit = {toml_text.text(own)}  # the table's own"
        yield from _band(entry)
        if "filter" in entry.band:
            yield 'instrument = "UVOT"  # by the filter'
        if limit := entry.columns.get("limit"):
            rule = {"convention": "flag", "column": limit}
            yield f"limit = {toml_text.table(rule)}  # by its name; or zero-value, if it holds limits"


def _band(entry: Drafted) -> Iterator[str]:
    edges = toml_text.table(entry.band)
    why = "[low, high], such as [0.3, 10.0]" if BLANK in edges else "by the names"
    yield f"band = {edges}  # {why}"


def own_unit(shown: Layout, column: str) -> str | None:
    """Return the unit that the table states for a column, if values are kept in it."""
    if column in shown.units:
        return unit(shown.units[column]) or shown.units[column]
    read = heading(column).unit
    return read if read and is_kept(read) else None
