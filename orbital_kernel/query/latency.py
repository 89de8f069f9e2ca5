"""The latency ledger judged: percentiles by kind and time against budgets, the slowest."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources

import polars as pl

from orbital_kernel.errors import ConfigError, QueryError

BUDGETS_FILE = "budgets.toml"
DEFAULT = "default"


@dataclass(frozen=True)
class Budget:
    """How long half and 99 of 100 queries of a kind may take, in milliseconds."""

    p50_ms: float
    p99_ms: float


@cache
def budgets() -> dict[str, Budget]:
    """Return every kind's budget; raises ConfigError for a file without a default."""
    text = (resources.files("orbital_kernel.query") / BUDGETS_FILE).read_text()
    try:
        by_kind = {kind: Budget(**row) for kind, row in tomllib.loads(text).items()}
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{BUDGETS_FILE} is not a table of budgets: {error}"
        ) from error
    if DEFAULT not in by_kind:
        raise ConfigError(f"{BUDGETS_FILE} has no [{DEFAULT}]")
    return by_kind


def budget(kind: str) -> Budget:
    """Return the budget of a kind, that of `default` if the kind has none."""
    by_kind = budgets()
    return by_kind.get(kind, by_kind[DEFAULT])


PERCENTILES = (50, 95, 99)
ENOUGH = 20
TIMES_SLOWER = 1.5
SLOWER_MS = 5.0
REGRESSION = "SLOWER"
OVER = "over budget"


@dataclass(frozen=True)
class KindLatency:
    """One kind's latencies; `within` is whether both percentiles keep the budget."""

    kind: str
    queries: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    budget: Budget
    within: bool
    rows_read: int | None
    rows_stored: int | None


@dataclass(frozen=True)
class Course:
    """One kind's latencies in one step of time, and the verdict on them."""

    kind: str
    start: datetime
    queries: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    said: str


@dataclass(frozen=True)
class Slow:
    """One of the slowest queries."""

    asked: datetime
    kind: str
    table: str
    milliseconds: float
    rows_returned: int
    rows_read: int | None
    rows_stored: int
    predicate: str
    stages: str


def by_kind(ledger: pl.DataFrame) -> list[KindLatency]:
    """Return the latencies of each kind in rows of ops.queries, slowest p99 first."""
    rows = (
        ledger.group_by("kind")
        .agg(
            *_PERCENTILES,
            *(
                pl.when(pl.col(name).count() == pl.len())
                .then(pl.col(name).sum())
                .alias(name)
                for name in ("rows_read", "rows_stored")
            ),
        )
        .sort("p99_ms", descending=True)
    )
    return [_judged(row, budget(row["kind"])) for row in rows.to_dicts()]


def over_time(ledger: pl.DataFrame, every: str = "1d") -> list[Course]:
    """Return the latencies of each kind in steps of time, in order.

    A step is a regression if its median is 1.5 times that of all earlier steps of its
    kind, and longer by 5 ms, both with at least 20 queries.
    """
    if not re.fullmatch(r"[1-9]\d*[mhdw]", every):
        raise QueryError(f"a step of time is like 10m, 1h, 1d or 1w, not {every!r}")
    steps = (
        ledger.with_columns(start=pl.col("asked").dt.truncate(every))
        .group_by("kind", "start")
        .agg(*_PERCENTILES, pl.col("milliseconds"))
        .sort("kind", "start")
    )
    return [
        step
        for (_kind,), rows in steps.group_by("kind", maintain_order=True)
        for step in _course(rows)
    ]


def regressions(ledger: pl.DataFrame, every: str = "1d") -> list[Course]:
    """Return the steps that are slower than the earlier ones."""
    return [step for step in over_time(ledger, every) if step.said == REGRESSION]


def _course(steps: pl.DataFrame) -> Iterator[Course]:
    before: list[float] = []
    for row in steps.to_dicts():
        latencies = row.pop("milliseconds")
        verdict = "" if row["p99_ms"] <= budget(row["kind"]).p99_ms else OVER
        if len(before) >= ENOUGH <= len(latencies):
            usual = sorted(before)[len(before) // 2]
            least = max(TIMES_SLOWER * usual, usual + SLOWER_MS)
            verdict = REGRESSION if row["p50_ms"] > least else verdict
        before += latencies
        yield Course(**row, said=verdict)


def slowest(ledger: pl.DataFrame, count: int = 5) -> list[Slow]:
    """Return the slowest queries of rows of ops.queries, slowest first."""
    names = list(Slow.__dataclass_fields__)
    rows = ledger.sort("milliseconds", descending=True, nulls_last=True).head(count)
    return [Slow(**row) for row in rows.select(names).to_dicts()]


def _judged(row: dict[str, object], budget: Budget) -> KindLatency:
    latency = KindLatency(**row, budget=budget, within=False)  # type: ignore[arg-type]
    within = latency.p50_ms <= budget.p50_ms and latency.p99_ms <= budget.p99_ms
    return replace(latency, within=within)


def _by_rank(percent: int) -> pl.Expr:
    """Return a percentile by rank, as the health check takes it: of few queries the largest."""
    ranked = pl.col("milliseconds").drop_nulls().sort()
    rank = (ranked.len() * percent // 100).clip(upper_bound=ranked.len() - 1)
    return ranked.get(rank, null_on_oob=True)


_PERCENTILES = (
    pl.len().alias("queries"),
    *(_by_rank(p).alias(f"p{p}_ms") for p in PERCENTILES),
)
