"""The place of a figure that is drawn again: the new one comes, the old one is released."""

import threading
from typing import Any

import ipywidgets

from orbital_widgets.live_figure import LiveFigure


class FigureSlot:
    """A box with one figure, or none."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._figure: LiveFigure | None = None
        self.widget = ipywidgets.VBox()

    def put(self, figure: Any) -> None:
        """Show another figure; None empties the box."""
        old, self._figure = self._figure, None
        if figure is not None:
            self._figure = LiveFigure(figure, lock=self._lock)
        self.widget.children = () if self._figure is None else (self._figure,)
        if old is not None:
            old.close()

    def close(self) -> None:
        """Release the figure."""
        if self._figure is not None:
            self._figure.close()
