"""Control charts, and the board of all quality checks with them."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.layouts import column
from bokeh.models import BoxAnnotation, ColumnDataSource, Div, HoverTool, Span

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.quality import Change, chart
from orbital_kernel.science.quality.charts import FALSE_ALARM, Chart
from orbital_kernel.science.quality.dating import LEAST_SAMPLES

STATES = {name: theme.STATES[name] for name in ("bad", "warn", "unknown", "ok")}
MARKS = {"bad": "✖", "warn": "▲", "unknown": "?", "ok": "✔"}
"""States differ by sign as well as by colour."""
CHART_HEIGHT = 260
MOST_CHARTS = 12


def control_chart(
    samples: pl.DataFrame,
    *,
    title: str = "Control chart",
    unit: str = "",
    false_alarm: float = FALSE_ALARM,
) -> Any:
    """Return the control chart of a series: limits, outliers, and the dated change.

    Parameters
    ----------
    samples : polars.DataFrame
        time (TT) and value; if known error or value_err (1 sigma). At least 8 rows.
    title : str
        Title of the figure.
    unit : str
        Unit of the values.
    false_alarm : float
        Probability that a constant series of independent Gaussian noise alarms.

    Returns
    -------
    bokeh.plotting.figure
        Values with the limits of a single value (dashed), values beyond them, the onset
        of a step or drift and its 95 % interval (shaded).

    Raises
    ------
    QueryError
        If there are fewer than 8 samples.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> import polars as pl
    >>> from orbital_kernel import plots
    >>> days = [datetime(2026, 1, 1) + timedelta(days=k) for k in range(20)]
    >>> value = [1.0 + 0.01 * (-1) ** k for k in range(20)]
    >>> samples = pl.DataFrame({"time": days, "value": value})
    >>> plots.control_chart(samples, title="Live time").title.text
    'Live time'
    """
    if "error" not in samples.columns and "value_err" in samples.columns:
        samples = samples.rename({"value_err": "error"})
    fitted = chart(samples, false_alarm=false_alarm)
    drawn = theme.canvas(
        title,
        samples,
        x_axis_label="time (UTC)",
        y_axis_label=f"value ({theme.unit_label(unit)})" if unit else "value",
        x_axis_type="datetime",
        height=CHART_HEIGHT,
    )
    theme.note(drawn, _note(fitted, unit))
    _limits(drawn, fitted)
    _points(drawn, fitted)
    if fitted.change is not None:
        _onset(drawn, fitted.change)
    return drawn


def quality_board(board: pl.DataFrame, samples: pl.DataFrame | None = None) -> Any:
    """Return the board of quality checks, and control charts of those at fault.

    Parameters
    ----------
    board : polars.DataFrame
        Rows of `orbital.quality.board()`.
    samples : polars.DataFrame, optional
        Rows of `orbital.quality.samples()`; without them only the board is drawn.

    Returns
    -------
    bokeh.models.Column
        A table of checks, worst first, above at most 12 control charts of the checks
        that are not ok.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> page = plots.quality_board(orbital.quality.board(), orbital.quality.samples())
    >>> type(page).__name__
    'Column'
    """
    parts: list[Any] = [Div(text=_table(board), sizing_mode="stretch_width")]
    if samples is not None and len(samples):
        charted = 0
        for row in board.to_dicts():
            of = samples.filter(
                pl.col("name") == row["name"], pl.col("subject") == row["subject"]
            ).drop_nulls(["time", "value"])
            if len(of) < LEAST_SAMPLES or charted == MOST_CHARTS:
                continue
            if row["state"] == "ok" and charted:
                continue
            title = f"{MARKS[row['state']]} {row['name']}: {row['subject']}"
            parts.append(control_chart(of, title=title, unit=row["unit"] or ""))
            charted += 1
    return column(parts, sizing_mode="stretch_width")


def _note(fitted: Chart, unit: str) -> str:
    words = f"{len(fitted.frame)} samples, {fitted.outside} beyond the limits"
    words += f"; false alarms {fitted.false_alarm:g} per constant series"
    if fitted.change is not None:
        per = f"{unit} a day" if fitted.change.kind == "drift" else unit
        words += f"; {fitted.change.kind} of {fitted.change.size:+.3g} {per}".rstrip()
    return words


def _limits(drawn: Any, fitted: Chart) -> None:
    x = theme.utc_ms(fitted.frame["time"])
    for name, dash in (("centre", "solid"), ("low", "dashed"), ("high", "dashed")):
        y = fitted.frame[name].to_numpy()
        drawn.line(x, y, color=theme.PALE, line_dash=dash, line_width=1.2)


def _points(drawn: Any, fitted: Chart) -> None:
    frame = fitted.frame
    source = ColumnDataSource(
        {
            "x": theme.utc_ms(frame["time"]),
            "y": frame["value"].to_numpy(),
            "color": np.where(
                frame["outside"].to_numpy(), STATES["bad"], theme.CYCLE[0]
            ).tolist(),
            "size": np.where(frame["outside"].to_numpy(), 9, 5).tolist(),
        }
    )
    marks = drawn.scatter(
        "x", "y", source=source, color="color", size="size", line_color=None, alpha=0.8
    )
    drawn.add_tools(
        HoverTool(
            renderers=[marks],
            tooltips=[("time (UTC)", "@x{%F %T}"), ("value", "@y{0.0000}")],
            formatters={"@x": "datetime"},
        )
    )


def _onset(drawn: Any, change: Change) -> None:
    times = pl.Series([change.since, change.low, change.high]).cast(pl.Datetime("ns"))
    since, low, high = theme.utc_ms(times)
    shade = BoxAnnotation(
        left=low, right=high, fill_alpha=0.15, fill_color=STATES["warn"]
    )
    drawn.add_layout(shade)
    drawn.add_layout(
        Span(
            location=since, dimension="height", line_color=STATES["bad"], line_width=1.5
        )
    )


def _table(board: pl.DataFrame) -> str:
    cell = f"padding:3px 8px;border-bottom:1px solid {theme.GRID};vertical-align:top"
    heads = ("", "check", "of", "value", "since (UTC)", "evidence")
    head = "".join(f"<th style='{cell};text-align:left'>{h}</th>" for h in heads)
    lines = []
    for row in board.to_dicts():
        value = "" if row["value"] is None else f"{row['value']:.4g} {row['unit']}"
        color = STATES[row["state"]]
        cells = (
            f"<span style='color:{color}'>{MARKS[row['state']]} {row['state']}</span>",
            _text(row["name"]),
            _text(row["subject"] or row["observatory"]),
            _text(value),
            _text(row["since_utc"] or ""),
            _text(row["evidence"]),
        )
        lines.append("".join(f"<td style='{cell}'>{c}</td>" for c in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    style = f"font:12px {theme.FONT};color:{theme.INK};border-collapse:collapse"
    mark = f"<b>{theme.SIMULATED}</b>" if simulated(board) else ""
    return f"{mark}<table style='{style}'><tr>{head}</tr>{body}</table>"


def _text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
