"""What the sky map shows beside the rows fetched: counts of large selections, coverage."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import astropy.units as u
from mocpy import MOC

from orbital_kernel.errors import OrbitalError
from orbital_kernel.plots.equal_area import Hammer, Projection
from orbital_kernel.query import Query
from orbital_widgets.connection import sentence
from orbital_widgets.latest import PAUSE_S, Latest
from orbital_widgets.results import Outcome
from orbital_widgets.selection import Selection
from orbital_widgets.sky_figure import Window
from orbital_widgets.sky_sight import MOST_DOTS, Crowd, Sight, positions, sight

if TYPE_CHECKING:
    from concurrent.futures import Future

Show = Callable[[Sight | None], None]
Say = Callable[[str, int, int], None]
MARGIN = 3.0


class SkyLayers:
    """Counts and coverage, found on threads of their own; stale answers are dropped.

    `source` returns the session, `show` draws a sight (None: only the rows fetched), and
    `say` writes a sentence with the rows counted so far and at most.
    """

    def __init__(
        self, selection: Selection, source: Callable[[], Any], show: Show, say: Say
    ) -> None:
        self._selection, self._source = selection, source
        self._show, self._say = show, say
        self.crowd: Crowd | None = None
        self.mocs: dict[str, MOC] = {}
        self._queries: tuple[Query, ...] = ()
        self._cancelled = threading.Event()
        self._viewing = Latest(selection.lock)
        self._counting = Latest(selection.lock, within_s=None, pause_s=PAUSE_S)
        self._covering = Latest(selection.lock, within_s=None)

    def arrive(self, outcome: Outcome, view: Projection, window: Window) -> None:
        """Count the whole selection if an answer was cut at its limit."""
        queries = self._large(outcome)
        if queries and queries == self._queries:
            self.see(view, window)
            return
        self._queries, self.crowd = queries, None
        self._cancelled.set()
        self._cancelled = threading.Event()
        self._show(None)
        if not queries:
            self._say("", 0, 0)
            return
        self._say("counting the selection…", 0, 1)
        session, cancelled = self._source(), self._cancelled

        def count() -> Crowd | Sight:
            rows = session.rows_at_most(queries)
            if rows <= MOST_DOTS:
                dots = positions(session, queries)
                return Sight(view, window, None, dots, f"{len(dots):,} rows")
            density = session.sky_density(
                queries,
                progress=lambda done, most: self._progressed(done, most, cancelled),
                stopped=cancelled.is_set,
            )
            return Crowd(queries, density)

        self._counting.ask(count, lambda future: self._counted(future, view, window))

    def see(self, view: Projection, window: Window) -> None:
        """Show another part of the sky."""
        crowd, session = self.crowd, self._source()
        if crowd is not None:
            self._viewing.ask(lambda: sight(session, crowd, view, window), self._seen)

    def cancel(self) -> None:
        """Stop counting."""
        self._cancelled.set()

    def cover(self, done: Callable[[], None]) -> None:
        """Find what each observatory has looked at, once."""
        session, names = self._source(), self._selection.available

        def find() -> dict[str, MOC]:
            return {name: session.footprint(name).moc for name in names}

        def found(future: "Future[dict[str, MOC]]") -> None:
            error = future.exception()
            if error is None:
                self.mocs = future.result()
                self._say("", 0, 0)
                done()
            else:
                self._say(sentence(error), 0, 0)

        self._say("reading where the observatories looked…", 0, 0)
        self._covering.ask(find, found)

    def wait(self, timeout_s: float) -> None:
        """Block until counts, view and coverage have arrived."""
        for latest in (self._counting, self._viewing, self._covering):
            latest.wait(timeout_s)

    def close(self) -> None:
        """Stop counting and let the threads end."""
        self._cancelled.set()
        for latest in (self._counting, self._viewing, self._covering):
            latest.close()

    def _large(self, outcome: Outcome) -> tuple[Query, ...]:
        """Return the queries of the whole selection if rows of it were not fetched."""
        cut = any(how.rows_returned == outcome.limit for how in outcome.explains)
        if not cut or "ra" not in outcome.frame.columns:
            return ()
        if not hasattr(self._source(), "sky_density"):
            return ()
        try:
            return self._selection.queries(whole=True)
        except OrbitalError:
            return ()

    def _progressed(self, done: int, most: int, cancelled: threading.Event) -> None:
        def say() -> None:
            if not cancelled.is_set():
                self._say(f"{done:,} of up to {most:,} rows counted…", done, most)

        self._counting.meanwhile(say)

    def _counted(
        self, future: "Future[Crowd | Sight]", view: Projection, window: Window
    ) -> None:
        error = future.exception()
        if error is not None:
            self._queries = ()
            self._say(f"{sentence(error)}; the map shows the rows fetched", 0, 0)
            return
        found = future.result()
        if isinstance(found, Sight):
            self._seen(future)
            return
        self.crowd = found
        self.see(view, window)

    def _seen(self, future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None:
            self._say(sentence(error), 0, 0)
            return
        self._show(future.result())
        self._say(future.result().words, 0, 0)


def near(moc: MOC, view: Projection, reach_deg: float) -> MOC:
    """Return the part of a MOC about what is seen, so that its fine cells remain."""
    if isinstance(view, Hammer):
        return moc
    facts = view.facts
    seen = MOC.from_cone(
        lon=float(facts["ra"]) * u.deg,
        lat=float(facts["dec"]) * u.deg,
        radius=min(MARGIN * reach_deg, 179.0) * u.deg,
        max_depth=9,
    )
    return moc.intersection(seen)
