"""The query explorer: one Selection, its controls, the results and their views."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as widgets
import polars as pl

from orbital_kernel.errors import OrbitalError, QueryError
from orbital_kernel.query import Answer, Query
from orbital_widgets import controls, frame_files, static, views
from orbital_widgets.connection import is_lost, renewed, sentence
from orbital_widgets.history import History
from orbital_widgets.kernel_hint import kernel_hint
from orbital_widgets.latest import WITHIN_S, Latest
from orbital_widgets.panel import DEAD
from orbital_widgets.results import Outcome, Results, joined
from orbital_widgets.selection import Selection

Position = tuple[float, float] | tuple[float, float, float]
Fetch = Callable[[Query], Answer]
Resolve = Callable[[str], Position | None]


LONGEST_WAIT_S = 120.0
SWITCHES = {"bands": "band", "instruments": "instrument"}


class Session(Protocol):
    """What answers queries and finds positions of objects: the session."""

    @property
    def query(self) -> Fetch:
        """Answer a query."""

    @property
    def objects(self) -> Any:
        """Find objects."""


@dataclass(frozen=True)
class _Reply:
    """The rows, and the position of a name that the worker resolved."""

    outcome: Outcome
    position: Position | None = None


class Explorer:
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
    bands, instruments, ranges, limit : optional
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
        self._queried: tuple[Any, ...] = ()
        self._history = History()
        self.selection.observe(self._changed)
        self.ask()

    @property
    def frame(self) -> pl.DataFrame:
        """The newest rows; the first column is the observatory.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> orbital = connect()
        >>> explorer = Explorer(orbital.query, table="grbs").wait()
        >>> "t90_s" in explorer.frame.columns
        True
        >>> explorer.close()
        """
        frame: pl.DataFrame = self.results.outcome.frame
        return frame

    def ask(self) -> None:
        """Run the selected query; answers to earlier queries are dropped.

        Returns
        -------
        None

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
        """Block until the newest answer has arrived.

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
        return self

    def go(self, steps: int) -> None:
        """Return to an earlier selection, or forward to a later one.

        Parameters
        ----------
        steps : int
            Number of selections, negative for earlier ones; nothing happens beyond the
            first and the last.

        Returns
        -------
        None

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

    def save(self, path: str | Path) -> Path:
        """Write the rows; text that a spreadsheet would run as a formula is quoted.

        Parameters
        ----------
        path : str or Path
            A file that ends with .csv, .ecsv, .vot or .fits.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        QueryError
            If the name ends with none of these, or there are no rows.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect(), limit=3).wait()
        >>> explorer.save(pathlib.Path(tempfile.mkdtemp()) / "rows.csv").name
        'rows.csv'
        >>> explorer.close()
        """
        if self.frame.is_empty():
            raise QueryError("there are no rows to write: change the selection first")
        return frame_files.write(self.frame, self.results.outcome.table, Path(path))

    def close(self) -> None:
        """Stop querying.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> Explorer(connect().query).close()
        """
        self.selection.unobserve(self._changed)
        self._latest.close()

    def reconnect(self) -> None:
        """Connect to the platform again, then ask.

        Returns
        -------
        None

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> from orbital_widgets import Explorer
        >>> explorer = Explorer(connect()).wait()
        >>> explorer.reconnect()
        >>> explorer.wait().close()
        """
        source, stale = self._source, self._latest.stale()

        def renew() -> _Reply:
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
        status = views.StatusView(self.results, self.reconnect, self._latest)
        return _widget(self, status)

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, Any]:
        if static.is_static(choice=self._static):
            outcome = self.wait().results.outcome
            return {
                "text/plain": static.twin_text(self.selection, outcome),
                "text/html": static.twin_html(self.selection, outcome),
            }
        live: dict[str, Any] = dict(self.widget._repr_mimebundle_())
        live["text/plain"] = static.parameters_text(self.selection)
        live["text/html"] = f"{static.parameters_html(self.selection)}<p>{DEAD}</p>"
        return live

    def _changed(self, _change: Any) -> None:
        if self.selection.values() != self._queried:
            self.ask()

    def _job(self, stale: Callable[[], bool]) -> Callable[[], _Reply]:
        """Return the work to do, with a copy of the present selection."""
        fetch, resolve = _functions(self._source, self._resolver)
        table, limit = self.selection.table, self.selection.limit
        if self.selection.unplaced:
            name, twin = self.selection.object, self.selection.copy()
            return lambda: _looked_up(name, twin, fetch, resolve, stale)
        try:
            queries = self.selection.queries()
        except OrbitalError as error:
            problem = Outcome(table, problems=(str(error),))
            return lambda: _Reply(problem)
        return lambda: _Reply(_answered(table, limit, queries, fetch, stale))

    def _arrived(self, future: Future[_Reply]) -> None:
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


def _functions(
    source: "Session | Fetch", resolve: Resolve | None
) -> tuple[Fetch, Resolve | None]:
    """Return what answers a query and what finds a position; a session does both."""
    if hasattr(source, "query") and hasattr(source, "objects"):
        return source.query, resolve or source.objects.position
    return source, resolve


def _looked_up(
    name: str,
    selection: Selection,
    fetch: Fetch,
    resolve: Resolve | None,
    stale: Callable[[], bool],
) -> _Reply:
    """Find the position of a name, then query around it."""
    position = resolve(name) if resolve else None
    if position is None:
        raise QueryError(
            f"no position of {name!r} is known: give RA and Dec, or another name"
        )
    selection.point(*position, name=name)
    table, limit = selection.table, selection.limit
    outcome = _answered(table, limit, selection.queries(), fetch, stale)
    return _Reply(outcome, position)


def _answered(
    table: str,
    limit: int,
    queries: tuple[Query, ...],
    fetch: Fetch,
    stale: Callable[[], bool],
) -> Outcome:
    """Query each table; an error of one does not hide the answers of others.

    Once a newer selection makes the answer stale, the remaining tables are not queried.
    """
    answers, problems, lost = [], [], False
    for query in queries:
        if stale():
            break
        try:
            answers.append(fetch(query))
        except OrbitalError as error:
            problems.append(f"{query.table}: {error}")
            lost = lost or is_lost(error)
    return Outcome(
        table,
        joined(answers),
        tuple(answer.how for answer in answers),
        tuple(problems),
        limit,
        lost,
    )


def _widget(explorer: Explorer, status: views.StatusView) -> widgets.VBox:
    selection, results = explorer.selection, explorer.results
    toggles = [
        controls.Toggles(
            selection, "observatories", "Observatories", selection.available
        ),
        *(controls.Toggles(selection, trait, trait.capitalize()) for trait in SWITCHES),
    ]
    results.observe(lambda _: _offer(toggles[1:], selection, results), "outcome")
    _offer(toggles[1:], selection, results)
    fields: tuple[controls.Field | controls.Toggles, ...] = (
        *controls.table_choice(selection),
        controls.object_name(selection),
        *controls.position(selection),
        *controls.time_range(selection),
        *toggles,
    )
    ranges = controls.RangeFields(selection).widget
    tabs = widgets.Tab(
        (
            views.RowsView(results).widget,
            views.ExplainView(results).widget,
            views.CodeView(selection).widget,
        ),
        titles=("Rows", "Explain", "Copy as code"),
    )
    sky = controls.SkyMap(selection, results).widget
    plot = views.PlotView(selection, results).widget
    for figure in (sky, plot):
        figure.layout = widgets.Layout(width="50%", min_width="320px")
    box = widgets.VBox(
        (
            kernel_hint().widget,
            _row(field.widget for field in fields),
            ranges,
            widgets.HBox((sky, plot)),
            status.widget,
            views.bar(explorer.go, explorer.save, results),
            tabs,
        )
    )
    for name in ("orbital-explorer", "orbital-widget"):
        box.add_class(name)
    return box


def _row(children: Iterable[widgets.Widget]) -> widgets.Box:
    layout = widgets.Layout(flex_flow="row wrap", align_items="flex-start")
    return widgets.Box(tuple(children), layout=layout)


def _offer(
    toggles: list[controls.Toggles], selection: Selection, results: Results
) -> None:
    """Offer the bands and instruments that occur in the rows of this table."""
    frame = results.outcome.frame
    for toggle in toggles:
        column = SWITCHES[toggle.trait]
        names = (
            frame[column].drop_nulls().unique().sort().to_list()
            if column in frame.columns
            else []
        )
        same = getattr(selection, toggle.trait) != ()
        toggle.offer(tuple(names), only=not same)
