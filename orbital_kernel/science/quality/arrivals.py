"""How late notices and files arrive after what they report."""

import polars as pl

from orbital_kernel.science.columns import TT
from orbital_kernel.science.quality.check import Measured

LATE = "late arrival"
COLUMNS = ("kind", "role", "time", "time_sent")
MOST = 200_000


class Arrivals:
    """Delays from the trigger to the sending of each kind of notice."""

    def __init__(self, observatory: str) -> None:
        self._observatory = observatory
        self._parts: list[pl.DataFrame] = []
        self.rows = 0

    def take(self, frame: pl.DataFrame) -> None:
        """Take some notices; tests are not counted."""
        real = (pl.col("role") != "test").fill_null(value=True)
        rows = (
            frame.filter(real)
            .select(
                pl.col("kind").cast(pl.String).fill_null("notice"),
                pl.col("time", "time_sent").cast(TT),
            )
            .drop_nulls(["time", "time_sent"])
        )
        self.rows += len(rows)
        if self.rows <= MOST:
            self._parts.append(rows)

    def measured(self) -> list[Measured]:
        """Return the median delay of each kind."""
        if not self.rows:
            why = (
                f"{self._observatory}.notices has no rows with trigger and sending time"
            )
            return [Measured(LATE, f"{self._observatory} notices", missing=why)]
        delay = (pl.col("time_sent") - pl.col("time")).dt.total_nanoseconds() / 3.6e12
        result = []
        notices = pl.concat(self._parts).sort("time_sent")
        for (kind,), rows in notices.group_by("kind", maintain_order=True):
            hours = rows.select(pl.col("time_sent").alias("time"), delay.alias("value"))
            result.append(
                Measured(
                    LATE,
                    _subject(self._observatory, str(kind)),
                    float(hours["value"].median() or 0.0),  # type: ignore[arg-type]
                    evidence=f"median from trigger to sending of {len(hours):,} notices; the "
                    f"latest {float(hours['value'].to_numpy().max()):.3g} h",
                    samples=hours,
                )
            )
        return result


def _subject(observatory: str, kind: str) -> str:
    """Return the kind of notice with its observatory, once."""
    return kind if kind.startswith(observatory) else f"{observatory} {kind}"


def of_files(observatory: str, newest_ns: int, arrived_ns: int, files: int) -> Measured:
    """Return how long after its newest row a batch of files was ingested."""
    hours = (arrived_ns - newest_ns) / 3.6e12
    return Measured(
        LATE,
        f"{observatory} files",
        hours,
        evidence=f"from the newest row of {files:,} files until they were ingested",
    )
