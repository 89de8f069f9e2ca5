"""The place of a figure that is drawn again: it is changed in place, or a new one comes."""

import threading
from typing import Any

import ipywidgets

from orbital_widgets.figure_changes import apply, changes
from orbital_widgets.live_figure import LiveFigure


class FigureSlot:
    """A box with one figure, or none."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._live: LiveFigure | None = None
        self._shown: Any = None
        self.widget = ipywidgets.VBox()

    def put(self, figure: Any) -> None:
        """Show another figure; None empties the box.

        A figure of the same parts as the one shown gives it its data, labels and ranges.
        """
        if figure is not None and self._live is not None:
            differing = changes(self._shown, figure)
            if differing is not None:
                with self._lock:
                    apply(differing)
                return
        old, self._live, self._shown = self._live, None, figure
        if figure is not None:
            self._live = LiveFigure(figure, lock=self._lock)
        self.widget.children = () if self._live is None else (self._live,)
        if old is not None:
            old.close()

    def close(self) -> None:
        """Release the figure."""
        if self._live is not None:
            self._live.close()
