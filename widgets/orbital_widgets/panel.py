"""A panel that asks again periodically on its own thread, and says how old its answer is."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Self

import ipywidgets

from orbital_widgets.latest import Latest, running_loop
from orbital_widgets.static import is_static

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

CELL = (
    "padding:2px 10px;border-bottom:1px solid #ddd;text-align:left;vertical-align:top"
)


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """What a function returns, shown and asked again every `every_s` seconds.

    The function runs on a separate thread, so that notebook cells can run meanwhile.
    Subclasses show an answer (`_show`) and the lack of one (`_failed`), and give the HTML
    of a page without a kernel (`_static_html`). `static` is set by them to True in reports.

    Parameters
    ----------
    ask : callable
        Returns the answer.
    every_s : float
        Seconds between two questions.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.

    Raises
    ------
    ValueError
        If `every_s` is not above 0.

    Examples
    --------
    >>> from orbital_widgets.panel import Panel
    >>> panel = Panel(lambda: 1, every_s=60, static=True).wait()
    >>> panel.looks
    1
    >>> panel.close()
    """

    def __init__(
        self, ask: Callable[[], Any], *, every_s: float, static: bool | None = None
    ) -> None:
        super().__init__()
        if every_s <= 0:
            raise ValueError(f"every_s is seconds above 0, not {every_s}")
        self._ask, self._every_s = ask, every_s
        self._static = is_static(choice=static)
        self._lock_ui = threading.RLock()
        self._latest = Latest(self._lock_ui)
        self._loop = running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._answered: datetime | None = None
        self._open = True
        self.looks = 0

    def refresh(self) -> None:
        """Ask now; the panel shows the answer when it arrives.

        Returns
        -------
        None

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
        self._latest.ask(self._ask, self._arrived)
        if self._loop is not None and not self._loop.is_closed():
            self._late = self._loop.call_later(self._every_s, self._overdue)

    def wait(self, timeout_s: float = 60.0) -> Self:
        """Block until the running question is answered and shown.

        Parameters
        ----------
        timeout_s : float, default 60.0
            Longest time to wait, s.

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
        if not self.looks:
            self.refresh()
        self._latest.wait(timeout_s)
        return self

    def close(self) -> None:
        """Stop asking and close the panel.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_widgets.panel import Panel
        >>> Panel(lambda: 1, every_s=60, static=True).close()
        """
        self._open = False
        self._cancel_timers()
        self._latest.close()
        super().close()

    def __repr__(self) -> str:
        """Return the class and the period; what the panel shows changes."""
        return f"{type(self).__name__}(every {self._every_s:g} s)"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not self._static:
            return super()._repr_mimebundle_(**options)
        if not self.looks:
            self.wait()
        return {"text/plain": repr(self), "text/html": self._static_html()}

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
            self._failed(f"{error}; {self._age()}")
        else:
            self._answered = datetime.now(UTC)
            self._show(future.result())
        self.looks += 1
        if self._loop is not None and not self._loop.is_closed():
            self._timer = self._loop.call_later(self._every_s, self.refresh)

    def _overdue(self) -> None:
        """Show that the answer has not come in its period, so that the state is old."""
        if self._open:
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


def rows_html(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return an HTML table with a header row; cells are HTML already."""
    head = "".join(f'<th scope="col" style="{CELL}">{escape(n)}</th>' for n in names)
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f'<table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>'
