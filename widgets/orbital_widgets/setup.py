"""Make a notebook ready for figures, without a network."""

from bokeh.io import output_notebook
from bokeh.resources import INLINE


def setup() -> None:
    """Load BokehJS into the notebook from the installed package, never from a CDN.

    Call it once, in a cell of its own, before any figure is shown.
    """
    output_notebook(INLINE, hide_banner=True)
