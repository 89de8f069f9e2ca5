"""How far matched sources stand apart, beside what true pairs would show."""

from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.plots import theme
from orbital_kernel.science.columns import demand

BINS = 40


def match_separations(
    matches: pl.DataFrame, *, title: str = "Separations of matched sources"
) -> Any:
    """Return a histogram of normalised separations of what cross_match returned.

    Best pairs (each the other's first) stand before all candidates. The curve is a
    Rayleigh distribution with as many pairs as the match probabilities add up to:
    where best pairs exceed it far out, the position errors are too small.
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
        ("all candidates", [_bars(drawn, matches, edges, "#9CA3AF")]),
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
