"""Positions on the sky: the whole sky in equal area, or a field in RA and Dec."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from bokeh.models import ColumnDataSource, CustomJSTickFormatter, HoverTool, Range1d
from numpy.typing import ArrayLike, NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.plots import theme
from orbital_kernel.plots.coverage import Covers, outlined, shaded
from orbital_kernel.plots.equal_area import CENTRE_RA
from orbital_kernel.plots.whole_sky import whole_sky
from orbital_kernel.science.columns import demand, fill, finite

Reals = NDArray[np.float64]
Cone = tuple[float, float, float]
"""RA and Dec in degrees, radius in arcmin."""

FIELD_DEG = 25.0
PROJECTIONS = ("auto", "hammer", "field")
_NAMES = ("source_id", "name", "object", "obs_id")


def sky_map(
    positions: pl.DataFrame,
    *,
    title: str = "Sky map",
    cone: Cone | None = None,
    projection: str = "auto",
    coverage: Mapping[str, Covers] | None = None,
) -> Any:
    """Return a map of positions, with RA increasing to the left.

    Parameters
    ----------
    positions
        Sources, pointings or bursts: ra and dec (deg, ICRS); if known observatory or
        catalog (colour), error_radius_arcsec (arcsec), and a name.
    title
        Title of the figure.
    cone
        Circle to outline: RA and Dec (deg), radius (arcmin).
    projection
        'hammer' for the whole sky in equal area, RA in hours; 'field' for a patch to scale, with error circles; 'auto'
        (default) for the field if all rows, or the cone, lie within 25 deg.
    coverage
        Parts of the sky that were looked at, shaded and outlined, by name: footprints, or anything
        with a `moc`. Fine cells are merged to what a map shows.

    Returns
    -------
    bokeh.plotting.figure
        Rows without a position are counted under the title.

    Raises
    ------
    QueryError
        If the projection is not one of these.

    Examples
    --------
    >>> from orbital_kernel import connect, plots
    >>> orbital = connect()
    >>> figure = plots.sky_map(orbital.table("swift.sources"), projection="hammer")
    >>> "equal area" in figure.xaxis.axis_label
    True
    """
    demand(positions, "ra", "dec", subject="a sky map's rows")
    if projection not in PROJECTIONS:
        raise QueryError(
            f"a projection is one of {', '.join(PROJECTIONS)}; got {projection!r}"
        )
    rows = _prepared(positions)
    centre, reach = _extent(rows, cone)
    field = projection == "field" or (projection == "auto" and reach <= FIELD_DEG)
    drawn, to_map = (
        _field(title, positions, centre, reach)
        if field
        else whole_sky(title, positions)
    )
    items = [
        (
            name,
            [
                *shaded(drawn, part.moc, to_map, color=color),
                outlined(drawn, part.moc, to_map, color=color),
            ],
        )
        for (name, part), color in zip(
            (coverage or {}).items(), theme.colors(coverage or {}).values(), strict=True
        )
    ]
    items += [
        (name, _marks(drawn, part, to_map, color, circles=field))
        for name, part, color in _groups(rows)
    ]
    if cone is not None:
        _outline(drawn, cone, to_map)
    theme.legend(drawn, items)
    missing = positions.height - rows.height
    theme.note(
        drawn,
        f"{rows.height:,} positions"
        + (f" · {missing:,} without one" if missing else ""),
    )
    return drawn


def _prepared(positions: pl.DataFrame) -> pl.DataFrame:
    shape = {n: pl.String() for n in ("observatory", "catalog", *_NAMES)}
    rows = fill(positions, shape | {"error_radius_arcsec": pl.Float64()})
    return rows.with_columns(
        finite("ra") % 360,
        finite("dec"),
        pl.coalesce("observatory", "catalog", pl.lit("positions")).alias("_group"),
        pl.coalesce(*(pl.col(n).cast(pl.String) for n in _NAMES), pl.lit("")).alias(
            "_name"
        ),
    ).drop_nulls(["ra", "dec"])


def _extent(rows: pl.DataFrame, cone: Cone | None) -> tuple[tuple[float, float], float]:
    """Return the middle of the rows (or the cone) and how far they reach, degrees."""
    if cone is not None:
        return (cone[0] % 360, cone[1]), max(cone[2] / 60 * 1.15, 1e-4)
    if rows.is_empty():
        return (CENTRE_RA, 0.0), 180.0
    ra, dec = np.radians(rows["ra"].to_numpy()), np.radians(rows["dec"].to_numpy())
    x, y, z = np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)
    mean = np.array([x.mean(), y.mean(), z.mean()])
    centre = (
        np.degrees(np.arctan2(mean[1], mean[0])) % 360,
        np.degrees(np.arctan2(mean[2], np.hypot(mean[0], mean[1]))),
    )
    length = max(float(np.linalg.norm(mean)), 1e-12)
    cosine = np.clip((x * mean[0] + y * mean[1] + z * mean[2]) / length, -1, 1)
    reach = float(np.degrees(np.arccos(cosine.min())))
    circles = float(rows["error_radius_arcsec"].fill_null(0.0).max() or 0.0) / 3600  # type: ignore[arg-type]
    return (float(centre[0]), float(centre[1])), max((reach + circles) * 1.15, 2 / 3600)


def _field(
    title: str, positions: pl.DataFrame, centre: tuple[float, float], reach: float
) -> tuple[Any, Any]:
    """Return a patch of fixed shape, one degree as long in RA (at its middle) as in Dec."""
    stretch = 1 / max(np.cos(np.radians(centre[1])), 0.02)
    drawn = theme.canvas(
        title,
        positions,
        width=640,
        height=600,
        sizing_mode="fixed",
        frame_width=520,
        frame_height=460,
        x_range=Range1d(
            centre[0] + reach * stretch * 520 / 460,
            centre[0] - reach * stretch * 520 / 460,
        ),
        y_range=Range1d(centre[1] - reach, centre[1] + reach),
        x_axis_label="right ascension (deg, ICRS)",
        y_axis_label="declination (deg, ICRS)",
    )
    drawn.xaxis.formatter = CustomJSTickFormatter(
        code="return String(Math.round(((tick % 360) + 360) % 360 * 1e6) / 1e6)"
    )

    def to_map(ra: ArrayLike, dec: ArrayLike) -> tuple[Reals, Reals]:
        away = (np.asarray(ra, dtype=np.float64) - centre[0] + 180) % 360 - 180
        return centre[0] + away, np.asarray(dec, dtype=np.float64)

    return drawn, to_map


def _groups(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame, str]]:
    names = rows["_group"].unique().sort().to_list()
    color = theme.colors(names)
    return [(n, rows.filter(pl.col("_group") == n), color[n]) for n in names]


def _marks(
    drawn: Any, part: pl.DataFrame, to_map: Any, color: str, *, circles: bool
) -> list[Any]:
    ra, dec = part["ra"].to_numpy(), part["dec"].to_numpy()
    x, y = to_map(ra, dec)
    radius = part["error_radius_arcsec"].to_numpy().astype(np.float64)
    source = ColumnDataSource(
        {
            "x": x,
            "y": y,
            "ra": ra,
            "dec": dec,
            "name": part["_name"].to_list(),
            "group": part["_group"].to_list(),
            "error": radius,
            "tall": 2 * np.nan_to_num(radius) / 3600,
            "wide": 2
            * np.nan_to_num(radius)
            / 3600
            / np.maximum(np.cos(np.radians(dec)), 0.02),
        }
    )
    size = 3 if part.height > 2000 else 5 if part.height > 200 else 8
    marks = drawn.scatter(
        "x", "y", source=source, size=size, color=color, alpha=0.65, line_color=None
    )
    drawn.add_tools(
        HoverTool(
            renderers=[marks],
            tooltips=[
                ("", "@group @name"),
                ("RA, Dec (ICRS)", "@ra{0.00000}°, @dec{0.00000}°"),
                ("position error", "@error{0.00} arcsec"),
            ],
        )
    )
    renderers = [marks]
    if circles and np.isfinite(radius).any():
        renderers.append(
            drawn.ellipse(
                "x",
                "y",
                "wide",
                "tall",
                source=source,
                fill_alpha=0.08,
                fill_color=color,
                line_color=color,
                line_alpha=0.8,
            )
        )
    return renderers


def _outline(drawn: Any, cone: Cone, to_map: Any) -> None:
    """Draw the cone's circle on the sphere, broken where the map's edge cuts it."""
    ra0, dec0, radius = (
        np.radians(cone[0]),
        np.radians(cone[1]),
        np.radians(cone[2] / 60),
    )
    around = np.linspace(0, 2 * np.pi, 181)
    sine = np.sin(dec0) * np.cos(radius) + np.cos(dec0) * np.sin(radius) * np.cos(
        around
    )
    dec = np.arcsin(np.clip(sine, -1, 1))
    turn = np.arctan2(
        np.sin(around) * np.sin(radius) * np.cos(dec0),
        np.cos(radius) - np.sin(dec0) * sine,
    )
    x, y = to_map(np.degrees(ra0 + turn) % 360, np.degrees(dec))
    jump = np.abs(np.diff(x, prepend=x[0])) > 0.5 * abs(
        drawn.x_range.end - drawn.x_range.start
    )
    drawn.line(
        np.where(jump, np.nan, x),
        y,
        color=theme.INK,
        line_dash="dashed",
        line_width=1.4,
    )
