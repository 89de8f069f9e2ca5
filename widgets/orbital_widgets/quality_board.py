"""The quality board: each check's state, value and limits, and the control chart of one."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets
import polars as pl

from orbital_kernel.plots import theme
from orbital_widgets.connection import sentence
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.frame_pages import FramePages
from orbital_widgets.latest import WITHIN_S, Latest
from orbital_widgets.paint import badge
from orbital_widgets.panel import Panel
from orbital_widgets.quality_html import chart, counts, label, table
from orbital_widgets.quality_look import Key, QualityLook, key, look

if TYPE_CHECKING:
    from concurrent.futures import Future

FRAME_PX = 330


class QualityBoard(Panel):
    """The newest result of every check, worst first; [Run checks] runs them all.

    Parameters
    ----------
    orbital : Orbital
        The session.
    every_s : float, default 60.0
        Seconds between two looks at the results; the checks run only on request.
    selected : tuple of str, optional
        Check, observatory and subject whose control chart is shown; by default the
        worst.
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
    >>> from orbital_widgets import QualityBoard
    >>> board = QualityBoard(connect(), static=True).wait()
    >>> "state" in board.board.columns
    True
    >>> board.close()
    """

    def __init__(
        self,
        orbital: Any,
        *,
        every_s: float = 60.0,
        selected: Key | None = None,
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
        self.look: QualityLook | None = None
        self._selected = selected
        self._running = Latest(self._lock_ui, within_s=None)
        self._state = ipywidgets.HTML("checking …")
        self._table, self._samples = ipywidgets.HTML(), FramePages()
        self._menu = ipywidgets.Select(description="Check", rows=6)
        self._menu.layout.width = "auto"
        self._menu.observe(self._picked, "value")
        self._run = ipywidgets.Button(
            description="Run checks", tooltip="run every check over the stored rows"
        )
        self._run.on_click(lambda _button: self.run())
        self._slot = FigureSlot(self._lock_ui)
        self._no_chart = ipywidgets.HTML()
        details = ipywidgets.Accordion(
            (self._samples.widget,), titles=("Samples of the chart, as a table",)
        )
        parts = (
            self._state,
            self._menu,
            self._no_chart,
            self._slot.widget,
            details,
            self._table,
        )
        self._lay_out(*parts, buttons=(self._run,))
        self.add_class("orbital-quality")
        self.refresh()

    @property
    def board(self) -> pl.DataFrame:
        """The newest result of every check, worst first.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import QualityBoard
        >>> board = QualityBoard(connect()).wait()
        >>> "since_utc" in board.board.columns
        True
        >>> board.close()
        """
        return pl.DataFrame() if self.look is None else self.look.board

    def run(self) -> None:
        """Run every check over the stored rows, then look again.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import QualityBoard
        >>> board = QualityBoard(connect()).wait()
        >>> board.run()
        >>> board.wait().close()
        """
        self._run.disabled = True
        self._run.description = "Running …"
        self._running.ask(self.session.quality.run, self._ran)

    def select(self, check: Key) -> None:
        """Show the control chart of another check.

        Parameters
        ----------
        check : tuple of str
            Name, observatory and subject, as in `board`.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import QualityBoard
        >>> board = QualityBoard(connect()).wait()
        >>> board.select(("GTI fraction", "swift", "swift BAT"))
        >>> board.wait().close()
        """
        self._selected = check
        self.refresh()

    def _writing(self) -> tuple[Any, ...]:
        return (self._running,)

    def _release(self) -> None:
        self._running.close()
        self._slot.close()

    def _job(self) -> Callable[[], QualityLook]:
        session, selected = self.session, self._selected
        return lambda: look(session, selected)

    def _ran(self, future: "Future[Any]") -> None:
        self._run.disabled = False
        self._run.description = "Run checks"
        error = future.exception()
        if error is None:
            self.refresh()
        else:
            self._failed(f"the checks did not run: {sentence(error)}")

    def _show(self, answer: QualityLook) -> None:
        self.look = answer
        at = datetime.now(UTC).strftime("%H:%M:%S UTC")
        self._state.value = f"{counts(answer)}; checked at {at}"
        self._table.value = table(answer)
        self._menu.unobserve(self._picked, "value")
        options = tuple((label(row), key(row)) for row in answer.board.to_dicts())
        if options != self._menu.options:
            self._menu.options = options
        self._menu.value = key(answer.selected) if answer.selected else None
        self._menu.observe(self._picked, "value")
        figure, words = chart(answer)
        self._samples.show(answer.samples, words)
        if not self._static:
            self._slot.put(figure)
            self._no_chart.value = escape(words)

    def _failed(self, reason: str) -> None:
        self._state.value = f"{badge('unknown')} {escape(reason)}"

    def _picked(self, change: Any) -> None:
        if change["new"] is not None:
            self.select(change["new"])

    def _static_html(self) -> str:
        if self.look is None:
            return str(self._state.value)
        figure, words = chart(self.look)
        drawn = f"<p>{escape(words)}</p>"
        if figure is not None:
            page = theme.to_html(figure, title="Control chart")
            drawn = (
                f'<iframe style="width:100%;height:{FRAME_PX}px;border:0" '
                f'title="control chart" srcdoc="{escape(page)}"></iframe>'
            )
        return f"<p>{self._state.value}</p>{self._table.value}{drawn}"
