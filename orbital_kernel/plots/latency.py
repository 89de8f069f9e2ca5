"""How long queries took, by kind, against their budgets."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from bokeh.models import ColumnDataSource, HoverTool, Span

from orbital_kernel.errors import QueryError
from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand, fill

AXES = {
    "asked": "asked at (UTC)",
    "rows_stored": "rows of the table",
    "rows_returned": "rows of the answer",
}


def latency(
    queries: pl.DataFrame,
    *,
    by: str = "asked",
    budgets_ms: Mapping[str, float] | None = None,
    title: str = "Query latency",
) -> Any:
    """Return the time that queries took, by kind, on a logarithmic axis.

    Parameters
    ----------
    queries
        Rows of ops.queries: kind, milliseconds (ms), and the column named by `by`.
    by
        Horizontal axis: 'asked' (UTC), 'rows_stored' or 'rows_returned'.
    budgets_ms
        Budget (ms) of each kind; drawn as a dashed line.
    title
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        One colour per kind; the legend states its median and 99th percentile.

    Raises
    ------
    QueryError
        If `by` is not one of these columns.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> answer = orbital.table("swift.sources")
    >>> figure = plots.latency(orbital.table("ops.queries"))
    >>> figure.yaxis.axis_label
    'from question to frame (ms)'
    """
    demand(queries, "kind", "milliseconds", by, subject="the latency ledger's rows")
    if by not in AXES:
        raise QueryError(f"latency is drawn by {', '.join(AXES)}; got {by!r}")
    time = by == "asked"
    rows = fill(queries, {"table": pl.String(), "predicate": pl.String()}).filter(
        pl.col("milliseconds") > 0, pl.col(by).is_not_null()
    )
    if not time:
        rows = rows.filter(pl.col(by) > 0)
    drawn = theme.canvas(
        title,
        queries,
        x_axis_type="datetime" if time else "log",
        y_axis_type="log",
        x_axis_label=AXES[by],
        y_axis_label="from question to frame (ms)",
    )
    for axis in drawn.axis[1 if time else 0 :]:
        theme.log_axis(axis)
    kinds = rows["kind"].unique().sort().to_list()
    colors = theme.colors(kinds)
    theme.legend(drawn, [_kind(drawn, rows, kind, by, colors[kind]) for kind in kinds])
    for kind, budget in (budgets_ms or {}).items():
        color = colors.get(kind, theme.PALE)
        drawn.add_layout(
            Span(
                location=budget, dimension="width", line_color=color, line_dash="dashed"
            )
        )
    theme.note(
        drawn, f"{rows.height:,} queries" + (" · dashed: budgets" if budgets_ms else "")
    )
    return drawn


def _kind(
    drawn: Any, rows: pl.DataFrame, kind: str, by: str, color: str
) -> tuple[str, list[Any]]:
    part = rows.filter(pl.col("kind") == kind)
    x = part[by]
    source = ColumnDataSource(
        {
            # `asked` is UTC already, unlike every other time.
            "x": x.cast(pl.Datetime("ms")).to_numpy()
            if by == "asked"
            else x.to_numpy(),
            "y": part["milliseconds"].to_numpy(),
            "table": part["table"].fill_null("").to_list(),
            "predicate": part["predicate"].fill_null("").str.slice(0, 120).to_list(),
        }
    )
    marks = drawn.scatter(
        "x", "y", source=source, size=6, color=color, alpha=0.6, line_color=None
    )
    drawn.add_tools(
        HoverTool(
            renderers=[marks],
            tooltips=[
                ("", f"{theme.literal(kind)} of @table"),
                ("took", "@y{0.0} ms"),
                ("asked", "@predicate"),
            ],
        )
    )
    half, most = (
        part["milliseconds"].quantile(q, "linear") or 0.0 for q in (0.5, 0.99)
    )
    return f"{kind}: p50 {half:,.0f} ms, p99 {most:,.0f} ms", [marks]
