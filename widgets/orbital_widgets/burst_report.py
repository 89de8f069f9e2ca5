"""The burst selected in a monitor: its light curve, and its report as a file, by clicking."""

import base64
import json
import threading
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import ipywidgets

from orbital_kernel.errors import QueryError, ReportError
from orbital_widgets import burst_page
from orbital_widgets.connection import sentence
from orbital_widgets.latest import Latest
from orbital_widgets.live_figure import LiveFigure
from orbital_widgets.static import is_static

if TYPE_CHECKING:
    from concurrent.futures import Future

    from orbital_widgets.burst_monitor import BurstMonitor


class BurstReport(ipywidgets.VBox):  # type: ignore[misc]
    """Light curve and report of the burst that is selected in a monitor.

    [Light curve] draws the points of all observatories at the catalogued burst at the same
    time. [Write report] runs the report `burst` in a process of its own, and offers the
    page as a file.

    Parameters
    ----------
    monitor : BurstMonitor
        The monitor whose selected burst is meant.
    folder : str or Path, default 'reports'
        Where the page is written.
    static : bool, optional
        Show HTML that needs no kernel. By default the environment variable ORBITAL_STATIC
        decides; reports set it.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import BurstMonitor, BurstReport
    >>> monitor = BurstMonitor(connect(), cause="burst", static=True).wait()
    >>> BurstReport(monitor, static=True).close()
    >>> monitor.close()
    """

    def __init__(
        self,
        monitor: "BurstMonitor",
        *,
        folder: str | Path = "reports",
        static: bool | None = None,
    ) -> None:
        lock = threading.RLock()
        self._monitor, self._folder = monitor, Path(folder)
        self._static = is_static(choice=static)
        self._lock_ui = lock
        self._figure: LiveFigure | None = None
        self._curves, self._reports = Latest(lock), Latest(lock, within_s=None)
        curve = ipywidgets.Button(
            description="Light curve", tooltip="points of all observatories"
        )
        report = ipywidgets.Button(
            description="Write report", tooltip="one page as a file"
        )
        curve.on_click(lambda _button: self.light_curve())
        report.on_click(lambda _button: self.write())
        self._curve_html, self._slot = ipywidgets.HTML(), ipywidgets.VBox()
        self._report_html = ipywidgets.HTML()
        buttons = ipywidgets.HBox((curve, report, self._report_html))
        super().__init__((buttons, self._curve_html, self._slot))
        self.add_class("orbital-burst-report")

    def light_curve(self) -> None:
        """Draw the light curve of the selected burst, in the units of each instrument.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor, BurstReport
        >>> monitor = BurstMonitor(connect(), cause="burst", static=True).wait()
        >>> report = BurstReport(monitor, static=True)
        >>> report.light_curve()
        >>> report.wait().close()
        """
        row, session = self._monitor.look.selected, self._monitor.session
        self._curve_html.value = "<i>asking…</i>"
        self._curves.ask(lambda: session.light_curve(_name(row)), self._curve_arrived)

    def write(self) -> None:
        """Run the report of the selected burst and offer its page.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor, BurstReport
        >>> report = BurstReport(BurstMonitor(connect()).wait())  # doctest: +SKIP
        >>> report.write()  # doctest: +SKIP
        """
        row, session = self._monitor.look.selected, self._monitor.session
        self._report_html.value = "<i>writing the report…</i>"
        self._reports.ask(
            lambda: _written(session, row, self._folder), self._report_arrived
        )

    def wait(self, timeout_s: float = 120.0) -> Self:
        """Block until what was asked for has arrived.

        Parameters
        ----------
        timeout_s : float, default 120.0
            Longest time to wait for each, s.

        Returns
        -------
        BurstReport
            The widget itself.

        Raises
        ------
        TimeoutError
            If no answer came in time.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor, BurstReport
        >>> BurstReport(BurstMonitor(connect(), static=True)).wait().close()
        """
        self._curves.wait(timeout_s)
        self._reports.wait(timeout_s)
        return self

    def close(self) -> None:
        """Stop asking and release the figure.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import BurstMonitor, BurstReport
        >>> BurstReport(BurstMonitor(connect(), static=True)).close()
        """
        self._curves.close()
        self._reports.close()
        if self._figure is not None:
            self._figure.close()
        super().close()

    def _curve_arrived(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None:
            self._curve_html.value = f"No light curve: {escape(sentence(error))}"
            self._slot.children = ()
            return
        curve, old = future.result(), self._figure
        self._curve_html.value = escape(repr(curve).splitlines()[0])
        if not self._static:
            self._figure = LiveFigure(curve.plot(), lock=self._lock_ui)
            self._slot.children = (self._figure,)
            if old is not None:
                old.close()

    def _report_arrived(self, future: "Future[Path]") -> None:
        error = future.exception()
        if error is not None:
            self._report_html.value = f"No report: {escape(sentence(error))}"
            return
        page = future.result()
        data = base64.b64encode(page.read_bytes()).decode()
        self._report_html.value = (
            f'{escape(str(page))}: <a download="{escape(page.name, quote=True)}" '
            f'href="data:text/html;base64,{data}"><b>Save the report</b></a>'
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not self._static:
            return super()._repr_mimebundle_(**options)
        words = "With a kernel: [Light curve] and [Write report] of the selected burst."
        return {"text/html": f"<p>{words}</p>", "text/plain": words}


def _name(row: dict[str, Any] | None) -> str:
    """Return the name of the catalogued burst at the time of an excursion."""
    matches = json.loads(row["matches"] or "[]") if row else []
    names = [match["name"] for match in matches if match.get("name")]
    if not names:
        raise QueryError(
            "no catalogued burst or notice coincides with the selected excursion, and rates "
            "alone give no position: select one that coincides with a burst"
        )
    return str(names[0])


def _written(session: Any, row: dict[str, Any] | None, folder: Path) -> Path:
    """Write the page of the selected burst; ReportError if none is selected."""
    if row is None:
        raise ReportError("no excursion is selected: select one in the monitor")
    return burst_page.write(session, row["burst_id"], folder)
