"""Files beside the database: rows counted and time covered on both sides."""

from typing import Any

import polars as pl

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand

SIDES = {"source": theme.BLUE, "store": theme.VERMILION}


def row_agreement(
    totals: pl.DataFrame, *, title: str = "Rows of source and store"
) -> Any:
    """Return a figure of the rows in files and in the database, one line per table.

    Parameters
    ----------
    totals : polars.DataFrame
        One row per table: `table`, `source_rows`, `store_rows` and, if rows may be
        simulated, `simulated`.
    title : str
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        Open circles are the files, filled circles the database; they coincide if no row
        was lost.

    Raises
    ------
    SchemaMismatch
        If a column is missing.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import plots
    >>> totals = pl.DataFrame(
    ...     {"table": ["swift.rates"], "source_rows": [10], "store_rows": [10]}
    ... )
    >>> plots.row_agreement(totals).title.text
    'Rows of source and store'
    """
    demand(totals, "table", "source_rows", "store_rows", subject="row totals")
    names = totals["table"].to_list()
    drawn = theme.canvas(
        title,
        totals,
        x_axis_type="log",
        y_range=names[::-1],
        y_axis_label="table",
        x_axis_label="rows",
    )
    source = drawn.scatter(
        totals["source_rows"].to_list(),
        names,
        size=16,
        fill_color=None,
        line_color=SIDES["source"],
        line_width=2,
    )
    store = drawn.scatter(
        totals["store_rows"].to_list(), names, size=7, color=SIDES["store"]
    )
    theme.legend(drawn, [("source", [source]), ("store", [store])])
    return drawn


def time_agreement(
    comparisons: pl.DataFrame, *, title: str = "Time covered by source and store"
) -> Any:
    """Return a figure of the time span of files and database, one line per table.

    Parameters
    ----------
    comparisons : polars.DataFrame
        `Validation.frame`: one row per file and table with `table`, `source_first`,
        `source_last`, `store_first` and `store_last` (TT).
    title : str
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        Wide lines are the files, narrow lines the database; tables without times are
        omitted.

    Raises
    ------
    SchemaMismatch
        If a column is missing.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> checked = orbital.validate(orbital.sample())
    >>> plots.time_agreement(checked.frame).xaxis.axis_label
    'time (TT)'
    """
    ends = [f"{side}_{end}" for side in SIDES for end in ("first", "last")]
    demand(comparisons, "table", *ends, subject="comparisons")
    spans = (
        comparisons.drop_nulls("source_first")
        .group_by("table")
        .agg(
            pl.col("source_first", "store_first").min(),
            pl.col("source_last", "store_last").max(),
        )
        .sort("table", descending=True)
    )
    names = spans["table"].to_list()
    drawn = theme.canvas(
        title,
        comparisons,
        x_axis_type="datetime",
        y_range=names,
        y_axis_label="table",
        x_axis_label="time (TT)",
    )
    lines = {
        side: drawn.segment(
            spans[f"{side}_first"].to_list(),
            names,
            spans[f"{side}_last"].to_list(),
            names,
            line_width=width,
            color=SIDES[side],
        )
        for side, width in (("source", 10), ("store", 3))
    }
    theme.legend(drawn, [(side, [line]) for side, line in lines.items()])
    return drawn
