"""The answers to one Selection: queries of each observatory, a name looked up first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from orbital_kernel.errors import OrbitalError, QueryError
from orbital_kernel.query import Answer, Query
from orbital_widgets.axes import needed
from orbital_widgets.connection import is_lost
from orbital_widgets.curve_look import near
from orbital_widgets.empty_answer import reason
from orbital_widgets.results import Outcome, joined
from orbital_widgets.selection import Selection

Position = tuple[float, float] | tuple[float, float, float]
Fetch = Callable[[Query], Answer]
Resolve = Callable[[str], Position | None]
Stale = Callable[[], bool]


class Session(Protocol):
    """What answers queries and finds positions of objects: the session."""

    @property
    def query(self) -> Fetch:
        """Answer a query."""

    @property
    def objects(self) -> Any:
        """Find objects."""


@dataclass(frozen=True)
class Reply:
    """The rows, and the position of a name that the worker resolved."""

    outcome: Outcome
    position: Position | None = None


def functions(
    source: "Session | Fetch", resolve: Resolve | None
) -> tuple[Fetch, Resolve | None]:
    """Return what answers a query and what finds a position; a session does both."""
    if hasattr(source, "query") and hasattr(source, "objects"):
        session: Any = source
        return session.query, resolve or (lambda name: _position(session, name))
    return source, resolve


def _position(session: Any, name: str) -> Position | None:
    """Return an object's position; QueryError with names that begin alike if none is."""
    position: Position | None = session.objects.position(name)
    names = near(session, name) if position is None else ()
    if names:
        raise QueryError(
            f"no position of {name!r} is known: give RA and Dec, or another name; names "
            f"that begin alike: {', '.join(names)}"
        )
    return position


def job(
    selection: Selection, fetch: Fetch, resolve: Resolve | None, stale: Stale
) -> Callable[[], Reply]:
    """Return the work to do, with a copy of the present selection."""
    twin = selection.copy()
    if twin.unplaced:
        return lambda: _looked_up(twin, fetch, resolve, stale)
    try:
        queries = twin.queries(also=needed(twin.table))
    except OrbitalError as error:
        problem = Outcome(twin.table, problems=(str(error),))
        return lambda: Reply(problem)
    return lambda: Reply(_answered(twin, queries, fetch, stale))


def _looked_up(
    selection: Selection, fetch: Fetch, resolve: Resolve | None, stale: Stale
) -> Reply:
    """Find the position of a name, then query around it."""
    name = selection.object
    position = resolve(name) if resolve else None
    if position is None:
        raise QueryError(
            f"no position of {name!r} is known: give RA and Dec, or another name"
        )
    selection.point(*position, name=name)
    queries = selection.queries(also=needed(selection.table))
    return Reply(_answered(selection, queries, fetch, stale), position)


def _answered(
    selection: Selection, queries: tuple[Query, ...], fetch: Fetch, stale: Stale
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
            words = str(error).removeprefix(f"{query.table}: ")
            problems.append(f"{query.table}: {words}")
            lost = lost or is_lost(error)
    frame = selection.arranged(joined(answers))
    is_empty = bool(answers) and not (problems or selection.page or len(frame))
    return Outcome(
        selection.table,
        frame,
        tuple(answer.how for answer in answers),
        tuple(problems),
        (selection.page + 1) * selection.limit if selection.sort else selection.limit,
        lost,
        selection.columns,
        reason(selection, fetch, stale) if is_empty and not stale() else "",
    )
