"""The burst monitor: newest excursions, the selected one's rates, follow-up and replay."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import polars as pl

from orbital_kernel.plots import theme
from orbital_widgets.acknowledgements import acknowledge
from orbital_widgets.burst_curve_part import BurstCurvePart
from orbital_widgets.burst_html import empty, figure, label, listing, of_series
from orbital_widgets.burst_look import BurstLook, look
from orbital_widgets.burst_replay import BurstReplay
from orbital_widgets.connection import sentence
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.follow_up_part import FollowUpPart
from orbital_widgets.frame_pages import FramePages
from orbital_widgets.latest import WITHIN_S, Latest
from orbital_widgets.paint import problem
from orbital_widgets.panel import Panel
from orbital_widgets.replay_bar import ReplayBar
from orbital_widgets.report_button import ReportButton

if TYPE_CHECKING:
    from concurrent.futures import Future

CAUSES = ("burst", "glitch", "turn-on", "saa", "known-source", "unknown")
FRAME_PX = 480


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
    folder : str or Path, default 'reports'
        Where [Report] writes its pages.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.
    within_s : float, default 120.0
        Longest time to wait for an answer, s.

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
        folder: str | Path = "reports",
        static: bool | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        super().__init__(
            lambda: None,
            every_s=every_s,
            session=orbital,
            static=static,
            within_s=within_s,
        )
        self.look = BurstLook(pl.DataFrame(), {})
        self._newest, self._cause, self._selected = newest, cause, selected
        self._drawn: Any = None
        self._seen = Latest(self._lock_ui)
        self._rates = FigureSlot(self._lock_ui)
        self._follow_up = FollowUpPart(self._lock_ui, static=self._static)
        self._curve = BurstCurvePart(self._lock_ui, static=self._static)
        self._report = ReportButton(self._lock_ui, Path(folder))
        self._replay = ReplayBar(self._lock_ui, static=self._static)
        self._build(by or getpass.getuser())
        self.refresh()

    @property
    def replay(self) -> BurstReplay | None:
        """The replayed series; None before [Replay].

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect()).wait()
        >>> monitor.replay is None
        True
        >>> monitor.close()
        """
        return self._replay.replay

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

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect()).wait()
        >>> monitor.select(monitor.bursts["burst_id"][-1])
        >>> monitor.wait().close()
        """
        self._selected = burst_id
        self._follow_up.clear()
        self._curve.clear()
        self.refresh()

    def follow_up(self) -> None:
        """Ask for archival data at the selected burst's position, and who can observe it.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect(), cause="burst").wait()
        >>> monitor.follow_up()
        >>> monitor.wait().close()
        """
        if self.look.selected is not None:
            self._follow_up.ask(self.session, self.look.selected["burst_id"])

    def light_curve(self) -> None:
        """Draw the points of all observatories, of the burst that coincides.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect(), cause="burst").wait()
        >>> monitor.light_curve()
        >>> monitor.wait().close()
        """
        if self.look.selected is not None:
            self._curve.ask(self.session, self.look.selected)

    def report(self) -> None:
        """Write the page of the selected burst: curve, matches and visibility in one file.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect(), cause="burst").wait()
        >>> monitor.report()  # doctest: +SKIP
        >>> monitor.close()
        """
        if self.look.selected is not None:
            self._report.write(self.session, self.look.selected["burst_id"])

    def play(self) -> None:
        """Replay the selected excursion's series from its start, at the chosen speed.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor
        >>> monitor = BurstMonitor(connect()).wait()
        >>> monitor.play()
        >>> monitor.wait().replay.advance(600.0)
        >>> monitor.close()
        """
        row = self.look.selected
        if row is not None:
            self._replay.play(self.session, row["series"], self.look.bursts)

    def _writing(self) -> tuple[Any, ...]:
        return (self._seen,)

    def _beside(self) -> tuple[Any, ...]:
        return self._follow_up, self._curve, self._report, self._replay

    def _release(self) -> None:
        for part in (*self._writing(), *self._beside(), self._rates):
            part.close()

    def _job(self) -> Callable[[], BurstLook]:
        session, newest = self.session, self._newest
        selected, cause = self._selected, self._cause
        return lambda: look(session, newest=newest, selected=selected, cause=cause)

    def _build(self, by: str) -> None:
        self._state = ipywidgets.HTML("checking …")
        self._list = ipywidgets.HTML()
        self._menu = ipywidgets.Select(description="Selected", rows=6)
        self._menu.layout.width = "auto"
        causes = (("all causes", ""), *((name, name) for name in CAUSES))
        self._causes = ipywidgets.Dropdown(description="Cause", options=causes)
        self._causes.value = self._cause or ""
        self._by = ipywidgets.Text(description="By", value=by)
        self._ack = ipywidgets.Button(
            description="Acknowledge", tooltip="record that you have seen it"
        )
        follow = ipywidgets.Button(
            description="Follow up", tooltip="archival data and visibility"
        )
        curve = ipywidgets.Button(
            description="Light curve", tooltip="points of all observatories"
        )
        self._menu.observe(self._picked, "value")
        self._causes.observe(self._cause_chosen, "value")
        self._ack.on_click(lambda _button: self._acknowledged())
        follow.on_click(lambda _button: self.follow_up())
        curve.on_click(lambda _button: self.light_curve())
        self._replay.on_play(self.play)
        self._values = FramePages()
        table = ipywidgets.Accordion(
            (self._list, self._values.widget),
            titles=("All listed, as a table", "Rates of the figure, as a table"),
        )
        self._report.button.on_click(lambda _button: self.report())
        begun = (follow, curve, self._report.button)
        actions = (self._causes, self._by, self._ack, *begun)
        acting = ipywidgets.HBox(
            actions, layout=ipywidgets.Layout(flex_flow="row wrap")
        )
        acting.layout.flex_flow = "row wrap"
        parts = (self._state, acting, self._report.text, self._menu, self._rates.widget)
        more = (self._follow_up.widget, self._curve.widget, self._replay.widget, table)
        self._lay_out(*parts, *more, buttons=())
        self.add_class("orbital-bursts")

    def _show(self, answer: BurstLook) -> None:
        self.look = answer
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        news = len(answer.bursts) - len(answer.seen)
        every = f"every {self._every_s:g} s"
        self._state.value = (
            f"{len(answer.bursts):,} newest excursions, {news:,} not acknowledged; checked "
            f"at {at}, {every}."
        )
        self._list.value = listing(answer)
        self._values.show(answer.rates, "no rates of the selected excursion")
        self._offer(answer)
        row = answer.selected
        self._ack.disabled = row is None or row["burst_id"] in answer.seen
        if row is None:
            self._state.value += " " + empty(self._cause)
        if not self._static:
            self._redraw(answer)

    def _offer(self, answer: BurstLook) -> None:
        self._menu.unobserve(self._picked, "value")
        options = tuple(
            (label(row, answer), row["burst_id"]) for row in answer.bursts.to_dicts()
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
            windows = tuple(of_series(answer)["burst_id"])
            key = (answer.selected["burst_id"], windows, len(rates), rates["time"][-1])
        if key != self._drawn:
            self._drawn = key
            self._rates.put(None if key is None else figure(answer))

    def _failed(self, reason: str) -> None:
        self._state.value = problem(reason)

    def _picked(self, change: Any) -> None:
        if change["new"] is not None:
            self.select(change["new"])

    def _cause_chosen(self, change: Any) -> None:
        self._cause = change["new"] or None
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

    def _static_html(self) -> str:
        drawn = ""
        if self.look.selected is not None and len(self.look.rates):
            page = theme.to_html(figure(self.look), title="Rates")
            drawn = (
                f'<iframe style="width:100%;height:{FRAME_PX}px;border:0" '
                f'title="rates of the selected excursion" srcdoc="{escape(page)}"></iframe>'
            )
        count = f"{len(self.look.bursts):,} newest excursions"
        why = "" if len(self.look.bursts) else empty(self._cause)
        return f"<p>{count}. {why}</p>{drawn}{listing(self.look)}"
