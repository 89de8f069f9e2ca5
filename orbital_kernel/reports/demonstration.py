"""The mission's success criteria, each with a measured value: `demonstration.json`.

Queries and cross-observatory answers are measured on the session's own data. Burst
latency and one more observatory are measured on a platform of their own, with simulated
rows. Scale and cost are modelled, from measured queries and a file of assumed prices.
"""

import json
import time as clock
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from orbital_kernel.errors import ReportError
from orbital_kernel.reports import trial
from orbital_kernel.reports.report import NOTEBOOKS
from orbital_kernel.session import Orbital
from orbital_kernel.storage import cost

KEYS = ("platform", "queries", "cross", "bursts", "scale-out", "exabyte", "cost")
PLACES = 20
RADIUS_ARCMIN = 5.0
EXABYTE = 1e18
NODES = 8
HOURS_A_MONTH = 365.25 / 12 * 24


@dataclass(frozen=True)
class Criterion:
    """One success criterion and what was achieved.

    Parameters
    ----------
    key : str
        One of `KEYS`.
    asked, achieved : str
        What was asked for, and what was achieved on which data, in words.
    value : float
        The number.
    unit : str
        Its unit.
    measured_utc : str
        When it was computed, ISO 8601.
    command : str
        The command that computes it again.
    source : str
        'measured' or 'modelled'.
    simulated : bool
        Whether it rests on simulated rows.

    Examples
    --------
    >>> from orbital_kernel.reports.demonstration import Criterion
    >>> Criterion("queries", "?", "!", 12.5, "ms", "", "orbital query", "measured", True).value
    12.5
    """

    key: str
    asked: str
    achieved: str
    value: float
    unit: str
    measured_utc: str
    command: str
    source: str
    simulated: bool


@dataclass(frozen=True)
class Demonstration:
    """Every success criterion, shown as one page in a notebook.

    Parameters
    ----------
    criteria : tuple of Criterion
        One for each of `KEYS`, in that order.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.reports.demonstration import demonstrate
    >>> [c.key for c in demonstrate(connect()).criteria][:2]
    ['platform', 'queries']
    """

    criteria: tuple[Criterion, ...]

    def _repr_markdown_(self) -> str:
        return "\n\n".join(
            f"### {c.asked}\n\n**{c.value:,} {c.unit}** ({c.source}"
            f"{', simulated rows' if c.simulated else ''})\n\n{c.achieved}.\n\n"
            f"Again: `{c.command}`"
            for c in self.criteria
        )

    def write(self, folder: Path) -> Path:
        """Write the criteria to FOLDER/demonstration.json.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.

        Returns
        -------
        pathlib.Path
            The file.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> from orbital_kernel.reports.demonstration import Demonstration
        >>> Demonstration(()).write(Path(mkdtemp())).name
        'demonstration.json'
        """
        path = folder / "demonstration.json"
        text = json.dumps({"criteria": [asdict(c) for c in self.criteria]}, indent=2)
        path.write_text(text + "\n", encoding="utf-8")
        return path


def demonstrate(orbital: Orbital) -> Demonstration:
    """Measure every success criterion.

    Parameters
    ----------
    orbital : Orbital
        The session whose data are shown; it must hold sources of an observatory.

    Returns
    -------
    Demonstration
        The criteria, in the order of `KEYS`.

    Raises
    ------
    ReportError
        If the database holds no sources to query.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.reports.demonstration import demonstrate
    >>> demonstrate(connect()).criteria[1].unit
    'ms (99th percentile)'
    """
    simulated = orbital.simulated is True
    on_data = (
        _platform(orbital, simulated=simulated),
        _queries(orbital, simulated=simulated),
        _cross(orbital, simulated=simulated),
    )
    with trial.platform() as other:
        trials = (_bursts(other), _scale_out(other))
    return Demonstration((*on_data, *trials, _exabyte(), _cost(orbital)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _platform(orbital: Orbital, *, simulated: bool) -> Criterion:
    stored = orbital.tables()
    names = sorted(orbital.storage.observatories)
    filled = [
        n for n in names if any(r and t.startswith(f"{n}.") for t, r in stored.items())
    ]
    resources = len(orbital.storage.desired())
    return Criterion(
        "platform",
        "One platform in place of two storage systems managed by hand",
        f"{' and '.join(filled)} in one database with {sum(stored.values()):,} rows; one "
        f"plan keeps {resources} storage resources for {len(names)} observatories",
        len(filled),
        "observatories on one platform",
        _now(),
        "orbital provision plan",
        "measured",
        simulated,
    )  # fmt: skip


def _queries(orbital: Orbital, *, simulated: bool) -> Criterion:
    times = []
    for table, ra, dec in _places(orbital):
        start = clock.perf_counter()
        orbital.cone(table, ra=ra, dec=dec, radius_arcmin=RADIUS_ARCMIN)
        times.append(1000 * (clock.perf_counter() - start))
    if not times:
        raise ReportError(
            "the database holds no sources to query: ingest files first, for example "
            "`orbital demo` or `orbital ingest FOLDER`"
        )
    stored = sum(n for t, n in orbital.tables().items() if t.endswith(".sources"))
    half, most = np.quantile(times, (0.5, 0.99))
    table, ra, dec = next(iter(_places(orbital)))
    return Criterion(
        "queries",
        "Highly selective queries in less than a second",
        f"{len(times)} cone searches of {RADIUS_ARCMIN:g} arcmin in {stored:,} catalogue "
        f"rows: median {half:.0f} ms, 99th percentile {most:.0f} ms",
        round(float(most), 1),
        "ms (99th percentile)",
        _now(),
        f"orbital query cone {table} --ra {ra:.4f} --dec {dec:.4f} "
        f"--radius {RADIUS_ARCMIN:g} --explain",
        "measured",
        simulated,
    )


def _places(orbital: Orbital) -> Iterator[tuple[str, float, float]]:
    """Yield places of stored sources, with the table to query, of each observatory."""
    for name in orbital.storage.observatories:
        if orbital.tables().get(f"{name}.sources"):
            places = orbital.sql(
                f"SELECT ra, dec FROM {name}.sources WHERE ra IS NOT NULL LIMIT {PLACES}"  # noqa: S608  names come from files of ours
            )
            yield from ((f"{name}.sources", ra, dec) for ra, dec in places.rows())


def _cross(orbital: Orbital, *, simulated: bool) -> Criterion:
    start = clock.perf_counter()
    pointings = orbital.objects_observed_by(
        "swift", "chandra", within_arcmin=12, within_days=30
    )
    seconds = clock.perf_counter() - start
    matched = orbital.store.rows("cross.objects")
    return Criterion(
        "cross",
        "Questions across observatories in one call",
        f"{matched:,} objects matched between Swift and Chandra; {len(pointings):,} pairs "
        f"of pointings within 12 arcmin and 30 days, found in {seconds:.2f} s",
        matched,
        "objects of both observatories",
        _now(),
        "orbital query objects swift chandra --within-arcmin 12 --within-days 30",
        "measured",
        simulated,
    )


def _bursts(other: Orbital) -> Criterion:
    latency = trial.burst_latency_s(other)
    return Criterion(
        "bursts",
        "Bursts detected as they arrive",
        f"a simulated burst in live rates: alert {latency:.2f} s after the commit of the "
        "rates that decide",
        round(latency, 3),
        "s from commit to alert",
        _now(),
        "make bench-watch",
        "measured",
        simulated=True,
    )


def _scale_out(other: Orbital) -> Criterion:
    added = trial.one_more(other)
    return Criterion(
        "scale-out",
        "One more observatory without new systems",
        f"one file and one command: {added.resources} storage resources and "
        f"{added.tables} tables, and its first query answered",
        round(added.seconds, 2),
        "s from the observatory's file to its first answer",
        _now(),
        "orbital observatory new NAME; orbital provision apply",
        "measured",
        simulated=True,
    )


def _exabyte() -> Criterion:
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
        _now(),
        "orbital report 13_capacity_cost_scale",
        "modelled",
        simulated=True,
    )


def _cost(orbital: Orbital) -> Criterion:
    price = cost.prices()
    spaces = [
        o.storage.quota.hard_bytes or 0 for o in orbital.storage.observatories.values()
    ]
    storage = cost.storage_month(sum(spaces), price)
    nodes = NODES * HOURS_A_MONTH * price.per_cnode_hour
    together, apart = storage + nodes, storage + 2 * nodes
    return Criterion(
        "cost",
        "What it costs, beside two separate systems",
        f"{together:,.0f} {price.currency} a month for {sum(spaces) / 1e12:.1f} TB of quotas "
        f"and {NODES} nodes; {apart:,.0f} for two systems with {NODES} nodes each; all "
        "prices are assumed",
        round(together, 2),
        f"{price.currency} a month",
        _now(),
        "orbital cost",
        "modelled",
        simulated=False,
    )  # fmt: skip
