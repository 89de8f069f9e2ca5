"""What is new in the tables of rates, read with pushed predicates on series and time.

A poll asks how many rows a table holds. Where that has not changed nothing is read.
Where it has, the series that grew last are read from their last bin on; only if these
do not explain the growth are the rows of every series counted. A series with fewer rows
than before was replaced, and is followed again from its start; one replaced by exactly
as many rows is not noticed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from orbital_kernel.frames import frame_of
from orbital_kernel.predicate import Clause, Equal, NotNull, Range
from orbital_kernel.science.bursts import Settings
from orbital_kernel.store import Store, Transaction
from orbital_kernel.watch.checkpoint import Course
from orbital_kernel.watch.rows import KEPT

READ = (
    *KEPT,
    *("time", "met_s", "bin_s", "channel", "band", "band_low_kev", "band_high_kev"),
    *("rate", "rate_err", "counts", "unit", "kind", "instrument"),
)
REAL = "observation"
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TT has no zone
Courses = dict[tuple[str, str], Course]


class Following:
    """Reads the new rows of every series of the observatories given."""

    def __init__(self, store: Store, courses: Courses, settings: Settings) -> None:
        self._store = store
        self._courses = courses
        self._reach = settings.lateness_s
        self._rows: dict[str, int] = {}
        self._hot: dict[str, set[str]] = {}
        self._tests: dict[str, tuple[int, frozenset[str]]] = {}
        self.rows_read = 0
        self.refused: set[tuple[str, str]] = set()

    def grown(self, observatory: str) -> Iterator[tuple[Course, pl.DataFrame]]:
        """Yield each series with rows not seen before, and these rows."""
        table = f"{observatory}.rates"
        with self._store.transaction() as tx:
            held = tx.rows(table)
            known = self._rows.get(observatory)
            if held == known:
                return
            tests = self._unreal(tx, observatory)
            found: dict[str, tuple[Course, pl.DataFrame]] = {}
            if known is not None and held > known:
                for name in sorted(self._hot.get(observatory, ())):
                    if (observatory, name) in self.refused:
                        continue
                    course = self._courses[observatory, name]
                    found[name] = course, self._read(tx, course)
                    course.stored += found[name][1].height
            explained = sum(rows.height for _, rows in found.values())
            if known is None or known + explained != held:
                self._count(tx, observatory, found)
        grown = [
            (course, real)
            for course, rows in found.values()
            if (real := _without(rows, tests)).height
        ]
        self._rows[observatory] = held
        if grown:
            self._hot[observatory] = {course.series for course, _ in grown}
        yield from grown

    def _count(
        self,
        tx: Transaction,
        observatory: str,
        found: dict[str, tuple[Course, pl.DataFrame]],
    ) -> None:
        """Count the rows of every series, and read those that hold more than known."""
        rows = frame_of(tx.select(f"{observatory}.rates", columns=["series"]))
        self.rows_read += rows.height
        counts = rows.drop_nulls().group_by("series").len().sort("series")
        for name, count in counts.iter_rows():
            if (observatory, name) in self.refused:
                continue
            course = self._courses.get((observatory, name))
            if course is None or count < course.stored:
                course = Course(observatory, name)
                self._courses[observatory, name] = course
                found.pop(name, None)
            more = count - course.stored
            if more and name not in found:
                found[name] = course, self._read(tx, course)
                more -= found[name][1].height
            course.stored, course.late = count, course.late + more

    def _read(self, tx: Transaction, course: Course) -> pl.DataFrame:
        table = f"{course.observatory}.rates"
        rows = frame_of(tx.select(table, self._clauses(course), columns=READ))
        self.rows_read += rows.height
        return self._unseen(course, rows)

    def _clauses(self, course: Course) -> list[Clause]:
        clauses = [Clause("series", (Equal(course.series),))]
        if course.newest_met is None:
            return clauses
        if course.newest_ns is None:
            low = Range(course.newest_met - self._reach)
            return [*clauses, Clause("met_s", (low,))]
        at = EPOCH + timedelta(microseconds=course.newest_ns // 1000)
        earliest = at - timedelta(seconds=self._reach)
        return [*clauses, Clause("time", (Range(earliest),))]

    def _unseen(self, course: Course, rows: pl.DataFrame) -> pl.DataFrame:
        if course.newest_met is None:
            return rows
        seen = pl.DataFrame(
            course.seen, schema={"met_s": pl.Float64, "channel": pl.Int16}, orient="row"
        )
        return rows.filter(pl.col("met_s") >= course.newest_met - self._reach).join(
            seen, on=["met_s", "channel"], how="anti", nulls_equal=True
        )

    def _unreal(self, tx: Transaction, observatory: str) -> frozenset[str]:
        """Return the contents of notices that are tests: their rates are nobody's."""
        table = f"{observatory}.notices"
        held = tx.rows(table)
        known, files = self._tests.get(observatory, (-1, frozenset()))
        if held != known:
            files = unreal_files(tx, table)
            self._tests[observatory] = held, files
        return files

    def whole(self, course: Course, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows without a last bin that lacks channels: it is read again later."""
        sizes = rows.group_by("met_s").agg(pl.col("channel").n_unique()).sort("met_s")
        most = max(course.channels, *sizes["channel"].to_list())
        course.channels = most
        last = sizes.row(-1, named=True)
        if last["channel"] >= most:
            return rows
        kept = rows.filter(pl.col("met_s") < last["met_s"])
        course.stored -= rows.height - kept.height
        return kept

    def passed(self, course: Course, rows: pl.DataFrame) -> None:
        """Note that rows of a series have been read."""
        newest = rows.sort("met_s").tail(1)
        met = float(newest["met_s"][0])
        if course.newest_met is None or met > course.newest_met:
            course.newest_met = met
            time: Any = newest["time"].cast(pl.Datetime("ns")).cast(pl.Int64)[0]
            course.newest_ns = time
        least = course.newest_met - self._reach
        fresh = rows.select("met_s", pl.col("channel").fill_null(0)).rows()
        course.seen = sorted(
            {pair for pair in (*course.seen, *fresh) if pair[0] >= least}
        )


def _without(rows: pl.DataFrame, files: frozenset[str]) -> pl.DataFrame:
    of_them = pl.col("file_sha256").is_in(list(files))
    return rows.filter(~of_them.fill_null(value=False)) if files else rows


def unreal_files(tx: Transaction, table: str) -> frozenset[str]:
    """Return the contents (sha256) of a table's notices that are not observations."""
    rows = frame_of(
        tx.select(
            table, [Clause("role", (NotNull(),))], columns=["role", "file_sha256"]
        )
    )
    other = rows.filter(pl.col("role") != REAL)["file_sha256"]
    return frozenset(other.drop_nulls().to_list())
