"""Criteria that are modelled: scale from measured queries, cost from assumed prices."""

from collections.abc import Iterable

import polars as pl

from orbital_kernel.reports.criteria import Criterion, now
from orbital_kernel.reports.report import NOTEBOOKS
from orbital_kernel.storage import cost

EXABYTE = 1e18
NODES = 8
HOURS_A_MONTH = 365.25 / 12 * 24


def exabyte() -> Criterion:
    """Return the predicted time of a cone search in an exabyte."""
    timings = pl.read_csv(NOTEBOOKS / "scale.csv").filter(pl.col("kind") == "cone 10'")
    model = cost.calibrated([cost.Measured(*r) for r in timings.drop("kind").rows()])
    rows = EXABYTE / model.bytes_a_row
    at = cost.predict_on_cluster(cost.Cluster(), model, rows)
    return Criterion(
        "exabyte",
        "The same questions at an exabyte",
        f"a cone of 10 arcmin in {rows:.1e} rows on {NODES} nodes: "
        f"{at.milliseconds / 1000:.2g} s ({at.low_ms / 1000:.2g} to "
        f"{at.high_ms / 1000:.2g}, 90 %), {at.extrapolated:.0e} times the largest table "
        "measured; the cluster is assumed",
        round(at.milliseconds / 1000, 3),
        "s for a cone search in 10^18 bytes",
        now(),
        "orbital report 13_capacity_cost_scale",
        "modelled",
        simulated=True,
    )


def cost_of(quotas: Iterable[int]) -> Criterion:
    """Return the monthly cost of quotas (bytes) and nodes, beside two systems."""
    price = cost.prices()
    stored = sum(quotas)
    storage = cost.storage_month(stored, price)
    nodes = NODES * HOURS_A_MONTH * price.per_cnode_hour
    together, apart = storage + nodes, storage + 2 * nodes
    return Criterion(
        "cost",
        "What it costs, beside two separate systems",
        f"{together:,.0f} {price.currency} a month for {stored / 1e12:.1f} TB of quotas "
        f"and {NODES} nodes; {apart:,.0f} for two systems with {NODES} nodes each; all "
        "prices are assumed",
        round(together, 2),
        f"{price.currency} a month",
        now(),
        "orbital cost",
        "modelled",
        simulated=False,
    )  # fmt: skip
