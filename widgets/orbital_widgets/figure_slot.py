"""The place of a figure that is drawn again: it is changed in place, or a new one comes."""

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
from bokeh.events import RangesUpdate
from bokeh.models import ColumnDataSource, Title

from orbital_widgets.figure_changes import apply, changes
from orbital_widgets.live_figure import LiveFigure


class FigureSlot:
    """A box with one figure, or none.

    `moved` is called with the ends of the time axis after a pan or a zoom.
    """

    def __init__(
        self,
        lock: threading.RLock,
        moved: Callable[[tuple[float, float] | None], None] | None = None,
    ) -> None:
        self._lock, self._moved = lock, moved
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
            if self._moved is not None:
                self._first().on_event(RangesUpdate, self._ranged)
            self._live = LiveFigure(figure, lock=self._lock)
        self.widget.children = () if self._live is None else (self._live,)
        if old is not None:
            old.close()

    def refine(self, figure: Any) -> None:
        """Take the points of a figure of the same parts; what is in view stays."""
        if self._live is None:
            return
        differing = changes(self._shown, figure, with_ranges=False) or []
        with self._lock:
            apply([c for c in differing if isinstance(c[0], ColumnDataSource | Title)])

    def _first(self) -> Any:
        """Return the figure shown, of several the highest."""
        return getattr(self._shown, "children", [self._shown])[0]

    def _ranged(self, event: Any) -> None:
        """Pass on the ends of the time axis, None once it shows all points."""
        shown = self._first().x_range
        full = shown.reset_start, shown.reset_end
        if self._moved is None or None in (event.x0, event.x1, *full):
            return
        whole = event.x0 <= full[0] and event.x1 >= full[1]
        self._moved(None if whole else (event.x0, event.x1))

    def close(self) -> None:
        """Release the figure."""
        if self._live is not None:
            self._live.close()
