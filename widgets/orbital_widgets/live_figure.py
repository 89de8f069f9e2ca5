"""A Bokeh figure as a widget whose views all show the state in Python."""

import threading
from typing import Any

from bokeh.events import DocumentReady
from jupyter_bokeh import BokehModel


class LiveFigure(BokehModel):  # type: ignore[misc]
    """A figure that keeps changes from before a browser has drawn it.

    jupyter_bokeh sends a document once, when the widget is created, and changes only to views
    that already exist. Whenever a view reports that it is drawn, the document is sent
    again if Python has changed it since it was last sent whole.
    """

    def __init__(self, figure: Any, *, lock: threading.RLock, **traits: Any) -> None:
        self._lock_ui = lock
        self._changed = False
        self._open = True
        super().__init__(figure, **traits)
        self.add_class("orbital-figure")
        figure.document.on_change(self._note)
        figure.document.on_event(DocumentReady, self._drawn)

    def close(self) -> None:
        """Release the figure; closing again does nothing."""
        if self._open:
            self._open = False
            super().close()

    def _note(self, event: Any) -> None:
        if getattr(event, "setter", None) is not self:
            self._changed = True

    def _drawn(self, _event: Any) -> None:
        with self._lock_ui:
            if self._changed:
                self._changed = False
                self.render_bundle = self._model_to_traits(self._model)
