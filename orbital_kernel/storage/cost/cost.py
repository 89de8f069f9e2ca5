"""The cost of storage and queries, from a price file in which each price is assumed.

Data reduction converts logical to physical bytes; a query costs the time of the nodes
that execute it. Growth is the trend of forecast.py, so a future cost has an interval.
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
    """Prices of a site.

    Attributes
    ----------
    currency : str
        Code of the currency, such as 'USD'.
    per_tb_month : float
        Price of one TB (10**12 physical bytes) for one month.
    per_cnode_hour : float
        Price of one hour of a compute node.
    data_reduction : float
        Logical bytes per physical byte.
    reasons : tuple of str
        The reason for each number.
    """

    currency: str
    per_tb_month: float
    per_cnode_hour: float
    data_reduction: float
    reasons: tuple[str, ...]

    def reduced_by(self, measured: float | None) -> "Prices":
        """Return the prices with the measured data reduction, unchanged if it is None."""
        return self if measured is None else replace(self, data_reduction=measured)


@dataclass(frozen=True)
class Bill:
    """The monthly cost of one owner for storage and for queries, in the currency."""

    owner: str
    storage: float
    queries: float

    @property
    def total(self) -> float:
        """Storage and queries together."""
        return self.storage + self.queries


@dataclass(frozen=True)
class Use:
    """Logical bytes stored by one owner, and node-seconds a month of its queries."""

    stored_bytes: float
    node_seconds_a_month: float = 0.0


def prices(path: Path = PRICES) -> Prices:
    """Return the prices of a TOML file.

    Parameters
    ----------
    path : Path, default PRICES
        The file; by default the assumed prices that come with the product.

    Returns
    -------
    Prices
        The prices, with their reasons.

    Raises
    ------
    ConfigError
        If the file cannot be read, lacks a price, or has one that is not above 0.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.cost import prices
    >>> prices().currency
    'USD'
    """
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
    """Return the monthly cost of stored data.

    Parameters
    ----------
    stored_bytes : float
        Logical bytes.
    price : Prices
        The prices.

    Returns
    -------
    float
        In the currency of `price` a month.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.cost import prices, storage_month
    >>> price = prices().reduced_by(1.0)
    >>> storage_month(1e12, price) == price.per_tb_month
    True
    """
    return stored_bytes / price.data_reduction / BYTES["TB"] * price.per_tb_month


def query_cost(milliseconds: float, cnodes: int, price: Prices) -> float:
    """Return the cost of one query.

    Parameters
    ----------
    milliseconds : float
        Its time, in ms.
    cnodes : int
        The number of compute nodes that it keeps busy.
    price : Prices
        The prices.

    Returns
    -------
    float
        In the currency of `price`.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.cost import prices, query_cost
    >>> query_cost(3_600_000, 1, prices()) == prices().per_cnode_hour
    True
    """
    return milliseconds / 1000 * cnodes / HOUR_S * price.per_cnode_hour


def bills(uses: Mapping[str, Use], price: Prices) -> tuple[Bill, ...]:
    """Return the monthly bill of each owner, the largest first.

    Parameters
    ----------
    uses : mapping of str to Use
        Use by owner.
    price : Prices
        The prices.

    Returns
    -------
    tuple of Bill
        In the currency of `price`.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.cost import Use, bills, prices
    >>> [bill.owner for bill in bills({"a": Use(1e12), "b": Use(2e12)}, prices())]
    ['b', 'a']
    """
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
    """Return the bills with one more observatory, `share` times the size of another.

    Parameters
    ----------
    uses : mapping of str to Use
        Use by owner.
    name : str
        Name of the new observatory.
    like : str
        The owner to which it is compared.
    share : float
        Its use in units of the use of `like`.
    price : Prices
        The prices.

    Returns
    -------
    tuple of Bill
        In the currency of `price`, the largest first.

    Raises
    ------
    ConfigError
        If `like` is not an owner.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.cost import Use, prices, what_if
    >>> new, old = what_if({"a": Use(1e12)}, "b", like="a", share=2.0, price=prices())
    >>> new.total / old.total
    2.0
    """
    if like not in uses:
        raise ConfigError(
            f"there is no observatory {like!r} to compare with; there are {', '.join(uses)}"
        )
    model = uses[like]
    guest = Use(model.stored_bytes * share, model.node_seconds_a_month * share)
    return bills({**uses, name: guest}, price)


def future_cost(
    trend: Trend, months: float, price: Prices, *, sigmas: float = 1.645
) -> FutureCost:
    """Return the monthly cost of storage after a number of months.

    Parameters
    ----------
    trend : Trend
        The growth of use.
    months : float
        How far ahead, in months of 30.44 days.
    price : Prices
        The prices.
    sigmas : float, default 1.645
        Half width of the interval in standard deviations; the default is 90 %.

    Returns
    -------
    tuple of float
        Low, likely and high, in the currency of `price` a month.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.cost import future_cost, prices
    >>> from orbital_kernel.storage.growth.forecast import Sample, trend
    >>> growth = trend([Sample(86400.0 * day, 10**12 * day) for day in range(10)])
    >>> low, likely, high = future_cost(growth, 12, prices())
    >>> low <= likely <= high
    True
    """
    seconds = months * MONTH_S
    spread = (trend.scatter * (seconds + seconds**2 / trend.span_s)) ** 0.5
    likely = trend.used_bytes + trend.rate * seconds
    low, high = (max(0.0, likely + sign * sigmas * spread) for sign in (-1, 1))
    return (
        storage_month(low, price),
        storage_month(max(0.0, likely), price),
        storage_month(high, price),
    )
