"""Panels below a light curve: residuals and ratios to a model, and hardness."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from bokeh.models import ColumnDataSource, Span

from orbital_kernel.errors import QueryError
from orbital_kernel.plots import theme
from orbital_kernel.plots.curve_axes import label_time, times_of

PANEL_HEIGHT = 170
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
    scale: str,
    *,
    model: Model | None,
    hardness: tuple[str, str] | None,
) -> Any:
    """Return the figure of one panel; points without it are not drawn."""
    detections = points.filter(~pl.col("is_limit"), pl.col("since_s").is_not_null())
    if scale in ("utc", "mjd"):
        detections = detections.filter(pl.col("time").is_not_null())
    if scale == "log":
        detections = detections.filter(pl.col("since_s") > 0)
    if name == "hardness" and hardness is not None:
        rows = hardness_of(detections, *hardness)
    else:
        rows = _against(detections, model, name)  # type: ignore[arg-type]
    drawn = theme.canvas(
        "",
        x_axis_type={"utc": "datetime", "log": "log"}.get(scale, "auto"),
        y_axis_label=PANELS[name],
        height=PANEL_HEIGHT,
    )
    x, left, right = times_of(rows, scale)
    y, error = rows["y"].to_numpy(), rows["error"].fill_null(0.0).to_numpy()
    source = ColumnDataSource(
        {"x": x, "y": y, "left": left, "right": right}
        | {"low": y - error, "high": y + error}
    )
    bar = {"source": source, "color": theme.INK, "alpha": 0.55}
    drawn.segment("left", "y", "right", "y", **bar)
    drawn.segment("x", "low", "x", "high", **bar)
    drawn.scatter("x", "y", source=source, size=5, color=theme.INK)
    drawn.add_layout(
        Span(location=LEVEL[name], dimension="width", line_color=theme.PALE)
    )
    label_time(drawn, rows, "elapsed" if scale == "utc" else scale)
    if scale == "utc":
        drawn.xaxis.axis_label = "time (UTC)"
    if name == "hardness" and hardness is not None:
        theme.note(drawn, f"H: {hardness[1]} · S: {hardness[0]}")
    return drawn


def hardness_of(points: pl.DataFrame, soft: str, hard: str) -> pl.DataFrame:
    """Return (H - S) / (H + S) of points of two bands at the same time.

    Parameters
    ----------
    points : polars.DataFrame
        Detections of one unit with time, since_s, band, value and errors.
    soft, hard : str
        Names of the bands, as in column `band`.

    Returns
    -------
    polars.DataFrame
        The soft points that have a hard one at their time, with y and its 1-sigma
        error by propagation, which is no posterior: use it above some 20 counts.
    """
    key = ("observatory", "instrument", "time", "since_s")
    error = pl.mean_horizontal("value_err_plus", "value_err_minus")
    parts = [
        points.filter(pl.col("band") == band).with_columns(error.alias("e"))
        for band in (soft, hard)
    ]
    if any(part.is_empty() for part in parts):
        bands = ", ".join(points["band"].drop_nulls().unique().sort())
        raise QueryError(
            f"no points of {soft!r} and {hard!r}; bands: {bands or 'none'}"
        )
    rows = parts[0].join(
        parts[1].select(*key, "value", "e"), on=key, suffix="_hard", nulls_equal=True
    )
    total = pl.col("value_hard") + pl.col("value")
    rows = rows.filter(total > 0)
    spread = (pl.col("value") * pl.col("e_hard")).pow(2) + (
        pl.col("value_hard") * pl.col("e")
    ).pow(2)
    return rows.with_columns(
        ((pl.col("value_hard") - pl.col("value")) / total).alias("y"),
        (2 * spread.sqrt() / total.pow(2)).alias("error"),
    )


def _against(points: pl.DataFrame, model: Model, name: str) -> pl.DataFrame:
    """Return residual or ratio to the model; the error is the one towards the model."""
    expected = np.asarray(model(points["since_s"].to_numpy()), dtype=np.float64)
    rows = points.with_columns(pl.Series("expected", expected))
    above = pl.col("value") > pl.col("expected")
    error = pl.when(above).then("value_err_minus").otherwise("value_err_plus")
    if name == "residual":
        difference = (pl.col("value") - pl.col("expected")) / error
        return rows.with_columns(difference.alias("y"), pl.lit(1.0).alias("error"))
    return rows.with_columns(
        (pl.col("value") / pl.col("expected")).alias("y"),
        (error / pl.col("expected")).alias("error"),
    )
