"""The explorer as a page that needs no kernel: parameters, rows and figure."""

import os
from html import escape
from typing import Any

from bokeh.layouts import column
from bokeh.models import ColumnDataSource

from orbital_kernel.plots import theme
from orbital_kernel.plots.equal_area import Field
from orbital_widgets import figures, sky_columns, words
from orbital_widgets.points import points, units
from orbital_widgets.results import Outcome
from orbital_widgets.selection import Selection
from orbital_widgets.sky_figure import SkyFigure, around
from orbital_widgets.table_html import table_html

PAGE_ROWS = 20
MAX_PLOTS = 3
MARGIN_PX = 40
NARROW, SKY_MARGIN = 3600.0, 1.6
"""Radius (arcmin) up to which the map shows the cone's field, and its margin."""


def is_static(*, choice: bool | None) -> bool:
    """Return `choice` if given, else whether ORBITAL_STATIC is set and not 0."""
    if choice is not None:
        return choice
    return os.environ.get("ORBITAL_STATIC", "0") not in {"", "0"}


def parameters_html(selection: Selection) -> str:
    """Return the parameters as an HTML list."""
    items = "".join(
        f"<dt><b>{escape(name)}</b></dt><dd>{escape(value)}</dd>"
        for name, value in selection.parameters().items()
    )
    return f"<dl>{items}</dl>"


def parameters_text(selection: Selection) -> str:
    """Return the parameters as plain text, one line each."""
    return "\n".join(f"{k}: {v}" for k, v in selection.parameters().items())


def bundle(selection: Selection, outcome: Outcome) -> dict[str, str]:
    """Return the explorer as text and as HTML."""
    return {
        "text/plain": twin_text(selection, outcome),
        "text/html": twin_html(selection, outcome),
    }


def twin_html(selection: Selection, outcome: Outcome) -> str:
    """Return parameters, problems, the first rows and the figure, BokehJS included."""
    problems = "".join(
        f"<p><b>Problem:</b> {escape(problem)}</p>" for problem in outcome.problems
    )
    summary = "".join(f"<p>{escape(line)}</p>" for line in words.summary(outcome))
    return (
        parameters_html(selection)
        + problems
        + summary
        + _rows_html(outcome)
        + _figure_html(selection, outcome)
    )


def twin_text(selection: Selection, outcome: Outcome) -> str:
    """Return parameters, problems and counts as plain text."""
    problems = (f"Problem: {problem}" for problem in outcome.problems)
    return "\n".join([parameters_text(selection), *problems, *words.summary(outcome)])


def _rows_html(outcome: Outcome) -> str:
    if outcome.frame.is_empty():
        return "<p><i>no rows</i></p>"
    remainder = len(outcome.frame) - PAGE_ROWS
    more = f"<p>and {remainder:,} more rows</p>" if remainder > 0 else ""
    return table_html(outcome.frame.head(PAGE_ROWS), outcome.table) + more


def _figure_html(selection: Selection, outcome: Outcome) -> str:
    """Return a separate document in a frame, which contains its own BokehJS."""
    drawn = _figure(selection, outcome)
    page = theme.to_html(drawn, title="Query explorer")
    height = len(drawn.children) * (figures.HEIGHT + MARGIN_PX)
    return f'<iframe style="width:100%;height:{height}px;border:0" srcdoc="{escape(page)}"></iframe>'


def _figure(selection: Selection, outcome: Outcome) -> Any:
    """Return one plot per unit, the most frequent first, above the map of the sky."""
    shown = units(outcome)[:MAX_PLOTS] or ("",)
    plots = [_plot(selection, outcome, unit) for unit in shown]
    return column(*plots, *_sky(selection, outcome), sizing_mode="stretch_width")


def _plot(selection: Selection, outcome: Outcome, unit: str) -> Any:
    shown = points(outcome, unit, theme.colors(selection.available))
    rows = ColumnDataSource(dict(shown.data))
    plot = figures.plot(outcome.table, rows, shown.x_scale, shown.y_scale)
    figures.dress(plot, outcome, unit)
    theme.note(plot, words.not_shown(shown))
    return plot


def _sky(selection: Selection, outcome: Outcome) -> tuple[Any, ...]:
    """Return the map, of the cone if there is one, or nothing if there are no positions."""
    drawn = SkyFigure()
    ra, dec, radius = selection.ra, selection.dec, selection.radius_arcmin
    if ra is not None and dec is not None and radius is not None and radius < NARROW:
        drawn.look(Field(ra, dec), around(SKY_MARGIN * radius / 60))
    drawn.rows.data = sky_columns.positions(outcome, selection.available, drawn.view)
    drawn.cone.data = sky_columns.cone(selection, drawn.view)
    if not len(drawn.rows.data["x"]) and not len(drawn.cone.data["x"]):
        return ()
    mark = f"{theme.SIMULATED} · " if outcome.simulated else ""
    drawn.figure.title.text = f"{mark}positions and cone"
    return (drawn.figure,)
