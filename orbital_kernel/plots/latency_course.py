"""How latency changes from one period to the next."""

from typing import Any

import polars as pl

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand

PERCENTILES = {"p50_ms": theme.BLUE, "p95_ms": theme.ORANGE, "p99_ms": theme.VERMILION}


def latency_course(
    periods: pl.DataFrame,
    *,
    budget_ms: float | None = None,
    title: str = "Latency by period",
) -> Any:
    """Return a figure of latency percentiles against the start of each period.

    Parameters
    ----------
    periods : polars.DataFrame
        One row per period: `start` (UTC), `p50_ms`, `p95_ms` and `p99_ms` (ms), and
        `simulated` if rows are simulated.
    budget_ms : float, optional
        Budget of the 99th percentile (ms), drawn as a dashed line.
    title : str
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        One line per percentile, on a logarithmic axis.

    Raises
    ------
    SchemaMismatch
        If a column is missing.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from orbital_kernel import plots
    >>> periods = pl.DataFrame(
    ...     {
    ...         "start": [datetime(2026, 5, 1), datetime(2026, 5, 2)],
    ...         "p50_ms": [10.0, 12.0],
    ...         "p95_ms": [20.0, 21.0],
    ...         "p99_ms": [30.0, 31.0],
    ...     }
    ... )
    >>> plots.latency_course(periods, budget_ms=50.0).yaxis.axis_label
    'latency (ms)'
    """
    demand(periods, "start", *PERCENTILES, subject="periods")
    drawn = theme.canvas(
        title,
        periods,
        x_axis_type="datetime",
        y_axis_type="log",
        x_axis_label="start of the period (UTC)",
        y_axis_label="latency (ms)",
    )
    start = periods["start"].to_list()
    lines = [
        (
            name.removesuffix("_ms"),
            [drawn.line(start, periods[name].to_list(), color=color, line_width=2)],
        )
        for name, color in PERCENTILES.items()
    ]
    if budget_ms is not None:
        budget = drawn.line(
            start, [budget_ms] * len(start), color=theme.PALE, line_dash="dashed"
        )
        lines.append(("p99 budget", [budget]))
    theme.legend(drawn, lines)
    return drawn
