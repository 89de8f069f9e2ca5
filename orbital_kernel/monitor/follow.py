"""New rows of the tables of rates, read with pushed predicates on series and time.

Each round requests the number of rows of the tables, once per observatory. If a count has
not changed, nothing is read. If it has, series that are still followed are read from
their last bin on, those near in time together. If these are too scattered, or do not
explain the growth, the rows of every series are counted, and those that grew are read. A
series with fewer rows than before was replaced and is followed again from its start; a
replacement by exactly as many rows goes unnoticed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal, Range
from orbital_kernel.monitor.coincident import Counts, unreal_files
from orbital_kernel.monitor.course import Course
from orbital_kernel.monitor.rows import FROM_SERIES
from orbital_kernel.science.bursts import Settings

READ = (
    *("series", "file_sha256", "time", "met_s", "bin_s", "channel"),
    *("rate", "rate_err", "counts", "kind"),
)
FIRST = (
    *dict.fromkeys((*READ, *FROM_SERIES)),
    *("band", "band_low_kev", "band_high_kev", "unit", "instrument"),
)
"""Columns read from a new series: those besides READ are the same in all its rows."""
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TT has no zone
NEAR_NS = 30 * 1_000_000_000
"""Series whose last bins are that close are read together."""
FEW_GROUPS, COUNTED_A_SELECT = 2, 250_000
"""Counting so many rows by series takes as long as one more select."""
FEW_NAMES, MOST_NAMES = 4, 32
"""More series than a few are read from the first name to the last: a long list costs
more than rows of others between them. Whole series are read so many at once."""
ROWS_AT_ONCE = 1_000_000
Courses = dict[tuple[str, str], Course]
Batch = list[tuple[Course, pl.DataFrame]]


class Following:
    """Reads the new rows of every series of the observatories given."""

    def __init__(self, store: Store, courses: Courses, settings: Settings) -> None:
        self._store = store
        self._courses = courses
        self._reach = settings.lateness_s
        self._rows: dict[str, int] = {}
        self._tests: dict[str, tuple[int, frozenset[str]]] = {}
        self.rows_read = 0
        self.refused: set[tuple[str, str]] = set()

    def counts(self) -> Counts:
        """Return the rows of every table, by observatory and table."""
        pending = {
            n: self._store.in_background(self._store.counts, n) for n in observatories()
        }
        return {name: answer.result() for name, answer in pending.items()}

    def grown(self, counts: Counts) -> Iterator[Batch]:
        """Yield series with rows not seen before, and these rows, some at a time."""
        for observatory, tables in counts.items():
            count, explained = tables.get("rates", 0), self._rows.get(observatory)
            if count != explained:
                with self._store.reading() as tx:
                    tests = self._unreal(tx, observatory, tables.get("notices", 0))
                    for batch in self._batches(tx, observatory, count, explained):
                        yield [
                            (course, real)
                            for course, rows in batch
                            if (
                                real := self._complete(course, _without(rows, tests))
                            ).height
                        ]

    def _batches(
        self, tx: Transaction, observatory: str, count: int, before: int | None
    ) -> Iterator[Batch]:
        """Yield new rows; note how many rows of the table they explain."""
        if before is not None and count > before:
            live = [c for c in self._courses.values() if not c.closed]
            groups = list(_groups(c for c in live if c.observatory == observatory))
            if len(groups) <= max(FEW_GROUPS, count // COUNTED_A_SELECT):
                explained = 0
                for group in groups:
                    batch = self._read_together(tx, observatory, group)
                    for course, rows in batch:
                        explained += rows.height - course.held_back
                        course.stored += rows.height
                    yield batch
                if before + explained >= count:
                    self._rows[observatory] = before + explained
                    return
        yield from self._counted(tx, observatory)

    def _read_together(
        self, tx: Transaction, observatory: str, group: Sequence[Course]
    ) -> Batch:
        names = sorted(course.series for course in group)
        of_group = (
            (Range(names[0], names[-1]),)
            if len(names) > FEW_NAMES
            else tuple(map(Equal, names))
        )
        clauses = [self._since(group[0]), Clause("series", of_group)]
        parts = self._select(tx, observatory, clauses)
        batch = []
        for course in group:
            rows = parts.get(course.series)
            unseen = None if rows is None else self._unseen(course, rows)
            if unseen is not None and unseen.height:
                batch.append((course, unseen))
        return batch

    def _since(self, course: Course) -> Clause:
        """Return the clause for rows from a series' last bin on, less late ones' reach."""
        if course.newest_ns is None:
            return Clause("met_s", (Range((course.newest_met or 0.0) - self._reach),))
        at = EPOCH + timedelta(microseconds=course.newest_ns // 1000)
        return Clause("time", (Range(at - timedelta(seconds=self._reach)),))

    def _counted(self, tx: Transaction, observatory: str) -> Iterator[Batch]:
        """Count the rows of every series; yield those that have grown."""
        rows = frame_of(tx.select(f"{observatory}.rates", columns=["series"]))
        self._rows[observatory] = rows.height
        counts = rows.drop_nulls().group_by("series").len().sort("series")
        fresh, more = [], {}
        for name, count in counts.iter_rows():
            if (observatory, name) in self.refused:
                continue
            course = self._courses.get((observatory, name))
            if course is None or count < course.stored:
                course = Course(observatory, name)
                self._courses[observatory, name] = course
            if course.newest_met is None and count > course.stored:
                fresh.append((course, count))
            elif count > course.stored + course.held_back:
                more[name] = course, count
        for group in _groups(course for course, _ in more.values()):
            yield self._more(tx, observatory, {c.series: more[c.series] for c in group})
        yield from self._begun(tx, observatory, fresh)

    def _more(
        self, tx: Transaction, observatory: str, grown: dict[str, tuple[Course, int]]
    ) -> Batch:
        """Return new rows of series followed before; rows still missing arrived late."""
        batch = self._read_together(tx, observatory, [c for c, _ in grown.values()])
        for course, rows in batch:
            course.stored += rows.height
        for course, count in grown.values():
            missing = max(count - course.stored, 0)
            course.stored, course.late = count, course.late + missing
            course.relook = course.relook or missing > 0
        return batch

    def _begun(
        self, tx: Transaction, observatory: str, fresh: list[tuple[Course, int]]
    ) -> Iterator[Batch]:
        """Yield complete new series, several at a time."""
        for portion in _portions(fresh):
            names = tuple(Equal(course.series) for course, _ in portion)
            named = [Clause("series", names)]
            parts = self._select(tx, observatory, named, columns=FIRST)
            for course, count in portion:
                course.stored = count
            yield [(c, parts[c.series]) for c, _ in portion if c.series in parts]

    def all_of(self, course: Course) -> pl.DataFrame:
        """Return all rows of one series, whenever they arrived."""
        with self._store.reading() as tx:
            tests = self._unreal(tx, course.observatory, -1)
            named = Clause("series", (Equal(course.series),))
            parts = self._select(tx, course.observatory, [named], columns=FIRST)
        rows = parts.get(course.series)
        course.stored = 0 if rows is None else rows.height
        return pl.DataFrame() if rows is None else _without(rows, tests)

    def _select(
        self,
        tx: Transaction,
        observatory: str,
        clauses: list[Clause],
        *,
        columns: Sequence[str] = READ,
    ) -> dict[str, pl.DataFrame]:
        """Return rows by their series."""
        rows = frame_of(tx.select(f"{observatory}.rates", clauses, columns=columns))
        self.rows_read += rows.height
        if rows.is_empty():
            return {}
        filled = rows.with_columns(pl.col("channel").fill_null(0))
        parts = filled.partition_by("series", as_dict=True)
        return {str(name): part for (name,), part in parts.items()}

    def _unseen(self, course: Course, rows: pl.DataFrame) -> pl.DataFrame:
        if course.newest_met is None:
            return rows
        recent = rows.filter(pl.col("met_s") >= course.newest_met - self._reach)
        seen = pl.DataFrame(
            course.seen, schema={"met_s": pl.Float64, "channel": pl.Int16}, orient="row"
        )
        return recent.join(seen, on=["met_s", "channel"], how="anti", nulls_equal=True)

    def _unreal(self, tx: Transaction, observatory: str, count: int) -> frozenset[str]:
        """Return the contents of notices that are tests: their rates are not used."""
        before, files = self._tests.get(observatory, (-1, frozenset()))
        if count not in (before, -1) or before == -1:
            files = unreal_files(tx, f"{observatory}.notices")
            self._tests[observatory] = count, files
        return files

    def _complete(self, course: Course, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows without a last bin that lacks channels, which is read again later."""
        course.held_back = 0
        if rows.is_empty():
            return rows
        sizes = rows.group_by("met_s").agg(pl.col("channel").n_unique())
        course.channels = max(course.channels, *sizes["channel"].to_list())
        last = sizes.sort("met_s").row(-1, named=True)
        if last["channel"] >= course.channels:
            return rows
        complete = rows.filter(pl.col("met_s") < last["met_s"])
        course.held_back = rows.height - complete.height
        course.stored -= course.held_back
        return complete

    def passed(self, course: Course, rows: pl.DataFrame) -> None:
        """Note that rows of a series have been read."""
        newest = rows.sort("met_s").tail(1)
        met = float(newest["met_s"][0])
        if course.newest_met is None or met > course.newest_met:
            course.newest_met = met
            time: Any = newest["time"].cast(pl.Datetime("ns")).cast(pl.Int64)[0]
            course.newest_ns = time
        earliest = course.newest_met - self._reach
        fresh = (
            rows.filter(pl.col("met_s") >= earliest).select("met_s", "channel").rows()
        )
        course.seen = sorted(
            {pair for pair in (*course.seen, *fresh) if pair[0] >= earliest}
        )


def _groups(courses: Iterable[Course]) -> Iterator[list[Course]]:
    """Yield series that were read before; those with last bins near in time together."""
    begun = [course for course in courses if course.newest_met is not None]
    group: list[Course] = []
    for course in sorted(begun, key=lambda c: c.newest_ns or 0):
        if course.newest_ns is None:
            yield [course]
            continue
        if group and course.newest_ns - (group[0].newest_ns or 0) > NEAR_NS:
            yield group
            group = []
        group.append(course)
    if group:
        yield group


def _portions(
    fresh: list[tuple[Course, int]],
) -> Iterator[list[tuple[Course, int]]]:
    """Yield series in portions of limited names and rows."""
    portion: list[tuple[Course, int]] = []
    total = 0
    for course, count in fresh:
        if portion and (len(portion) == MOST_NAMES or total + count > ROWS_AT_ONCE):
            yield portion
            portion, total = [], 0
        portion.append((course, count))
        total += count
    if portion:
        yield portion


def _without(rows: pl.DataFrame, files: frozenset[str]) -> pl.DataFrame:
    if not files or rows.is_empty():
        return rows
    of_files = pl.col("file_sha256").is_in(list(files))
    return rows.filter(~of_files.fill_null(value=False))
