"""The marks of a light curve: detections with errors, limits with arrows, what they say."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.models import ColumnDataSource, HoverTool

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import Reals, times_of
from orbital_kernel.plots.curve_crowd import Thinning

LIMITS = "upper limits"
CROWD = 200
ARROW_MAG = 0.5
"""Length of the arrow of a limit in magnitudes, which points to fainter ones."""
MARKS = {"WT": "square", "PC": "circle", "HETG": "diamond", "net": "dot"}
"""The mark of a mode; others are circles."""
TEXTS = (
    *("observatory", "instrument", "mode", "obs_id"),
    *("band", "time_rule", "reference"),
)
"""Columns of text in a tooltip."""
NUMBERS = {"model": "value_err_model", "exposure": "exposure_s"}
"""Numbers in a tooltip, and the column that each is of."""


def draw_points(
    drawn: Any,
    rows: pl.DataFrame,
    thin: Thinning,
    *,
    color: str,
    floor: float,
) -> list[Any]:
    """Draw detections with their errors; return what a legend click hides."""
    renderers, scale = [], thin.scale
    size = 5 if rows.height > CROWD else 8
    for (mode,), points in rows.group_by("mode", maintain_order=True):
        part = thin(points)
        source = ColumnDataSource(_columns(part, scale=scale))
        bar = {"line_width": 1.3, "color": color, "alpha": 0.55}
        ends = _error_bars(part, scale=scale, floor=floor, wide=_has_widths(points))
        renderers += [
            drawn.line("x", "y", source=ColumnDataSource(_path(*bars)), **bar)
            for bars in ends
        ]
        marks = drawn.scatter(
            "x",
            "y",
            source=source,
            marker=MARKS.get(str(mode), "circle"),
            size=size,
            line_color=color,
            fill_color=color,
            line_width=0.5,
            fill_alpha=0.85,
        )
        drawn.add_tools(_hover(marks, part, limit=False))
        renderers.append(marks)
    return renderers


def draw_limits(
    drawn: Any,
    limits: pl.DataFrame,
    thin: Thinning,
    *,
    color: str,
    floor: float,
) -> list[Any]:
    """Draw upper limits as open triangles with arrows pointing down, faint in a crowd."""
    if limits.is_empty():
        return []
    rows = thin(limits)
    crowded = limits.height > CROWD
    size, alpha = (6, 0.25) if crowded else (10, 0.55)
    source = ColumnDataSource(_columns(rows, scale=thin.scale, floor=floor))
    bar = {"line_width": 1.3, "source": source, "color": color, "alpha": alpha}
    marks = drawn.scatter(
        "x",
        "y",
        source=source,
        marker="inverted_triangle",
        size=size,
        line_color=color,
        line_alpha=2 * alpha if crowded else 1.0,
        fill_color="white",
        fill_alpha=alpha if crowded else 1.0,
        line_width=1.5,
    )
    drawn.add_tools(_hover(marks, rows, limit=True))
    widths = [("left", "y", "right", "y")] if _has_widths(rows) else []
    arrows = [("x", "arrow", "x", "y")]
    return [*(drawn.segment(*ends, **bar) for ends in (*widths, *arrows)), marks]


def _columns(
    rows: pl.DataFrame, *, scale: str, floor: float | None = None
) -> dict[str, Any]:
    """Return the columns of detections or, with the bottom of the plot, of limits.

    What is the same for all points, or missing, has no column: a tooltip has it as text.
    """
    value = rows["value"].to_numpy()
    x, left, right = times_of(rows, scale)
    if floor is None:
        more = dict(zip(("plus", "minus"), _errors(rows), strict=True))
    else:
        more = {"arrow": _fainter(rows, value, floor)}
        if _has_widths(rows):
            more |= {"left": left, "right": right}
    varying = _varying(rows)
    return {
        "x": x,
        "y": value,
        **more,
        **_dates(rows),
        "days": rows["since_s"].to_numpy() / 86400,
        **{
            name: rows[column].fill_null(float("nan")).to_numpy()
            for name, column in NUMBERS.items()
            if column in varying
        },
        **{
            name: rows[name].fill_null("").to_list()
            for name in TEXTS
            if name in varying
        },
    }


def _fainter(rows: pl.DataFrame, value: Reals, floor: float) -> Reals:
    """Return the ends of the arrows of limits: smaller fluxes, larger magnitudes."""
    if str(rows["unit"].drop_nulls().first()).startswith("mag"):
        return value + ARROW_MAG
    return np.asarray(np.maximum(value / 1.6, floor))


def _errors(rows: pl.DataFrame) -> tuple[Reals, Reals]:
    """Return the errors of values, up and down."""
    plus, minus = (
        rows[f"value_err_{side}"].fill_null(0.0).to_numpy()
        for side in ("plus", "minus")
    )
    return plus, minus


def _error_bars(
    rows: pl.DataFrame, *, scale: str, floor: float, wide: bool
) -> list[tuple[Reals, Reals, Reals, Reals]]:
    """Return x0, y0, x1, y1 of errors, and of widths in time of a series that has some.

    A lower end below zero is at the bottom of the plot.
    """
    y, (plus, minus) = rows["value"].to_numpy(), _errors(rows)
    x, left, right = times_of(rows, scale)
    errors = (x, np.maximum(y - minus, floor), x, y + plus)
    return [(left, y, right, y), errors] if wide else [errors]


def _path(x0: Reals, y0: Reals, x1: Reals, y1: Reals) -> dict[str, Reals]:
    """Return bars as one broken line: a browser draws it at once, not bar by bar."""
    gap = np.full(len(x0), np.nan)
    return {
        "x": np.column_stack([x0, x1, gap]).ravel(),
        "y": np.column_stack([y0, y1, gap]).ravel(),
    }


def _varying(rows: pl.DataFrame) -> set[str]:
    """Return the columns of tooltips that differ between points."""
    columns = (*TEXTS, *NUMBERS.values())
    counts = rows.select(pl.col(columns).n_unique()).row(0, named=True)
    return {name for name, number in counts.items() if number > 1}


def _has_widths(rows: pl.DataFrame) -> bool:
    """Return whether any point has a width in time."""
    widths = ("time_err_plus_s", "time_err_minus_s")
    return any(bool((rows[name].fill_null(0.0) != 0).any()) for name in widths)


def _dates(rows: pl.DataFrame) -> dict[str, Any]:
    """Return UTC in ms, rounded to s; as text if points without a date are among them."""
    times = rows["time"]
    if times.null_count() == len(times):
        return {}
    if times.null_count():
        return {"utc": [text or "" for text in to_utc_iso(times.to_numpy(), unit="s")]}
    return {"utc": np.round(theme.utc_ms(times) / 1000) * 1000}


def _hover(marks: Any, part: pl.DataFrame, *, limit: bool) -> HoverTool:
    unit = theme.literal(theme.unit_label(part["unit"].drop_nulls().first()))  # type: ignore[arg-type]
    value = (
        "< @y{%.3g}" if limit else "@y{%.3g}  +@plus{%.2g} \N{MINUS SIGN}@minus{%.2g}"
    )
    names = " ".join(_text(part, name) for name in TEXTS[:4])
    lines = [
        ("", names.strip()),
        ("UTC", _date(part)),
        ("since T0", "@days{0,0.0000} d"),
        ("upper limit" if limit else "value", f"{value} {unit}"),
        ("band", _text(part, "band")),
        ("band conversion", _number(part, "model", "± {} " + unit, "%.2g")),
        ("exposure", _number(part, "exposure", "{} s", "%.1f")),
        ("time rule", _text(part, "time_rule")),
        ("source", _text(part, "reference")),
    ]
    printed = ("y", "plus", "minus", *NUMBERS)
    return HoverTool(
        renderers=[marks],
        tooltips=[line for line in lines if line[1]],
        formatters={f"@{name}": "printf" for name in printed} | {"@utc": "datetime"},
    )


def _text(rows: pl.DataFrame, name: str) -> str:
    """Return the text that all points have, else the column's place."""
    values = rows[name].unique()
    return f"@{name}" if len(values) > 1 else theme.literal(values[0] or "")


def _number(rows: pl.DataFrame, name: str, text: str, form: str) -> str:
    """Return a number that all points have, else the column's place; '' without any."""
    values = rows[NUMBERS[name]].unique()
    if len(values) > 1:
        return text.format(f"@{name}{{{form}}}")
    return "" if values[0] is None else text.format(form % values[0])


def _date(rows: pl.DataFrame) -> str:
    missing = rows["time"].null_count()
    if missing == len(rows):
        return ""
    return "@utc" if missing else "@utc{%FT%T}"
