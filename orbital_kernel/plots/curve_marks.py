"""The marks of a light curve: detections with errors, limits with arrows, what they say."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.models import ColumnDataSource, HoverTool

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import times_of

LIMITS = "upper limits"
CROWD = 200
MARKS = {"WT": "square", "PC": "circle", "HETG": "diamond", "net": "dot"}
"""The mark of a mode; others are circles."""


def draw_points(
    drawn: Any, rows: pl.DataFrame, *, color: str, scale: str, floor: float
) -> list[Any]:
    """Draw detections with their errors; return what a legend click hides."""
    renderers = []
    size = 5 if rows.height > CROWD else 8
    for (mode,), part in rows.group_by("mode", maintain_order=True):
        source = ColumnDataSource(_columns(part, scale=scale, floor=floor))
        bar = {"line_width": 1.3, "source": source, "color": color, "alpha": 0.55}
        renderers.append(drawn.segment("left", "y", "right", "y", **bar))
        renderers.append(drawn.segment("x", "low", "x", "high", **bar))
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
    drawn: Any, rows: pl.DataFrame, *, color: str, scale: str, floor: float
) -> list[Any]:
    """Draw upper limits as open triangles with arrows pointing down."""
    if rows.is_empty():
        return []
    source = ColumnDataSource(_columns(rows, scale=scale, floor=floor))
    bar = {"line_width": 1.3, "source": source, "color": color, "alpha": 0.55}
    marks = drawn.scatter(
        "x",
        "y",
        source=source,
        marker="inverted_triangle",
        size=10,
        line_color=color,
        fill_color="white",
        line_width=1.5,
    )
    drawn.add_tools(_hover(marks, rows, limit=True))
    return [
        drawn.segment("left", "y", "right", "y", **bar),
        drawn.segment("x", "arrow", "x", "y", **bar),
        marks,
    ]


def _columns(rows: pl.DataFrame, *, scale: str, floor: float) -> dict[str, Any]:
    """Return the drawn columns; a lower bar below zero ends at the bottom of the plot."""
    value = rows["value"].to_numpy()
    plus, minus = (
        rows[f"value_err_{side}"].fill_null(0.0).to_numpy()
        for side in ("plus", "minus")
    )
    x, left, right = times_of(rows, scale)
    texts = ("obs_id", "instrument", "mode", "band", "time_rule", "reference")
    return {
        "x": x,
        "y": value,
        "left": left,
        "right": right,
        "low": np.maximum(value - minus, floor),
        "high": value + plus,
        "arrow": np.maximum(value / 1.6, floor),
        "utc": [text or "" for text in to_utc_iso(rows["time"].to_numpy(), unit="s")],
        "days": rows["since_s"].to_numpy() / 86400,
        "plus": plus,
        "minus": minus,
        "model": rows["value_err_model"].fill_null(0.0).to_numpy(),
        "exposure": rows["exposure_s"].fill_null(float("nan")).to_numpy(),
        "observatory": rows["observatory"].to_list(),
        **{name: rows[name].fill_null("").to_list() for name in texts},
    }


def _hover(marks: Any, part: pl.DataFrame, *, limit: bool) -> HoverTool:
    unit = theme.literal(theme.unit_label(part["unit"].drop_nulls().first()))  # type: ignore[arg-type]
    value = "< @y{%.3g}" if limit else "@y{%.3g}  +@plus{%.2g} −@minus{%.2g}"  # noqa: RUF001
    return HoverTool(
        renderers=[marks],
        tooltips=[
            ("", "@observatory @instrument @mode @obs_id"),
            ("UTC", "@utc"),
            ("since T0", "@days{0,0.0000} d"),
            ("upper limit" if limit else "value", f"{value} {unit}"),
            ("band", "@band"),
            ("band conversion", f"± @model{{%.2g}} {unit}"),
            ("exposure", "@exposure{0,0.[0]} s"),
            ("time rule", "@time_rule"),
            ("source", "@reference"),
        ],
        formatters={f"@{name}": "printf" for name in ("y", "plus", "minus", "model")},
    )
