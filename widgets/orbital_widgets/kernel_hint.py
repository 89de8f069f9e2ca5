"""A line that appears by itself above controls whose kernel no longer answers.

Controls live in the kernel. When it is restarted, JupyterLab marks the widgets of the old
one, and a rule of style shows the line. When it dies, hangs or the network is cut, nobody
marks anything: so the kernel renews the line every few seconds, and an animation of the
browser shows a line that was not renewed.
"""

import time
from typing import TYPE_CHECKING

import ipywidgets

from orbital_widgets.latest import running_loop
from orbital_widgets.paint import PROBLEM

if TYPE_CHECKING:
    import asyncio

BEAT_S = 5.0
LATE_S = 15.0
BEATS_FOR_S = 1800.0
"""Time after the last question for which the kernel renews the line, s.

A kernel that sends messages for ever would never count as idle on a shared server.
"""
RESTARTED = (
    "The kernel was restarted or stopped: these controls no longer work. Run this cell "
    "again."
)
SILENT = (
    "The kernel has not answered for {:.0f} s: it is busy with another cell, or it "
    "has stopped. If a restart ended it, run this cell again."
)
STYLE = """<style>
.orbital-hint span { display: block; max-height: 0; overflow: hidden; visibility: hidden;
  color: %s; font-weight: bold; line-height: 1.4; padding: 0 6px; }
.orbital-hint.jupyter-widgets-disconnected .orbital-restarted,
.jupyter-widgets-disconnected .orbital-hint .orbital-restarted {
  max-height: 6em; visibility: visible; }
.orbital-hint.jupyter-widgets-disconnected .orbital-silent { animation: none; }
.orbital-silent { animation: orbital-late 0s linear %gs forwards; }
@keyframes orbital-late { to { max-height: 6em; visibility: visible; } }
</style>"""


class KernelHint:
    """One line for all widgets of a kernel, renewed while questions are asked."""

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML(_html(beating=False))
        self.widget.add_class("orbital-hint")
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def note(self) -> None:
        """Note that a question was asked: renew the line for a while."""
        self._until = time.monotonic() + BEATS_FOR_S
        loop = running_loop()
        if loop is None or (self._timer is not None and loop is self._loop):
            return
        self._loop = loop
        self._beat()

    def _beat(self) -> None:
        self._timer = None
        beating = time.monotonic() < self._until
        self.widget.value = _html(beating=beating)
        if beating and self._loop is not None and not self._loop.is_closed():
            self._timer = self._loop.call_later(BEAT_S, self._beat)


def _html(*, beating: bool) -> str:
    """Return the line, hidden; each renewal differs, so that the browser is sent it."""
    silent = (
        f'<span class="orbital-silent" role="status">{SILENT.format(LATE_S)}</span>'
    )
    return (
        f"{STYLE % (PROBLEM, LATE_S)}"
        f'<span class="orbital-restarted" role="status">{RESTARTED}</span>'
        f"{silent if beating else ''}<!-- {time.monotonic():.0f} -->"
    )


_OF_THIS_KERNEL: list[KernelHint] = []


def kernel_hint() -> KernelHint:
    """Return the line of this kernel."""
    if not _OF_THIS_KERNEL:
        _OF_THIS_KERNEL.append(KernelHint())
    return _OF_THIS_KERNEL[0]
