"""The latency ledger judged: percentiles by kind against the budgets, and the slowest."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

import polars as pl

from orbital_kernel.errors import ConfigError

BUDGETS_FILE = "budgets.toml"
DEFAULT = "default"
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Budget:
    """How long half and 99 of 100 queries of a kind may take, in milliseconds."""

    p50_ms: float
    p99_ms: float


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


def budgets() -> dict[str, Budget]:
    """Return every kind's budget; raises ConfigError for a file that tells no default."""
    text = (resources.files("orbital_kernel") / BUDGETS_FILE).read_text()
    try:
        found = {kind: Budget(**told) for kind, told in tomllib.loads(text).items()}
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{BUDGETS_FILE} is not a table of budgets: {error}"
        ) from error
    if DEFAULT not in found:
        raise ConfigError(f"{BUDGETS_FILE} has no [{DEFAULT}]")
    return found


def by_kind(ledger: pl.DataFrame) -> list[KindLatency]:
    """Return the latencies of each kind in rows of ops.queries, slowest p99 first."""
    known = budgets()
    rows = (
        ledger.group_by("kind")
        .agg(
            pl.len().alias("queries"),
            *(
                pl.col("milliseconds").quantile(p / 100, "nearest").alias(f"p{p}_ms")
                for p in PERCENTILES
            ),
            *(
                pl.when(pl.col(name).count() == pl.len())
                .then(pl.col(name).sum())
                .alias(name)
                for name in ("rows_read", "rows_stored")
            ),
        )
        .sort("p99_ms", descending=True)
    )
    return [
        _judged(row, known.get(row["kind"], known[DEFAULT])) for row in rows.to_dicts()
    ]


def slowest(ledger: pl.DataFrame, count: int = 5) -> list[Slow]:
    """Return the slowest queries of rows of ops.queries, slowest first."""
    names = list(Slow.__dataclass_fields__)
    rows = ledger.sort("milliseconds", descending=True, nulls_last=True).head(count)
    return [Slow(**row) for row in rows.select(names).to_dicts()]


def _judged(row: dict[str, object], budget: Budget) -> KindLatency:
    told = KindLatency(**row, budget=budget, within=False)  # type: ignore[arg-type]
    within = told.p50_ms <= budget.p50_ms and told.p99_ms <= budget.p99_ms
    return KindLatency(**{**vars(told), "within": within})
