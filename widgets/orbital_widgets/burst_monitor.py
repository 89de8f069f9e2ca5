"""The burst monitor: newest excursions, the selected one's rates, follow-up and replay."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Self

import ipywidgets
import polars as pl

from orbital_kernel import plots
from orbital_kernel.plots import theme
from orbital_widgets.acknowledgements import acknowledge
from orbital_widgets.burst_look import BurstLook, coincidences, look, utc
from orbital_widgets.burst_replay import BurstReplay
from orbital_widgets.connection import sentence
from orbital_widgets.frame_html import frame_html
from orbital_widgets.latest import Latest
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.panel import Panel, rows_html

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

CAUSES = ("burst", "glitch", "turn-on", "saa", "known-source", "unknown")
SPEEDS = (1, 10, 100, 1000, 10_000)
TICK_S = 0.25
FRAME_PX = 480
RANKED = ("rank", "observatory", "instrument", "begins_h", "visible_h", "reasons")
LIMITS = ("observatory", "pointings", "exposure_s", "sources")


class BurstMonitor(Panel):
    """Excursions as they are stored, newest first; nothing but [Acknowledge] writes.

    Each look reads the newest rows of `cross.bursts`, and one series around the window
    of the selected row.

    Parameters
    ----------
    orbital : Orbital
        The session.
    every_s : float, default 2.0
        Seconds between two looks.
    newest : int, default 50
        Number of excursions listed.
    cause : str, optional
        Only excursions of this cause; by default all.
    selected : str, optional
        `burst_id` of the selected excursion; by default the newest, which is then
        followed.
    by : str, optional
        Who acknowledges; by default the name of the user.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.

    Raises
    ------
    ValueError
        If `every_s` is not above 0.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import BurstMonitor
    >>> monitor = BurstMonitor(connect(), newest=3, static=True).wait()
    >>> len(monitor.bursts)
    3
    >>> monitor.close()
    """

    def __init__(
        self,
        orbital: Any,
        *,
        every_s: float = 2.0,
        newest: int = 50,
        cause: str | None = None,
        selected: str | None = None,
        by: str | None = None,
        static: bool | None = None,
    ) -> None:
        super().__init__(lambda: None, every_s=every_s, session=orbital, static=static)
        self.look = BurstLook(pl.DataFrame(), {})
        self.replay: BurstReplay | None = None
        self._newest, self._cause, self._selected = newest, cause, selected
        self._drawn: Any = None
        self._figures: dict[str, LiveFigure] = {}
        self._followed, self._played = Latest(self._lock_ui), Latest(self._lock_ui)
        self._seen = Latest(self._lock_ui)
        self._tick: asyncio.TimerHandle | None = None
        self._build(by or getpass.getuser())
        self.refresh()

    @property
    def bursts(self) -> pl.DataFrame:
        """The excursions listed, newest first.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect(), cause="burst", static=True).wait()
        >>> monitor.bursts["cause"].unique().to_list()
        ['burst']
        >>> monitor.close()
        """
        return self.look.bursts

    def select(self, burst_id: str | None) -> None:
        """Show the rates of another excursion; None follows the newest.

        Parameters
        ----------
        burst_id : str or None
            Its identifier, as in `bursts`.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect()).wait()
        >>> monitor.select(monitor.bursts["burst_id"][-1])
        >>> monitor.wait().close()
        """
        self._selected = burst_id
        self._follow_html.value = ""
        self.refresh()

    def follow_up(self) -> None:
        """Ask for archival data at the selected burst's position, and who can observe it.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect(), cause="burst").wait()
        >>> monitor.follow_up()
        >>> monitor.wait().close()
        """
        row, session = self.look.selected, self.session
        if row is not None:
            self._follow_html.value = "<i>asking…</i>"
            burst_id = row["burst_id"]
            self._followed.ask(
                lambda: session.bursts.follow_up(burst_id), self._follow_arrived
            )

    def play(self) -> None:
        """Replay the selected excursion's series from its start, at the chosen speed.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect()).wait()
        >>> monitor.play()
        >>> monitor.wait().replay.advance(600.0)
        >>> monitor.close()
        """
        row, session = self.look.selected, self.session
        if row is not None:
            name = row["series"]
            self._played.ask(lambda: session.series(name), self._play_arrived)

    def wait(self, timeout_s: float = 60.0) -> Self:
        """Block until list, follow-up and series asked for have arrived.

        Parameters
        ----------
        timeout_s : float, default 60.0
            Longest time to wait for each, s.

        Returns
        -------
        BurstMonitor
            The monitor itself.

        Raises
        ------
        TimeoutError
            If no answer came in time.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> BurstMonitor(connect()).wait().close()
        """
        self._seen.wait(timeout_s)
        super().wait(timeout_s)
        self._followed.wait(timeout_s)
        self._played.wait(timeout_s)
        return self

    def close(self) -> None:
        """Stop looking and close the monitor.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> BurstMonitor(connect()).close()
        """
        self._stop()
        for worker in (self._followed, self._played, self._seen):
            worker.close()
        for figure in self._figures.values():
            figure.close()
        super().close()

    def _job(self) -> Callable[[], BurstLook]:
        session, newest = self.session, self._newest
        selected, cause = self._selected, self._cause
        return lambda: look(session, newest=newest, selected=selected, cause=cause)

    def _build(self, by: str) -> None:
        self._state = ipywidgets.HTML("looking …")
        self._list = ipywidgets.HTML()
        self._menu = ipywidgets.Select(description="Selected", rows=6)
        self._menu.layout.width = "100%"
        causes = (("all causes", None), *((name, name) for name in CAUSES))
        self._causes = ipywidgets.Dropdown(description="Cause", options=causes)
        self._causes.value = self._cause
        self._by = ipywidgets.Text(description="By", value=by)
        self._ack = ipywidgets.Button(
            description="Acknowledge", tooltip="record that you have seen it"
        )
        follow = ipywidgets.Button(
            description="Follow up", tooltip="archival data and visibility"
        )
        self._speed = ipywidgets.Dropdown(
            description="Speed",
            options=tuple((f"{speed:,} times", speed) for speed in SPEEDS),
            value=100,
        )
        play = ipywidgets.Button(
            description="Replay", tooltip="show the series as it came in"
        )
        stop = ipywidgets.Button(description="Stop", tooltip="stop the replay")
        self._menu.observe(self._picked, "value")
        self._causes.observe(self._cause_chosen, "value")
        self._ack.on_click(lambda _button: self._acknowledged())
        follow.on_click(lambda _button: self.follow_up())
        play.on_click(lambda _button: self.play())
        stop.on_click(lambda _button: self._stop())
        self._slots = {name: ipywidgets.VBox() for name in ("rates", "plan", "replay")}
        self._follow_html, self._replay_html = ipywidgets.HTML(), ipywidgets.HTML()
        table = ipywidgets.Accordion((self._list,), titles=("All listed, as a table",))
        self.children = (
            ipywidgets.HBox((self._state, self.reconnect)),
            ipywidgets.HBox((self._causes, self._by, self._ack, follow)),
            *(self._menu, self._slots["rates"], self._follow_html, self._slots["plan"]),
            ipywidgets.HBox((self._speed, play, stop, self._replay_html)),
            *(self._slots["replay"], table),
        )
        self.add_class("orbital-bursts")

    def _show(self, answer: BurstLook) -> None:
        self.look = answer
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        news = len(answer.bursts) - len(answer.seen)
        every = f"every {self._every_s:g} s"
        self._state.value = (
            f"{len(answer.bursts):,} newest excursions, {news:,} not acknowledged; looked "
            f"at {at}, {every}. An older time means that the kernel has stopped: run the "
            "cell again."
        )
        self._list.value = _list(answer)
        self._offer(answer)
        row = answer.selected
        self._ack.disabled = row is None or row["burst_id"] in answer.seen
        if row is None:
            self._state.value += " " + _empty(self._cause)
        if not self._static:
            self._redraw(answer)

    def _offer(self, answer: BurstLook) -> None:
        self._menu.unobserve(self._picked, "value")
        options = tuple(
            (_label(row, answer), row["burst_id"]) for row in answer.bursts.to_dicts()
        )
        if options != self._menu.options:
            self._menu.options = options
        self._menu.value = answer.selected["burst_id"] if answer.selected else None
        self._menu.observe(self._picked, "value")

    def _redraw(self, answer: BurstLook) -> None:
        """Draw the rates again if anything in the figure has changed."""
        rates = answer.rates
        key = None
        if answer.selected is not None and len(rates):
            windows = tuple(_of_series(answer)["burst_id"])
            key = (answer.selected["burst_id"], windows, len(rates), rates["time"][-1])
        if key != self._drawn:
            self._drawn = key
            self._put("rates", None if key is None else _figure(answer))

    def _put(self, slot: str, figure: Any) -> None:
        old = self._figures.pop(slot, None)
        if figure is not None:
            self._figures[slot] = LiveFigure(figure, lock=self._lock_ui)
        shown = self._figures.get(slot)
        self._slots[slot].children = () if shown is None else (shown,)
        if old is not None:
            old.close()

    def _failed(self, reason: str) -> None:
        self._state.value = (
            f'<span style="color:#b00020"><b>Problem:</b> {escape(reason)}</span>'
        )

    def _picked(self, change: Any) -> None:
        if change["new"] is not None:
            self.select(change["new"])

    def _cause_chosen(self, change: Any) -> None:
        self._cause = change["new"]
        self.select(None)

    def _acknowledged(self) -> None:
        """Record the acknowledgement; no later question can cancel it."""
        row, session, by = self.look.selected, self.session, self._by.value.strip()
        if row is None:
            return
        if not by:
            self._state.value = "Enter who acknowledges it in the field By."
            return
        self._ack.disabled = True
        self._seen.ask(lambda: acknowledge(session, row, by), self._recorded)

    def _recorded(self, future: "Future[None]") -> None:
        error = future.exception()
        if error is not None:
            self._ack.disabled = False
            self._failed(f"not acknowledged: {sentence(error)}")
            return
        self.refresh()

    def _follow_arrived(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None:
            self._follow_html.value = f"Follow-up: {escape(sentence(error))}"
            self._put("plan", None)
            return
        result = future.result()
        place = result.place
        self._follow_html.value = (
            f"<h4>Follow-up of RA {place.ra:.4f}, Dec {place.dec:+.4f} deg (ICRS), within "
            f"{place.error_arcmin:.2g} arcmin ({escape(place.source)})</h4>"
            f"{frame_html(result.plan.ranking, RANKED)}"
            f"<h4>Archive</h4>{frame_html(result.limits, LIMITS)}"
        )
        if not self._static:
            self._put("plan", plots.visibility(result.plan))

    def _play_arrived(self, future: "Future[pl.DataFrame]") -> None:
        error = future.exception()
        if error is not None:
            self._replay_html.value = escape(sentence(error))
            return
        series = future.result()
        bursts = self.look.bursts.filter(series=series["series"][0])
        self.replay = BurstReplay(series, bursts)
        if not self._static:
            self._put("replay", self.replay.figure)
        self._step()

    def _step(self) -> None:
        """Advance the replay by one tick, and again until its end."""
        if self.replay is None or not self._open:
            return
        with self._lock_ui:
            self.replay.advance(TICK_S * self._speed.value)
        shown = sum(window.visible for window in self.replay.windows)
        end = "the series has ended" if self.replay.done else "replaying"
        self._replay_html.value = f"{end}; {shown} excursions so far"
        if self._loop is not None and not self.replay.done:
            self._tick = self._loop.call_later(TICK_S, self._step)

    def _stop(self) -> None:
        if self._tick is not None:
            self._tick.cancel()

    def _static_html(self) -> str:
        figure = ""
        if self.look.selected is not None and len(self.look.rates):
            page = theme.to_html(_figure(self.look), title="Rates")
            figure = (
                f'<iframe style="width:100%;height:{FRAME_PX}px;border:0" '
                f'title="rates of the selected excursion" srcdoc="{escape(page)}"></iframe>'
            )
        count = f"{len(self.look.bursts):,} newest excursions"
        empty = "" if len(self.look.bursts) else _empty(self._cause)
        return f"<p>{count}. {empty}</p>{figure}{_list(self.look)}"


def _figure(answer: BurstLook) -> Any:
    row = answer.selected or {}
    title = f"{row.get('cause')} at {utc(row)} UTC in {row.get('series')}"
    return plots.rates(answer.rates, bursts=_of_series(answer), title=title)


def _of_series(answer: BurstLook) -> pl.DataFrame:
    """Return the listed excursions of the selected series within the rates shown."""
    row = answer.selected or {}
    start, stop = answer.rates["time"].min(), answer.rates["time"].max()
    return answer.bursts.filter(
        pl.col("series") == row.get("series"), pl.col("time").is_between(start, stop)
    )


def _label(row: dict[str, Any], answer: BurstLook) -> str:
    seen = " ✓" if row["burst_id"] in answer.seen else ""
    names = coincidences(row)
    matches = f", {names}" if names else ""
    sigma = f"{row['significance']:.1f} sigma" if row["significance"] else ""
    return f"{utc(row)} {row['cause']} {sigma} {row['series']}{matches}{seen}"


def _list(answer: BurstLook) -> str:
    if answer.bursts.is_empty():
        return "<i>no excursions</i>"
    rows = [
        (
            escape(utc(row)),
            escape(str(row["cause"])),
            f"{row['significance'] or 0:.1f}",
            f"{row['timescale_s'] or 0:g}",
            escape(coincidences(row)),
            escape(str(row["series"])),
            escape(row["evidence"] or ""),
            escape(_seen_by(answer, row["burst_id"])),
        )
        for row in answer.bursts.to_dicts()
    ]
    names = ("start (UTC)", "cause", "significance (sigma)", "window (s)")
    return rows_html(
        (*names, "coincides with", "series", "evidence", "acknowledged"), rows
    )


def _seen_by(answer: BurstLook, burst_id: str) -> str:
    row = answer.seen.get(burst_id)
    return "" if row is None else f"{row['actor']}, {row['done']:%Y-%m-%d %H:%M} UTC"


def _empty(cause: str | None) -> str:
    of_cause = f" of cause {cause!r}" if cause else ""
    return escape(
        f"No excursion{of_cause} is stored: `orbital bursts scan` or a watcher finds them."
    )
