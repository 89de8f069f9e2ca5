"""Checks of the service people get, from the ledgers: query times and ingest lag."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from orbital_kernel.errors import StoreError
from orbital_kernel.storage.health.checks import Check
from orbital_kernel.storage.health.health import (
    LIMITS,
    Limits,
    lag_check,
    latency_check,
)
from orbital_kernel.storage.history import FILES, QUERIES, Asked, History, TakenIn
from orbital_kernel.storage.patience import LastAnswer, Patience, TooSlow

WINDOW_S = 86400.0
"""Queries of one day are looked at: an old slow one is history, not a state."""


def service_checks(
    history: History,
    tables: Callable[[], Collection[str]],
    *,
    now_s: float,
    feeds: Sequence[str] = (),
    limits: Limits = LIMITS,
    patience: Patience | None = None,
    last_answer: LastAnswer | None = None,
) -> list[Check]:
    """Return the checks of query times by kind and of ingest lag by observatory.

    `tables` tells which tables exist, `feeds` which observatories must send files all
    the time. Never raises for a database that does not answer within the time that
    `patience` has: that is 'unknown', with the age of its last answer.
    """
    patience, last_answer = patience or Patience(), last_answer or LastAnswer()
    looks: tuple[tuple[str, str, Callable[[], Iterable[Check]]], ...] = (
        (
            "queries",
            QUERIES,
            lambda: query_checks(history.queries(since_s=now_s - WINDOW_S), limits),
        ),
        (
            "ingest",
            FILES,
            lambda: lag_checks(history.taken_in(), now_s, feeds, limits),
        ),
    )
    try:
        there = patience.within(tables)
    except (StoreError, TooSlow) as error:
        reason = f"could not be told: {error}; {last_answer}"
        return [Check(name, "unknown", reason) for name, _, _ in looks]
    last_answer.note()
    return [
        check
        for name, table, look in looks
        for check in _asked(name, table, look, there, patience)
    ]


def query_checks(asked: Iterable[Asked], limits: Limits = LIMITS) -> list[Check]:
    """Return a check of the 99th percentile of each kind of query."""
    times: dict[str, list[float]] = {}
    for one in asked:
        times.setdefault(one.kind, []).append(one.milliseconds)
    if not times:
        return [Check("queries", "absent", "no query was asked within a day")]
    return [latency_check(kind, ms, limits) for kind, ms in sorted(times.items())]


def lag_checks(
    taken_in: Mapping[str, TakenIn],
    now_s: float,
    feeds: Sequence[str],
    limits: Limits = LIMITS,
) -> list[Check]:
    """Return a check of each feed's lag; of archives the lag is told, without a limit."""
    checks = [
        lag_check(
            name,
            now_s - taken_in[name].newest_s if name in taken_in else None,
            limits,
        )
        for name in feeds
    ]
    for name in sorted(taken_in.keys() - set(feeds)):
        lag = now_s - taken_in[name].newest_s
        told = f"its newest file was taken in {lag:.0f} s ago; it is not a live feed"
        checks.append(Check(f"ingest {name}", "ok", told, lag, None, "s"))
    return checks or [Check("ingest", "absent", "no file was taken in yet")]


def _asked(
    name: str,
    table: str,
    look: Callable[[], Iterable[Check]],
    there: Collection[str],
    patience: Patience,
) -> list[Check]:
    if table not in there:
        return [Check(name, "absent", f"{table} does not exist: provision it")]
    try:
        return patience.within(lambda: list(look()))
    except (StoreError, TooSlow) as error:
        return [Check(name, "unknown", f"could not be told: {error}")]
