"""Extrapolation of measured queries to larger tables: rows read, bytes, latency, cost.

A cluster divides the bytes among its nodes, at most one sub-split each. Its bandwidths
are assumptions, and so is all beyond the largest table measured.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from orbital_kernel.storage.cost.query_model import ROW_GROUP, SIGMAS, Model

T = TypeVar("T")


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
    >>> from orbital_kernel.storage.cost.query_model import Measured, calibrated
    >>> from orbital_kernel.storage.cost.scale import predict_on_this_machine
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
    >>> from orbital_kernel.storage.cost.query_model import Measured, calibrated
    >>> from orbital_kernel.storage.cost.scale import Cluster, predict_on_cluster
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> predict_on_cluster(Cluster(), model, 10**12).extrapolated
    100000.0
    """
    rows = rows_read(model, rows_stored)
    splits = max(1.0, math.ceil(rows / cluster.rows_a_subsplit))
    busy = min(splits / cluster.subsplits_a_cnode, float(cluster.cnodes))
    rate = max(busy, 1 / cluster.subsplits_a_cnode) * cluster.bytes_s_a_cnode
    overhead = cluster.overhead_ms * model.queries
    milliseconds = overhead + 1000 * rows * model.bytes_a_row / rate
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
    >>> from orbital_kernel.storage.cost.query_model import Measured, calibrated
    >>> from orbital_kernel.storage.cost.scale import Cluster, sensitivity
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


def table_of(
    models: Mapping[str, Model],
    cluster: Cluster,
    sizes_bytes: Sequence[float],
    cost: Callable[[float, int], float],
    *,
    bytes_a_row: float | None = None,
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
    bytes_a_row : float, optional
        Bytes of a stored row; by default those that each model reads of one.

    Returns
    -------
    list of dict
        One row for each model and size: name, table_bytes, rows_read, milliseconds,
        low_ms, high_ms (90 % interval), cost.

    Examples
    --------
    >>> from orbital_kernel.storage.cost.query_model import Measured, calibrated
    >>> from orbital_kernel.storage.cost.scale import Cluster, table_of
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> len(table_of({"cone": model}, Cluster(), [1e9, 1e12], lambda ms, nodes: ms))
    2
    """
    rows: list[dict[str, float | str]] = []
    for name, model in models.items():
        for size in sizes_bytes:
            rows_stored = size / (bytes_a_row or model.bytes_a_row)
            prediction = predict_on_cluster(cluster, model, rows_stored)
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
