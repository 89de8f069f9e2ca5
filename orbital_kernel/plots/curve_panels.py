"""Panels below a light curve: residuals and ratios to a model, and hardness."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from bokeh.models import ColumnDataSource, Span

from orbital_kernel.errors import QueryError
from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import label_time, times_of
from orbital_kernel.plots.curve_crowd import Thinning
from orbital_kernel.science.shape.hardness_of_points import (
    hardness_of_points,
    reasons_without,
)

PANEL_HEIGHT = 240
"""So that the label of the y axis is whole, px."""
PANELS = {
    "residual": "(value − model) / error",  # noqa: RUF001
    "ratio": "value / model",
    "hardness": "(H − S) / (H + S)",  # noqa: RUF001
}
LEVEL = {"residual": 0.0, "ratio": 1.0, "hardness": 0.0}
Model = Callable[[np.ndarray], np.ndarray]


def require_inputs(
    name: str, model: Model | None, hardness: tuple[str, str] | None
) -> None:
    """Raise QueryError if a panel lacks the model or the bands that it is of."""
    if name == "hardness" and hardness is None:
        raise QueryError("a hardness panel needs hardness=(soft band, hard band)")
    if name != "hardness" and model is None:
        raise QueryError(f"the panel {name!r} needs a model of the light curve")


def panel(
    name: str,
    points: pl.DataFrame,
    thin: Thinning,
    *,
    model: Model | None,
    hardness: tuple[str, str] | None,
) -> Any:
    """Return the figure of one panel; points without it are not drawn."""
    scale = thin.scale
    dated = points.filter(pl.col("since_s").is_not_null())
    if scale in ("utc", "mjd"):
        dated = dated.filter(pl.col("time").is_not_null())
    if scale == "log":
        dated = dated.filter(pl.col("since_s") > 0)
    words = None
    if name == "hardness" and hardness is not None:
        rows, words = _hardness(dated, *hardness)
    else:
        detections = dated.filter(~pl.col("is_limit"))
        rows = _against(detections, model, name)  # type: ignore[arg-type]
    thin.of(rows)
    rows = thin(rows)
    drawn = theme.canvas(
        "",
        x_axis_type={"utc": "datetime", "log": "log"}.get(scale, "auto"),
        y_axis_label=PANELS[name],
        height=PANEL_HEIGHT,
    )
    x, left, right = times_of(rows, scale)
    ends = {name: rows[name].to_numpy() for name in ("y", "low", "high")}
    source = ColumnDataSource({"x": x, "left": left, "right": right} | ends)
    bar = {"source": source, "color": theme.INK, "alpha": 0.55}
    drawn.segment("left", "y", "right", "y", **bar)
    drawn.segment("x", "low", "x", "high", **bar)
    drawn.scatter("x", "y", source=source, size=5, color=theme.INK)
    drawn.add_layout(
        Span(location=LEVEL[name], dimension="width", line_color=theme.PALE)
    )
    label_time(drawn, rows, scale, is_first=False)
    if words is not None or thin.most is not None:
        texts = [text for text in (words, thin.words) if text]
        theme.note(drawn, " · ".join(texts) or " ")
    return drawn


def _hardness(points: pl.DataFrame, soft: str, hard: str) -> tuple[pl.DataFrame, str]:
    """Return the hardness of points with its interval, and by which method it is."""
    rows = hardness_of_points(points, soft, hard)
    methods = rows["method"].drop_nulls().value_counts(sort=True).iter_rows()
    texts = [f"{number:,} by {method}" for method, number in methods]
    texts += [f"{n:,} without: {reason}" for reason, n in reasons_without(rows).items()]
    rows = rows.filter(pl.col("ratio").is_not_null()).with_columns(
        pl.col("ratio").alias("y"),
        pl.col("ratio_low").alias("low"),
        pl.col("ratio_high").alias("high"),
    )
    return rows, f"H: {hard} · S: {soft} · {'; '.join(texts)}"


def _against(points: pl.DataFrame, model: Model, name: str) -> pl.DataFrame:
    """Return residual or ratio to the model; the error is the one towards the model."""
    expected = np.asarray(model(points["since_s"].to_numpy()), dtype=np.float64)
    rows = points.with_columns(pl.Series("expected", expected))
    above = pl.col("value") > pl.col("expected")
    error = pl.when(above).then("value_err_minus").otherwise("value_err_plus")
    if name == "residual":
        difference = (pl.col("value") - pl.col("expected")) / error
        rows = rows.with_columns(difference.alias("y"), pl.lit(1.0).alias("error"))
    else:
        rows = rows.with_columns(
            (pl.col("value") / pl.col("expected")).alias("y"),
            (error / pl.col("expected")).fill_null(0.0).alias("error"),
        )
    return rows.with_columns(
        (pl.col("y") - pl.col("error")).alias("low"),
        (pl.col("y") + pl.col("error")).alias("high"),
    )
