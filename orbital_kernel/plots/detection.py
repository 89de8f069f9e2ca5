"""One burst in detail: its bins, its background, its window and its T90."""

import json
from typing import Any

import numpy as np
import polars as pl
from bokeh.models import BoxAnnotation, ColumnDataSource, HoverTool, Span

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.plots import theme
from orbital_kernel.plots.rates import step_columns, windows
from orbital_kernel.science.columns import demand, fill, with_seconds

MARGIN = 3.0
LEAST_S = 5.0


def detection(
    series: pl.DataFrame, burst: pl.DataFrame, *, margin: float = MARGIN
) -> Any:
    """Return a figure of the bins around one burst, in seconds from its window's start.

    Parameters
    ----------
    series
        The `rates` rows the burst was found in: time (TT), bin_s (s), rate and rate_err
        (in the rows' unit), unit. Channels of a bin are summed.
    burst
        One row of cross.bursts: time (TT) or time_utc, timescale_s (s), significance
        (sigma); if known cause, matches, t90_s and t90_start_s (s), background.
    margin
        Time shown on either side, in lengths of the window or T90 (at least 5 s).

    Returns
    -------
    bokeh.plotting.figure
        Rate against time: window coloured by cause, T90 grey, background dashed.

    Raises
    ------
    QueryError
        If there is not exactly one burst, or it lies outside the series.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> burst = orbital.bursts.stored().filter(cause="burst")[:1]
    >>> figure = plots.detection(orbital.series(burst["series"][0]), burst)
    >>> figure.title.text.startswith("SIMULATED")
    True
    """
    if burst.height != 1:
        raise QueryError(f"a detection is drawn of one burst; {burst.height} are given")
    demand(series, "time", "bin_s", "rate", "unit", subject="rates")
    full = fill(
        windows(burst),
        {n: pl.Float64() for n in ("t90_s", "t90_start_s", "background")},
    )
    row = fill(full, {"cause": pl.String(), "matches": pl.String()}).row(0, named=True)
    bins = _bins(series, full["time"])
    shown = bins.filter(pl.col("since_s").is_between(*_reach(row, margin)))
    if shown.is_empty():
        raise QueryError(
            "none of the rates lies around the burst; are they of its series?"
        )
    ends = shown.select(
        pl.col("since_s").min(),
        (pl.col("since_s") + pl.col("bin_s")).max().alias("end"),
    )
    drawn = theme.canvas(
        _title(row),
        series,
        burst,
        x_axis_label=f"time since {_utc(full)} UTC (s)",
        y_axis_label=f"rate ({theme.unit_label(series['unit'].drop_nulls().first())})",  # type: ignore[arg-type]
        x_range=ends.row(0),
    )
    _windows(drawn, row)
    _draw(drawn, shown)
    theme.note(drawn, _note(row))
    return drawn


def _bins(series: pl.DataFrame, zero: pl.Series) -> pl.DataFrame:
    summed = (
        fill(series, {"rate_err": pl.Float64()})
        .filter(pl.col("rate").is_finite(), pl.col("time").is_not_null())
        .group_by("time")
        .agg(
            pl.col("bin_s").first(),
            pl.col("rate").sum(),
            pl.col("rate_err").pow(2).sum().sqrt().alias("rate_err"),
        )
        .sort("time")
    )
    return with_seconds(summed, "since_s", pl.col("time") - zero[0])


def _reach(row: dict[str, Any], margin: float) -> tuple[float, float]:
    first = min(0.0, row["t90_start_s"] or 0.0)
    last = max(row["timescale_s"], (row["t90_start_s"] or 0.0) + (row["t90_s"] or 0.0))
    pad = max(margin * (last - first), LEAST_S)
    return first - pad, last + pad


def _title(row: dict[str, Any]) -> str:
    matched = json.loads(row["matches"]) if row["matches"] else []
    name = next(
        (_match(m) for m in matched if isinstance(m, dict) and m.get("name")), None
    )
    text = f"{row['cause'] or 'excursion'}, {row['significance']:.1f} sigma in {row['timescale_s']:g} s"
    return f"{name}: {text}" if name else text[0].upper() + text[1:]


def _match(match: dict[str, Any]) -> str:
    """Return the burst an excursion coincides with, and the catalogue of its time."""
    catalogue = match.get("catalog")
    return f"{match['name']} ({catalogue})" if catalogue else str(match["name"])


def _utc(burst: pl.DataFrame) -> str:
    return str(to_utc_iso(burst["time"].to_numpy())[0]).replace("T", " ")


def _windows(drawn: Any, row: dict[str, Any]) -> None:
    color = theme.colors([row["cause"] or "unknown"])[row["cause"] or "unknown"]
    if row["t90_s"]:
        begin = row["t90_start_s"] or 0.0
        drawn.add_layout(
            BoxAnnotation(
                left=begin,
                right=begin + row["t90_s"],
                fill_color=theme.FAINT,
                fill_alpha=0.18,
            )
        )
    drawn.add_layout(
        BoxAnnotation(
            left=0, right=row["timescale_s"], fill_color=color, fill_alpha=0.22
        )
    )
    if row["background"] is not None:
        drawn.add_layout(
            Span(
                location=row["background"],
                dimension="width",
                line_color=theme.PALE,
                line_dash="dashed",
            )
        )


def _draw(drawn: Any, shown: pl.DataFrame) -> None:
    since, width = shown["since_s"].to_numpy(), shown["bin_s"].to_numpy()
    rate, error = shown["rate"].to_numpy(), shown["rate_err"].fill_null(0.0).to_numpy()
    steps = ColumnDataSource(step_columns(since, width, rate))
    drawn.line("x", "y", source=steps, color=theme.CYCLE[0], line_width=1.4)
    middle = since + width / 2
    points = ColumnDataSource(
        {
            "x": middle,
            "y": rate,
            "low": rate - error,
            "high": rate + error,
            "err": error,
            "w": width,
        }
    )
    drawn.segment(
        "x", "low", "x", "high", source=points, color=theme.CYCLE[0], alpha=0.45
    )
    marks = drawn.scatter(
        "x",
        "y",
        source=points,
        size=3 if np.size(since) > 300 else 5,
        color=theme.CYCLE[0],
    )
    drawn.add_tools(
        HoverTool(
            renderers=[marks],
            tooltips=[
                ("time", "@x{0.000} s"),
                ("rate", "@y{0.0000} ± @err{0.0000}"),
                ("bin", "@w{0.000} s"),
            ],
        )
    )


def _note(row: dict[str, Any]) -> str:
    parts = ["coloured: best window"]
    if row["t90_s"]:
        parts.append(f"grey: T90 = {row['t90_s']:.2f} s")
    if row["background"] is not None:
        parts.append("dashed: background")
    return " · ".join(parts)
