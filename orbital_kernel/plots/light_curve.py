"""Points of all observatories on one time axis: one panel for each unit."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from bokeh.layouts import column
from bokeh.models import Range1d

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import (
    SCALES,
    fix_times,
    flux_label,
    label_time,
    time_scale,
)
from orbital_kernel.plots.curve_crowd import Thinning, Window
from orbital_kernel.plots.curve_marks import LIMITS, draw_limits, draw_points
from orbital_kernel.plots.curve_panels import PANELS, panel, require_inputs
from orbital_kernel.science.columns import demand, fill, with_seconds

PANEL_HEIGHT = 360
"""So that the label of the y axis is whole below title, legend and time, px."""
LINE_POINTS = 2000
"""Points through which the line of a model is drawn, about."""
MOSTLY = 0.1
"""Share of values not above zero from which a rate is drawn on a linear axis."""
CHIPS = r"^ACIS-\d+$"
"""ACIS with the numbers of its chips, as DETNAM has them."""

_SHAPE = {
    **dict.fromkeys(
        ("observatory", "object", "obs_id", "instrument", "mode", "band"), pl.String()
    ),
    **dict.fromkeys(
        ("left_out", "excluded", "t0_source", "time_rule", "time_place"), pl.String()
    ),
    **dict.fromkeys(("conversion", "reference"), pl.String()),
    "is_limit": pl.Boolean(),
    **dict.fromkeys(
        ("value_err_plus", "value_err_minus", "value_err_model"), pl.Float64()
    ),
    **dict.fromkeys(("time_err_plus_s", "time_err_minus_s"), pl.Float64()),
    **dict.fromkeys(("band_low_kev", "band_high_kev", "exposure_s"), pl.Float64()),
}


def light_curve(
    curve: Any,
    *,
    title: str | None = None,
    time_axis: str = "auto",
    model: Callable[[np.ndarray], np.ndarray] | None = None,
    panels: Sequence[str] = (),
    hardness: tuple[str, str] | None = None,
    most_drawn: int | None = None,
    window: Window | None = None,
) -> Any:
    """Return a figure of a light curve, as astronomers draw it.

    Parameters
    ----------
    curve
        A LightCurve, what `science.lightcurves.joint` returns, or `photometry` rows:
        time (TT), value and unit; if known value_err_plus, value_err_minus,
        value_err_model (in that unit), time_err_plus_s, time_err_minus_s (s), since_s
        (s), is_limit, band, band_low_kev, band_high_kev, observatory, mode, t0_source.
    title
        Title; by default it names the object.
    time_axis
        'utc', 'mjd' (UTC), 'elapsed' or 'log' (time since T0); 'auto' (default) for
        'log' if T0 is an event's, four of five points are later and these span a
        factor of 100, for the time since T0 if points have no date, else 'utc'.
    model
        Values expected at times since T0 (s), in the unit of the first panel: drawn as a
        line, and used by the panels 'residual' and 'ratio'.
    panels
        Panels below, linked in time: 'residual' ((value - model) / error), 'ratio'
        (value / model), 'hardness' ((H - S) / (H + S)).
    hardness
        Names of the soft and the hard band, as in column `band`, for the panel
        'hardness'.
    most_drawn
        Most points of a panel that are each drawn. Of more in the window, and of those
        beyond it, the lowest, middle and highest of each 1/600 of the time axis are
        drawn, and the line under the title says so. By default all are drawn.
    window
        Ends of the time axis shown: ms since 1970 of 'utc', days of 'mjd', else seconds
        since T0. By default all points are shown.

    Returns
    -------
    bokeh.plotting.figure, or a column of linked figures
        One panel for each unit. Colours are by observatory, or by instrument and band if
        an observatory has several; marks by mode. Upper limits are open triangles with
        arrows pointing down, and have their own entry in the legend. Points that cannot
        be drawn are counted under the title.

    Raises
    ------
    QueryError
        If the time axis or a panel is not one of these, or lacks its model or bands.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> curve = orbital.light_curve("GRB 120102S", unit="erg / (cm2 s)")
    >>> plots.light_curve(curve).title.text.startswith("SIMULATED")
    True
    """
    title = title or _title_of(curve)
    curve = getattr(curve, "frame", curve)
    demand(curve, "time", "value", "unit", subject="a light curve's points")
    if time_axis not in SCALES:
        raise QueryError(
            f"a time axis is one of {', '.join(SCALES)}; got {time_axis!r}"
        )
    for name in panels:
        if name not in PANELS:
            raise QueryError(unknown("panel", name, PANELS))
        require_inputs(name, model, hardness)
    rows = _prepared(curve)
    usable = rows.filter(pl.col("excluded").is_null(), pl.col("value").is_not_null())
    scale = time_scale(usable, time_axis)
    units = _units(usable)
    thin = partial(Thinning, scale, most_drawn, window)
    drawn = [
        _panel(rows, usable, unit, thin(), title if i == 0 else None, i == 0, curve)
        for i, unit in enumerate(units)
    ]
    if model is not None:
        _line(drawn[0], usable, scale, model)
    first = usable.filter(pl.col("unit").eq_missing(pl.lit(units[0])))
    drawn += [
        panel(name, first, thin(), model=model, hardness=hardness) for name in panels
    ]
    if most_drawn is not None or window is not None:
        fix_times(drawn[0], usable, scale, window)
    elif scale == "utc" and len(drawn) > 1 and usable["time"].count():
        fix_times(drawn[0], usable, scale, None)
    for figure in drawn[1:]:
        figure.x_range = drawn[0].x_range
    if len(drawn) == 1:
        return drawn[0]
    return column(*drawn, sizing_mode="stretch_width")


def _title_of(curve: Any) -> str | None:
    """Return the title of a LightCurve; None of a frame, whose rows name the object."""
    is_frame = isinstance(curve, pl.DataFrame)
    return None if is_frame else f"Light curve of {curve.object}"


def _prepared(curve: pl.DataFrame) -> pl.DataFrame:
    rows = fill(curve, _SHAPE).with_columns(
        pl.coalesce("observatory", "instrument", pl.lit("points")).alias("observatory"),
        pl.col("is_limit").fill_null(value=False),
        pl.coalesce("excluded", "left_out").alias("excluded"),
    )
    if "since_s" in rows.columns:
        return rows
    return with_seconds(rows, "since_s", pl.col("time") - pl.col("time").min())


def _units(usable: pl.DataFrame) -> list[str | None]:
    """Return the units, that of most points first."""
    counts = usable.group_by("unit").len().sort("len", "unit", descending=[True, False])
    return counts["unit"].to_list() or [None]


def _panel(
    rows: pl.DataFrame,
    usable: pl.DataFrame,
    unit: str | None,
    thin: Thinning,
    title: str | None,
    is_first: bool,  # noqa: FBT001 - private
    curve: pl.DataFrame,
) -> Any:
    """Return the figure of the points of one unit."""
    part = usable.filter(pl.col("unit").eq_missing(pl.lit(unit)))
    is_magnitude = (unit or "").startswith("mag")
    linear, scale = is_magnitude or _linear(part), thin.scale
    shown = part if linear else part.filter(pl.col("value") > 0)
    if scale in ("utc", "mjd"):
        shown = shown.filter(pl.col("time").is_not_null())
    elif scale == "log":
        shown = shown.filter(pl.col("since_s") > 0)
    thin.of(shown)
    floor, _top = _heights(shown, linear=linear)
    low, high = _heights(thin.within(shown), linear=linear)
    drawn = theme.canvas(
        (title or _title(rows)) if is_first else "",
        curve if is_first else None,
        x_axis_type={"utc": "datetime", "log": "log"}.get(scale, "auto"),
        y_axis_type="linear" if linear else "log",
        y_range=Range1d(*((high, low) if is_magnitude else (low, high))),
        y_axis_label=flux_label(shown if len(shown) else rows),
        height=theme.HEIGHT if is_first else PANEL_HEIGHT,
    )
    label_time(drawn, shown, scale, is_first=is_first)
    items = [
        (name, draw_points(drawn, detections, thin, color=color, floor=floor))
        for name, detections, color in _series(shown.filter(~pl.col("is_limit")))
    ]
    items.append(
        (
            LIMITS,
            [
                mark
                for _, limits, color in _series(shown, limits=True)
                for mark in draw_limits(drawn, limits, thin, color=color, floor=floor)
            ],
        )
    )
    if not linear:
        theme.log_axis(drawn.yaxis[0])
    theme.legend(drawn, items)
    theme.note(drawn, _missing(rows, part, shown, thin, is_first=is_first))
    return drawn


def _line(drawn: Any, usable: pl.DataFrame, scale: str, model: Any) -> None:
    """Draw the model over the time since T0."""
    rows = usable.filter(pl.col("since_s").is_not_null()).sort("since_s")
    rows = rows.gather_every(max(1, rows.height // LINE_POINTS))
    since = rows["since_s"].to_numpy()
    x = theme.utc_ms(rows["time"]) if scale == "utc" else since
    drawn.line(x, np.asarray(model(since)), color=theme.INK, line_width=1.5)


def _linear(part: pl.DataFrame) -> bool:
    """Return whether values scatter about zero, as net rates do."""
    rate = str(part["unit"].first()).startswith(("count", "ct"))
    return rate and int((part["value"] <= 0).sum()) > MOSTLY * len(part)


def _heights(shown: pl.DataFrame, *, linear: bool) -> tuple[float, float]:
    if shown.is_empty():
        return 0.1, 10.0
    plus, minus = (
        shown[f"value_err_{side}"].fill_null(0.0) for side in ("plus", "minus")
    )
    value = shown["value"]
    if linear:
        low, high = float((value - minus).min()), float((value + plus).max())  # type: ignore[arg-type]
        pad = 0.05 * (high - low) or 1.0
        return low - pad, high + pad
    bottom = pl.select(pl.max_horizontal(value - minus, value / 4)).to_series()
    return float(bottom.min()) / 1.6, float((value + plus).max()) * 1.6  # type: ignore[arg-type]


def _title(rows: pl.DataFrame) -> str:
    names = rows["object"].drop_nulls().unique().sort().to_list()
    return f"Light curve of {names[0]}" if len(names) == 1 else "Light curve"


def _series(
    shown: pl.DataFrame, *, limits: bool = False
) -> list[tuple[str, pl.DataFrame, str]]:
    """Return name, points and colour of each series; those with few points lie on top.

    A series is an observatory, or an instrument and band of one that has several; which
    chips of ACIS were on makes no other series.
    """
    shown = shown.with_columns(pl.col("instrument").str.replace(CHIPS, "ACIS"))
    kinds = shown.select("observatory", "instrument", "band").unique()
    several = kinds.group_by("observatory").len().filter(pl.col("len") > 1)
    detailed = pl.concat_str(
        "observatory", "instrument", "band", separator=" ", ignore_nulls=True
    )
    rows = shown.with_columns(
        pl.when(pl.col("observatory").is_in(several["observatory"].to_list()))
        .then(detailed)
        .otherwise("observatory")
        .alias("_series")
    )
    counts = (
        rows.group_by("_series").len().sort("len", "_series", descending=[True, False])
    )
    names = counts["_series"].to_list()
    color = theme.colors(sorted(names))
    chosen = rows.filter(pl.col("is_limit")) if limits else rows
    return [(n, chosen.filter(pl.col("_series") == n), color[n]) for n in names]


def _missing(
    rows: pl.DataFrame,
    part: pl.DataFrame,
    shown: pl.DataFrame,
    thin: Thinning,
    *,
    is_first: bool,
) -> str:
    hidden = part.height - shown.height
    parts = [f"{shown.height:,} points", *([thin.words] if thin.words else [])]
    reasons = rows["excluded"].drop_nulls()
    if is_first and len(reasons):
        kinds = reasons.unique().sort().to_list()
        text = kinds[0] if len(kinds) == 1 else f"{len(kinds)} reasons, see excluded"
        parts.append(f"{len(reasons):,} excluded: {text}")
    if hidden:
        parts.append(
            f"{hidden:,} not on these axes (not above zero, or without a date)"
        )
    return " · ".join(parts)
