"""The follow-up of a burst: who can observe its place, and what the archive holds there."""

import threading
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from orbital_kernel import plots
from orbital_widgets.cancel_button import CancelButton
from orbital_widgets.connection import sentence
from orbital_widgets.figure_slot import FigureSlot
from orbital_widgets.frame_html import frame_html
from orbital_widgets.latest import Latest

if TYPE_CHECKING:
    from concurrent.futures import Future

RANKED = ("rank", "observatory", "instrument", "begins_h", "visible_h", "reasons")
LIMITS = ("observatory", "pointings", "exposure_s", "sources")


class FollowUpPart:
    """Tables and timeline of the newest follow-up asked for."""

    def __init__(self, lock: threading.RLock, *, static: bool) -> None:
        self._static = static
        self._latest, self._plan = Latest(lock), FigureSlot(lock)
        self._html = ipywidgets.HTML()
        cancel = CancelButton(self._latest).widget
        self.widget = ipywidgets.VBox((self._html, cancel, self._plan.widget))

    def ask(self, session: Any, burst_id: str) -> None:
        """Ask for the follow-up of a stored burst."""
        self._html.value = "<i>asking…</i>"
        self._latest.ask(lambda: session.bursts.follow_up(burst_id), self._arrived)

    def clear(self) -> None:
        """Forget the burst followed up before."""
        self._html.value = ""
        self._plan.put(None)

    def wait(self, timeout_s: float) -> None:
        """Block until a follow-up asked for has arrived."""
        self._latest.wait(timeout_s)

    def close(self) -> None:
        """Stop asking and release the figure."""
        self._latest.close()
        self._plan.close()

    def _arrived(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None:
            self._html.value = f"Follow-up: {escape(sentence(error))}"
            self._plan.put(None)
            return
        result = future.result()
        place = result.place
        self._html.value = (
            f"<h4>Follow-up of RA {place.ra:.4f}, Dec {place.dec:+.4f} deg (ICRS), within "
            f"{place.error_arcmin:.2g} arcmin ({escape(place.source)})</h4>"
            f"{frame_html(result.plan.ranking, RANKED)}"
            f"<h4>Archive</h4>{frame_html(result.limits, LIMITS)}"
        )
        if not self._static:
            self._plan.put(plots.visibility(result.plan))
