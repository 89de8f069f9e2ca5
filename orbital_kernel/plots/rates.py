"""Binned count rates over time, with detected excursions shaded by their cause."""

import json
from typing import Any

import numpy as np
import polars as pl
from bokeh.models import ColumnDataSource, HoverTool
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model.times import tt_from_utc
from orbital_kernel.plots import theme
from orbital_kernel.science.columns import TT, demand, fill

Reals = NDArray[np.float64]

MOST_BINS = 20_000


def rates(
    series: pl.DataFrame,
    *,
    bursts: pl.DataFrame | None = None,
    title: str | None = None,
) -> Any:
    """Return a step line of each channel's rate against UTC, broken at gaps.

    Parameters
    ----------
    series
        Rows of `rates`: time (TT, start of the bin), bin_s (s), rate, unit; if known
        channel, band_low_kev and band_high_kev (keV), series.
    bursts
        Rows of cross.bursts whose windows are shaded: time (TT) or time_utc, timescale_s
        (s), significance (sigma), cause, evidence, matches.
    title
        Title; by default it names the series.

    Returns
    -------
    bokeh.plotting.figure
        Of more than 20,000 bins in a channel, the lowest and highest of each group are
        drawn, so that every excursion remains visible; a line under the title says so.

    Raises
    ------
    QueryError
        If rows have several units.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> name = orbital.table("swift.rates", ["series"])["series"].min()
    >>> figure = plots.rates(orbital.series(name), bursts=orbital.bursts.stored())
    >>> figure.xaxis.axis_label
    'time (UTC)'
    """
    demand(series, "time", "bin_s", "rate", "unit", subject="rates")
    units = series["unit"].drop_nulls().unique().sort().to_list()
    if len(units) > 1:
        raise QueryError(
            f"rates of several units cannot share an axis: {', '.join(units)}"
        )
    drawn = theme.canvas(
        title or _title(series),
        series,
        bursts,
        x_axis_type="datetime",
        x_axis_label="time (UTC)",
        y_axis_label=f"rate ({theme.unit_label(units[0] if units else None)})",
    )
    items = _shaded(drawn, bursts, series)
    parts = _channels(series)
    color = dict(zip(parts, theme.CYCLE * (1 + len(parts) // 7), strict=False))
    lines = [(n, [_steps(drawn, part, color[n])]) for n, part in parts.items()]
    theme.legend(drawn, [*lines, *items])
    theme.note(drawn, _note(series, parts))
    return drawn


def step_columns(times_ms: Reals, width_ms: Reals, values: Reals) -> dict[str, Reals]:
    """Return x and y of a step line: two points per bin, a break where bins do not meet."""
    x = np.stack(
        [times_ms, times_ms + width_ms, np.full(times_ms.size, np.nan)], axis=1
    )
    y = np.stack([values, values, np.full(values.size, np.nan)], axis=1)
    keep = np.ones(x.shape, dtype=bool)
    gap = times_ms[1:] - x[:-1, 1] > width_ms[1:] / 2
    keep[:-1, 2] = gap
    return {"x": x[keep], "y": y[keep]}


def _title(series: pl.DataFrame) -> str:
    names = (
        series["series"].drop_nulls().unique() if "series" in series.columns else None
    )
    single = names is not None and names.len() == 1
    return f"Count rate of {names[0]}" if single and names is not None else "Count rate"


def _channels(series: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return bins by channel, named by band; bins without data are dropped."""
    shape = {"channel": pl.Int16(), "band": pl.String(), "series": pl.String()}
    shape |= {"band_low_kev": pl.Float64(), "band_high_kev": pl.Float64()}
    edges = pl.format(
        "{}-{} keV",
        *(pl.col(f"band_{e}_kev").round(0).cast(pl.Int64) for e in ("low", "high")),
    )
    named = (
        fill(series, shape)
        .filter(pl.col("rate").is_finite(), pl.col("time").is_not_null())
        .with_columns(
            pl.coalesce(
                edges, "band", pl.format("channel {}", "channel"), pl.lit("rate")
            ).alias("_name")
        )
        .sort("channel", "time", nulls_last=False)
    )
    if named["series"].drop_nulls().n_unique() > 1:
        named = named.with_columns(pl.format("{} {}", "series", "_name").alias("_name"))
    names = named["_name"].unique(maintain_order=True).to_list()
    return {name: named.filter(pl.col("_name") == name) for name in names}


def _steps(drawn: Any, part: pl.DataFrame, color: str) -> Any:
    start, width = theme.utc_ms(part["time"]), part["bin_s"].to_numpy() * 1000
    value = part["rate"].to_numpy()
    rows = _extremes(value)
    columns = step_columns(start[rows], width[rows], value[rows])
    if rows.size < value.size:
        columns = {"x": start[rows], "y": value[rows]}
    return drawn.line(
        "x", "y", source=ColumnDataSource(columns), color=color, line_width=1
    )


def _extremes(values: Reals) -> NDArray[np.int64]:
    """Return the rows to draw: all, or of each group its lowest and highest."""
    if values.size <= MOST_BINS:
        return np.arange(values.size)
    groups = np.array_split(np.arange(values.size), MOST_BINS // 2)
    ends = [(g[np.argmin(values[g])], g[np.argmax(values[g])]) for g in groups]
    return np.unique(np.array(ends).ravel())


def _shaded(
    drawn: Any, bursts: pl.DataFrame | None, series: pl.DataFrame
) -> list[tuple[str, list[Any]]]:
    if bursts is None or bursts.is_empty():
        return []
    demand(
        bursts, "cause", "timescale_s", "significance", subject="bursts to be shaded"
    )
    rows = windows(bursts)
    height = float(series["rate"].max() or 1.0)  # type: ignore[arg-type]
    items = []
    causes = rows["cause"].fill_null("unknown").unique().sort().to_list()
    for cause, color in theme.colors(causes).items():
        part = rows.filter(pl.col("cause").fill_null("unknown") == cause)
        source = ColumnDataSource(_window_columns(part, height))
        strip = drawn.vstrip(
            "x0",
            "x1",
            source=source,
            fill_color=color,
            fill_alpha=0.22,
            line_color=color,
            line_alpha=0.6,
        )
        marks = drawn.scatter(
            "x", "top", source=source, marker="inverted_triangle", size=11, color=color
        )
        drawn.add_tools(_hover(marks))
        items.append((cause, [strip, marks]))
    return items


def windows(bursts: pl.DataFrame) -> pl.DataFrame:
    """Return bursts with a TT `time`, taken from `time_utc` if there is no other."""
    if "time" in bursts.columns:
        return bursts.filter(pl.col("time").is_not_null())
    demand(bursts, "time_utc", subject="bursts without a time")
    return bursts.with_columns(
        pl.Series("time", tt_from_utc(bursts["time_utc"].to_list())).cast(TT)
    )


def _window_columns(part: pl.DataFrame, height: float) -> dict[str, Any]:
    start = theme.utc_ms(part["time"])
    width = part["timescale_s"].to_numpy() * 1000
    full = fill(part, {"matches": pl.String(), "evidence": pl.String()})
    return {
        "x0": start,
        "x1": start + width,
        "x": start + width / 2,
        "top": np.full(start.size, height * 1.04),
        "cause": part["cause"].fill_null("unknown").to_list(),
        "sigma": part["significance"].to_numpy(),
        "timescale": part["timescale_s"].to_numpy(),
        "evidence": full["evidence"].fill_null("").to_list(),
        "matches": [_names(text) for text in full["matches"].fill_null("").to_list()],
    }


def _names(matches: str) -> str:
    """Return the names in a JSON list of matches."""
    entries = json.loads(matches) if matches else []
    names = [
        entry.get("name", "") if isinstance(entry, dict) else str(entry)
        for entry in entries
    ]
    return ", ".join(name for name in names if name)


def _hover(marks: Any) -> HoverTool:
    return HoverTool(
        renderers=[marks],
        tooltips=[
            ("cause", "@cause"),
            ("start (UTC)", "@x0{%F %T.%3N}"),
            ("significance", "@sigma{0.0} sigma in @timescale{0.000} s"),
            ("matches", "@matches"),
            ("evidence", "@evidence"),
        ],
        formatters={"@x0": "datetime"},
    )


def _note(series: pl.DataFrame, parts: dict[str, pl.DataFrame]) -> str:
    if series.is_empty():
        return "no bins"
    width = float(np.median(series["bin_s"].to_numpy()))
    text = f"{series.height:,} bins of {width:g} s"
    missing = series.height - sum(part.height for part in parts.values())
    if missing:
        text += f" · {missing:,} without data"
    if any(part.height > MOST_BINS for part in parts.values()):
        text += " · drawn: the lowest and highest of each group of bins"
    return text
