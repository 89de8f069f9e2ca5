"""Points of all observatories on one time axis, in one unit and band."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.models import (
    ColumnDataSource,
    HoverTool,
    Range1d,
)

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import flux_label, log_time_axis, t0_of, utc_axis
from orbital_kernel.science.columns import demand, fill, with_seconds

LOG_FROM = 1000.0
CROWD = 200
SCALES = ("auto", "utc", "log")

_SHAPE = {
    "observatory": pl.String(),
    "object": pl.String(),
    "obs_id": pl.String(),
    "instrument": pl.String(),
    "is_limit": pl.Boolean(),
    "left_out": pl.String(),
    "t0_source": pl.String(),
    "value_err_plus": pl.Float64(),
    "value_err_minus": pl.Float64(),
    "value_err_model": pl.Float64(),
    "time_err_plus_s": pl.Float64(),
    "time_err_minus_s": pl.Float64(),
    "band_low_kev": pl.Float64(),
    "band_high_kev": pl.Float64(),
}


def light_curve(
    curve: pl.DataFrame, *, title: str | None = None, time_axis: str = "auto"
) -> Any:
    """Return a figure of a light curve: logarithmic flux against UTC or elapsed time.

    Parameters
    ----------
    curve
        What `Orbital.light_curve` or `science.lightcurves.joint` returns, or `photometry`
        rows of one unit and band: time (TT), value and unit; if known value_err_plus,
        value_err_minus, value_err_model (in that unit), time_err_plus_s, time_err_minus_s
        (s), is_limit, band_low_kev, band_high_kev, observatory, t0_source.
    title
        Title; by default it names the object.
    time_axis
        'utc'; 'log' for the logarithm of the time since T0; 'auto' (default) for 'log' if
        all points are later than T0 and span a factor of 1000.

    Returns
    -------
    bokeh.plotting.figure
        Upper limits are open triangles pointing down. Points that cannot be drawn are
        counted under the title.

    Raises
    ------
    QueryError
        If points differ in unit or band, or the time axis is not one of these.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> figure = plots.light_curve(orbital.light_curve("GRB 120102S"))
    >>> figure.title.text.startswith("SIMULATED")
    True
    """
    demand(curve, "time", "value", "unit", subject="a light curve's points")
    if time_axis not in SCALES:
        raise QueryError(
            f"a time axis is one of {', '.join(SCALES)}; got {time_axis!r}"
        )
    rows = _prepared(curve)
    _require_single(rows, "unit", "band_low_kev", "band_high_kev")
    shown = rows.filter(
        pl.col("value") > 0, pl.col("time").is_not_null(), pl.col("left_out").is_null()
    )
    log = time_axis == "log" or (time_axis == "auto" and _wide(shown))
    if log:
        shown = shown.filter(pl.col("since_s") > 0)
    low, high = _heights(shown)
    drawn = theme.canvas(
        title or _title(rows),
        curve,
        x_axis_type="log" if log else "datetime",
        y_axis_type="log",
        y_range=Range1d(low, high),
        y_axis_label=flux_label(rows),
    )
    start = t0_of(shown)
    (log_time_axis if log else utc_axis)(drawn, shown, start)
    items = [
        (name, _points(drawn, part, color=color, log=log, floor=low))
        for (name, part), color in _parts(shown)
    ]
    theme.log_axis(drawn.yaxis[0])
    theme.legend(drawn, items)
    theme.note(drawn, _missing(rows, shown))
    return drawn


def _prepared(curve: pl.DataFrame) -> pl.DataFrame:
    rows = fill(curve, _SHAPE).with_columns(
        pl.coalesce("observatory", "instrument", pl.lit("points")).alias("observatory"),
        pl.col("is_limit").fill_null(value=False),
    )
    if "since_s" in rows.columns:
        return rows
    return with_seconds(rows, "since_s", pl.col("time") - pl.col("time").min())


def _require_single(rows: pl.DataFrame, *names: str) -> None:
    for name in names:
        values = rows.filter(pl.col("left_out").is_null())[name].drop_nulls().unique()
        if values.len() > 1:
            raise QueryError(
                f"points of several {name} cannot share an axis:"
                f" {', '.join(str(v) for v in values.sort().to_list()[:4])};"
                " bring them into one with science.lightcurves.joint"
            )


def _wide(shown: pl.DataFrame) -> bool:
    since = shown["since_s"].to_numpy()
    return bool(
        since.size > 1 and since.min() > 0 and np.ptp(since) > LOG_FROM * since.min()
    )


def _heights(shown: pl.DataFrame) -> tuple[float, float]:
    if shown.is_empty():
        return 0.1, 10.0
    top = shown["value"] + shown["value_err_plus"].fill_null(0.0)
    bottom = pl.select(
        pl.max_horizontal(
            shown["value"] - shown["value_err_minus"].fill_null(0.0), shown["value"] / 4
        )
    ).to_series()
    return float(bottom.min()) / 1.6, float(top.max()) * 1.6  # type: ignore[arg-type]


def _title(rows: pl.DataFrame) -> str:
    names = rows["object"].drop_nulls().unique().sort().to_list()
    return f"Light curve of {names[0]}" if len(names) == 1 else "Light curve"


def _parts(shown: pl.DataFrame) -> list[tuple[tuple[str, pl.DataFrame], str]]:
    """Return the observatories with few points last, so that they lie on top."""
    counts = (
        shown.group_by("observatory")
        .len()
        .sort("len", "observatory", descending=[True, False])
    )
    names = counts["observatory"].to_list()
    color = theme.colors(sorted(names))
    return [((n, shown.filter(pl.col("observatory") == n)), color[n]) for n in names]


def _points(
    drawn: Any, part: pl.DataFrame, *, color: str, log: bool, floor: float
) -> list[Any]:
    """Draw one observatory's detections and limits; return what a legend click hides."""
    renderers = []
    for limit in (False, True):
        rows = part.filter(pl.col("is_limit") == limit)
        if rows.is_empty():
            continue
        source = ColumnDataSource(_columns(rows, log=log, floor=floor))
        renderers.append(
            drawn.segment(
                "left", "y", "right", "y", source=source, color=color, alpha=0.55
            )
        )
        bar = {"line_width": 1.3, "source": source, "color": color, "alpha": 0.55}
        renderers.append(drawn.segment("x", "low", "x", "high", **bar))
        marks = drawn.scatter(
            "x",
            "y",
            source=source,
            marker="inverted_triangle" if limit else "circle",
            size=10 if limit else 5 if part.height > CROWD else 8,
            line_color=color,
            fill_color="white" if limit else color,
            line_width=1.5 if limit else 0.5,
            fill_alpha=0.85,
        )
        drawn.add_tools(_hover(marks, part, limit=limit))
        renderers.append(marks)
    return renderers


def _columns(rows: pl.DataFrame, *, log: bool, floor: float) -> dict[str, Any]:
    """Return the drawn columns; a lower bar below zero ends at the bottom of the plot."""
    value = rows["value"].to_numpy()
    plus, minus = (
        rows[f"value_err_{side}"].fill_null(0.0).to_numpy()
        for side in ("plus", "minus")
    )
    since = rows["since_s"].to_numpy()
    later, earlier = (
        rows[f"time_err_{side}_s"].fill_null(0.0).to_numpy()
        for side in ("plus", "minus")
    )
    x, scale = (since, 1.0) if log else (theme.utc_ms(rows["time"]), 1000.0)
    earliest = x - earlier * scale
    arrow = np.where(rows["is_limit"].to_numpy(), value / 1.6, value - minus)
    return {
        "x": x,
        "y": value,
        "left": np.where(earliest > 0, earliest, x) if log else earliest,
        "right": x + later * scale,
        "low": np.maximum(arrow, floor),
        "high": value + plus,
        "utc": [text or "" for text in to_utc_iso(rows["time"].to_numpy(), unit="s")],
        "days": since / 86400,
        "plus": plus,
        "minus": minus,
        "model": rows["value_err_model"].fill_null(0.0).to_numpy(),
        "obs_id": rows["obs_id"].fill_null("").to_list(),
        "instrument": rows["instrument"].fill_null("").to_list(),
        "observatory": rows["observatory"].to_list(),
    }


def _hover(marks: Any, part: pl.DataFrame, *, limit: bool) -> HoverTool:
    unit = theme.unit_label(part["unit"].drop_nulls().first())  # type: ignore[arg-type]
    value = "< @y{0.00e+0}" if limit else "@y{0.00e+0}  +@plus{0.0e+0} −@minus{0.0e+0}"  # noqa: RUF001
    return HoverTool(
        renderers=[marks],
        tooltips=[
            ("", "@observatory @instrument @obs_id"),
            ("UTC", "@utc"),
            ("elapsed", "@days{0,0.0000} d"),
            ("upper limit" if limit else "flux", f"{value} {unit}"),
            ("band conversion", f"± @model{{0.0e+0}} {unit}"),
        ],
    )


def _missing(rows: pl.DataFrame, shown: pl.DataFrame) -> str:
    excluded = int(rows["left_out"].is_not_null().sum())
    hidden = rows.height - excluded - shown.height
    parts = [f"{shown.height:,} points"]
    if excluded:
        reasons = rows["left_out"].drop_nulls().unique().sort().to_list()
        first = (
            reasons[0] if len(reasons) == 1 else f"{len(reasons)} reasons, see left_out"
        )
        parts.append(f"{excluded:,} excluded: {first}")
    if hidden:
        parts.append(
            f"{hidden:,} not on logarithmic axes (not above zero, or without value)"
        )
    return " · ".join(parts)
