"""Make a notebook ready for figures, without a network."""

from pathlib import Path

from bokeh.io import output_notebook
from bokeh.resources import Resources

COMPONENTS = ("bokeh",)
PAGE = Path(__file__).with_name("page.js")


class PageResources(Resources):  # type: ignore[misc]
    """BokehJS, and the script that completes names, keyboard use and the dark theme."""

    @property
    def js_raw(self) -> list[str]:
        """The scripts, in order."""
        return [*super().js_raw, PAGE.read_text(encoding="utf-8")]

    def clone(self, *, components: list[str] | None = None) -> "PageResources":
        """Return a copy of the same kind, which Bokeh makes before it loads anything."""
        return PageResources(mode=self.mode, components=components or self.components)


def setup() -> None:
    """Load BokehJS into the notebook from the installed package, never from the network.

    Call it once, in a cell of its own, before any figure is shown. Bokeh's widgets, tables
    and formulas are not loaded. Figures follow JupyterLab's light and dark theme.

    Examples
    --------
    >>> import orbital_widgets
    >>> orbital_widgets.setup()  # doctest: +SKIP
    """
    output_notebook(
        PageResources(mode="inline", components=list(COMPONENTS)), hide_banner=True
    )
