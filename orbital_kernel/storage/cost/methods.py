"""`orbital.storage` as far as it counts use and cost."""

import time
from collections.abc import Iterable
from pathlib import Path

from orbital_kernel.storage.connections import Connections
from orbital_kernel.storage.cost import spending
from orbital_kernel.storage.cost.cost import (
    PRICES,
    FutureCost,
    Prices,
    Use,
    future_cost,
    prices,
)
from orbital_kernel.storage.growth.forecast import trend
from orbital_kernel.storage.history import LoggedQuery
from orbital_kernel.storage.ledger import SAMPLES, Ledger

DAY_S = 86400.0


class CostMethods(Connections):
    """Bytes and node time of each observatory, and their cost."""

    def queries(self, *, days: float) -> list[LoggedQuery]:
        """Return the queries of the last days from the query ledger, `ops.queries`.

        Parameters
        ----------
        days : float
            Length of the interval that ends now, in days.

        Returns
        -------
        list of LoggedQuery
            Kind, table and time in milliseconds of each query.

        Raises
        ------
        StoreError
            If the database does not answer or has no such table.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> all(query.milliseconds >= 0 for query in orbital.storage.queries(days=30))
        True
        """
        return self._history.queries(since_s=time.time() - days * DAY_S)

    def uses(self, queries: Iterable[LoggedQuery]) -> dict[str, Use]:
        """Return the storage and the node time that each observatory uses.

        Parameters
        ----------
        queries : iterable of LoggedQuery
            The queries of one month, as `queries(days=30)` returns them.

        Returns
        -------
        dict of str to Use
            By observatory, and 'shared' for what belongs to none: logical bytes, and
            node-seconds a month.

        Raises
        ------
        ProvisionError
            If quotas are not provisioned.

        References
        ----------
        VMS REST API: `/quotas/` (`used_capacity`), `/tables/` (`size`).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> orbital = connect()
        >>> uses = orbital.storage.uses(orbital.storage.queries(days=30))
        >>> uses["swift"].stored_bytes > 0
        True
        """
        used = spending.quota_bytes(
            self._vms, self.site.tenant, self._inventory.spaces()
        )
        tables = {
            name: spending.table_bytes(self._vms, self._tables.database, name)
            for name in self.observatories
        }
        return spending.uses(
            {n: used[o.storage.view.path] for n, o in self.observatories.items()},
            {name: size for name, size in tables.items() if size is not None},
            used[self.site.database.view.path],
            queries,
        )

    def prices(self, path: Path = PRICES) -> Prices:
        """Return the prices of a file, with the data reduction that the cluster measures.

        Parameters
        ----------
        path : Path, default PRICES
            A TOML file; by default assumed prices that come with the product.

        Returns
        -------
        Prices
            Currency per TB and month, and per hour of a node, with reasons.

        Raises
        ------
        ConfigError
            If the file cannot be read, or lacks a price.

        References
        ----------
        VMS REST API, `/clusters/`: `drr` (data reduction ratio).

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> connect().storage.prices().currency
        'USD'
        """
        return prices(path).reduced_by(spending.data_reduction(self._vms))

    def future_costs(self, *, months: float, price: Prices) -> dict[str, FutureCost]:
        """Return what storage will cost a month, after a number of months, by quota.

        Parameters
        ----------
        months : float
            How far ahead, in months of 30.44 days.
        price : Prices
            The prices, as `prices()` returns them.

        Returns
        -------
        dict of str to tuple of float
            Low, likely and high (90 % interval) in the currency of `price` a month. A
            quota that was sampled fewer than three times is not in it.

        Raises
        ------
        StoreError
            If the database does not answer.

        Examples
        --------
        >>> from orbital_kernel import connect
        >>> storage = connect().storage
        >>> costs = storage.future_costs(months=12, price=storage.prices())
        >>> all(low <= likely <= high for low, likely, high in costs.values())
        True
        """
        if SAMPLES not in self._tables.actual():
            return {}
        ledger = Ledger(self._tables)
        trends = {
            space.quota.name: trend(ledger.samples(space.view.path))
            for space in self._inventory.spaces()
        }
        return {
            name: future_cost(growth, months, price)
            for name, growth in trends.items()
            if growth
        }
