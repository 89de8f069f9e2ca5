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

SUFFIX = " (replay)"
STEP_S = 64.0


class Replay:
    """Feeds series to `<observatory>.rates` under their name and ' (replay)'.

    Bins that stand there already are not fed again, so that a replay that was killed
    goes on where it stopped. Bins of one clock value go in one transaction.
    """

    def __init__(
        self,
        store: Store,
        series: Sequence[tuple[str, pl.DataFrame]],
        *,
        speed: float = 1.0,
    ) -> None:
        """Take (observatory, rates of one series) and a speed; 0 is as fast as it goes.

        Raises QueryError where there is nothing to replay or time would run backwards,
        ArchiveError where the rows are simulated and the store's real, or the reverse.
        """
        if not series:
            raise QueryError("there are no rates to replay in that file")
        if speed < 0:
            raise QueryError(f"a replay's speed is 0 or more, not {speed}")
        self._store, self._speed, self._begun = store, speed, False
        self._kinds = kinds_of(rows.to_arrow() for _, rows in series)
        self._demand_kind()
        self._left = [self._rest(observatory, rows) for observatory, rows in series]
        starts = [rows["met_s"].min() for _, rows in self._left if rows.height]
        self._clock = float(min(starts, default=0.0))  # type: ignore[type-var,arg-type]
        self._began = clock.monotonic()

    @property
    def done(self) -> bool:
        """Whether every bin is in the store."""
        return not any(rows.height for _, rows in self._left)

    def feed(self) -> int:
        """Put in what is due by now, in one transaction; return how many rows."""
        if self.done:
            return 0
        if self._begun:
            return self._feed()
        with only_one(self._store):  # no ingest decides at once what the store holds
            self._demand_kind()
            self._begun = True
            return self._feed()

    def _demand_kind(self) -> None:
        why = Purity(self._store).refuses(self._kinds, "the replayed file")
        if why:
            raise ArchiveError(why)

    def _feed(self) -> int:
        until = self._until()
        parts = [
            (observatory, rows.filter(pl.col("met_s") <= until))
            for observatory, rows in self._left
        ]
        with self._store.transaction() as tx:
            for observatory, due in parts:
                if due.height:
                    tx.insert(f"{observatory}.rates", due.to_arrow())
        self._left = [
            (observatory, rows.filter(pl.col("met_s") > until))
            for observatory, rows in self._left
        ]
        return sum(due.height for _, due in parts)

    def _until(self) -> float:
        if self._speed:
            return self._clock + (clock.monotonic() - self._began) * self._speed
        self._clock += STEP_S
        return self._clock

    def _rest(self, observatory: str, rows: pl.DataFrame) -> tuple[str, pl.DataFrame]:
        named = rows.with_columns(pl.col("series") + SUFFIX)
        this = Clause("series", (Equal(named["series"][0]),))
        table = f"{observatory}.rates"
        there = frame_of(self._store.read(table, [this], columns=["met_s"]))["met_s"]
        least = there.max() if len(there) else float("-inf")
        return observatory, named.filter(pl.col("met_s") > least).sort("met_s")
