"""The separations of matched sources, and what true pairs would show."""

from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand

BINS = 40


def match_separations(
    matches: pl.DataFrame, *, title: str = "Separations of matched sources"
) -> Any:
    """Return a histogram of the normalised separations of a cross-match.

    Parameters
    ----------
    matches
        What `Orbital.match` or `science.matching.cross_match` returns:
        normalised_separation (combined sigma), match_probability, mutual.
    title
        Title of the figure.

    Returns
    -------
    bokeh.plotting.figure
        Best pairs (each first for the other) before all candidates. The curve is the
        Rayleigh distribution of as many pairs as the match probabilities add up to; if
        the best pairs exceed it at large separations, position errors are too small.

    Examples
    --------
    >>> import polars as pl
    >>> from orbital_kernel import plots
    >>> matches = pl.DataFrame(
    ...     {
    ...         "normalised_separation": [0.5, 3.0],
    ...         "match_probability": [0.9, 0.1],
    ...         "mutual": [True, False],
    ...     }
    ... )
    >>> figure = plots.match_separations(matches)
    >>> figure.xaxis.axis_label
    'normalised separation (combined sigma)'

    References
    ----------
    For Gaussian position errors the normalised separation follows exp(-x²/2) x (Rayleigh).
    """
    demand(
        matches,
        "normalised_separation",
        "match_probability",
        "mutual",
        subject="matches",
    )
    top = max(float(matches["normalised_separation"].max() or 5.0), 1.0)  # type: ignore[arg-type]
    edges = np.linspace(0, np.ceil(top), BINS + 1)
    drawn = theme.canvas(
        title,
        matches,
        x_axis_label="normalised separation (combined sigma)",
        y_axis_label=f"pairs (per {edges[1]:g} sigma)",
    )
    best = matches.filter("mutual")
    items = [
        ("all candidates", [_bars(drawn, matches, edges, theme.FAINT)]),
        ("best pairs", [_bars(drawn, best, edges, theme.CYCLE[0])]),
    ]
    expected = float(best["match_probability"].sum())
    x = np.linspace(0, edges[-1], 300)
    rayleigh = expected * edges[1] * x * np.exp(-(x**2) / 2)
    line = drawn.line(x, rayleigh, color=theme.CYCLE[1], line_width=2.2)
    items.append((f"expected of {expected:,.0f} true pairs", [line]))
    theme.legend(drawn, items)
    drawn.y_range.start = 0
    theme.note(drawn, f"{matches.height:,} candidates, {best.height:,} best pairs")
    return drawn


def _bars(drawn: Any, rows: pl.DataFrame, edges: Any, color: str) -> Any:
    counts, _ = np.histogram(rows["normalised_separation"].to_numpy(), edges)
    return drawn.quad(
        left=edges[:-1],
        right=edges[1:],
        bottom=0,
        top=counts,
        fill_color=color,
        fill_alpha=0.6,
        line_color="white",
    )
