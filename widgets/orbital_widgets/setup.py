"""Make a notebook ready for figures, without a network."""

from bokeh.io import output_notebook
from bokeh.resources import Resources

COMPONENTS = ("bokeh",)


def setup() -> None:
    """Load BokehJS into the notebook from the installed package, never from a CDN.

    Call it once, in a cell of its own, before any figure is shown. Only what the figures
    here need is loaded: no Bokeh widgets, tables or formulas.
    """
    output_notebook(
        Resources(mode="inline", components=list(COMPONENTS)), hide_banner=True
    )
