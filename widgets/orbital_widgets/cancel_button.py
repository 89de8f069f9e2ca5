"""The button that ends a running question, shown once it takes noticeably long."""

from typing import TYPE_CHECKING

import ipywidgets

from orbital_widgets.kernel_hint import kernel_hint
from orbital_widgets.latest import Latest, running_loop

if TYPE_CHECKING:
    import asyncio

SHOWN_AFTER_S = 1.0


class CancelButton:
    """Follows one worker: hidden when it is done, and for the first second."""

    def __init__(self, latest: Latest) -> None:
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.widget = ipywidgets.Button(
            description="Cancel", icon="stop", tooltip="end the running question"
        )
        self.widget.layout.display = "none"
        self.widget.on_click(lambda _button: latest.cancel())
        latest.on_waiting(self._follow)
        if latest.waiting:
            self._follow(waiting=True)

    def _follow(self, *, waiting: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if not waiting:
            self.widget.layout.display = "none"
            return
        kernel_hint().note()
        if self._loop is not None and not self._loop.is_closed():
            self._timer = self._loop.call_later(SHOWN_AFTER_S, self._appear)

    def _appear(self) -> None:
        self.widget.layout.display = ""
