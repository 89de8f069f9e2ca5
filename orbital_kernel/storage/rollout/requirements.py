"""Requirements before an observatory is declared live: a TOML file of budgets."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orbital_kernel.errors import ConfigError
from orbital_kernel.model.storage_spec import built, named
from orbital_kernel.query.latency import DEFAULT, budget, budgets
from orbital_kernel.storage.history import LoggedQuery, p99, times_by_kind

REQUIREMENTS = Path(__file__).parent / "requirements.toml"


@dataclass(frozen=True)
class Requirements:
    """Budgets of the 99th percentile by kind of query, in milliseconds.

    Kinds in `p99_ms` need at least `least_queries` queries within `days`. Any other kind
    with queries must keep its own budget, or `default_p99_ms`.
    """

    days: int
    least_queries: int
    default_p99_ms: float
    p99_ms: Mapping[str, float]
    reason: str
    others_p99_ms: Mapping[str, float] = field(default_factory=dict)

    def budget(self, kind: str) -> float:
        """Return the budget of a kind of query, in milliseconds."""
        others = self.others_p99_ms.get(kind, self.default_p99_ms)
        return self.p99_ms.get(kind, others)


@dataclass(frozen=True)
class Measured:
    """One kind of query and its budget; `p99_ms` is None without queries."""

    kind: str
    queries: int
    p99_ms: float | None
    budget_ms: float
    missing: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def requirements(path: Path = REQUIREMENTS) -> Requirements:
    """Return the requirements of a file; ConfigError names the wrong entry."""
    with named(path.name):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"cannot be read: {error}") from error
        required = built(Requirements, _with_budgets(document), "requirements")
        limits = {"default_p99_ms": required.default_p99_ms, **required.p99_ms}
        wrong = [
            name
            for name, value in limits.items()
            if not isinstance(value, int | float) or not value > 0
        ]
        if wrong:
            raise ConfigError(f"{', '.join(wrong)} must be milliseconds above 0")
        return required


def _with_budgets(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the budgets of budgets.toml that it does not replace."""
    replaced = "default_p99_ms" in document
    others = {} if replaced else {kind: b.p99_ms for kind, b in budgets().items()}
    needed = {kind: budget(kind).p99_ms for kind in document.get("asked", ())}
    replaced_budgets = document.get("p99_ms", {})
    return {
        "default_p99_ms": budget(DEFAULT).p99_ms,
        "others_p99_ms": others,
        **{name: value for name, value in document.items() if name != "asked"},
        "p99_ms": {**needed, **replaced_budgets}
        if isinstance(replaced_budgets, Mapping)
        else replaced_budgets,
    }


def measured(
    queries: Iterable[LoggedQuery], observatory: str, required: Requirements
) -> list[Measured]:
    """Return each kind of query on an observatory's tables with its budget."""
    times: dict[str, list[float]] = {kind: [] for kind in required.p99_ms}
    times |= times_by_kind(
        query for query in queries if query.table.partition(".")[0] == observatory
    )
    return [_measured(kind, ms, required) for kind, ms in sorted(times.items())]


def _measured(kind: str, ms: list[float], required: Requirements) -> Measured:
    measured_ms, budget = p99(ms), required.budget(kind)
    missing = ""
    if kind in required.p99_ms and len(ms) < required.least_queries:
        missing = (
            f"{len(ms)} {kind} queries within {required.days} days, at least "
            f"{required.least_queries} are needed: run more"
        )
    elif measured_ms is not None and measured_ms > budget:
        missing = (
            f"p99 of {len(ms)} {kind} queries is {measured_ms:.4g} ms, "
            f"budget {budget:g} ms"
        )
    return Measured(kind, len(ms), measured_ms, budget, missing)
