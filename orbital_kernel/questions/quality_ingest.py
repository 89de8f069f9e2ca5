"""The cheap checks on the rows of one ingest, without reading any of them back."""

import time as clock
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.model import schema, times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.questions.quality_passes import (
    TIMED,
    Found,
    Pass,
    combined,
    table_columns,
)
from orbital_kernel.science.columns import TT, simulated
from orbital_kernel.science.quality import CHECKS, Clocks, Intervals, Values, arrivals

AT_ONCE = 500_000
"""Rows of a table that are checked together: a check per small file would cost more."""


@dataclass
class Watched:
    """Gathers the rows that an ingest writes, and measures them."""

    rows: int = 0
    simulated: bool = False
    _waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    _passes: dict[str, list[Pass]] = field(default_factory=dict)
    _newest: dict[str, int] = field(default_factory=dict)

    def take(self, table: str, data: pa.Table, file: str) -> None:
        """Take rows of one file and table; intervals of one file are told by its name."""
        if table.endswith(".intervals"):
            named = pa.repeat(pa.scalar(file), len(data))
            data = data.append_column("file_sha256", named)
        parts = self._waiting.setdefault(table, [])
        parts.append(data)
        self.rows += len(data)
        if sum(map(len, parts)) >= AT_ONCE:
            self._check(table)

    def measured(self, files: int) -> Found:
        """Return the values of the checks that run at ingest."""
        for table in list(self._waiting):
            self._check(table)
        names = sorted({table.partition(".")[0] for table in self._passes})
        found: Found = []
        for name in names:
            own_tables = {
                t.partition(".")[2]: p
                for t, p in self._passes.items()
                if t.startswith(f"{name}.")
            }
            found += combined(name, own_tables)
            for member in own_tables.get("intervals", []):
                if isinstance(member, Intervals):
                    found += [(name, m) for m in member.measured()]
            if name in self._newest:
                now = int(times.tt_from_utc(_now())[0].astype(np.int64))
                late = arrivals.of_files(name, self._newest[name], now, files)
                found.append((name, late))
        return [
            (name, m)
            for name, m in found
            if CHECKS[m.check].at_ingest and not m.missing
        ]

    def _check(self, table: str) -> None:
        parts = self._waiting.pop(table, [])
        name, _, kind = table.partition(".")
        if kind not in (*TIMED, "observations", "sources") or not parts:
            return
        columns = table_columns(kind)
        target = schema.table(table)
        needed = [p.select([n for n in columns if n in p.column_names]) for p in parts]
        empty = frame_of(target.arrow.empty_table().select(columns))
        frame = pl.concat([empty, *map(frame_of, needed)], how="diagonal")
        self.simulated |= simulated(frame)
        if "time" in frame.columns:
            newest = frame["time"].cast(TT).cast(pl.Int64).max()
            if isinstance(newest, int):
                self._newest[name] = max(newest, self._newest.get(name, newest))
        for member in self._passes.setdefault(table, _members(table)):
            member.take(frame)


def _members(table: str) -> list[Pass]:
    name, _, kind = table.partition(".")
    members: list[Pass] = [Values(table, repeats=False), Clocks(table)]
    return [*members, Intervals(name)] if kind == "intervals" else members


def _now() -> np.datetime64:
    return np.datetime64(clock.time_ns(), "ns")
