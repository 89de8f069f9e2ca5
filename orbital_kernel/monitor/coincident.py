"""The catalogue bursts and real notices that excursions coincide with in time."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model import schema
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, NotNull
from orbital_kernel.science.bursts import match
from orbital_kernel.science.near_earth import near_earth
from orbital_kernel.science.precedence import T90, TIME, times_a_follow_up, united

REAL = "observation"
"""The role of notices that are not tests."""
Counts = dict[str, dict[str, int]]
"""Rows by observatory and table."""
REACH_NS = 2 * 3600 * 1_000_000_000
"""Longer than any catalogued burst and the time within which episodes are linked."""
GRBS = (
    *("catalog", "name", "trigger_id", "time", "time_rule"),
    *("t90_s", "t90_limit", "t90_start_s", "t90_stop_s"),
)
NOTICES = ("kind", "notice_id", "trigger_id", "time", "role")
MATCHED = {
    "series": pl.String,
    "time": pl.Int64,
    "timescale_s": pl.Float64,
    "cause": pl.String,
    "t90_s": pl.Float64,
    "t90_start_s": pl.Float64,
    "burst_id": pl.String,
    "time_rule": pl.String,
}
_READ = {
    "grbs": (schema.GRBS, GRBS, ()),
    "notices": (schema.NOTICES, NOTICES, (Clause("role", (Equal(REAL),)),)),
}


NO_TIMES = pl.DataFrame(schema={"time": pl.Datetime("ns")})
NOTHING = "[]"
Instants = NDArray[np.int64]


class Coincident:
    """Catalogue bursts and notices of every observatory, read again when they change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[tuple[str, str], tuple[int, pl.DataFrame]] = {}
        self._sorted: dict[str, tuple[Instants, pl.DataFrame]] = {}

    def refresh(self, counts: Counts) -> pl.DataFrame:
        """Read tables whose number of rows changed; return the new times.

        One column, `time` (TT). Nothing is new the first time a table is read.
        """
        new = []
        for observatory, tables in counts.items():
            for table in _READ:
                count, name = tables.get(table, 0), (observatory, table)
                before = self._read.get(name)
                if before is None or before[0] != count:
                    rows = self._rows(observatory, table) if count else _none(table)
                    self._read[name] = count, rows
                    self._sorted.pop(table, None)
                    if before is not None:
                        times = before[1]["time"].implode()
                        new.append(rows.filter(~pl.col("time").is_in(times)))
        return pl.concat(map(_times, new)).drop_nulls() if new else NO_TIMES

    def of(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Return the matches (JSON) of rows of cross.bursts by their burst_id.

        `time` is TT in nanoseconds. Episodes of one series are linked if given together.
        """
        bursts = list(rows)
        instants = [row["time"] for row in bursts if row["time"] is not None]
        grbs, notices = (self._near(table, instants) for table in _READ)
        if grbs.is_empty() and notices.is_empty():
            return {row["burst_id"]: NOTHING for row in bursts}
        values = [[row.get(name) for name in MATCHED] for row in bursts]
        frame = pl.DataFrame(values, schema=MATCHED, orient="row").with_columns(
            pl.col("time").cast(pl.Datetime("ns"))
        )
        matched = match(frame, grbs, notices)
        return dict(matched.select("burst_id", "matches").iter_rows())

    def _near(self, table: str, instants: list[int]) -> pl.DataFrame:
        """Return the rows within reach of the span of instants (TT ns)."""
        if table not in self._sorted:
            parts = [
                rows for (_, name), (_, rows) in self._read.items() if name == table
            ]
            listed = _ordered(table, pl.concat(parts)).drop_nulls("time").sort("time")
            times = listed["time"].cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy()
            self._sorted[table] = times, listed
        times, listed = self._sorted[table]
        if not instants:
            return listed.clear()
        first = np.searchsorted(times, min(instants) - REACH_NS)
        last = np.searchsorted(times, max(instants) + REACH_NS, side="right")
        return listed[int(first) : int(last)]

    def _rows(self, observatory: str, table: str) -> pl.DataFrame:
        _, columns, clauses = _READ[table]
        full = f"{observatory}.{table}"
        return frame_of(self._store.read(full, clauses, columns=list(columns)))


def _ordered(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per burst by the order of catalogues; notices of triggers as they are."""
    if table != "grbs":
        rows = rows.filter(~times_a_follow_up())
        return rows.sort("time", "kind", "notice_id", "trigger_id", nulls_last=True)
    bursts = united(near_earth(rows), TIME, T90)
    return bursts.rename({"t0_source": "catalog"})


def _none(table: str) -> pl.DataFrame:
    kind, columns, _ = _READ[table]
    return frame_of(kind.arrow.empty_table()).select(columns)


def _times(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("time").cast(pl.Datetime("ns")))


def unreal_files(tx: Transaction, table: str) -> frozenset[str]:
    """Return the contents (sha256) of a table's notices that are not observations."""
    rows = frame_of(
        tx.select(
            table, [Clause("role", (NotNull(),))], columns=["role", "file_sha256"]
        )
    )
    other = rows.filter(pl.col("role") != REAL)["file_sha256"]
    return frozenset(other.drop_nulls().to_list())
