"""What excursions coincide with: catalogue bursts and real notices near in time."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from orbital_kernel import schema
from orbital_kernel.frames import frame_of
from orbital_kernel.predicate import Clause, Equal
from orbital_kernel.science.bursts import match
from orbital_kernel.store import Store
from orbital_kernel.watch.follow import REAL, Counts

REACH = pl.duration(hours=2)
"""Longer than any catalogued burst and the time within which episodes are linked."""
GRBS = (
    *("catalog", "name", "trigger_id", "time"),
    *("t90_s", "t90_start_s", "t90_stop_s"),
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
}
_WANTED = {
    "grbs": (schema.GRBS, GRBS, ()),
    "notices": (schema.NOTICES, NOTICES, (Clause("role", (Equal(REAL),)),)),
}


class Coincident:
    """Catalogue bursts and notices of every observatory, read again when they grow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[tuple[str, str], tuple[int, pl.DataFrame]] = {}

    def refresh(self, counts: Counts) -> pl.DataFrame:
        """Read tables whose rows changed in number; return the times that are new.

        One column, `time` (TT). Nothing is new the first time a table is read.
        """
        new = [_times(frame_of(schema.GRBS.arrow.empty_table()))]
        for observatory, tables in counts.items():
            for table in _WANTED:
                held, name = tables.get(table, 0), (observatory, table)
                before = self._read.get(name)
                if before is None or before[0] != held:
                    rows = self._rows(observatory, table) if held else _none(table)
                    self._read[name] = held, rows
                    if before is not None:
                        known = before[1]["time"].implode()
                        fresh = rows.filter(~pl.col("time").is_in(known))
                        new.append(_times(fresh))
        return pl.concat(new).drop_nulls()

    def of(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Return what rows of cross.bursts coincide with (JSON), by their burst_id.

        `time` is TT in nanoseconds. Episodes of one series are linked if given together.
        """
        values = [[row[name] for name in MATCHED] for row in rows]
        if not values:
            return {}
        frame = pl.DataFrame(values, schema=MATCHED, orient="row").with_columns(
            pl.col("time").cast(pl.Datetime("ns"))
        )
        grbs, notices = (self._near(table, frame["time"]) for table in _WANTED)
        matched = match(frame, grbs, notices)
        return dict(matched.select("burst_id", "matches").iter_rows())

    def _near(self, table: str, times: pl.Series) -> pl.DataFrame:
        known = pl.concat(
            rows for (_, name), (_, rows) in self._read.items() if name == table
        )
        span = times.to_frame("t").select(
            first=pl.col("t").min() - REACH, last=pl.col("t").max() + REACH
        )
        near = (pl.col("time") >= pl.lit(span["first"][0])) & (
            pl.col("time") <= pl.lit(span["last"][0])
        )
        return known.filter(near) if span["first"][0] is not None else known.clear()

    def _rows(self, observatory: str, table: str) -> pl.DataFrame:
        _, columns, clauses = _WANTED[table]
        full = f"{observatory}.{table}"
        return frame_of(self._store.read(full, clauses, columns=list(columns)))


def _none(table: str) -> pl.DataFrame:
    kind, columns, _ = _WANTED[table]
    return frame_of(kind.arrow.empty_table()).select(columns)


def _times(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("time").cast(pl.Datetime("ns")))
