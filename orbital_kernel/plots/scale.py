"""One query over tables of any size: its latency and its cost."""

from typing import Any

import polars as pl
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, Span

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand

PANELS = (
    ("milliseconds", "latency", "s", 1000.0),
    ("cost", "cost of a thousand queries", "", 1e-3),
)
BAND = 0.15


def scale(
    predictions: pl.DataFrame,
    *,
    measured_bytes: float | None = None,
    currency: str = "USD",
    title: str = "One query from gigabytes to an exabyte",
) -> Any:
    """Return latency and cost against the size of the table, one line per name.

    Parameters
    ----------
    predictions
        name, table_bytes (bytes), milliseconds, low_ms and high_ms (ms, 90 %), cost (of
        one query, in `currency`).
    measured_bytes
        Size (bytes) of the largest table measured; larger ones are extrapolated.
    currency
        Unit of `cost`.
    title
        Title of the figure.

    Returns
    -------
    bokeh.models.Column
        Two figures, latency and cost, with a common horizontal axis.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import plots
    >>> sizes = pl.DataFrame(
    ...     {
    ...         "name": ["cone"] * 2,
    ...         "table_bytes": [1e9, 1e12],
    ...         "milliseconds": [20.0, 400.0],
    ...         "low_ms": [10.0, 200.0],
    ...         "high_ms": [40.0, 800.0],
    ...         "cost": [1e-6, 1e-4],
    ...     }
    ... )
    >>> len(plots.scale(sizes, measured_bytes=1e9).children)
    2
    """
    demand(
        predictions,
        "name",
        "table_bytes",
        "milliseconds",
        "low_ms",
        "high_ms",
        "cost",
        subject="predictions",
    )
    rows = predictions.sort("name", "table_bytes")
    colors = theme.colors(rows["name"].unique(maintain_order=True).to_list())
    drawn: list[Any] = []
    for name, quantity, unit, divisor in PANELS:
        panel = theme.canvas(
            title if not drawn else "",
            predictions,
            x_axis_type="log",
            y_axis_type="log",
            x_axis_label="table (bytes)",
            y_axis_label=f"{quantity} ({unit or currency})",
            height=theme.HEIGHT - 80,
            **({"x_range": drawn[0].x_range} if drawn else {}),
        )
        items = [
            (
                line,
                _line(panel, rows.filter(pl.col("name") == line), name, color, divisor),
            )
            for line, color in colors.items()
        ]
        theme.log_axis(panel.xaxis[0])
        theme.log_axis(panel.yaxis[0])
        _edge(panel, measured_bytes)
        theme.legend(panel, items)
        drawn.append(panel)
    if measured_bytes is not None:
        theme.note(drawn[0], "right of the dashed line: extrapolated · bands: 90 %")
    return column(*drawn, sizing_mode="stretch_width")


def _line(
    drawn: Any, part: pl.DataFrame, name: str, color: str, divisor: float
) -> list[Any]:
    data: dict[str, Any] = {
        "x": part["table_bytes"].to_numpy(),
        "y": part[name].to_numpy() / divisor,
        "low": part["low_ms"].to_numpy() / divisor,
        "high": part["high_ms"].to_numpy() / divisor,
        "name": part["name"].to_list(),
    }
    source = ColumnDataSource(data)
    renderers = [drawn.line("x", "y", source=source, color=color, line_width=2)]
    if name == "milliseconds":
        band = drawn.varea("x", "low", "high", source=source, color=color, alpha=BAND)
        renderers.append(band)
    drawn.add_tools(
        HoverTool(
            renderers=renderers[:1],
            tooltips=[("", "@name"), ("table", "@x{0.0a}B"), (name, "@y{0.000 a}")],
        )
    )
    return renderers


def _edge(drawn: Any, measured_bytes: float | None) -> None:
    if measured_bytes is not None:
        drawn.add_layout(
            Span(
                location=measured_bytes,
                dimension="height",
                line_dash="dashed",
                line_color=theme.PALE,
            )
        )
