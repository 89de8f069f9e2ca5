"""How long each kind of query may take: budgets.toml, the one file that says so."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from orbital_kernel.errors import ConfigError

BUDGETS_FILE = "budgets.toml"
DEFAULT = "default"


@dataclass(frozen=True)
class Budget:
    """How long half and 99 of 100 queries of a kind may take, in milliseconds."""

    p50_ms: float
    p99_ms: float


@cache
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


def budget(kind: str) -> Budget:
    """Return the budget of a kind, that of `default` where it has none of its own."""
    known = budgets()
    return known.get(kind, known[DEFAULT])
