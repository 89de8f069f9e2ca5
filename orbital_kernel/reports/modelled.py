"""Criteria that are modelled: scale from measured queries, cost from assumed prices."""

from collections.abc import Iterable

from orbital_kernel.reports.criteria import Criterion, now
from orbital_kernel.reports.report import NOTEBOOKS
from orbital_kernel.storage import cost

EXABYTE = 1e18
CURVE, POINTS = "light curve by name", "points by name"
"""Calls of the benchmark of questions; POINTS returns complete rows."""
NODES = 8
HOURS_A_MONTH = 365.25 / 12 * 24


def exabyte() -> Criterion:
    """Return the predicted time of a light curve by name in an exabyte."""
    asked = cost.read_asked(NOTEBOOKS / "questions.csv")
    curve, points = (cost.question_model(asked[call]) for call in (CURVE, POINTS))
    rows = EXABYTE / points.bytes_a_row
    at = cost.predict_on_cluster(cost.Cluster(), curve, rows)
    return Criterion(
        "exabyte",
        "The same questions at an exabyte",
        f"a {CURVE} ({curve.queries:.0f} queries) among {_power(rows)} rows, an exabyte, "
        f"on {NODES} nodes: {at.milliseconds / 1000:.2g} s (90 % interval "
        f"{at.low_ms / 1000:.2g} to {at.high_ms / 1000:.2g} s). No such table was "
        f"measured: this is {_power(at.extrapolated)} times the largest one that was, and "
        "the cluster is assumed",
        round(at.milliseconds / 1000, 3),
        "s for a light curve in 10¹⁸ bytes",
        now(),
        "orbital report 13_capacity_cost_scale",
        "modelled",
        simulated=True,
    )


def _power(number: float) -> str:
    """Return a number with a power of ten, as people write it."""
    digits, _, exponent = f"{number:.1e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits} \N{MULTIPLICATION SIGN} 10{raised}"


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
        round(together),
        f"{price.currency} a month",
        now(),
        "orbital cost",
        "modelled",
        simulated=False,
    )  # fmt: skip
