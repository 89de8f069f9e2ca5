"""The replay of a stored series: speed, [Replay], [Stop], and the figure that grows."""

import threading
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets
import polars as pl

from orbital_widgets.burst_replay import BurstReplay
from orbital_widgets.connection import sentence
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.latest import Latest, running_loop

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

SPEEDS = (1, 10, 100, 1000, 10_000)
TICK_S = 0.25


class ReplayBar:
    """Controls of a replay and its figure."""

    def __init__(self, lock: threading.RLock, *, static: bool) -> None:
        self._lock, self._static = lock, static
        self._latest, self._figure = Latest(lock), FigureSlot(lock)
        self._loop = running_loop()
        self._tick: asyncio.TimerHandle | None = None
        self._bursts = pl.DataFrame()
        self.replay: BurstReplay | None = None
        self._speed = ipywidgets.Dropdown(
            description="Speed",
            options=tuple((f"{speed:,} times", speed) for speed in SPEEDS),
            value=100,
        )
        self._play = ipywidgets.Button(
            description="Replay", tooltip="show the series as it came in"
        )
        stop = ipywidgets.Button(description="Stop", tooltip="stop the replay")
        stop.on_click(lambda _button: self.stop())
        self._html = ipywidgets.HTML()
        row = ipywidgets.HBox(
            (self._speed, self._play, stop, self._html),
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )
        self.widget = ipywidgets.VBox((row, self._figure.widget))

    def on_play(self, play: Callable[[], None]) -> None:
        """Call this when [Replay] is pressed."""
        self._play.on_click(lambda _button: play())

    def play(self, session: Any, series: str, bursts: pl.DataFrame) -> None:
        """Replay a series from its start, with the windows of its excursions."""
        self.stop()
        self._bursts = bursts.filter(series=series)
        self._latest.ask(lambda: session.series(series), self._arrived)

    def stop(self) -> None:
        """Stop where the replay is."""
        if self._tick is not None:
            self._tick.cancel()

    def wait(self, timeout_s: float) -> None:
        """Block until a series asked for has arrived."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Stop the replay and release the figure."""
        self.stop()
        self._loop = None
        self._latest.close()
        self._figure.close()

    def _arrived(self, future: "Future[pl.DataFrame]") -> None:
        error = future.exception()
        if error is not None:
            self._html.value = escape(sentence(error))
            return
        self.replay = BurstReplay(future.result(), self._bursts)
        if not self._static:
            self._figure.put(self.replay.figure)
        self._step()

    def _step(self) -> None:
        """Advance the replay by one tick, and again until its end."""
        if self.replay is None:
            return
        with self._lock:
            self.replay.advance(TICK_S * self._speed.value)
        shown = sum(window.visible for window in self.replay.windows)
        end = "the series has ended" if self.replay.done else "replaying"
        self._html.value = f"{end}; {shown} excursions so far"
        if self._loop is not None and not self.replay.done:
            self._tick = self._loop.call_later(TICK_S, self._step)
