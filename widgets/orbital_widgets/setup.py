"""Make a notebook ready for figures, without a network."""

from bokeh.io import output_notebook
from bokeh.resources import Resources

COMPONENTS = ("bokeh",)


def setup() -> None:
    """Load BokehJS into the notebook from the installed package, never from the network.

    Call it once, in a cell of its own, before any figure is shown. Bokeh's widgets, tables
    and formulas are not loaded.

    Returns
    -------
    None

    Examples
    --------
    >>> import orbital_widgets
    >>> orbital_widgets.setup()  # doctest: +SKIP
    """
    output_notebook(
        Resources(mode="inline", components=list(COMPONENTS)), hide_banner=True
    )
