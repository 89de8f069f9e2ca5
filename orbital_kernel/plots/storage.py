"""Capacity in use over time, against its limits."""

from typing import Any

import polars as pl
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand, fill

UNITS = (
    ("PB", 10**15),
    ("TB", 10**12),
    ("GB", 10**9),
    ("MB", 10**6),
    ("kB", 10**3),
    ("bytes", 1),
)
"""Decimal, as the VMS counts: a TB is 10^12 bytes."""


def storage(samples: pl.DataFrame, *, title: str = "Capacity in use") -> Any:
    """Return used capacity against time, with its limits.

    Parameters
    ----------
    samples
        Rows of ops.storage: sampled (UTC), name, used_bytes (bytes); if known
        soft_limit_bytes and hard_limit_bytes (bytes), state.
    title
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        One colour per resource; soft limits dashed, hard limits dotted. Units are decimal.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from orbital_kernel import plots
    >>> samples = pl.DataFrame(
    ...     {"sampled": [datetime(2026, 1, 1)], "name": ["swift"], "used_bytes": [5 * 10**12]}
    ... )
    >>> plots.storage(samples).yaxis.axis_label
    'capacity (TB)'
    """
    demand(samples, "sampled", "name", "used_bytes", subject="capacity samples")
    rows = samples.filter(pl.col("used_bytes").is_not_null()).sort("name", "sampled")
    unit, size = _unit(rows)
    drawn = theme.canvas(
        title,
        samples,
        x_axis_type="datetime",
        x_axis_label="sampled at (UTC)",
        y_axis_label=f"capacity ({unit})",
    )
    drawn.yaxis.formatter = NumeralTickFormatter(format="0,0.[00]")
    names = rows["name"].unique().sort().to_list()
    items = [
        (name, _lines(drawn, rows.filter(pl.col("name") == name), color, unit, size))
        for name, color in theme.colors(names).items()
    ]
    drawn.y_range.start = 0
    theme.legend(drawn, items)
    theme.note(drawn, "solid: in use · dashed: soft limit · dotted: hard limit")
    return drawn


def _unit(rows: pl.DataFrame) -> tuple[str, int]:
    columns = [
        c
        for c in ("used_bytes", "soft_limit_bytes", "hard_limit_bytes")
        if c in rows.columns
    ]
    most = rows.select(pl.max_horizontal(pl.col(columns).max())).item() or 0
    return next(((name, size) for name, size in UNITS if most >= size), UNITS[-1])


def _lines(
    drawn: Any, part: pl.DataFrame, color: str, unit: str, size: int
) -> list[Any]:
    # `sampled` is UTC already, unlike every other time.
    when = part["sampled"].cast(pl.Datetime("ms")).to_numpy()
    data: dict[str, Any] = {
        "x": when,
        "used": part["used_bytes"].to_numpy() / size,
        "name": part["name"].to_list(),
        "state": fill(part, {"state": pl.String()})["state"].fill_null("").to_list(),
    }
    source = ColumnDataSource(data)
    renderers = [drawn.line("x", "used", source=source, color=color, line_width=2)]
    marks = drawn.scatter("x", "used", source=source, color=color, size=6)
    drawn.add_tools(
        HoverTool(
            renderers=[marks],
            tooltips=[
                ("", "@name @state"),
                ("in use", f"@used{{0,0.00}} {unit}"),
                ("UTC", "@x{%F %T}"),
            ],
            formatters={"@x": "datetime"},
        )
    )
    for column, dash in (
        ("soft_limit_bytes", "dashed"),
        ("hard_limit_bytes", "dotted"),
    ):
        if column in part.columns and part[column].drop_nulls().len():
            limit = part[column].cast(pl.Float64).to_numpy() / size
            renderers.append(
                drawn.line(when, limit, color=color, line_dash=dash, line_width=1.5)
            )
    return [*renderers, marks]
