"""Lowest and highest value of columns, as text such as '5 to 100' or '5 to'."""

import re
from typing import Any

import ipywidgets as widgets
from traitlets import TraitError

from orbital_kernel.model import schema
from orbital_widgets.paint import problem
from orbital_widgets.selection import RANGED, Selection, range_text

NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
RANGE = re.compile(rf"{NUMBER}?\s*(?:to|\.\.|…)\s*{NUMBER}?", re.IGNORECASE)


class RangeFields:
    """A field for each column of the table that can be limited."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.fields = {name: self._field(name) for name in RANGED}
        self._problem = widgets.HTML()
        layout = widgets.Layout(flex_flow="row wrap")
        box = widgets.Box(tuple(self.fields.values()), layout=layout)
        self.widget = widgets.VBox((box, self._problem))
        self.widget.add_class("orbital-ranges")
        selection.observe(lambda _: self._read(), ("ranges", "table"))
        self._read()

    def _field(self, name: str) -> widgets.Text:
        entry = widgets.Text(
            description=name,
            placeholder="low to high",
            continuous_update=False,
            tooltip=f"only rows whose {name} is in this range",
        )
        entry.layout.width = "220px"
        entry.observe(lambda change: self._write(name, change["new"]), "value")
        return entry

    def _write(self, name: str, text: str) -> None:
        ranges = self.selection.ranges
        if text == _shown(ranges.get(name)):
            return
        try:
            ends = parse_range(name, text)
            with self.selection.lock:
                self.selection.ranges = {**ranges, name: ends}
        except (TraitError, ValueError) as error:
            self._problem.value = problem(str(error), mark="")
        else:
            self._problem.value = ""

    def _read(self) -> None:
        self._problem.value = ""
        table = schema.table(f"any.{self.selection.table}")
        columns = {column.name: column for column in table.columns}
        for name, entry in self.fields.items():
            entry.layout.display = "" if name in columns else "none"
            entry.value = _shown(self.selection.ranges.get(name))
            if name in columns:
                unit = columns[name].unit
                entry.description = f"{name} ({unit})" if unit else name


def parse_range(name: str, text: str) -> tuple[float | None, float | None]:
    """Return the ends of a range, None where open; ValueError in words."""
    if not text.strip():
        return None, None
    match = RANGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"a range of {name} is written as 5 to 100, 5 to, or to 100, not {text!r}"
        )
    low, high = (None if end is None else float(end) for end in match.groups())
    return low, high


def _shown(ends: Any) -> str:
    return "" if ends is None else range_text(ends)
