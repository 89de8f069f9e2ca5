"""Two properties of many bursts or sources against each other, with their counts."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.layouts import gridplot
from bokeh.models import ColumnDataSource, HoverTool
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand, fill, finite

Reals = NDArray[np.float64]

BINS = 30
_TABLES = (*schema.OBSERVATORY_TABLES, *schema.CROSS_TABLES)
_GROUPS = ("observatory", "catalog")
_NAMES = ("name", "source_id", "burst_id", "object")


def population(
    rows: pl.DataFrame,
    *,
    x: str = "t90_s",
    y: str = "fluence_erg_cm2",
    title: str = "Burst population",
) -> Any:
    """Return two columns against each other on logarithmic axes, with their histograms.

    Parameters
    ----------
    rows
        Rows of any table with both columns; `observatory` or `catalog` gives the colour.
    x, y
        Columns; axes take their unit and meaning from the schema.
    title
        Title of the figure.

    Returns
    -------
    bokeh.models.GridPlot
        Scatter plot with a histogram below and to the right. Rows without both values
        above zero are counted under the title.

    Raises
    ------
    QueryError
        If no table has one of the columns.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> grid = plots.population(orbital.bursts.catalog())
    >>> len(grid.children)
    3
    """
    demand(rows, x, y, subject="a population's rows")
    labels = {name: _label(name) for name in (x, y)}
    shape = {n: pl.String() for n in (*_GROUPS, *_NAMES)}
    shown = (
        fill(rows, shape)
        .with_columns(
            finite(x).alias("_x"),
            finite(y).alias("_y"),
            pl.coalesce(*_GROUPS, pl.lit("rows")).alias("_group"),
            pl.coalesce(*_NAMES, pl.lit("")).alias("_name"),
        )
        .filter(pl.col("_x") > 0, pl.col("_y") > 0)
    )
    main = theme.canvas(
        title,
        rows,
        x_axis_type="log",
        y_axis_type="log",
        x_axis_label=labels[x],
        y_axis_label=labels[y],
        width=640,
        height=440,
        sizing_mode="fixed",
    )
    for axis in main.axis:
        theme.log_axis(axis)
    names = shown["_group"].unique().sort().to_list()
    items = [
        (
            name,
            [
                _marks(
                    main,
                    shown.filter(pl.col("_group") == name),
                    color,
                    labels[x],
                    labels[y],
                )
            ],
        )
        for name, color in theme.colors(names).items()
    ]
    theme.legend(main, items)
    theme.note(main, _note(rows.height, shown.height))
    right = _counts(shown["_y"].to_numpy(), main, labels[y], across=False)
    below = _counts(shown["_x"].to_numpy(), main, labels[x], across=True)
    return gridplot(
        [[main, right], [below, None]], merge_tools=True, toolbar_options={"logo": None}
    )


def _label(name: str) -> str:
    for table in _TABLES:
        for column in table.columns:
            if column.name == name:
                meaning = column.doc or name
                return (
                    f"{meaning} ({theme.unit_label(column.unit)})"
                    if column.unit
                    else meaning
                )
    raise QueryError(f"no table has a column {name!r}, so its unit is unknown")


def _marks(
    drawn: Any, part: pl.DataFrame, color: str, x_label: str, y_label: str
) -> Any:
    source = ColumnDataSource(
        {
            "x": part["_x"].to_numpy(),
            "y": part["_y"].to_numpy(),
            "name": part["_name"].to_list(),
        }
    )
    marks = drawn.scatter(
        "x", "y", source=source, size=5, color=color, alpha=0.5, line_color=None
    )
    drawn.add_tools(
        HoverTool(
            renderers=[marks],
            tooltips=[("", "@name"), (x_label, "@x{0.00a}"), (y_label, "@y{%.3g}")],
            formatters={"@y": "printf"},
        )
    )
    return marks


def _counts(values: Reals, main: Any, label: str, *, across: bool) -> Any:
    """Return a histogram in logarithmic bins that shares the main figure's axis."""
    logs = np.log10(values) if values.size else np.array([0.0, 1.0])
    counts, edges = np.histogram(logs, bins=BINS)
    edges = 10**edges
    shared: dict[str, Any] = (
        {"x_range": main.x_range, "x_axis_type": "log", "width": 640, "height": 150}
        if across
        else {
            "y_range": main.y_range,
            "y_axis_type": "log",
            "width": 170,
            "height": 440,
        }
    )
    x_label, y_label = (
        (label, "number of rows") if across else ("number of rows", label)
    )
    drawn = theme.canvas(
        "", sizing_mode="fixed", x_axis_label=x_label, y_axis_label=y_label, **shared
    )
    (drawn.yaxis if across else drawn.xaxis)[0].ticker.desired_num_ticks = 3
    drawn.min_border_left = main.min_border_left if across else 10
    theme.log_axis((drawn.xaxis if across else drawn.yaxis)[0])
    bars = {"fill_color": theme.CYCLE[0], "fill_alpha": 0.55, "line_color": "white"}
    if not values.size:
        return drawn
    if across:
        drawn.quad(left=edges[:-1], right=edges[1:], bottom=0, top=counts, **bars)
    else:
        drawn.quad(bottom=edges[:-1], top=edges[1:], left=0, right=counts, **bars)
    return drawn


def _note(given: int, shown: int) -> str:
    missing = given - shown
    return f"{shown:,} rows" + (
        f" · {missing:,} without both values above zero" if missing else ""
    )
