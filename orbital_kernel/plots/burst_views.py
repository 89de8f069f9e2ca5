"""The views of science.population as figures: rate, hardness, fluence, redshift.

Each figure states under its title how many of the bursts it shows.
"""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, Span, Whisker

from orbital_kernel.errors import QueryError
from orbital_kernel.plots import theme
from orbital_kernel.science.population import SHORT_S, View

WIDTH_YEARS = 0.8
KINDS = {"short": theme.VERMILION, "long": theme.BLUE}


def burst_view(name: str, view: View) -> Any:
    """Return the figure of one view of a burst population.

    Parameters
    ----------
    name
        'rate', 'hardness', 'fluence' or 'redshift', as in `science.population.views`.
    view
        The view of that name.

    Returns
    -------
    bokeh.plotting.figure
        Bursts per year; hardness ratio against T90 (s); number of bursts against fluence
        (erg cm⁻²); or rest-frame T90 (s) against redshift.

    Raises
    ------
    QueryError
        If no view has that name.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> from orbital_kernel.science import population
    >>> views = population.views(orbital.bursts.catalog())
    >>> figure = plots.burst_view("fluence", views["fluence"])
    >>> figure.xaxis.axis_label
    'fluence, 15-150 keV (erg cm⁻²)'
    """
    if name not in DRAWN:
        raise QueryError(f"no view is called {name!r}; there are {', '.join(DRAWN)}")
    drawn = DRAWN[name](view)
    theme.note(drawn, f"{view.used:,} of {view.total:,} bursts")
    return drawn


def burst_views(views: Mapping[str, View]) -> Any:
    """Return the figures of several views, one below the other.

    Parameters
    ----------
    views
        Views by name, as `science.population.views` returns them.

    Returns
    -------
    bokeh.models.Column
        One figure per view.

    Raises
    ------
    QueryError
        If a name is not that of a view.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> from orbital_kernel.science import population
    >>> orbital = connect()
    >>> page = plots.burst_views(population.views(orbital.bursts.catalog()))
    >>> len(page.children)
    4
    """
    figures = [burst_view(name, view) for name, view in views.items()]
    return column(*figures, sizing_mode="stretch_width")


def _rate(view: View) -> Any:
    rows = view.rows.with_columns(
        kind=pl.when("whole")
        .then(pl.lit("whole year"))
        .otherwise(pl.lit("part of one"))
    )
    drawn = theme.canvas(
        "Bursts a year",
        _mark(view),
        x_axis_label="year (TT)",
        y_axis_label="bursts catalogued per year (365.25 d)",
    )
    colors = {"whole year": theme.CYCLE[0], "part of one": theme.GRID}
    items = []
    for kind, color in colors.items():
        part = ColumnDataSource(_of_kind(rows, kind).to_dict(as_series=False))
        bars = drawn.vbar(
            "year", top="rate_yr", width=WIDTH_YEARS, source=part, color=color
        )
        whiskers = Whisker(
            base="year", lower="rate_low_yr", upper="rate_high_yr", source=part
        )
        whiskers.line_color = theme.PALE
        drawn.add_layout(whiskers)
        tips = [
            ("year", "@year"),
            ("bursts", "@bursts in @days{0} d"),
            ("a year", "@rate_yr{0.0}"),
        ]
        drawn.add_tools(HoverTool(renderers=[bars], tooltips=tips))
        items.append((kind, [bars] if len(part.data["year"]) else []))
    drawn.y_range.start = 0
    theme.legend(drawn, items)
    theme.note(drawn, "bars with 68 % Poisson errors; rate over the days covered")
    return drawn


def _hardness(view: View) -> Any:
    drawn = theme.canvas(
        "Duration and hardness",
        _mark(view),
        x_axis_type="log",
        y_axis_type="log",
        x_axis_label="T90, 15-350 keV (s)",
        y_axis_label="fluence 50-100 keV / 25-50 keV (no unit)",
    )
    items = [
        (kind, [_points(drawn, _of_kind(view.rows, kind), "t90_s", "hardness", color)])
        for kind, color in KINDS.items()
    ]
    drawn.add_layout(
        Span(
            location=SHORT_S,
            dimension="height",
            line_color=theme.PALE,
            line_dash="dashed",
        )
    )
    _log_axes(drawn)
    theme.legend(drawn, items)
    return drawn


def _fluence(view: View) -> Any:
    drawn = theme.canvas(
        "Fluence",
        _mark(view),
        x_axis_type="log",
        y_axis_type="log",
        x_axis_label="fluence, 15-150 keV (erg cm⁻²)",
        y_axis_label="number of bursts",
    )
    rows = view.rows.filter(pl.col("bursts") > 0)
    bars = drawn.quad(
        left=rows["low"].to_numpy(),
        right=rows["high"].to_numpy(),
        bottom=0.5,
        top=rows["bursts"].to_numpy(),
        fill_color=theme.CYCLE[0],
        fill_alpha=0.55,
        line_color="white",
    )
    steps = drawn.step(
        view.rows["low"].to_numpy(),
        view.rows["above"].to_numpy(),
        mode="after",
        line_width=2,
        color=theme.CYCLE[1],
    )
    _log_axes(drawn)
    theme.legend(
        drawn, [("bursts in a bin", [bars]), ("bursts above its edge", [steps])]
    )
    return drawn


def _redshift(view: View) -> Any:
    drawn = theme.canvas(
        "Redshift and duration at the source",
        _mark(view),
        y_axis_type="log",
        x_axis_label="redshift (no unit)",
        y_axis_label="T90 / (1 + z) (s)",
    )
    rows = view.rows.filter(pl.col("t90_rest_s") > 0)
    _points(drawn, rows, "redshift", "t90_rest_s", theme.CYCLE[2])
    theme.log_axis(drawn.yaxis[0])
    if rows.height < view.rows.height:
        theme.note(drawn, f"{view.rows.height - rows.height} more without T90")
    return drawn


def _mark(view: View) -> pl.DataFrame:
    """Return a frame that marks the canvas as simulated or not."""
    return pl.DataFrame({"simulated": [view.simulated]})


def _of_kind(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    return rows.filter(pl.col("kind") == kind)


def _points(drawn: Any, rows: pl.DataFrame, x: str, y: str, color: str) -> Any:
    source = ColumnDataSource(
        {
            "x": rows[x].to_numpy(),
            "y": rows[y].to_numpy(),
            "name": rows["name"].to_list(),
            "t90_catalog": rows["t90_catalog"].fill_null("").to_list(),
        }
    )
    marks = drawn.scatter(
        "x", "y", source=source, size=6, color=color, alpha=0.6, line_color=None
    )
    tips = [("", "@name"), (x, "@x{0.00}"), (y, "@y{0.00}"), ("T90 of", "@t90_catalog")]
    drawn.add_tools(HoverTool(renderers=[marks], tooltips=tips))
    return marks


def _log_axes(drawn: Any) -> None:
    for axis in drawn.axis:
        theme.log_axis(axis)


DRAWN: Mapping[str, Callable[[View], Any]] = {
    "rate": _rate,
    "hardness": _hardness,
    "fluence": _fluence,
    "redshift": _redshift,
}
