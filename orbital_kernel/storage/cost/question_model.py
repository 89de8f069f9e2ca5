"""A model of one public call, fitted to measurements of it at several sizes.

A call reads the rows that it returns, some of them in several queries or beside others,
and more: a share of the tables, and the ends of ranges and row groups. So

    rows read = factor x rows returned + share x rows stored + edges

with the fewest terms that give the rows within TOLERANCE, or two standard errors, at each
size, both of the calls that return few rows and of those that return many: sizes at which as many are returned
cannot say which rows are read beside them and which at any rate. What is returned follows
from the question, not from the size, and is given; a call that returns most rows of its tables returns that share of any. Bytes are
those of the answers, per row returned.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median, stdev

from orbital_kernel.errors import ConfigError
from orbital_kernel.storage.cost.query_model import Measured, Model, calibrated

TOLERANCE = 0.05
MOST_OF_IT = 0.5
RETURNED, STORED, EDGES = range(3)
TERMS = (
    *((RETURNED,), (EDGES,), (RETURNED, EDGES), (RETURNED, STORED)),
    (RETURNED, STORED, EDGES),
)
"""Which terms are fitted, the simplest first."""


@dataclass(frozen=True)
class Asked:
    """One call: rows stored in the tables it asked, rows read and returned, bytes.

    Beside them its duration (ms), and how many queries it sent.
    """

    rows_stored: int
    rows_read: int
    bytes_read: int
    rows_returned: int
    milliseconds: float = 1.0
    queries: int = 1


@dataclass(frozen=True)
class Predicted:
    """Rows and bytes at the largest size, predicted from smaller ones, and measured.

    Attributes
    ----------
    rows_stored : float
        Rows stored at the largest size, the mean of the calls there.
    rows_read, bytes_read : float
        As predicted.
    measured_rows, measured_bytes : float
        As measured.
    """

    rows_stored: float
    rows_read: float
    bytes_read: float
    measured_rows: float
    measured_bytes: float

    @property
    def error(self) -> float:
        """The larger relative error of rows and bytes."""
        pairs = (
            (self.rows_read, self.measured_rows),
            (self.bytes_read, self.measured_bytes),
        )
        return max(abs(p - m) / max(m, 1.0) for p, m in pairs)

    def __str__(self) -> str:
        """Return the prediction beside the measurement."""
        return (
            f"{self.rows_read:,.0f} rows and {self.bytes_read:,.0f} bytes predicted of "
            f"{self.rows_stored:,.0f} stored, {self.measured_rows:,.0f} and "
            f"{self.measured_bytes:,.0f} measured ({self.error:.1%} apart)"
        )


def read_asked(path: Path) -> dict[str, list[Asked]]:
    """Return measurements by call, as the benchmark of the questions writes them.

    Parameters
    ----------
    path : Path
        A CSV file with call, rows (the size), rows_stored, rows_read, bytes, rows_returned,
        milliseconds and queries.

    Returns
    -------
    dict of str to list of Asked
        The measurements of each call, in the order of the file.

    Examples
    --------
    >>> from orbital_kernel import cost, reports
    >>> asked = cost.read_asked(reports.NOTEBOOKS / "questions.csv")
    >>> "light curve by name" in asked
    True
    """
    groups: dict[tuple[str, int], list[Asked]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            call = Asked(
                rows_stored=int(row["rows_stored"]),
                rows_read=int(row["rows_read"]),
                bytes_read=int(row["bytes"]),
                rows_returned=int(row["rows_returned"]),
                milliseconds=float(row["milliseconds"]),
                queries=int(row["queries"]),
            )
            groups.setdefault((row["call"], int(row["rows"])), []).append(call)
    by_call: dict[str, list[Asked]] = {}
    for (name, _), calls in groups.items():
        stored = round(mean(call.rows_stored for call in calls))
        same = [replace(call, rows_stored=stored) for call in calls]
        by_call.setdefault(name, []).extend(same)
    return by_call


def question_model(asked: Sequence[Asked]) -> Model:
    """Return the model of one call, for predictions at any size.

    Parameters
    ----------
    asked : sequence of Asked
        Measurements of the call at two sizes or more.

    Returns
    -------
    Model
        Share and edges of the rows read when as many rows are returned as at the
        largest size, and as many queries are sent.

    Raises
    ------
    ConfigError
        If fewer than two sizes were measured.

    Examples
    --------
    >>> from orbital_kernel import cost
    >>> sizes = (10**5, 10**6)
    >>> model = cost.question_model([cost.Asked(n, 500, 4000, 250) for n in sizes])
    >>> model.share, round(model.edges)
    (0.0, 500)
    """
    timed = calibrated(
        [
            Measured(c.rows_stored, c.rows_read, c.bytes_read, c.milliseconds)
            for c in asked
        ]
    )
    factor, share, edges = _terms(asked)
    last = _of_largest(asked)
    returned = mean(call.rows_returned for call in last)
    of_all = returned / mean(call.rows_stored for call in last)
    if of_all >= MOST_OF_IT:
        share, returned = share + factor * of_all, 0.0
    return replace(
        timed,
        share=min(share, 1.0),
        edges=factor * returned + edges,
        queries=mean(call.queries for call in last),
    )


def predicted_largest(asked: Sequence[Asked]) -> Predicted:
    """Return what the smaller sizes predict of the largest.

    Parameters
    ----------
    asked : sequence of Asked
        Measurements of one call at three sizes or more.

    Returns
    -------
    Predicted
        Rows and bytes predicted with the rows returned there, and measured.

    Raises
    ------
    ConfigError
        If fewer than three sizes were measured.

    Examples
    --------
    >>> from orbital_kernel import cost
    >>> sizes = (10**5, 10**6, 10**7)
    >>> predicted = cost.predicted_largest([cost.Asked(n, 9, 90, 9) for n in sizes])
    >>> round(predicted.rows_read)
    9
    """
    sizes = _sizes(asked)
    if len(sizes) < 3:
        raise ConfigError(
            f"a prediction needs calls at three sizes or more, there are {len(sizes)}: "
            "run the benchmark at another size"
        )
    last = _of_largest(asked)
    smaller = [call for call in asked if call not in last]
    factor, share, edges = _terms(smaller)
    rows_returned = sum(call.rows_returned for call in smaller)
    a_row = sum(call.bytes_read for call in smaller) / max(rows_returned, 1)
    returned = mean(call.rows_returned for call in last)
    stored = mean(call.rows_stored for call in last)
    return Predicted(
        stored,
        factor * returned + share * stored + edges,
        returned * a_row,
        mean(call.rows_read for call in last),
        mean(call.bytes_read for call in last),
    )


def fitted_to(by_call: Mapping[str, Sequence[Asked]]) -> str:
    """Return a table in Markdown: the prediction at the largest size, and its error.

    Parameters
    ----------
    by_call : mapping of str to sequence of Asked
        Measurements by call, as `read_asked` returns them.

    Returns
    -------
    str
        One line per call: sizes, rows and bytes as predicted and measured, their
        larger relative error.

    Raises
    ------
    ConfigError
        If a call was measured at fewer than three sizes.

    Examples
    --------
    >>> from orbital_kernel import cost, reports
    >>> text = cost.fitted_to(cost.read_asked(reports.NOTEBOOKS / "questions.csv"))
    >>> text.count("| light curve by name |")
    1
    """
    head = ("call", "rows stored", "rows read: model", "measured", "bytes: model")
    lines = [[*head, "measured", "apart"], ["---"] + ["---:"] * (len(head) + 1)]
    for call, asked in by_call.items():
        at = predicted_largest(asked)
        numbers = [at.rows_stored, at.rows_read, at.measured_rows]
        numbers += [at.bytes_read, at.measured_bytes]
        lines.append([call, *(f"{n:,.0f}" for n in numbers), f"{at.error:.1%}"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _terms(asked: Sequence[Asked]) -> tuple[float, float, float]:
    """Return factor, share and edges, none negative, as the module describes."""
    import numpy as np  # noqa: PLC0415 - commands of the shell need no model

    groups = list(_groups(asked))
    read = np.array([mean(call.rows_read for call in group) for group in groups])
    returned = [mean(call.rows_returned for call in group) for group in groups]
    stored = [float(group[0].rows_stored) for group in groups]
    columns = np.column_stack([returned, stored, np.ones(len(groups))])
    weights = 1 / np.maximum(read, 1.0)
    allowed = np.maximum(TOLERANCE, 2 * weights * [_error_of_mean(g) for g in groups])
    best, least = np.zeros(3), np.inf
    for terms in TERMS:
        parameters = np.zeros(3)
        weighted = columns[:, terms] * weights[:, None]
        scale = np.maximum(np.abs(weighted).max(axis=0), 1e-300)
        solution = np.linalg.lstsq(weighted / scale, read * weights, rcond=None)[0]
        parameters[list(terms)] = solution / scale
        error = np.abs((columns @ parameters - read) * weights / allowed).max()
        if np.all(parameters >= 0) and error < least:
            best, least = parameters, error
        if least <= 1:
            break
    return float(best[RETURNED]), float(best[STORED]), float(best[EDGES])


def _groups(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """Yield the calls at each size that return up to the median of rows, and more."""
    for size in _sizes(asked):
        calls = [call for call in asked if call.rows_stored == size]
        middle = median(call.rows_returned for call in calls)
        for many in (False, True):
            group = [c for c in calls if (c.rows_returned > middle) is many]
            if group:
                yield group


def _error_of_mean(calls: Sequence[Asked]) -> float:
    """Return the standard error of the mean rows read; 0 of a single call."""
    read = [call.rows_read for call in calls]
    return stdev(read) / math.sqrt(len(read)) if len(read) > 1 else 0.0


def _sizes(asked: Sequence[Asked]) -> list[int]:
    """Return the numbers of rows stored, in order."""
    return sorted({call.rows_stored for call in asked})


def _of_largest(asked: Sequence[Asked]) -> list[Asked]:
    largest = _sizes(asked)[-1]
    return [call for call in asked if call.rows_stored == largest]
