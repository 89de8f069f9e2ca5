"""Rows of an outcome as the points of a figure: plain columns, times in UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.plots import theme
from orbital_widgets.axes import AXES, Axes
from orbital_widgets.results import Outcome

COLUMNS = ("x", "y", "low", "high", "color", "marker", "observatory", "name", "row")
LOG_SPAN = 50.0


@dataclass(frozen=True)
class Points:
    """The content of a figure: columns, scales, and the number of rows not shown."""

    data: Mapping[str, Any]
    x_scale: str = "linear"
    y_scale: str = "linear"
    unit: str = ""
    left_out: int = 0


def units(outcome: Outcome) -> tuple[str, ...]:
    """Return the units of the rows, the most frequent first; () if the column has one."""
    column = AXES[outcome.table].unit_column
    if column is None or column not in outcome.frame.columns:
        return ()
    counts = outcome.frame.group_by(pl.col(column).fill_null("")).len()
    return tuple(counts.sort(["len", column], descending=[True, False])[column])


def points(outcome: Outcome, unit: str, colors: Mapping[str, str]) -> Points:
    """Return the rows that have both coordinates, in one unit only.

    `row` is the index into the outcome's frame; `left_out` counts the other rows.
    """
    axes, frame = AXES[outcome.table], outcome.frame
    if frame.is_empty():
        return Points(
            {name: [] for name in COLUMNS}, _time_or("linear", axes), unit=unit
        )
    rows = frame.with_row_index("row").select(
        "row",
        "observatory",
        x=axes.x,
        y=axes.y.cast(pl.Float64),
        low=(pl.lit(None) if axes.low is None else axes.low).cast(pl.Float64),
        high=(pl.lit(None) if axes.high is None else axes.high).cast(pl.Float64),
        limit=pl.lit(value=False) if axes.limit is None else pl.col(axes.limit),
        name=pl.col(axes.name).fill_null(""),
        unit=pl.lit(unit)
        if axes.unit_column is None
        else pl.col(axes.unit_column).fill_null(""),
    )
    shown = rows.filter(
        pl.col("x").is_not_null(),
        pl.col("y").is_not_null() & pl.col("y").is_not_nan(),
        pl.col("unit") == unit,
    )
    data = _columns(shown, axes, colors)
    y_scale = _scale([data["y"]])
    if y_scale == "log":
        data["low"] = np.where(data["low"] > 0, data["low"], np.nan)
    return Points(
        data,
        _time_or(_scale([data["x"]]), axes),
        y_scale,
        unit,
        len(rows) - len(shown),
    )


def _columns(
    rows: pl.DataFrame, axes: Axes, colors: Mapping[str, str]
) -> dict[str, Any]:
    limit = rows["limit"].fill_null(value=False)
    bounded = pl.when(~limit)
    rows = rows.with_columns(
        low=bounded.then("low").otherwise(None),
        high=bounded.then("high").otherwise(None),
    )
    return {
        "x": theme.utc_ms(rows["x"]) if axes.x_is_time else _real(rows["x"]),
        "y": _real(rows["y"]),
        "low": _real(rows["low"]),
        "high": _real(rows["high"]),
        "color": [colors[name] for name in rows["observatory"]],
        "marker": ["inverted_triangle" if is_limit else "circle" for is_limit in limit],
        "observatory": rows["observatory"].to_list(),
        "name": rows["name"].cast(pl.String).to_list(),
        "row": rows["row"].to_numpy().astype(np.int32),
    }


def _real(values: pl.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()


def _time_or(scale: str, axes: Axes) -> str:
    return "datetime" if axes.x_is_time else scale


def _scale(columns: Sequence[np.ndarray[Any, np.dtype[np.float64]]]) -> str:
    """Choose a logarithmic scale if all values are positive and span decades."""
    values = np.concatenate([column[np.isfinite(column)] for column in columns])
    if not len(values) or values.min() <= 0:
        return "linear"
    return "log" if values.max() / values.min() > LOG_SPAN else "linear"
