"""Files that hold a curve which another file holds: one version of each point is stored.

A curve that is downloaded again is longer, or has another header. Once the rows of a file
are written, in the same transaction, they are compared with those of the files that hold
the same curves, and the older version's points are deleted. Good times go with them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.ingest import versions
from orbital_kernel.ingest.checksum import SHA, Sum, span_of, stored_numeric, sum_of
from orbital_kernel.ingest.known import CHANGED, GONE, SAME, Known
from orbital_kernel.ingest.ledger import Ledger
from orbital_kernel.ingest.tally import Tally
from orbital_kernel.ingest.versions import CURVE, Versions
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, Null, Range

if TYPE_CHECKING:
    from orbital_kernel.database import Transaction

INTERVALS = "intervals"
GOOD_TIME = ("time", "time_stop", "obs_id", "instrument", "kind")
FEW_OTHERS = 4
"""More files of one curve are first reduced to those that meet a file in time."""
MARGIN = timedelta(seconds=100)
"""Clock corrections move a point in time by less."""


@dataclass(frozen=True)
class Holder:
    """A stored file that holds curves: its content, its name, its tables and curves."""

    sha256: str
    name: str
    tables: Collection[str]
    curves: frozenset[str] | None
    """None if the ledger of an earlier Orbital does not have them."""


@dataclass
class Holders:
    """The files that hold curves, by content and by the identities of their curves."""

    _by_content: dict[str, Holder] = field(default_factory=dict)
    _by_curve: dict[str, dict[str, None]] = field(default_factory=dict)
    _unnoted: dict[str, None] = field(default_factory=dict)

    def add(self, holder: Holder) -> None:
        """Add a file, in place of an earlier one of that content."""
        self.remove(holder.sha256)
        self._by_content[holder.sha256] = holder
        for index in self._indices(holder):
            index[holder.sha256] = None

    def remove(self, sha256: str) -> None:
        """Forget a file, if it is one of these."""
        holder = self._by_content.pop(sha256, None)
        for index in self._indices(holder) if holder else ():
            index.pop(sha256, None)

    def near(self, curves: Collection[str]) -> list[Holder]:
        """Return the files that hold, or may hold, one of these curves."""
        found = dict(self._unnoted)
        for curve in curves:
            found |= self._by_curve.get(curve, {})
        return [self._by_content[sha256] for sha256 in found]

    def _indices(self, holder: Holder) -> list[dict[str, None]]:
        if holder.curves is None:
            return [self._unnoted]
        return [self._by_curve.setdefault(curve, {}) for curve in holder.curves]


class Succession:
    """The files that hold curves, and what newer versions do to them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._holders: Holders | None = None

    def settle(
        self,
        tx: "Transaction",
        holder: Holder,
        tally: Tally,
        tallies: Mapping[str, Tally],
    ) -> None:
        """Compare a file whose rows were just written with those that hold its curves."""
        newer = self._ledger.newer_than(holder.sha256)
        known = Known(tx.row_id)
        for other in self._others(tx, holder, tally):
            outcome = _Outcome(tx, holder, other, tally, known)
            for table in sorted({*tally.curves} & {*other.tables}):
                is_newer = other.sha256 in newer
                outcome.compare(table, tally.curves[table], newer=is_newer)
            outcome.finish()
            if not outcome.superseded:
                continue
            if other.sha256 in tallies:
                tallies[other.sha256].supersede(outcome.superseded, outcome.sums)
            else:
                self._ledger.supersede(
                    tx, other.sha256, outcome.superseded, outcome.sums
                )
        known.count(tally.counts)
        self._stored().add(holder)

    def forget(self, sha256: str) -> None:
        """Forget a file whose rows are deleted."""
        self._stored().remove(sha256)

    def _others(self, tx: "Transaction", holder: Holder, tally: Tally) -> list[Holder]:
        """Return the other files that may hold the same curves."""
        others = [
            other
            for other in self._stored().near(holder.curves or ())
            if other.sha256 != holder.sha256 and {*other.tables} & {*tally.curves}
        ]
        if len(others) > FEW_OTHERS:
            meeting = {
                sha256
                for table in tally.curves
                for sha256 in _meeting(tx, table, holder, others)
            }
            others = [other for other in others if other.sha256 in meeting]
        if all(other.curves is not None for other in others):
            return others
        near = {sha256 for table in tally.curves for sha256 in _near(tx, table, holder)}
        return [o for o in others if o.curves is not None or o.sha256 in near]

    def _stored(self) -> Holders:
        if self._holders is None:
            self._holders = Holders()
            for sha256, entry in self._ledger.ingested_entries().items():
                if any(map(_is_curves, entry.tables)):
                    curves = frozenset(entry.curves) if entry.curves else None
                    self._holders.add(
                        Holder(sha256, entry.name, tuple(entry.tables), curves)
                    )
        return self._holders


@dataclass
class _Outcome:
    """What comparing an offered file with one stored file did to either."""

    tx: "Transaction"
    offered: Holder
    stored: Holder
    tally: Tally
    known: Known
    superseded: dict[str, int] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)

    def compare(self, table: str, curves: Collection[str], *, newer: bool) -> None:
        """Compare the curves that both hold in a table, and delete replaced points."""
        stored = self._points(table, self.stored, curves)
        if not len(stored):
            return
        offered = self._points(table, self.offered, curves)
        one_name = versions.same_name(self.offered.name, self.stored.name)
        for (curve,), points in stored.group_by(CURVE, maintain_order=True):
            same_curve = offered.filter(pl.col(CURVE) == curve)
            if not len(same_curve):
                continue
            found = versions.versions(
                versions.kind_of(table),
                same_curve,
                points,
                one_name=one_name and versions.is_named(points),
                stored_is_newer=newer,
            )
            if found is not None:
                self._replace(table, found)

    def _replace(self, table: str, found: Versions) -> None:
        loser = self.stored if found.offered_wins else self.offered
        self._delete(table, found.replaced, loser)
        self.known.note(table, found.same, SAME)
        if found.offered_wins:
            self.known.note(table, found.changed, CHANGED)
            if found.lost:
                self.tally.replace(
                    f"points of {self.stored.name} that this later version of its "
                    "curve no longer has",
                    found.lost,
                )
            if len(found.changed):
                self.tally.replace(
                    f"points of {self.stored.name} with the values of this later "
                    "version of its curve",
                    len(found.changed),
                )
        else:
            self._exclude(table, self._without(found.replaced, found.same))
        self._good_times(table, found)

    def _without(self, rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
        return rows.join(others, on=self.tx.row_id, how="anti")

    def _exclude(self, table: str, rows: pl.DataFrame) -> None:
        """Count rows of the offered file that the stored file holds otherwise."""
        if not len(rows):
            return
        self.known.note(table, rows, GONE)
        self.tally.exclude(
            {
                f"stored already from {self.stored.name}, a later, longer or better "
                "timed version of the curve": len(rows)
            }
        )

    def _good_times(self, table: str, found: Versions) -> None:
        """Delete the loser's good times that the winner has, or that lie in its span."""
        name = f"{table.partition('.')[0]}.{INTERVALS}"
        if name == table or not all(
            name in holder.tables for holder in (self.offered, self.stored)
        ):
            return
        offered, stored = (
            frame_of(self.tx.select(name, _of(h), columns=GOOD_TIME, row_ids=True))
            for h in (self.offered, self.stored)
        )
        loser, winner = (stored, offered) if found.offered_wins else (offered, stored)
        if found.span is None:
            replaced = loser.join(winner, on=GOOD_TIME, how="semi", nulls_equal=True)
        else:
            start, stop = map(pl.lit, found.span)
            within = (pl.col("time") <= stop) & (pl.col("time_stop") >= start)
            replaced = loser.filter(within)
        if not len(replaced):
            return
        file = self.stored if found.offered_wins else self.offered
        self._delete(name, replaced, file)
        pair = (offered, replaced) if found.offered_wins else (replaced, stored)
        known, others = pair
        same = known.join(others, on=GOOD_TIME, how="semi", nulls_equal=True)
        self.known.note(name, same, SAME)
        if not found.offered_wins:
            self._exclude(name, self._without(replaced, same))
            return
        lost = replaced.join(offered, on=GOOD_TIME, how="anti", nulls_equal=True)
        if len(lost):
            self.tally.replace(f"good times of {self.stored.name}", len(lost))

    def _delete(self, table: str, rows: pl.DataFrame, loser: Holder) -> None:
        if not len(rows):
            return
        self.tx.delete_rows(table, rows.select(self.tx.row_id).to_arrow())
        if loser is self.stored:
            self.superseded[table] = self.superseded.get(table, 0) + len(rows)
        else:
            marks = self.tally.superseded
            marks[table] = marks.get(table, 0) + len(rows)

    def finish(self) -> None:
        """Take the checksums of what remains of the files."""
        for table in self.superseded:
            self.sums[table] = self._sum(table, self.stored)
        for table in self.tally.superseded:
            self.tally.sums[table] = self._sum(table, self.offered)

    def _sum(self, table: str, holder: Holder) -> Sum:
        columns = stored_numeric(self.tx, table)
        return sum_of(self.tx.select(table, _of(holder), columns=columns))

    def _points(
        self, table: str, holder: Holder, curves: Collection[str]
    ) -> pl.DataFrame:
        kind = versions.kind_of(table)
        rows = self.tx.select(
            table, _of(holder), columns=versions.columns_of(kind), row_ids=True
        )
        points = versions.points_of(kind, rows)
        return points.filter(pl.col(CURVE).is_in(list(curves)))


def _is_curves(table: str) -> bool:
    return versions.kind_of(table) in versions.CURVES


def _near(tx: "Transaction", table: str, holder: Holder) -> set[str]:
    """Return the files with rows of the same objects, within the time of a file's rows.

    It finds the curves of files whose ledger entry does not have them.
    """
    rows = tx.select(table, _of(holder), columns=("object", "time"))
    objects = [name for name in rows["object"].unique().to_pylist() if name]
    named = [Clause("object", tuple(map(Equal, objects)))] if objects else []
    clauses = [*span_of(table, rows), *named]
    return set(tx.select(table, clauses, columns=[SHA])[SHA].unique().to_pylist())


def _meeting(
    tx: "Transaction", table: str, holder: Holder, others: Collection[Holder]
) -> set[str]:
    """Return those of the others that have rows within a file's time, or without time."""
    names = {other.sha256 for other in others if table in other.tables}
    times = tx.select(table, _of(holder), columns=("time",))["time"]
    if times.null_count or not len(times) or not names:
        return names
    ends = [
        v.cast(pa.timestamp("us"), safe=False).as_py()
        for v in pc.min_max(times).values()
    ]
    span = Range(ends[0] - MARGIN, ends[1] + MARGIN)
    clauses = [Clause("time", (span, Null())), Clause(SHA, tuple(map(Equal, names)))]
    return set(tx.select(table, clauses, columns=[SHA])[SHA].unique().to_pylist())


def _of(holder: Holder) -> list[Clause]:
    return [Clause(SHA, (Equal(holder.sha256),))]
