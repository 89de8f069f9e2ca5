"""A file's rates put into the store bin by bin, at N times real time."""

import time as clock
from collections.abc import Sequence

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.errors import ArchiveError, QueryError
from orbital_kernel.ingest.lock import only_one
from orbital_kernel.ingest.purity import Purity, kinds_of
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.monitor.rows import SUFFIX

STEP_S = 64.0


class Replay:
    """Feeds series to `<observatory>.rates` under their name and ' (replay)'.

    `Bursts.watch` makes one from a file; see there for its parameters.

    Bins that are stored already are not fed again, so that a replay that was killed
    continues where it stopped. Bins of one clock value go in one transaction.
    """

    def __init__(
        self,
        store: Store,
        series: Sequence[tuple[str, pl.DataFrame]],
        *,
        speed: float = 1.0,
    ) -> None:
        """Take (observatory, rates of one series) and a speed; 0 is as fast as possible.

        Raises QueryError if there is nothing to replay or time would run backwards,
        ArchiveError if the rows are simulated and the store's are real, or the reverse.
        """
        if not series:
            raise QueryError("that file holds no rates to replay: give a file of rates")
        if speed < 0:
            raise QueryError(f"a replay's speed must be 0 or more, not {speed}")
        self._store, self._speed, self._begun = store, speed, False
        self._kinds = kinds_of(rows.to_arrow() for _, rows in series)
        self._demand_kind()
        self._ahead = [
            self._unstored(observatory, rows) for observatory, rows in series
        ]
        starts = [rows["met_s"].min() for _, rows in self._ahead if rows.height]
        self._clock = float(min(starts, default=0.0))  # type: ignore[type-var,arg-type]
        self._began = clock.monotonic()

    @property
    def done(self) -> bool:
        """Whether every bin is in the store."""
        return not any(rows.height for _, rows in self._ahead)

    def feed(self) -> int:
        """Insert the bins due by now in one transaction; return the number of rows."""
        if self.done:
            return 0
        if self._begun:
            return self._feed()
        with only_one(self._store):  # no ingest may decide at once what the store holds
            self._demand_kind()
            self._begun = True
            return self._feed()

    def _demand_kind(self) -> None:
        reason = Purity(self._store).refuses(self._kinds, "the replayed file")
        if reason:
            raise ArchiveError(reason)

    def _feed(self) -> int:
        until = self._until()
        parts = [
            (observatory, rows.filter(pl.col("met_s") <= until))
            for observatory, rows in self._ahead
        ]
        with self._store.transaction() as tx:
            for observatory, due in parts:
                if due.height:
                    tx.insert(f"{observatory}.rates", due.to_arrow())
        self._ahead = [
            (observatory, rows.filter(pl.col("met_s") > until))
            for observatory, rows in self._ahead
        ]
        return sum(due.height for _, due in parts)

    def _until(self) -> float:
        if self._speed:
            return self._clock + (clock.monotonic() - self._began) * self._speed
        self._clock += STEP_S
        return self._clock

    def _unstored(
        self, observatory: str, rows: pl.DataFrame
    ) -> tuple[str, pl.DataFrame]:
        named = rows.with_columns(pl.col("series") + SUFFIX)
        of_series = Clause("series", (Equal(named["series"][0]),))
        table = f"{observatory}.rates"
        stored = frame_of(self._store.read(table, [of_series], columns=["met_s"]))[
            "met_s"
        ]
        least = stored.max() if len(stored) else float("-inf")
        return observatory, named.filter(pl.col("met_s") > least).sort("met_s")
