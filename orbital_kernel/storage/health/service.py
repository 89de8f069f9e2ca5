"""Checks of the service that users get: query times and ingest lag, from ledgers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from orbital_kernel.errors import StoreError
from orbital_kernel.storage.health.checks import Check
from orbital_kernel.storage.health.health import (
    LIMITS,
    Limits,
    lag_check,
    latency_check,
)
from orbital_kernel.storage.history import (
    FILES,
    QUERIES,
    History,
    Ingested,
    LoggedQuery,
    times_by_kind,
)
from orbital_kernel.storage.patience import LastAnswer, Patience, TooSlow

WINDOW_S = 86400.0
"""Queries of one day are checked: an older slow query does not describe the state."""


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

    `tables` returns the tables that exist, `feeds` are the observatories that must send
    files continuously. Does not raise if the database does not answer within the time of
    `patience`: the state is then 'unknown', with the age of its last answer.
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
            lambda: lag_checks(history.ingested(), now_s, feeds, limits),
        ),
    )
    try:
        existing = patience.within(tables)
    except (StoreError, TooSlow) as error:
        reason = f"could not be checked: {error}; {last_answer}"
        return [Check(name, "unknown", reason) for name, _, _ in looks]
    last_answer.note()
    return [
        check
        for name, table, look in looks
        for check in _checks_of(name, table, look, existing, patience)
    ]


def query_checks(
    queries: Iterable[LoggedQuery], limits: Limits = LIMITS
) -> list[Check]:
    """Return a check of the 99th percentile of each kind of query."""
    times = times_by_kind(queries)
    if not times:
        return [Check("queries", "absent", "no query was run within a day")]
    return [latency_check(kind, ms, limits) for kind, ms in sorted(times.items())]


def lag_checks(
    ingested: Mapping[str, Ingested],
    now_s: float,
    feeds: Sequence[str],
    limits: Limits = LIMITS,
) -> list[Check]:
    """Return a check of each feed's lag; the lag of archives has no limit."""
    checks = [
        lag_check(
            name,
            now_s - ingested[name].newest_s if name in ingested else None,
            limits,
        )
        for name in feeds
    ]
    for name in sorted(ingested.keys() - set(feeds)):
        lag = now_s - ingested[name].newest_s
        text = f"its newest file was ingested {lag:.0f} s ago; it is not a live feed"
        checks.append(Check(f"ingest {name}", "ok", text, lag, None, "s"))
    return checks or [Check("ingest", "absent", "no file was ingested yet")]


def _checks_of(
    name: str,
    table: str,
    look: Callable[[], Iterable[Check]],
    existing: Collection[str],
    patience: Patience,
) -> list[Check]:
    if table not in existing:
        return [Check(name, "absent", f"{table} does not exist: provision it")]
    try:
        return patience.within(lambda: list(look()))
    except (StoreError, TooSlow) as error:
        return [Check(name, "unknown", f"could not be checked: {error}")]
