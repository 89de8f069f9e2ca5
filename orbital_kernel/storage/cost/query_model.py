"""A model of one kind of query, fitted to the query ledger.

A query reads complete row groups. With pruning it reads the share of the table that its
predicate selects, and the ends of the ranges: rows read = share x rows stored + edges.
Without pruning it reads all rows. Share, edges, bytes per row, time per row and the fixed
time are fitted: reading to the means at each size, time to the medians, so that a few
slow answers of a busy machine increase the noise and not the slope.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, median

from orbital_kernel.errors import ConfigError

ROW_GROUP = 65_536
CONFIDENCE = 0.9
SIGMAS = 1.645


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
    queries : float
        How many queries the call sends.
    """

    share: float
    edges: float
    bytes_a_row: float
    fixed_ms: float
    ms_a_row: float
    noise: float
    largest_rows: int
    queries: float = 1.0


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
    >>> from orbital_kernel.storage.cost.query_model import Measured, calibrated
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
    return Model(
        share=min(share, 1.0),
        edges=edges,
        bytes_a_row=sum(query.bytes_read for query in measured) / read if read else 0.0,
        fixed_ms=fixed,
        ms_a_row=ms_a_row,
        noise=_noise(groups, fixed, ms_a_row),
        largest_rows=max(sizes),
    )


def _noise(
    groups: Sequence[Sequence[Measured]], fixed_ms: float, ms_a_row: float
) -> float:
    """Return the scatter of the logarithm of times about the fit."""
    deviations = sorted(
        abs(math.log(max(query.milliseconds, 1e-6) / max(fit, 1e-6)))
        for group in groups
        for fit in [fixed_ms + ms_a_row * mean(query.rows_read for query in group)]
        for query in group
    )
    rank = min(len(deviations) - 1, int(CONFIDENCE * len(deviations)))
    return deviations[rank] / SIGMAS


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
    >>> from orbital_kernel.storage.cost.query_model import Measured, calibrated, unpruned
    >>> measured = [Measured(n, n // 10, 8 * n, 1e-3 * n) for n in (10**6, 10**7)]
    >>> model = calibrated(measured)
    >>> unpruned(model).share
    1.0
    """
    return replace(model, share=1.0, edges=0.0)


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
