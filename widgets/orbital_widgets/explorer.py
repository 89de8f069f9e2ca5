"""The query explorer: one Selection, its controls, what came back, its views."""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import polars as pl

from orbital_kernel.errors import OrbitalError, QueryError
from orbital_kernel.query import Answer, Query
from orbital_widgets import controls, static, views
from orbital_widgets.latest import Latest
from orbital_widgets.results import Outcome, Results, joined
from orbital_widgets.selection import Selection

Position = tuple[float, float] | tuple[float, float, float]
Fetch = Callable[[Query], Answer]
Resolve = Callable[[str], Position | None]

PATIENCE_S = 120.0
SWITCHES = {"bands": "band", "instruments": "instrument"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Found:
    """What the worker brings: rows, and the position of a name it looked up."""

    outcome: Outcome
    position: Position | None = None


class Explorer:
    """Ask several observatories by clicking, and see rows, plot and how it was answered.

    `fetch` answers a Query (`orbital.query`); `resolve` returns RA, Dec in ICRS degrees
    and, if it likes, a radius in arcmin for an object's name, or None for an unknown one
    (`orbital.objects.position`). Further keywords are the Selection's. Queries run on one
    worker thread; an answer that is no longer asked for is dropped.

    What a notebook shows follows one rule. With `static=True`, or with `static` not given
    and the environment's ORBITAL_STATIC set to anything but 0 (reports set it), the
    explorer waits for its answer and shows its static twin: parameters, rows and figure as
    text/html and text/plain, which need no kernel. Otherwise it shows the live widget, with
    the parameters beside it for readers without one.
    """

    def __init__(
        self,
        fetch: Fetch,
        resolve: Resolve | None = None,
        *,
        selection: Selection | None = None,
        static: bool | None = None,
        **traits: Any,
    ) -> None:
        if selection is not None and traits:
            raise TypeError(
                f"give either a selection or {', '.join(traits)}, not both: the selection has them"
            )
        self.selection = Selection(**traits) if selection is None else selection
        self.results = Results()
        self._fetch, self._resolve, self._static = fetch, resolve, static
        self._latest = Latest(self.selection.lock)
        self._asked: tuple[Any, ...] = ()
        self.selection.observe(self._changed)
        self.ask()

    @property
    def frame(self) -> pl.DataFrame:
        """The rows that came back last, the observatory of each first."""
        frame: pl.DataFrame = self.results.outcome.frame
        return frame

    def ask(self) -> None:
        """Ask what is selected; whatever was asked before is no longer wanted."""
        with self.selection.lock:
            self._asked = self.selection.values()
            self.results.busy = True
            self._latest.ask(self._job(), self._arrived)

    def wait(self, timeout_s: float = PATIENCE_S) -> "Explorer":
        """Return itself once the newest answer is in; TimeoutError where it takes longer."""
        self._latest.wait(timeout_s)
        return self

    def close(self) -> None:
        """Stop asking."""
        self.selection.unobserve(self._changed)
        self._latest.close()

    @cached_property
    def widget(self) -> widgets.VBox:
        """Controls above, views below; the same widget every time."""
        return _widget(self.selection, self.results)

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, Any]:
        if static.is_static(asked=self._static):
            outcome = self.wait().results.outcome
            return {
                "text/plain": static.twin_text(self.selection, outcome),
                "text/html": static.twin_html(self.selection, outcome),
            }
        live: dict[str, Any] = dict(self.widget._repr_mimebundle_())
        live["text/plain"] = static.parameters_text(self.selection)
        live["text/html"] = static.parameters_html(self.selection)
        return live

    def _changed(self, _change: Any) -> None:
        if self.selection.values() != self._asked:
            self.ask()

    def _job(self) -> Callable[[], _Found]:
        """Return the work with all it needs of the selection as it is now."""
        table, limit = self.selection.table, self.selection.limit
        if self.selection.unplaced:
            name, twin = self.selection.object, self.selection.copy()
            return lambda: self._look_up(name, twin)
        try:
            queries = self.selection.queries()
        except OrbitalError as error:
            problem = Outcome(table, problems=(str(error),))
            return lambda: _Found(problem)
        return lambda: _Found(_answered(table, limit, queries, self._fetch))

    def _look_up(self, name: str, asked: Selection) -> _Found:
        position = self._resolve(name) if self._resolve else None
        if position is None:
            raise QueryError(
                f"no position is known here for {name!r}: give RA and Dec, or another name"
            )
        asked.point(*position, name=name)
        queries = asked.queries()
        return _Found(
            _answered(asked.table, asked.limit, queries, self._fetch), position
        )

    def _arrived(self, future: Future[_Found]) -> None:
        error = future.exception()
        if error is None:
            found = future.result()
            self._place(found.position)
            self.results.arrive(found.outcome)
            return
        if not isinstance(error, OrbitalError):
            _log.error("a query failed unexpectedly", exc_info=error)
        words = (
            str(error)
            if isinstance(error, OrbitalError)
            else f"{type(error).__name__}: {error}"
        )
        self.results.arrive(Outcome(self.selection.table, problems=(words,)))

    def _place(self, position: Position | None) -> None:
        if position is None:
            return
        with self.selection.hold_trait_notifications():
            self.selection.point(*position, name=self.selection.object)
            self._asked = self.selection.values()


def _answered(
    table: str, limit: int, queries: tuple[Query, ...], fetch: Fetch
) -> Outcome:
    """Ask each table; what one cannot answer does not hide what the others do."""
    answers, problems = [], []
    for query in queries:
        try:
            answers.append(fetch(query))
        except OrbitalError as error:
            problems.append(f"{query.table}: {error}")
    return Outcome(
        table,
        joined(answers),
        tuple(answer.how for answer in answers),
        tuple(problems),
        limit,
    )


def _widget(selection: Selection, results: Results) -> widgets.VBox:
    toggles = [
        controls.Toggles(selection, "observatories", "Observatories", selection.known),
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
    whole = widgets.VBox(
        (
            _row(field.widget for field in fields),
            widgets.HBox((sky, plot)),
            views.StatusView(results).widget,
            tabs,
        )
    )
    whole.add_class("orbital-explorer")
    return whole


def _row(children: Iterable[widgets.Widget]) -> widgets.Box:
    layout = widgets.Layout(flex_flow="row wrap", align_items="flex-start")
    return widgets.Box(tuple(children), layout=layout)


def _offer(
    toggles: list[controls.Toggles], selection: Selection, results: Results
) -> None:
    """Offer the bands and instruments that rows of this table were found to have."""
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
