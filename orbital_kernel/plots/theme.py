"""The style of every figure, and the mark of simulated rows."""

import itertools
import math
import re
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from bokeh.embed import file_html
from bokeh.models import (
    BasicTickFormatter,
    CustomJSTicker,
    CustomJSTickFormatter,
    Label,
    Legend,
    Node,
    Title,
)
from bokeh.plotting import figure
from bokeh.resources import INLINE

from orbital_kernel.model.times import utc_from_tt
from orbital_kernel.science.columns import simulated

# Okabe & Ito's colours: distinct to colour-blind eyes, and in grey.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#4D4D4D"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
OBSERVATORIES = {"swift": BLUE, "chandra": VERMILION, "fermi": GREEN}
CAUSES = {
    "burst": VERMILION,
    "glitch": GREY,
    "turn-on": ORANGE,
    "saa": PURPLE,
    "known-source": GREEN,
    "unknown": SKY,
}
STATES = {
    "ok": GREEN,
    "absent": "#6B7280",
    "unknown": PURPLE,
    "warn": ORANGE,
    "bad": VERMILION,
}
"""Colours of health and quality, the same in figures and widgets."""
INK, PALE, GRID, FAINT = "#2B2F36", "#6B7280", "#E5E7EB", "#9CA3AF"
FONT = "Helvetica, Arial, sans-serif"
HEIGHT = 430
LINE_LETTERS = 115
MOST_IN_A_ROW = 6
ROW_PX, LETTER_PX, MARK_PX = 620, 7, 48
"""Width of a legend that a plot in a notebook has room for, of a letter, and of a mark."""
LEGEND_ROW_PX = 38
"""Height of one more row of a legend, which the figure gains and the axes do not lose."""
_MARKUP = re.compile(r"[^\w\s.,:/()+-]")
SIMULATED = "SIMULATED"
PAGE = """
{% block postamble %}<style>
  h1 { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  @media screen and (prefers-color-scheme: dark) {
    body { background: #121212 }
    [data-root-id] > * { filter: invert(0.93) hue-rotate(180deg); } }
</style>{% endblock %}
{% block contents %}<main><h1>{{ title | e }}</h1>{{ super() }}</main>{% endblock %}
"""
"""A page of one figure. In the dark lightness is inverted and hues stay, as in notebooks."""


def canvas(
    title: str,
    *frames: pl.DataFrame | None,
    x_axis_label: str = "",
    y_axis_label: str = "",
    x_axis_type: str = "auto",
    y_axis_type: str = "auto",
    x_range: Any = None,
    y_range: Any = None,
    width: int | None = None,
    height: int = HEIGHT,
    frame_width: int | None = None,
    frame_height: int | None = None,
    sizing_mode: str | None = "stretch_width",
    tools: str = "pan,wheel_zoom,box_zoom,reset,save",
    active_drag: str | None = "box_zoom",
) -> Any:
    """Return an empty figure in the common style, marked if any row is simulated.

    Parameters
    ----------
    title
        Title of the figure.
    *frames
        Frames that the figure draws; their column `simulated` decides the mark.
    x_axis_label, y_axis_label
        Labels with units.
    x_axis_type, y_axis_type
        'auto' (default), 'linear', 'log' or 'datetime'.
    x_range, y_range
        Ranges of the axes; by default they follow the data.
    width, height
        Size of the figure, pixels; `width` counts only with sizing_mode='fixed'.
    frame_width, frame_height
        Size of the area within the axes, pixels; by default it follows the figure's.
    sizing_mode
        'stretch_width' (default), 'fixed', or None for a fixed size.
    tools
        Names of Bokeh's tools.
    active_drag
        Tool that a drag uses, or None.

    Returns
    -------
    bokeh.plotting.figure
        The figure, without glyphs.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel.plots.theme import canvas
    >>> canvas("Rates", pl.DataFrame({"simulated": [True]})).title.text
    'SIMULATED · Rates'
    """
    any_simulated = simulated(*frames)
    sizes = {"width": width, "frame_width": frame_width, "frame_height": frame_height}
    ranges = {"x_range": x_range, "y_range": y_range}
    given = {k: v for k, v in (sizes | ranges).items() if v is not None}
    drawn = figure(
        title=f"{SIMULATED} · {title}" if any_simulated else title,
        x_axis_label=x_axis_label,
        y_axis_label=y_axis_label,
        x_axis_type=x_axis_type,
        y_axis_type=y_axis_type,
        height=height,
        sizing_mode=sizing_mode,
        tools=tools,
        active_drag=active_drag,
        toolbar_location="right",
        **given,
    )
    dress(drawn)
    if any_simulated:
        _watermark(drawn)
    return drawn


def dress(drawn: Any) -> None:
    """Set fonts, ink and grid."""
    drawn.title.text_font_size, drawn.title.text_color = "15px", INK
    drawn.title.text_font, drawn.title.text_font_style = FONT, "bold"
    drawn.outline_line_color = None
    drawn.grid.grid_line_color = GRID
    drawn.toolbar.logo = None
    drawn.min_border_left = 70
    for axis in drawn.axis:
        dress_axis(axis)


def dress_axis(axis: Any) -> None:
    """Set one axis' fonts and ink, and write numbers out up to 10 million."""
    if isinstance(axis.formatter, BasicTickFormatter):
        axis.formatter.power_limit_high = 7
    axis.axis_label_text_font_style, axis.axis_label_text_font = "normal", FONT
    axis.axis_label_text_font_size, axis.major_label_text_font_size = "13px", "12px"
    axis.axis_label_text_color, axis.major_label_text_color = INK, INK
    axis.major_label_text_font = FONT
    axis.axis_line_color = axis.major_tick_line_color = PALE
    axis.minor_tick_line_color = GRID


def note(drawn: Any, text: str) -> None:
    """Write a text under the title, in lines that fit; of several, the last is highest."""
    if text:
        small = Title(
            text="\n".join(textwrap.wrap(text, LINE_LETTERS)) or text,
            text_font_size="12px",
            text_font_style="normal",
            text_color=PALE,
            text_font=FONT,
        )
        drawn.add_layout(small, "above")


def legend(drawn: Any, items: Iterable[tuple[str, list[Any]]]) -> None:
    """Put a legend above the plot; a click hides what it names."""
    entries = [(name, renderers) for name, renderers in items if renderers]
    if not entries:
        return
    box = Legend(
        items=entries,
        orientation="horizontal",
        click_policy="hide",
        border_line_color=None,
        label_text_font_size="12px",
        label_text_font=FONT,
        label_text_color=INK,
        padding=2,
        spacing=18,
        margin=4,
        location="top_left",
    )
    widths = [MARK_PX + LETTER_PX * len(name) for name, _ in entries]
    if len(entries) > MOST_IN_A_ROW or sum(widths) > ROW_PX:
        box.ncols = min(max(ROW_PX // max(widths), 1), MOST_IN_A_ROW)
        drawn.height += LEGEND_ROW_PX * (math.ceil(len(entries) / box.ncols) - 1)
    drawn.add_layout(box, "above")


def colors(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name: observatories and causes have fixed ones, others cycle."""
    fixed, listed = OBSERVATORIES | CAUSES, list(names)
    used = {fixed[name.lower()] for name in listed if name.lower() in fixed}
    free = itertools.cycle([color for color in CYCLE if color not in used] or CYCLE)
    return {name: fixed.get(name.lower()) or next(free) for name in listed}


def utc_ms(times: pl.Series) -> Any:
    """Return TT times as UTC for Bokeh's datetime axes: milliseconds since 1970 as floats."""
    utc = utc_from_tt(times.cast(pl.Datetime("ns")).to_numpy())
    ms = utc.astype("datetime64[us]").astype(np.int64) / 1000
    return np.where(np.isnat(utc), np.nan, ms)


def literal(text: str) -> str:
    """Return a text for the template of a tooltip, where it shows just as it is.

    Templates are HTML with placeholders such as `@x`; whatever may be part of either
    becomes a character reference.
    """
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)


def unit_label(unit: str | None) -> str:
    """Return a unit as people write it: 'erg / (s cm2)' is 'erg cm⁻² s⁻¹'."""
    pretty = {
        "erg / (s cm2)": "erg cm⁻² s⁻¹",
        "erg / (cm2 s)": "erg cm⁻² s⁻¹",
        "erg / cm2": "erg cm⁻²",
        "ph / (s cm2)": "photons cm⁻² s⁻¹",
        "ph / (cm2 s)": "photons cm⁻² s⁻¹",
        "ct / s": "counts s⁻¹",
        "count / s": "counts s⁻¹",
        "count / (cm2 s)": "counts cm⁻² s⁻¹",
        "ct / (s cm2)": "counts cm⁻² s⁻¹",
        "count / (s det)": "counts s⁻¹ detector⁻¹",
    }
    return pretty.get(unit or "", unit or "no unit given")


def to_html(drawn: Any, *, title: str = "Orbital") -> str:
    """Return an HTML page with a figure or layout and Bokeh's scripts, for offline use.

    Parameters
    ----------
    drawn
        A Bokeh figure or layout.
    title
        Title of the page.

    Returns
    -------
    str
        The page.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> figure = plots.sky_map(orbital.table("swift.sources"))
    >>> plots.to_html(figure).lstrip()[:15]
    '<!DOCTYPE html>'
    """
    return str(file_html(drawn, INLINE, title, template=PAGE))


def log_axis(axis: Any) -> None:
    """Tick a logarithmic axis at 1, 2, 5 or at decades, labelled with powers of ten."""
    axis.ticker = CustomJSTicker(major_code=_MAJOR, minor_code=_MINOR)
    axis.formatter = CustomJSTickFormatter(code=_POWERS)


def _watermark(drawn: Any) -> None:
    middle = Node(target="frame", symbol="center")
    drawn.add_layout(
        Label(
            x=middle,
            y=middle,
            text=SIMULATED,
            text_align="center",
            text_baseline="middle",
            text_font_size="72px",
            text_font=FONT,
            text_font_style="bold",
            text_color=FAINT,
            text_alpha=0.2,
        )
    )


_MAJOR = """
const low = Math.log10(Math.min(cb_data.range.start, cb_data.range.end))
const high = Math.log10(Math.max(cb_data.range.start, cb_data.range.end))
const step = Math.max(1, Math.ceil((high - low) / 9))
const mantissas = high - low > 3 ? [1] : high - low > 1.2 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9]
const ticks = []
for (let e = Math.floor(low / step) * step; e <= high; e += step)
  for (const m of mantissas) ticks.push(m * 10 ** e)
return ticks
"""
_MINOR = """
const low = Math.floor(Math.log10(Math.min(cb_data.range.start, cb_data.range.end)))
const high = Math.log10(Math.max(cb_data.range.start, cb_data.range.end))
const ticks = []
if (high - low < 13)
  for (let e = low; e <= high; e++)
    for (let m = 2; m < 10; m++) ticks.push(m * 10 ** e)
return ticks
"""
_POWERS = """
const e = Math.floor(Math.log10(tick) + 1e-9)
const m = Math.round(tick / 10 ** e * 100) / 100
if (e >= -2 && e < 4) return String(Math.round(tick * 1e4) / 1e4)
const power = "10" + String(e).replace(/./g, c => c == "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])
return m == 1 ? power : m + "\u00d7" + power
"""
