"""Rows and coverage over an image survey: Aladin Lite, where there is a network."""

from html import escape
from typing import Any

import polars as pl
from astropy.table import Table

from orbital_kernel.errors import ConfigError, QueryError
from orbital_kernel.plots import theme
from orbital_widgets.axes import AXES
from orbital_widgets.explorer import Explorer

SURVEY = "CDS/P/DSS2/color"
WIDEST_DEG = 180.0
MARGIN = 2.5
MOST_ROWS = 10_000


def aladin(explorer: Explorer, *, survey: str = SURVEY, coverage: bool = False) -> Any:
    """Show the rows that an explorer has fetched over an image of the sky.

    The image comes from the network of CDS; Orbital itself asks nothing there. Needs the
    extra 'aladin'.

    Parameters
    ----------
    explorer : Explorer
        Its rows, one catalogue per observatory, and its cone for target and field.
    survey : str
        Identifier of a HiPS, such as 'CDS/P/DSS2/color' or 'cxc.harvard.edu/P/cda/hips/allsky/rgb'.
    coverage : bool
        Whether to outline where each observatory has looked.

    Returns
    -------
    ipyaladin.Aladin
        The widget, to be shown by a cell.

    Raises
    ------
    ConfigError
        If the extra is not installed.
    QueryError
        If no row has a position.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import Explorer, aladin
    >>> explorer = Explorer(connect(), limit=5).wait()
    >>> widget = aladin(explorer)  # doctest: +SKIP
    >>> explorer.close()
    """
    widget = _widget()
    frame = explorer.frame
    rows = frame.clear()
    if {"ra", "dec"} <= set(frame.columns):
        rows = frame.drop_nulls(["ra", "dec"]).head(MOST_ROWS)
    if rows.is_empty():
        raise QueryError(
            "no row has a position to show over an image: change the selection"
        )
    ra, dec, fov = _field(explorer, rows)
    shown = widget(target=f"{ra} {dec}", fov=fov, survey=survey)
    colors = theme.colors(explorer.selection.available)
    name = AXES[explorer.results.outcome.table].name
    for observatory, part in rows.group_by("observatory", maintain_order=True):
        label = str(observatory[0])
        table = _table(part, name)
        shown.add_table(table, name=label, color=colors[label], shape="circle")
    if coverage:
        session = explorer.session_for("outline coverage")
        for label in explorer.selection.available:
            moc = session.footprint(label).moc
            shown.add_moc(moc, name=f"{label} looked", color=colors[label], fill=False)
    return shown


def _widget() -> Any:
    try:
        from ipyaladin import Aladin  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "images of the sky need the extra 'aladin': run `pip install "
            "'orbital[aladin]'`; the explorer's own map needs no network"
        ) from error
    return Aladin


def _field(explorer: Explorer, rows: pl.DataFrame) -> tuple[float, float, float]:
    """Return centre and width of the image, deg: those of the cone, else the first row."""
    selection = explorer.selection
    if selection.ra is None or selection.dec is None or selection.radius_arcmin is None:
        return float(rows["ra"][0]) % 360, float(rows["dec"][0]), WIDEST_DEG
    wide = min(MARGIN * selection.radius_arcmin / 60, WIDEST_DEG)
    return selection.ra, selection.dec, wide


def _table(rows: pl.DataFrame, name: str) -> Table:
    """Return names and positions; text is shown as it is, never run."""
    names = rows[name].cast(pl.String).fill_null("").to_list()
    return Table(
        {
            "name": [escape(text) for text in names],
            "ra": rows["ra"].to_numpy() % 360,
            "dec": rows["dec"].to_numpy(),
        },
        units={"ra": "deg", "dec": "deg"},
    )
