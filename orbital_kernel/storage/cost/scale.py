"""Extrapolation of measured queries to larger tables: rows read, bytes, latency, cost.

A query reads complete row groups. With pruning it reads the share of the table that its
predicate selects, and the ends of the ranges: rows read = share x rows stored + edges.
Without pruning it reads all rows. Share, edges, bytes per row, time per row and the fixed
time are fitted to the query ledger: reading to the means at each size, time to the
medians, so that a few slow answers of a busy machine increase the noise and not the
slope. A cluster divides the bytes among its nodes, at most one sub-split each. Its
bandwidths are assumptions, and so is all beyond the largest table measured.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Any, TypeVar

from orbital_kernel.errors import ConfigError

ROW_GROUP = 65_536
CONFIDENCE = 0.9
SIGMAS = 1.645

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """One query of the ledger: sizes in rows and bytes, time in milliseconds."""

    rows_stored: int
    rows_read: int
    bytes_read: int
    milliseconds: float


@dataclass(frozen=True)
class Model:
    """The fitted model of one kind of query.

    Attributes
    ----------
    share : float
        Share of the table that is read, without the edges.
    edges : float
        Rows read in addition, at any size.
    bytes_a_row : float
        Bytes read per row.
    fixed_ms, ms_a_row : float
        Time of a query: `fixed_ms` + `ms_a_row` x rows read, in ms.
    noise : float
        Scatter of the times: 90 % of the measured ones are within a factor
        exp(1.645 noise) of the fit.
    largest_rows : int
        Rows of the largest table measured.
    """

    share: float
    edges: float
    bytes_a_row: float
    fixed_ms: float
    ms_a_row: float
    noise: float
    largest_rows: int


@dataclass(frozen=True)
class Cluster:
    """An assumed cluster: its nodes, their bandwidth in bytes/s, and its sub-splits."""

    cnodes: int = 8
    bytes_s_a_cnode: float = 5e9
    subsplits_a_cnode: int = 32
    rows_a_subsplit: int = 8 * ROW_GROUP
    overhead_ms: float = 10.0


@dataclass(frozen=True)
class Prediction:
    """The prediction for one table size; milliseconds with their 90 % interval."""

    rows_stored: float
    rows_read: float
    bytes_read: float
    milliseconds: float
    low_ms: float
    high_ms: float
    extrapolated: float
    """Table size in units of the largest table measured."""


def calibrated(measured: Sequence[Measured]) -> Model:
    """Return the model of one kind of query, fitted to measurements.

    Parameters
    ----------
    measured : sequence of Measured
        Measurements at two table sizes or more.

    Returns
    -------
    Model
        The fitted model.

    Raises
    ------
    ConfigError
        If fewer than two table sizes were measured.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.scale import Measured, calibrated
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> round(calibrated(measured).share, 3)
    0.1
    """
    sizes = {query.rows_stored for query in measured}
    if len(sizes) < 2:
        raise ConfigError(
            f"a model of scale needs measurements at two table sizes or more, there are "
            f"{len(sizes)}: run the benchmark at another size"
        )
    groups = [
        [query for query in measured if query.rows_stored == size]
        for size in sorted(sizes)
    ]
    share, edges = _line(
        [
            (group[0].rows_stored, mean(query.rows_read for query in group))
            for group in groups
        ]
    )
    ms_a_row, fixed = _line(
        [
            (
                mean(query.rows_read for query in group),
                median(query.milliseconds for query in group),
            )
            for group in groups
        ]
    )
    read = sum(query.rows_read for query in measured)
    deviations = [
        abs(math.log(max(query.milliseconds, 1e-6) / max(fit, 1e-6)))
        for group in groups
        for fit in [fixed + ms_a_row * mean(query.rows_read for query in group)]
        for query in group
    ]
    return Model(
        share=min(share, 1.0),
        edges=edges,
        bytes_a_row=sum(query.bytes_read for query in measured) / read if read else 0.0,
        fixed_ms=fixed,
        ms_a_row=ms_a_row,
        noise=sorted(deviations)[
            min(len(deviations) - 1, int(CONFIDENCE * len(deviations)))
        ]
        / SIGMAS,
        largest_rows=max(sizes),
    )


def unpruned(model: Model) -> Model:
    """Return the model of the same query without pruning: it reads every row.

    Parameters
    ----------
    model : Model
        The fitted model.

    Returns
    -------
    Model
        With the share 1 and no edges.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.scale import (
    ...     Cluster, Measured, calibrated, predict_on_cluster, predict_on_this_machine,
    ...     sensitivity, table_of, unpruned)
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> unpruned(model).share
    1.0
    """
    return replace(model, share=1.0, edges=0.0)


def predict_on_this_machine(model: Model, rows_stored: float) -> Prediction:
    """Return the prediction for the machine on which the query was measured.

    Parameters
    ----------
    model : Model
        The fitted model.
    rows_stored : float
        Rows of the table.

    Returns
    -------
    Prediction
        Rows and bytes read, and the time in ms.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.scale import (
    ...     Cluster, Measured, calibrated, predict_on_cluster, predict_on_this_machine,
    ...     sensitivity, table_of, unpruned)
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> round(predict_on_this_machine(model, 10**8).milliseconds / 1e5, 3)
    1.0
    """
    rows = rows_read(model, rows_stored)
    return _prediction(model, rows_stored, rows, model.fixed_ms + model.ms_a_row * rows)


def predict_on_cluster(
    cluster: Cluster, model: Model, rows_stored: float
) -> Prediction:
    """Return the prediction for an assumed cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    model : Model
        The fitted model.
    rows_stored : float
        Rows of the table.

    Returns
    -------
    Prediction
        Rows and bytes read, and the time in ms.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.scale import (
    ...     Cluster, Measured, calibrated, predict_on_cluster, predict_on_this_machine,
    ...     sensitivity, table_of, unpruned)
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> predict_on_cluster(Cluster(), model, 10**12).extrapolated
    100000.0
    """
    rows = rows_read(model, rows_stored)
    splits = max(1.0, math.ceil(rows / cluster.rows_a_subsplit))
    busy = min(splits / cluster.subsplits_a_cnode, float(cluster.cnodes))
    rate = max(busy, 1 / cluster.subsplits_a_cnode) * cluster.bytes_s_a_cnode
    milliseconds = cluster.overhead_ms + 1000 * rows * model.bytes_a_row / rate
    return _prediction(model, rows_stored, rows, milliseconds)


def rows_read(model: Model, rows_stored: float) -> float:
    """Return the rows read of a table of this size, at most all of them."""
    return min(model.share * rows_stored + model.edges, rows_stored)


def sensitivity(
    cluster: Cluster, model: Model, rows_stored: float, *, factor: float = 2.0
) -> dict[str, tuple[float, float]]:
    """Return how the predicted time depends on each assumption.

    Parameters
    ----------
    cluster : Cluster
        The assumed cluster.
    model : Model
        The fitted model.
    rows_stored : float
        Rows of the table.
    factor : float, default 2.0
        Each assumption in turn is divided and multiplied by it.

    Returns
    -------
    dict of str to tuple of float
        By assumption: the time in ms with it divided, and with it multiplied.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.scale import (
    ...     Cluster, Measured, calibrated, predict_on_cluster, predict_on_this_machine,
    ...     sensitivity, table_of, unpruned)
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> "cnodes" in sensitivity(Cluster(), model, 10**12)
    True
    """
    changes = (1 / factor, factor)
    ranges = {}
    for name in ("cnodes", "bytes_s_a_cnode", "subsplits_a_cnode", "overhead_ms"):
        clusters = (_changed(cluster, name, change) for change in changes)
        low, high = (
            predict_on_cluster(assumed, model, rows_stored).milliseconds
            for assumed in clusters
        )
        ranges[name] = (low, high)
    for name in ("share", "edges", "bytes_a_row"):
        models = (_changed(model, name, change) for change in changes)
        low, high = (
            predict_on_cluster(cluster, assumed, rows_stored).milliseconds
            for assumed in models
        )
        ranges[name] = (low, high)
    return ranges


def _changed(assumptions: T, name: str, factor: float) -> T:
    value = getattr(assumptions, name)
    changed: dict[str, Any] = {
        name: max(1, round(value * factor))
        if isinstance(value, int)
        else value * factor
    }
    return replace(assumptions, **changed)  # type: ignore[type-var]


def _prediction(
    model: Model, stored: float, rows: float, milliseconds: float
) -> Prediction:
    spread = math.exp(SIGMAS * model.noise)
    return Prediction(
        rows_stored=stored,
        rows_read=rows,
        bytes_read=rows * model.bytes_a_row,
        milliseconds=milliseconds,
        low_ms=milliseconds / spread,
        high_ms=milliseconds * spread,
        extrapolated=stored / model.largest_rows,
    )


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return slope and intercept, neither negative, by least squares of relative error."""
    weights = [1 / max(abs(y), 1e-12) ** 2 for _, y in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    pairs = list(zip(weights, points, strict=True))
    var = sum(w * (x - mean_x) ** 2 for w, (x, _) in pairs)
    cov = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in pairs)
    slope = max(0.0, cov / var) if var else 0.0
    intercept = mean_y - slope * mean_x
    if intercept >= 0:
        return slope, intercept
    through = sum(w * x * y for w, (x, y) in pairs) / sum(
        w * x * x for w, (x, _) in pairs
    )
    return max(0.0, through), 0.0


def table_of(
    models: Mapping[str, Model],
    cluster: Cluster,
    sizes_bytes: Sequence[float],
    cost: Callable[[float, int], float],
) -> list[dict[str, float | str]]:
    """Return the prediction of each model at each table size.

    Parameters
    ----------
    models : mapping of str to Model
        Models by name.
    cluster : Cluster
        The assumed cluster.
    sizes_bytes : sequence of float
        Table sizes, in bytes.
    cost : callable
        Returns the cost of one query from its time in ms and its number of busy nodes.

    Returns
    -------
    list of dict
        One row for each model and size: name, table_bytes, rows_read, milliseconds,
        low_ms, high_ms (90 % interval), cost.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.scale import (
    ...     Cluster, Measured, calibrated, predict_on_cluster, predict_on_this_machine,
    ...     sensitivity, table_of, unpruned)
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> len(table_of({"cone": model}, Cluster(), [1e9, 1e12], lambda ms, nodes: ms))
    2
    """
    rows: list[dict[str, float | str]] = []
    for name, model in models.items():
        for size in sizes_bytes:
            prediction = predict_on_cluster(cluster, model, size / model.bytes_a_row)
            nodes = math.ceil(prediction.rows_read / cluster.rows_a_subsplit)
            busy = max(1, min(cluster.cnodes, -(-nodes // cluster.subsplits_a_cnode)))
            rows.append(
                {
                    "name": name,
                    "table_bytes": size,
                    "rows_read": prediction.rows_read,
                    "milliseconds": prediction.milliseconds,
                    "low_ms": prediction.low_ms,
                    "high_ms": prediction.high_ms,
                    "cost": cost(prediction.milliseconds, busy),
                }
            )
    return rows
