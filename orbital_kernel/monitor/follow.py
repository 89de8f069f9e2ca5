"""What is new in the tables of rates, read with pushed predicates on series and time.

A round asks how many rows the tables hold, one request an observatory. Where a count has
not changed nothing is read. Where it has, series that are still followed are read from
their last bin on, those near in time together. If these are too scattered, or do not
explain the growth, the rows of every series are counted, and those that grew are read. A
series with fewer rows than before was replaced, and is followed again from its start; one
replaced by exactly as many rows is not noticed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from orbital_kernel.database import Store, Transaction
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatories
from orbital_kernel.model.predicate import Clause, Equal, NotNull, Range
from orbital_kernel.monitor.checkpoint import Course
from orbital_kernel.monitor.rows import KEPT
from orbital_kernel.science.bursts import Settings

READ = (
    *("series", "file_sha256", "time", "met_s", "bin_s", "channel"),
    *("rate", "rate_err", "counts", "kind"),
)
FIRST = (
    *dict.fromkeys((*READ, *KEPT)),
    *("band", "band_low_kev", "band_high_kev", "unit", "instrument"),
)
"""What is read of a series at first sight: it tells the same of all its rows."""
REAL = "observation"
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
Counts = dict[str, dict[str, int]]


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
        asked = {
            n: self._store.in_background(self._store.counts, n) for n in observatories()
        }
        return {name: answer.result() for name, answer in asked.items()}

    def grown(self, counts: Counts) -> Iterator[Batch]:
        """Yield series with rows not seen before, and these rows, some at a time."""
        for observatory, tables in counts.items():
            held, known = tables.get("rates", 0), self._rows.get(observatory)
            if held != known:
                with self._store.reading() as tx:
                    tests = self._unreal(tx, observatory, tables.get("notices", 0))
                    for batch in self._batches(tx, observatory, held, known):
                        yield [
                            (course, real)
                            for course, rows in batch
                            if (
                                real := self._whole(course, _without(rows, tests))
                            ).height
                        ]

    def _batches(
        self, tx: Transaction, observatory: str, held: int, known: int | None
    ) -> Iterator[Batch]:
        """Yield new rows, and note how many rows of the table these explain."""
        if known is not None and held > known:
            live = [c for c in self._courses.values() if not c.closed]
            groups = list(_groups(c for c in live if c.observatory == observatory))
            if len(groups) <= max(FEW_GROUPS, held // COUNTED_A_SELECT):
                explained = 0
                for group in groups:
                    found = self._read_together(tx, observatory, group)
                    for course, rows in found:
                        explained += rows.height - course.held_back
                        course.stored += rows.height
                    yield found
                if known + explained >= held:
                    self._rows[observatory] = known + explained
                    return
        yield from self._counted(tx, observatory)

    def _read_together(
        self, tx: Transaction, observatory: str, group: Sequence[Course]
    ) -> Batch:
        names = sorted(course.series for course in group)
        these = (
            (Range(names[0], names[-1]),)
            if len(names) > FEW_NAMES
            else tuple(map(Equal, names))
        )
        clauses = [self._since(group[0]), Clause("series", these)]
        parts = self._select(tx, observatory, clauses)
        found = []
        for course in group:
            rows = parts.get(course.series)
            unseen = None if rows is None else self._unseen(course, rows)
            if unseen is not None and unseen.height:
                found.append((course, unseen))
        return found

    def _since(self, course: Course) -> Clause:
        """Return the clause for rows from a series' last bin on, less late ones' reach."""
        if course.newest_ns is None:
            return Clause("met_s", (Range((course.newest_met or 0.0) - self._reach),))
        at = EPOCH + timedelta(microseconds=course.newest_ns // 1000)
        return Clause("time", (Range(at - timedelta(seconds=self._reach)),))

    def _counted(self, tx: Transaction, observatory: str) -> Iterator[Batch]:
        """Count the rows of every series; yield those that hold more than known."""
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
        """Return new rows of known series; what then is missing came late."""
        found = self._read_together(tx, observatory, [c for c, _ in grown.values()])
        for course, rows in found:
            course.stored += rows.height
        for course, count in grown.values():
            missing = max(count - course.stored, 0)
            course.stored, course.late = count, course.late + missing
            course.relook = course.relook or missing > 0
        return found

    def _begun(
        self, tx: Transaction, observatory: str, fresh: list[tuple[Course, int]]
    ) -> Iterator[Batch]:
        """Yield whole series that were not known, as many together as is sensible."""
        for some in _portions(fresh):
            names = tuple(Equal(course.series) for course, _ in some)
            named = [Clause("series", names)]
            parts = self._select(tx, observatory, named, columns=FIRST)
            for course, count in some:
                course.stored = count
            yield [(c, parts[c.series]) for c, _ in some if c.series in parts]

    def all_of(self, course: Course) -> pl.DataFrame:
        """Return all rows of one series, whenever they came."""
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
        told = rows.with_columns(pl.col("channel").fill_null(0))
        parts = told.partition_by("series", as_dict=True)
        return {str(name): part for (name,), part in parts.items()}

    def _unseen(self, course: Course, rows: pl.DataFrame) -> pl.DataFrame:
        if course.newest_met is None:
            return rows
        recent = rows.filter(pl.col("met_s") >= course.newest_met - self._reach)
        seen = pl.DataFrame(
            course.seen, schema={"met_s": pl.Float64, "channel": pl.Int16}, orient="row"
        )
        return recent.join(seen, on=["met_s", "channel"], how="anti", nulls_equal=True)

    def _unreal(self, tx: Transaction, observatory: str, held: int) -> frozenset[str]:
        """Return the contents of notices that are tests: their rates are nobody's."""
        known, files = self._tests.get(observatory, (-1, frozenset()))
        if held not in (known, -1) or known == -1:
            files = unreal_files(tx, f"{observatory}.notices")
            self._tests[observatory] = held, files
        return files

    def _whole(self, course: Course, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows without a last bin that lacks channels: it is read again later."""
        course.held_back = 0
        if rows.is_empty():
            return rows
        sizes = rows.group_by("met_s").agg(pl.col("channel").n_unique())
        course.channels = max(course.channels, *sizes["channel"].to_list())
        last = sizes.sort("met_s").row(-1, named=True)
        if last["channel"] >= course.channels:
            return rows
        kept = rows.filter(pl.col("met_s") < last["met_s"])
        course.held_back = rows.height - kept.height
        course.stored -= course.held_back
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
        fresh = rows.filter(pl.col("met_s") >= least).select("met_s", "channel").rows()
        course.seen = sorted(
            {pair for pair in (*course.seen, *fresh) if pair[0] >= least}
        )


def _groups(courses: Iterable[Course]) -> Iterator[list[Course]]:
    """Yield series that were begun, those whose last bins are near in time together."""
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
    """Yield series in portions of so many names and rows."""
    portion: list[tuple[Course, int]] = []
    held = 0
    for course, count in fresh:
        if portion and (len(portion) == MOST_NAMES or held + count > ROWS_AT_ONCE):
            yield portion
            portion, held = [], 0
        portion.append((course, count))
        held += count
    if portion:
        yield portion


def _without(rows: pl.DataFrame, files: frozenset[str]) -> pl.DataFrame:
    if not files or rows.is_empty():
        return rows
    of_them = pl.col("file_sha256").is_in(list(files))
    return rows.filter(~of_them.fill_null(value=False))


def unreal_files(tx: Transaction, table: str) -> frozenset[str]:
    """Return the contents (sha256) of a table's notices that are not observations."""
    rows = frame_of(
        tx.select(
            table, [Clause("role", (NotNull(),))], columns=["role", "file_sha256"]
        )
    )
    other = rows.filter(pl.col("role") != REAL)["file_sha256"]
    return frozenset(other.drop_nulls().to_list())
