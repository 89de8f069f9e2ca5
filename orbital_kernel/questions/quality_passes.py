"""The checks of data quality over the tables: each is read once, in slices."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import polars as pl
from polars.exceptions import PolarsError

from orbital_kernel.errors import OrbitalError
from orbital_kernel.model import schema
from orbital_kernel.query import Query
from orbital_kernel.questions.asking import Session
from orbital_kernel.questions.quality_spans import spans
from orbital_kernel.questions.slices import KIND, SLICE_ROWS, in_sky, in_time
from orbital_kernel.science.columns import simulated
from orbital_kernel.science.quality import (
    CHECKS,
    Arrivals,
    Astrometry,
    Clocks,
    Contradictions,
    Ends,
    Grid,
    Intervals,
    Measured,
    Points,
    Rates,
    Values,
    arrivals,
    clocks,
    contradictions,
    intervals,
    points,
    rates,
    registry,
    values,
)
from orbital_kernel.science.quality.ends import ENDS

Found = list[tuple[str, Measured]]
"""Measured values, each with its observatory."""
SKY = ("ra", "dec", "catalog", "obs_id")
MOST_LOOKS = 20_000
"""Observations whose times are asked for, to chart offsets in time."""
TOGETHER = Values | Clocks | Contradictions | Ends
"""Passes over several tables, measured after all of them."""
TIMED = ("intervals", "rates", "photometry", "events", "grbs", "notices")
SKIES = ("observations", "sources")


class Pass(Protocol):
    """Who takes the slices of a table, and has measured values at their end."""

    rows: int

    def take(self, frame: pl.DataFrame) -> None:
        """Take some rows."""

    def measured(self) -> list[Measured]:
        """Return what was measured."""


@dataclass
class Survey:
    """One run of the checks over some observatories.

    Attributes
    ----------
    names
        The observatories.
    chosen
        Names of the checks to run.
    calibrators
        Further sources of constant flux.
    most
        Rows per slice.
    """

    names: Sequence[str]
    chosen: Collection[str]
    calibrators: tuple[str, ...] = ()
    most: int = SLICE_ROWS
    simulated: bool = False
    """Whether a row read is simulated."""

    def run(self, orbital: Session) -> Found:
        """Return every measured value."""
        stored = orbital.store.row_counts()
        shared = Contradictions()
        found: Found = []
        for name in self.names:
            ends = Ends(name)
            passes = {
                table: self._passes(name, table, shared, ends)
                for table in (*TIMED, *SKIES)
            }
            failed = self._read(orbital, name, passes, stored)
            for table, why in failed.items():
                found += _failures(name, table, passes[table], why)
            for table, members in passes.items():
                if table not in failed:
                    found += [
                        (name, measured)
                        for member in members
                        if not isinstance(member, TOGETHER)
                        for measured in member.measured()
                    ]
            if ENDS in self.chosen:
                ends.take(spans(orbital, name, kind=KIND))
            found += [(name, measured) for measured in ends.measured()]
            found += combined(name, passes)
        found += self._across(orbital, shared, stored)
        if registry.SCHEMA in self.chosen:
            found += _conformance(orbital, self.names)
        return [(name, m) for name, m in found if m.check in self.chosen]

    def _passes(
        self, name: str, table: str, shared: Contradictions, ends: Ends
    ) -> list[Pass]:
        full_name = f"{name}.{table}"
        special: dict[str, list[Pass]] = {
            "intervals": [Intervals(name), ends],
            "rates": [Rates(name), Grid(name), ends],
            "photometry": [Points(name, self.calibrators), Grid(name, "points"), ends],
            "events": [ends],
            "notices": [Arrivals(name)],
            "grbs": [shared],
        }
        members: list[Pass] = [Values(full_name)]
        if table in ("intervals", "rates", "photometry", "events", "grbs"):
            members.append(Clocks(full_name))
        return [*members, *special.get(table, [])]

    def _read(
        self,
        orbital: Session,
        name: str,
        passes: dict[str, list[Pass]],
        stored: dict[str, int],
    ) -> dict[str, str]:
        """Read every table that has rows; return the reasons of those that failed."""
        failed = {}
        for table, members in passes.items():
            full_name = f"{name}.{table}"
            if not stored.get(full_name):
                continue
            try:
                for frame in self._slices(orbital, full_name, table_columns(table)):
                    self.simulated |= simulated(frame)
                    for member in members:
                        member.take(frame)
            except (OrbitalError, PolarsError) as error:
                failed[table] = f"{full_name} could not be read: {error}"
        return failed

    def _slices(
        self, orbital: Session, full_name: str, columns: Sequence[str]
    ) -> Iterable[pl.DataFrame]:
        if full_name.partition(".")[2] in SKIES:
            slices = in_sky(orbital, [full_name], columns, most=self.most)
            return (frame for (frame,) in slices)
        return in_time(orbital, full_name, columns, most=self.most)

    def _across(
        self, orbital: Session, shared: Contradictions, stored: dict[str, int]
    ) -> Found:
        """Return the checks that compare catalogues, of all observatories together."""
        with_bursts = [n for n in self.names if stored.get(f"{n}.grbs")]
        found: Found = [
            (", ".join(with_bursts or self.names), m) for m in shared.measured()
        ]
        with_sources = [n for n in self.names if stored.get(f"{n}.sources")]
        both = ", ".join(with_sources or self.names)
        frames = Astrometry(with_sources or list(self.names))
        try:
            tables = [f"{name}.sources" for name in with_sources]
            for slices in (
                in_sky(orbital, tables, SKY, most=self.most) if tables else ()
            ):
                parts = [
                    frame.select(SKY).with_columns(observatory=pl.lit(name))
                    for name, frame in zip(with_sources, slices, strict=True)
                ]
                frames.take(pl.concat(parts))
        except OrbitalError as error:
            why = f"the sources could not be read: {error}"
            return found + [(both, replace(m, missing=why)) for m in frames.measured()]
        times = _times_of(orbital, frames.looks())
        return found + [(both, measured) for measured in frames.measured(times)]


def _times_of(orbital: Session, looks: Collection[str]) -> dict[str, int]:
    """Return the start, ns TT, of observations named 'observatory|obs_id'."""
    times: dict[str, int] = {}
    by_name: dict[str, list[str]] = {}
    for look in sorted(looks)[:MOST_LOOKS]:
        name, _, obs_id = look.partition("|")
        by_name.setdefault(name, []).append(obs_id)
    for name, ids in by_name.items():
        query = Query(
            f"{name}.observations",
            ("obs_id", "time"),
            sets={"obs_id": ids},
            full_scan=True,
        )
        rows = orbital.query(query, kind=KIND).frame.drop_nulls()
        ns = rows["time"].cast(pl.Int64)
        keys = (f"{name}|{obs_id}" for obs_id in rows["obs_id"])
        times |= dict(zip(keys, ns, strict=True))
    return times


def table_columns(table: str) -> tuple[str, ...]:
    """Return the columns of a table that its checks read."""
    stored = tuple(c.name for c in schema.table(f"any.{table}").columns)
    needed = {
        *values.columns_of(table, stored),
        *clocks.COLUMNS,
        *{
            "intervals": intervals.COLUMNS,
            "rates": rates.COLUMNS,
            "photometry": points.COLUMNS,
            "notices": arrivals.COLUMNS,
            "grbs": contradictions.COLUMNS,
        }.get(table, ()),
    }
    return tuple(name for name in stored if name in needed)


def _failures(name: str, table: str, members: Sequence[Pass], why: str) -> Found:
    """Return the checks of a table that could not be read, as unknown."""
    checks = dict.fromkeys(m.check for member in members for m in member.measured())
    return [(name, Measured(c, f"{name}.{table}", missing=why)) for c in checks]


def combined(name: str, passes: dict[str, list[Pass]]) -> Found:
    """Return the checks that every table has, one per observatory."""
    found: Found = []
    for kind, most in ((Values, sum), (Clocks, max)):
        by_check: dict[str, list[Measured]] = {}
        empty: dict[str, Measured] = {}
        for members in passes.values():
            for member in members:
                if isinstance(member, kind):
                    for m in member.measured():
                        empty.setdefault(m.check, m)
                        if not m.missing:
                            by_check.setdefault(m.check, []).append(m)
        for check, first in empty.items():
            parts = by_check.get(check, [])
            if not parts:
                why = f"no table of {name} has what it needs, e.g. {first.missing}"
                found.append((name, Measured(check, name, missing=why)))
                continue
            ordered = sorted(parts, key=lambda m: -(m.value or 0.0))
            faulty = [
                m for m in ordered if CHECKS[check].limits.state(m.value or 0) != "ok"
            ]
            named = faulty or ordered
            words = "; ".join(f"{m.subject}: {m.evidence}" for m in named)
            since = [m.since for m in faulty if m.since is not None]
            found.append(
                (
                    name,
                    Measured(
                        check,
                        name,
                        float(most(m.value or 0.0 for m in parts)),
                        evidence=words,
                        since=min(since, default=None),
                    ),
                )
            )
    return found


def _conformance(orbital: Session, names: Sequence[str]) -> Found:
    """Compare the columns of the database with the schema."""
    actual = orbital.store.actual()
    found: Found = []
    for name in names:
        faults = []
        tables = {
            n: t for n, t in schema.tables((name,)).items() if n.startswith(f"{name}.")
        }
        for full_name, table in tables.items():
            if full_name not in actual:
                faults.append(f"{full_name} does not exist")
                continue
            types = {c.name: c.type for c in actual[full_name].columns}
            for column in table.columns:
                if types.get(column.name) != column.type:
                    is_type = types.get(column.name, "missing")
                    faults.append(
                        f"{full_name}.{column.name} is {is_type}, not {column.type}"
                    )
        words = (
            "; ".join(faults[:8]) or f"{len(tables)} tables have the schema's columns"
        )
        found.append(
            (name, Measured(registry.SCHEMA, name, float(len(faults)), evidence=words))
        )
    return found
