"""Aitoff's projection of the whole sky, and an empty map in it."""

from typing import Any

import numpy as np
import polars as pl
from bokeh.models import Range1d
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.plots import theme

Reals = NDArray[np.float64]

CENTRE_RA = 180.0


def aitoff(ra: ArrayLike, dec: ArrayLike) -> tuple[Reals, Reals]:
    """Return x (-2 to 2, RA 360 to 0) and y (-1 to 1) of Aitoff's projection, in pi/2.

    `ra` and `dec` are in degrees. RA 180 is at the centre.
    """
    away = np.asarray(ra, dtype=np.float64) % 360 - CENTRE_RA
    half, lat = np.radians(away) / 2, np.radians(np.asarray(dec, dtype=np.float64))
    alpha = np.arccos(np.clip(np.cos(lat) * np.cos(half), -1, 1))
    scale = np.where(
        alpha < 1e-12, 1.0, alpha / np.where(alpha < 1e-12, 1.0, np.sin(alpha))
    )
    unit = 2 / np.pi
    return -2 * np.cos(lat) * np.sin(half) * scale * unit, np.sin(lat) * scale * unit


def all_sky(title: str, positions: pl.DataFrame) -> tuple[Any, Any]:
    """Return an empty map of the whole sky, and the projection of positions on it."""
    drawn = theme.canvas(
        title,
        positions,
        width=900,
        height=520,
        sizing_mode="fixed",
        frame_width=820,
        frame_height=410,
        x_range=Range1d(-2.08, 2.08),
        y_range=Range1d(-1.04, 1.04),
        x_axis_label="right ascension (deg, ICRS), 360 left to 0 right · Aitoff projection",
        y_axis_label="declination (deg, ICRS)",
    )
    drawn.grid.grid_line_color = None
    for axis in drawn.axis:
        axis.ticker = []
        axis.axis_line_color = None
    _graticule(drawn)
    return drawn, aitoff


def _graticule(drawn: Any) -> None:
    turn, up = np.linspace(0, 359.999, 181), np.linspace(-90, 90, 91)
    lines = [aitoff(np.full(91, ra), up) for ra in (*range(0, 360, 30), 359.999)]
    lines += [aitoff(turn, np.full(181, dec)) for dec in range(-60, 90, 30)]
    drawn.multi_line(
        [x for x, _ in lines], [y for _, y in lines], color=theme.GRID, line_width=1
    )
    edge = [aitoff(np.full(91, ra), up) for ra in (0.0, 359.999)]
    drawn.multi_line(
        [x for x, _ in edge], [y for _, y in edge], color=theme.PALE, line_width=1.2
    )
    text = {
        "level": "overlay",
        "text_font_size": "12px",
        "text_color": theme.INK,
        "text_font": {"value": theme.FONT},
    }
    ra = np.arange(60, 360, 60)
    x, y = aitoff(ra, np.zeros(ra.size))
    drawn.text(x, y, [f"{a}°" for a in ra], x_offset=3, y_offset=-2, **text)
    dec = np.array([-60, -30, 30, 60])
    x, y = aitoff(np.full(4, 359.999), dec)
    drawn.text(
        x,
        y,
        [f"{d:+d}°" for d in dec],
        x_offset=-6,
        text_align="right",
        text_baseline="middle",
        **text,
    )
