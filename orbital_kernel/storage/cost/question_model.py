"""What a public call reads at a larger size, fitted to the same call at smaller sizes.

A call reads the rows that it returns, and more: the ends of ranges and row groups, or a
share of the tables. Rows read = rows returned + share x rows stored + edges. The rows
returned follow from the question, not from the size, and are given; share, edges and
bytes per row returned are fitted: bytes are those of the answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orbital_kernel.errors import ConfigError
from orbital_kernel.storage.cost.query_model import Measured, calibrated


@dataclass(frozen=True)
class Asked:
    """One call: rows stored in the tables it asked, rows read and returned, bytes."""

    rows_stored: int
    rows_read: int
    bytes_read: int
    rows_returned: int


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


def predicted_largest(asked: Sequence[Asked]) -> Predicted:
    """Return what the smaller sizes predict of the largest; ConfigError for too few."""
    sizes = sorted({call.rows_stored for call in asked})
    if len(sizes) < 3:
        raise ConfigError(
            f"a prediction needs calls at three sizes or more, there are {len(sizes)}: "
            "run the benchmark at another size"
        )
    smaller = [call for call in asked if call.rows_stored < sizes[-1]]
    largest = [call for call in asked if call.rows_stored == sizes[-1]]
    model = calibrated(
        [
            Measured(
                call.rows_stored,
                max(call.rows_read - call.rows_returned, 0),
                call.bytes_read,
                1.0,
            )
            for call in smaller
        ]
    )
    rows_returned = sum(call.rows_returned for call in smaller)
    sent = sum(call.bytes_read for call in smaller)
    returned = _mean([call.rows_returned for call in largest])
    rows = returned + model.share * sizes[-1] + model.edges
    a_row = sent / rows_returned if rows_returned else 0.0
    return Predicted(
        sizes[-1],
        rows,
        returned * a_row,
        _mean([call.rows_read for call in largest]),
        _mean([call.bytes_read for call in largest]),
    )


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)
