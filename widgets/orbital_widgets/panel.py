"""A panel that asks again periodically on its own thread, and says how old its answer is."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Self

import ipywidgets

from orbital_widgets.cancel_button import CancelButton
from orbital_widgets.connection import is_lost, renewed, sentence
from orbital_widgets.kernel_hint import kernel_hint
from orbital_widgets.latest import WITHIN_S, Latest, running_loop
from orbital_widgets.paint import LINE
from orbital_widgets.static import is_static

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

DEAD = "Its controls need the kernel that made it: run this cell again after a restart."
CELL = (
    f"padding:2px 10px;border-bottom:1px solid {LINE};text-align:left;"
    "vertical-align:top"
)


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """What a function returns, shown and asked again every `every_s` seconds.

    The function runs on a separate thread, so that notebook cells can run meanwhile. A
    question without an answer within `within_s` is cancelled.
    Subclasses show an answer (`_show`) and the lack of one (`_failed`), and give the HTML
    of a page without a kernel (`_static_html`). `static` is set by them to True in reports.

    Parameters
    ----------
    ask : callable
        Returns the answer.
    every_s : float, optional
        Seconds between two questions; None asks only when `refresh` is called.
    session : Orbital, optional
        The session that is asked; [Reconnect] replaces it.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.
    within_s : float, default 120.0
        Longest time to wait for an answer, s.

    Raises
    ------
    ValueError
        If `every_s` or `within_s` is not above 0.

    Examples
    --------
    >>> from orbital_widgets.panel import Panel
    >>> panel = Panel(lambda: 1, every_s=60, static=True).wait()
    >>> panel.looks
    1
    >>> panel.close()
    """

    _open = _built = False  # until the end of each constructor

    def __init__(
        self,
        ask: Callable[[], Any],
        *,
        every_s: float | None,
        session: Any = None,
        static: bool | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        super().__init__()
        for name, seconds in (("every_s", every_s), ("within_s", within_s)):
            if seconds is not None and not seconds > 0:
                raise ValueError(f"{name} is seconds above 0, not {seconds}")
        self.session = session
        self._ask, self._every_s = ask, every_s
        self._static = is_static(choice=static)
        self._lock_ui = threading.RLock()
        self._latest = Latest(self._lock_ui, within_s=within_s)
        self.cancel = CancelButton(self._latest).widget
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._answered: datetime | None = None
        self._open = True
        self.reconnect = ipywidgets.Button(
            description="Reconnect",
            icon="plug",
            tooltip="connect to the platform again, and ask again",
        )
        self.reconnect.layout.display = "none"
        self.reconnect.on_click(lambda _button: self._reconnected())
        self.looks = 0

    def refresh(self) -> None:
        """Ask now; the panel shows the answer when it arrives.

        Examples
        --------
        >>> from orbital_widgets.panel import Panel
        >>> panel = Panel(lambda: 1, every_s=60, static=True)
        >>> panel.refresh()
        >>> panel.close()
        """
        if not self._open:
            return
        self._cancel_timers()
        self._latest.ask(self._job(), self._arrived)
        if self._periodic():
            self._late = self._loop.call_later(self._every_s, self._overdue)  # type: ignore[union-attr,arg-type]

    def wait(self, timeout_s: float = 120.0) -> Self:
        """Block until all that was asked for has arrived and is shown.

        Parameters
        ----------
        timeout_s : float, default 120.0
            Longest time to wait for each answer, s.

        Returns
        -------
        Panel
            The panel itself.

        Raises
        ------
        TimeoutError
            If no answer came in time.

        Examples
        --------
        >>> from orbital_widgets.panel import Panel
        >>> panel = Panel(lambda: 1, every_s=60, static=True).wait()
        >>> panel.close()
        """
        if not self._latest.asked:
            self.refresh()
        for part in (*self._writing(), self._latest, *self._beside()):
            part.wait(timeout_s)
        return self

    def close(self) -> None:
        """Stop asking and close the panel.

        Examples
        --------
        >>> from orbital_widgets.panel import Panel
        >>> Panel(lambda: 1, every_s=60, static=True).close()
        """
        if self._open:
            self._open = False
            self._cancel_timers()
            self._latest.close()
        if self._built:
            self._built = False
            self._release()
        super().close()

    def __repr__(self) -> str:
        """Return the class and the period; what the panel shows changes."""
        period = "" if self._every_s is None else f"every {self._every_s:g} s"
        return f"{type(self).__name__}({period})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not self._static:
            live = dict(super()._repr_mimebundle_(**options))
            live["text/plain"] = live["text/html"] = f"{self!r}. {DEAD}"
            return live
        if not self.looks:
            self.wait()
        return {"text/plain": repr(self), "text/html": self._static_html()}

    def _lay_out(
        self, *parts: ipywidgets.Widget, buttons: Sequence[ipywidgets.Widget]
    ) -> None:
        """Show parts below a row of buttons: those given, [Reconnect] and [Cancel]."""
        row = ipywidgets.HBox((*buttons, self.reconnect, self.cancel))
        row.layout.flex_flow = "row wrap"
        self.children = (kernel_hint().widget, row, *parts)
        self.add_class("orbital-widget")
        self._built = True

    def _writing(self) -> tuple[Any, ...]:
        """Return what writes, and asks again when it has written."""
        return ()

    def _beside(self) -> tuple[Any, ...]:
        """Return what asks beside the panel's question."""
        return ()

    def _release(self) -> None:
        """Close what a subclass has opened."""

    def _job(self) -> Callable[[], Any]:
        """Return the next question."""
        return self._ask

    def _reconnected(self) -> None:
        """Connect again on the worker, then ask."""
        self._cancel_timers()
        session = self.session

        def renew() -> Any:
            self.session = renewed(session)
            return self._job()()

        self._latest.ask(renew, self._arrived)

    def _periodic(self) -> bool:
        """Return whether there is a loop that can ask again later."""
        return (
            self._every_s is not None
            and self._loop is not None
            and not self._loop.is_closed()
        )

    def _show(self, answer: Any) -> None:
        """Show an answer."""

    def _failed(self, reason: str) -> None:
        """Show that there is no answer, and why."""

    def _static_html(self) -> str:
        """Return what the panel shows as HTML."""
        return ""

    def _arrived(self, future: "Future[Any]") -> None:
        if not self._open:
            return
        self._cancel_timers()
        error = future.exception()
        if error:
            self.reconnect.layout.display = "" if is_lost(error) else "none"
            self._failed(f"{sentence(error)}; {self._age()}")
        else:
            self.reconnect.layout.display = "none"
            self._answered = datetime.now(UTC)
            self._show(future.result())
        self.looks += 1
        if self._periodic():
            self._timer = self._loop.call_later(self._every_s, self.refresh)  # type: ignore[union-attr,arg-type]

    def _overdue(self) -> None:
        """Show that the answer has not come in its period, so that the state is old."""
        if self._open:
            self.reconnect.layout.display = ""
            self._failed(f"no answer within {self._every_s:g} s; {self._age()}")

    def _age(self) -> str:
        if self._answered is None:
            return "no earlier answer"
        seconds = (datetime.now(UTC) - self._answered).total_seconds()
        return f"the last answer is {seconds:.0f} s old"

    def _cancel_timers(self) -> None:
        for timer in (self._timer, self._late):
            if timer is not None:
                timer.cancel()


def rows_html(
    names: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, wraps: bool = True
) -> str:
    """Return an HTML table with a header row; cells are HTML already.

    A table that does not wrap is as wide as its longest values, and scrolls.
    """
    whole = "" if wraps else ";white-space:nowrap"
    head = "".join(f'<th scope="col" style="{CELL}">{escape(n)}</th>' for n in names)
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f'<table style="border-collapse:collapse{whole}"><tr>{head}</tr>{body}</table>'
    )
