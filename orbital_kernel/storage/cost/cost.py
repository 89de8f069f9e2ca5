"""What storage and queries cost, from a price file whose every number is an assumption.

Logical bytes become physical ones by the data reduction; a query costs the time of the
nodes that answer it. Growth is the trend of forecast.py, so a cost to come has an
interval too.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orbital_kernel.errors import ConfigError
from orbital_kernel.model.sizes import BYTES
from orbital_kernel.model.storage_spec import built, named
from orbital_kernel.storage.growth.forecast import Trend

PRICES = Path(__file__).parent / "prices.toml"
FutureCost = tuple[float, float, float]
"""Low, likely and high (90 %), in the currency a month."""
MONTH_S = 365.25 / 12 * 86400
HOUR_S = 3600.0


@dataclass(frozen=True)
class Prices:
    """Prices of a site, with the reason of each; `data_reduction` is logical/physical."""

    currency: str
    per_tb_month: float
    per_cnode_hour: float
    data_reduction: float
    reasons: tuple[str, ...]

    def reduced_by(self, measured: float | None) -> "Prices":
        """Return the prices with the measured data reduction, where one is told."""
        return self if measured is None else replace(self, data_reduction=measured)


@dataclass(frozen=True)
class Bill:
    """What one owner costs a month: for storage and for queries, in the currency."""

    owner: str
    storage: float
    queries: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.storage + self.queries


@dataclass(frozen=True)
class Use:
    """What one owner stores (logical bytes) and asks (node-seconds a month)."""

    stored_bytes: float
    node_seconds_a_month: float = 0.0


def prices(path: Path = PRICES) -> Prices:
    """Return the prices of a file; ConfigError names what is missing or wrong."""
    with named(path.name):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"cannot be read: {error}") from error
        price = built(Prices, document, "prices")
        wrong = [
            name
            for name in ("per_tb_month", "per_cnode_hour", "data_reduction")
            if not getattr(price, name) > 0
        ]
        if wrong:
            raise ConfigError(f"{', '.join(wrong)} must be above 0")
        return price


def storage_month(stored_bytes: float, price: Prices) -> float:
    """Return what logical bytes cost a month."""
    return stored_bytes / price.data_reduction / BYTES["TB"] * price.per_tb_month


def query_cost(milliseconds: float, cnodes: int, price: Prices) -> float:
    """Return what one query costs that keeps so many nodes busy so long."""
    return milliseconds / 1000 * cnodes / HOUR_S * price.per_cnode_hour


def bills(uses: Mapping[str, Use], price: Prices) -> tuple[Bill, ...]:
    """Return the monthly bill of each owner, the dearest first."""
    unsorted = [
        Bill(
            owner,
            storage_month(use.stored_bytes, price),
            use.node_seconds_a_month / HOUR_S * price.per_cnode_hour,
        )
        for owner, use in uses.items()
    ]
    return tuple(sorted(unsorted, key=lambda bill: -bill.total))


def what_if(
    uses: Mapping[str, Use], name: str, *, like: str, share: float, price: Prices
) -> tuple[Bill, ...]:
    """Return the bills with one more observatory that is `share` times another's size.

    Raises ConfigError where `like` is nobody.
    """
    if like not in uses:
        raise ConfigError(
            f"there is no {like!r} to be like; there are {', '.join(uses)}"
        )
    model = uses[like]
    guest = Use(model.stored_bytes * share, model.node_seconds_a_month * share)
    return bills({**uses, name: guest}, price)


def future_cost(
    trend: Trend, months: float, price: Prices, *, sigmas: float = 1.645
) -> FutureCost:
    """Return the monthly storage cost after some months: low, likely, high (90 %)."""
    seconds = months * MONTH_S
    spread = (trend.scatter * (seconds + seconds**2 / trend.span_s)) ** 0.5
    likely = trend.used_bytes + trend.rate * seconds
    low, high = (max(0.0, likely + sign * sigmas * spread) for sign in (-1, 1))
    return (
        storage_month(low, price),
        storage_month(max(0.0, likely), price),
        storage_month(high, price),
    )
