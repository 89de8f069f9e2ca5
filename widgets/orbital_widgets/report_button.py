"""The report of a burst by a click: curve, matches and visibility as one page."""

import base64
import re
import threading
import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_widgets import burst_page
from orbital_widgets.connection import sentence
from orbital_widgets.latest import Latest

if TYPE_CHECKING:
    from concurrent.futures import Future


class ReportButton:
    """[Report] writes the page into a folder, and offers it as a file."""

    def __init__(self, lock: threading.RLock, folder: Path) -> None:
        self._latest, self._folder = Latest(lock, within_s=None), folder
        self._began = 0.0
        self.button = ipywidgets.Button(
            description="Report", tooltip="curve, matches and visibility as one page"
        )
        self.text = ipywidgets.HTML()

    def write(self, session: Any, burst_id: str) -> None:
        """Write the report of a burst that the session's database holds."""
        out = self._folder / re.sub(r"[^A-Za-z0-9.+-]+", "_", burst_id).strip("_.")
        self._began = time.monotonic()
        self.button.disabled = True
        self.text.value = "<i>writing the report…</i>"
        self._latest.ask(
            lambda: burst_page.write(session, burst_id, out), self._written
        )

    def wait(self, timeout_s: float) -> None:
        """Block until a report asked for is written."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Show no report any more."""
        self._latest.close()

    def _written(self, future: "Future[Path]") -> None:
        self.button.disabled = False
        error: Any = future.exception()
        if error is not None:
            self.text.value = f"No report: {escape(sentence(error))}"
            return
        page, seconds = future.result(), time.monotonic() - self._began
        data = base64.b64encode(page.read_bytes()).decode()
        self.text.value = (
            f"{escape(str(page))}, written in {seconds:.0f} s: "
            f'<a download="{escape(page.name)}" '
            f'href="data:text/html;base64,{data}"><b>Save the report</b></a>'
        )
