"""The query explorer: one Selection, its controls, the results and their views."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import cached_property
from typing import Any

import ipywidgets as widgets

from orbital_widgets import static, views
from orbital_widgets.connection import is_lost, renewed, sentence
from orbital_widgets.explorer_answers import (
    Fetch,
    Position,
    Reply,
    Resolve,
    Session,
    Stale,
    functions,
    job,
)
from orbital_widgets.explorer_files import ExplorerFiles
from orbital_widgets.explorer_layout import Layout, laid_out
from orbital_widgets.history import History
from orbital_widgets.latest import WITHIN_S, Latest
from orbital_widgets.panel import DEAD
from orbital_widgets.results import Outcome, Results
from orbital_widgets.selection import Selection

LONGEST_WAIT_S = 120.0


class Explorer(ExplorerFiles):
    """Query several observatories by clicking; see the rows, a plot and how it was answered.

    Queries run on one worker thread; only the newest answer is shown.

    Parameters
    ----------
    fetch : Orbital or callable
        The session, or a function that answers a `Query`, such as `orbital.query`.
    resolve : callable, optional
        Returns RA and Dec (ICRS degrees) of an object's name, and optionally a radius in
        arcmin, or None for an unknown name; `orbital.objects.position` of a session.
    selection : Selection, optional
        The selection to start with; the parameters below then keep their defaults.
    static : bool, optional
        Show parameters, rows and figure as HTML that needs no kernel. By default the
        environment variable ORBITAL_STATIC decides; reports set it.
    table, observatories, ra, dec, radius_arcmin, object, start, stop : optional
        As in `Selection`.
    bands, instruments, ranges, contains, columns, sort, descending, limit : optional
        As in `Selection`.
    within_s : float, default 120.0
        Longest time to wait for an answer, s; the query is cancelled then.

    Raises
    ------
    TypeError
        If a selection and its parameters are both given.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_widgets import Explorer
    >>> orbital = connect()
    >>> explorer = Explorer(orbital, limit=5).wait()
    >>> explorer.frame.columns[0]
    'observatory'
    >>> explorer.close()
    """

    def __init__(
        self,
        fetch: "Session | Fetch",
        resolve: Resolve | None = None,
        *,
        selection: Selection | None = None,
        static: bool | None = None,
        table: str | None = None,
        observatories: tuple[str, ...] | None = None,
        ra: float | None = None,
        dec: float | None = None,
        radius_arcmin: float | None = None,
        object: str | None = None,  # noqa: A002 - the trait's name
        start: str | None = None,
        stop: str | None = None,
        bands: tuple[str, ...] | None = None,
        instruments: tuple[str, ...] | None = None,
        ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
        contains: Mapping[str, str] | None = None,
        columns: tuple[str, ...] | None = None,
        sort: str | None = None,
        descending: bool | None = None,
        limit: int | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        parameters: dict[str, Any] = {
            "table": table,
            "observatories": observatories,
            "ra": ra,
            "dec": dec,
            "radius_arcmin": radius_arcmin,
            "object": object,
            "start": start,
            "stop": stop,
            "bands": bands,
            "instruments": instruments,
            "ranges": ranges,
            "contains": contains,
            "columns": columns,
            "sort": sort,
            "descending": descending,
            "limit": limit,
        }
        given = {k: value for k, value in parameters.items() if value is not None}
        if selection is not None and given:
            raise TypeError(
                f"give either a selection or {', '.join(given)}, not both: "
                "set them in the selection"
            )
        self.selection = Selection(**given) if selection is None else selection
        self.results = Results()
        self._source, self._resolver, self._static = fetch, resolve, static
        self._latest = Latest(self.selection.lock, within_s=within_s)
        self.writing = Latest(self.selection.lock, within_s=None)
        self._queried: tuple[Any, ...] = ()
        self._history = History()
        self.selection.observe(self._changed)
        self.ask()

    def ask(self) -> None:
        """Run the selected query; answers to earlier queries are dropped.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect().query)
        >>> explorer.ask()
        >>> explorer.wait().close()
        """
        with self.selection.lock:
            self._queried = self.selection.values()
            self._history.note(self.selection)
            self.results.busy = True
            self._latest.ask(self._job(self._latest.stale()), self._arrived)

    def wait(self, timeout_s: float = LONGEST_WAIT_S) -> "Explorer":
        """Block until the newest answer has arrived, also in the views shown.

        Parameters
        ----------
        timeout_s : float, default 120.0
            Longest time to wait, in seconds.

        Returns
        -------
        Explorer
            The explorer itself.

        Raises
        ------
        TimeoutError
            If the answer takes longer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect().query, limit=3).wait()
        >>> len(explorer.frame) > 0
        True
        >>> explorer.close()
        """
        self._latest.wait(timeout_s)
        if "_layout" in vars(self):
            self._layout.wait(timeout_s)
        return self

    def go(self, steps: int) -> None:
        """Return to an earlier selection, or forward to a later one.

        Parameters
        ----------
        steps : int
            Number of selections, negative for earlier ones; nothing happens beyond the
            first and the last.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect(), limit=3).wait()
        >>> explorer.selection.limit = 5
        >>> explorer.go(-1)
        >>> explorer.wait().selection.limit
        3
        >>> explorer.close()
        """
        selection = self._history.go(steps)
        if selection is not None:
            self.selection.become(selection)

    def close(self) -> None:
        """Stop querying.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> Explorer(connect().query).close()
        """
        self.selection.unobserve(self._changed)
        self.writing.close()
        if "_layout" in vars(self):
            self._layout.close()
        self._latest.close()

    def reconnect(self) -> None:
        """Connect to the platform again, then ask.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect()).wait()
        >>> explorer.reconnect()
        >>> explorer.wait().close()
        """
        source, stale = self._source, self._latest.stale()

        def renew() -> Reply:
            self._source = renewed(source)
            with self.selection.lock:
                job = self._job(stale)
            return job()

        with self.selection.lock:
            self.results.busy = True
            self._latest.ask(renew, self._arrived)

    @cached_property
    def widget(self) -> widgets.VBox:
        """The live widget: controls above, views below.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect().query)
        >>> type(explorer.widget).__name__
        'VBox'
        >>> explorer.close()
        """
        return self._layout.box

    @cached_property
    def _layout(self) -> Layout:
        return laid_out(
            *(self.selection, self.results, lambda: self._source),
            go=self.go,
            history=self._history,
            files=self,
            status=views.StatusView(self.results, self.reconnect, self._latest),
        )

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, Any]:
        if static.is_static(choice=self._static):
            return static.bundle(self.selection, self.wait().results.outcome)
        live: dict[str, Any] = dict(self.widget._repr_mimebundle_())
        live["text/plain"] = static.parameters_text(self.selection)
        live["text/html"] = f"{static.parameters_html(self.selection)}<p>{DEAD}</p>"
        return live

    def _changed(self, _change: Any) -> None:
        if self.selection.values() != self._queried:
            self.ask()

    def _job(self, stale: Stale) -> Callable[[], Reply]:
        return job(self.selection, *functions(self._source, self._resolver), stale)

    def _arrived(self, future: Future[Reply]) -> None:
        error = future.exception()
        if error is None:
            reply = future.result()
            self._place(reply.position)
            self.results.arrive(reply.outcome)
            return
        self.results.arrive(
            Outcome(
                self.selection.table,
                problems=(sentence(error),),
                lost=is_lost(error),
            )
        )

    def _place(self, position: Position | None) -> None:
        if position is None:
            return
        with self.selection.hold_trait_notifications():
            self.selection.point(*position, name=self.selection.object)
            self._queried = self.selection.values()
        self._history.place(self.selection)
