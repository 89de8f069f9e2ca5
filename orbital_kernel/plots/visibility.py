"""Who can see a place and when: bars of visibility, and the reasons against it."""

from typing import Any

import polars as pl
from bokeh.models import ColumnDataSource, HoverTool

from orbital_kernel.plots import theme
from orbital_kernel.science.visibility import ASSUMPTIONS, STEP_MIN, Plan

BAR = 0.5


def visibility(plan: Plan, *, title: str = "Visibility") -> Any:
    """Return a timeline in UTC, one row per observatory, with a bar where the place is visible.

    Parameters
    ----------
    plan
        What `science.visibility.plan` returns, or the `plan` of a follow-up.
    title
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        Pale bars show the limit that prevents a pointing. Lines under the title state
        place, first choice and assumptions.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> follow_up = orbital.bursts.follow_up(ra=83.63, dec=22.01, days=0.5)
    >>> plots.visibility(follow_up.plan).xaxis.axis_label
    'time (UTC)'
    """
    names = plan.track["observatory"].unique().sort(descending=True).to_list()
    drawn = theme.canvas(
        title,
        plan.track,
        x_axis_type="datetime",
        x_axis_label="time (UTC)",
        y_axis_label="observatory",
        y_range=names,
        height=140 + 70 * len(names),
    )
    drawn.ygrid.visible = False
    step_ms = STEP_MIN * 60_000
    for name, color in theme.colors(names).items():
        rows = plan.track.filter(pl.col("observatory") == name)
        for seen, alpha in ((True, 1.0), (False, 0.08)):
            part = rows.filter(pl.col("visible") == seen)
            start = theme.utc_ms(part["time"])
            source = ColumnDataSource(
                {
                    "left": start,
                    "right": start + step_ms,
                    "name": [name] * part.height,
                    "sun": part["sun_deg"].to_numpy(),
                    "moon": part["moon_deg"].to_numpy(),
                    "why": part["why_not"].to_list(),
                }
            )
            bars = drawn.hbar(
                y="name",
                left="left",
                right="right",
                height=BAR,
                source=source,
                color=color,
                alpha=alpha,
                line_color=color if seen else None,  # no seams between steps
            )
            drawn.add_tools(
                HoverTool(
                    renderers=[bars],
                    tooltips=[
                        ("", "@name"),
                        ("UTC", "@left{%F %H:%M}"),
                        ("Sun", "@sun{0.0}°"),
                        ("Moon", "@moon{0.0}°"),
                        ("not visible for", "@why"),
                    ],
                    formatters={"@left": "datetime"},
                )
            )
    best = plan.ranking.row(0, named=True)
    theme.note(drawn, "; ".join(plan.assumptions[len(ASSUMPTIONS) :]))
    theme.note(
        drawn,
        f"RA {plan.ra:.4f}°, Dec {plan.dec:+.4f}°, error {plan.error_arcmin:.2g}' · "
        f"first choice {best['observatory']} {best['instrument']}",
    )
    return drawn
