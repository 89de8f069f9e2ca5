"""A light curve as HTML: sentences, and the tables below the figure."""

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING

from orbital_kernel.plots import theme
from orbital_widgets.curve_look import CurveLook
from orbital_widgets.frame_html import frame_html

if TYPE_CHECKING:
    import polars as pl

POINTS = (
    *("observatory", "instrument", "mode", "utc", "since_s", "value", "value_err_plus"),
    *("value_err_minus", "unit", "is_limit", "band", "exposure_s", "reference"),
)
CODE = "Copy as code"
FRAME_PX = 620
PANEL_PX = 220
COPY = (
    "const s = getSelection(); s.selectAllChildren(this.nextElementSibling);"
    "document.execCommand('copy'); this.textContent = 'Copied'"
)


def status(answer: CurveLook) -> str:
    """Return what to say about the points, and names that begin alike."""
    lines = [escape(text) for text in answer.words]
    if answer.problem:
        lines.insert(0, problem(answer.problem))
    if answer.near:
        lines.append(f"Names that begin alike: {escape(', '.join(answer.near))}.")
    return "<br>".join(lines)


def problem(text: str) -> str:
    """Return a problem in red, marked in words."""
    return f'<span style="color:#b00020"><b>Problem:</b> {escape(text)}</span>'


def _points(answer: CurveLook) -> str:
    return _frame(answer, "points", POINTS, "no points")


def _excluded(answer: CurveLook) -> str:
    return _frame(answer, "reasons", None, "no point is excluded")


def _neighbours(answer: CurveLook) -> str:
    return _frame(answer, "neighbours", None, "no other object lies nearby")


def _frame(
    answer: CurveLook, part: str, columns: tuple[str, ...] | None, empty: str
) -> str:
    if answer.curve is None:
        return "<i>no light curve</i>"
    frame: pl.DataFrame = getattr(answer.curve, part)
    return f"<i>{empty}</i>" if frame.is_empty() else frame_html(frame, columns)


def _code(answer: CurveLook) -> str:
    return f'<button onclick="{escape(COPY)}">Copy</button><pre>{escape(answer.code)}</pre>'


TABLES: Mapping[str, Callable[[CurveLook], str]] = {
    "Points": _points,
    "Excluded": _excluded,
    "Neighbours": _neighbours,
    CODE: _code,
}
"""The tables below the figure and what writes each."""


def page(answer: CurveLook) -> str:
    """Return a light curve as HTML that needs no kernel: figure and tables."""
    figure = ""
    if answer.figure is not None:
        drawn = theme.to_html(answer.figure, title="Light curve")
        height = FRAME_PX + PANEL_PX * len(answer.choice.panels)
        figure = (
            f'<iframe style="width:100%;height:{height}px;border:0" '
            f'title="light curve" srcdoc="{escape(drawn)}"></iframe>'
        )
    tables = "".join(f"<h4>{name}</h4>{html(answer)}" for name, html in TABLES.items())
    title = escape(answer.choice.object or "no object")
    return f"<h3>Light curve of {title}</h3>{status(answer)}{figure}{tables}"
