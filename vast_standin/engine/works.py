"""Work on the form of a table: what is worth doing next, and doing it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vast_standin.engine.chaining import Link, links, placed
from vast_standin.engine.choosing import (
    FEW,
    first_of,
    groups_of,
    runs_to_merge,
    worth_merging,
)
from vast_standin.engine.copying import merged_run, runs_along, sorted_run
from vast_standin.engine.merging import merged_runs
from vast_standin.engine.outcome import Outcome
from vast_standin.engine.rewriting import (
    Rewriter,
    Rows,
    is_large,
    read_rows,
    sort_order,
)
from vast_standin.engine.segment import Segment
from vast_standin.engine.shared import Shared
from vast_standin.engine.sorted_run import SortedRun
from vast_standin.engine.stretches import runs_worth_merging
from vast_standin.engine.table import Projection, Table

if TYPE_CHECKING:
    from vast_standin.engine.file_writer import FileWriter

Work = Callable[[], Outcome]


@dataclass
class Works:
    """Work on one state of a table, into files of its own.

    `between` is called between the slices of a long piece of work, and may raise to
    give it up.
    """

    table: Table
    shared: Shared
    between: Callable[[], None]

    def __post_init__(self) -> None:
        self._writers: dict[int, FileWriter] = {}

    def choose(self, *, settled: bool, short: bool = False) -> Work | None:
        """Return the next piece of work, if one is worth it; `short`: of new rows only."""
        if self.table.definition.sort_key:
            work = self._choose_sorting(settled=settled, short=short)
        else:
            work = self._choose_merge(settled=settled)
        work = work or self._choose_copy()
        return work if work or short else self._choose_runs(settled=settled)

    def seal(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.seal()

    def discard(self) -> None:
        """Delete the files once nothing reads them."""
        for writer in self._writers.values():
            writer.discard()

    def _choose_merge(self, *, settled: bool) -> Work | None:
        enough = 2 if settled else FEW
        chosen = worth_merging(self.table.segments, enough, settled=settled)
        return (lambda: self._rewrite(chosen)) if chosen else None

    def _choose_sorting(self, *, settled: bool, short: bool) -> Work | None:
        fresh = [s for s in self.table.segments if s.base.run == 0]
        if fresh and (settled or len(fresh) >= FEW):
            chosen = first_of(fresh)
            return lambda: self._sort(chosen)
        if short:
            return None
        runs: dict[int, list[Segment]] = defaultdict(list)
        for segment in self.table.segments:
            if segment.base.run:
                runs[segment.base.run].append(segment)
        several = runs_to_merge(list(runs.values()), settled=settled)
        return (lambda: self._merge_runs(several)) if several else None

    def _choose_copy(self) -> Work | None:
        for projection in self.table.definition.projections:
            covered = self.table.covered(projection)
            new = [s for s in self.table.segments if s.rows and s.id not in covered]
            if new:
                return self._copying(first_of(new), projection)
        return None

    def _choose_runs(self, *, settled: bool) -> Work | None:
        for projection in self.table.definition.projections:
            runs = {run.id: run for run in self.table.runs_of(projection)}
            chosen = runs_worth_merging(self.table, projection, settled=settled)
            if chosen:
                return self._joining([runs[number] for number in chosen], projection)
        return None

    def _copying(self, chosen: list[Segment], projection: Projection) -> Work:
        def work() -> Outcome:
            run = sorted_run(chosen, projection, self._rewriter(projection))
            return Outcome(made=(run,))

        return work

    def _joining(self, runs: list[SortedRun], projection: Projection) -> Work:
        replaced = frozenset(run.id for run in runs)
        if not any(self.table.is_current(o) for run in runs for o in run.origins):
            return lambda: Outcome(replaced=replaced)

        def work() -> Outcome:
            rewriter = self._rewriter(projection)
            run = merged_run(self.table, projection, runs, rewriter, self.between)
            return Outcome(made=(run,), replaced=replaced)

        return work

    def _rewrite(self, chosen: Sequence[Segment]) -> Outcome:
        rows = self._read(chosen)
        ordinal = chosen[0].base.ordinal
        return self._along(chosen, list(self._rewriter().write(rows, ordinal=ordinal)))

    def _sort(self, chosen: Sequence[Segment]) -> Outcome:
        rows = self._read(chosen)
        run = self.shared.numbers.new_id()
        key = [rows.columns[n] for n in self.table.definition.sort_key]
        new = self._rewriter().write(
            rows.take(sort_order(key)), ordinal=float(run), run=run, is_sorted=True
        )
        return self._along(chosen, list(new))

    def _read(self, chosen: Sequence[Segment]) -> Rows:
        return read_rows(self.table.definition, [(s, 0, s.rows) for s in chosen])

    def _merge_runs(self, runs: list[list[Segment]]) -> Outcome:
        """Merge several runs into one, rewriting what overlaps, is small or changed."""
        largest = max(runs, key=lambda run: sum(s.rows for s in run))
        old = tuple(s for run in runs for s in run)
        number = largest[0].base.run
        parts = [
            segment for link in links(runs) for segment in self._linked(link, number)
        ]
        unchanged = frozenset(s.id for s in largest) & frozenset(s.id for s in parts)
        new = placed(parts, unchanged)
        if new is None:
            number = self.shared.numbers.new_id()
            new = [
                self._relabelled(s, number, number + i * 1e-3)
                for i, s in enumerate(parts)
            ]
        return self._along(old, new)

    def _linked(self, link: Link, run: int) -> Iterator[Segment]:
        if link.stays:
            (segment,) = link.segments
            stays = segment.base.run == run
            yield segment if stays else self._relabelled(segment, run, 0.0)
            return
        for rows in merged_runs(self.table, [link.segments]):
            self.between()
            yield from self._rewriter().write(
                rows, ordinal=0.0, run=run, is_sorted=True
            )
            time.sleep(0)

    def _relabelled(self, segment: Segment, run: int, ordinal: float) -> Segment:
        """Return a segment as part of another run; its data do not move."""
        number = self.shared.numbers.new_id()
        return Segment(replace(segment.base, id=number, run=run, ordinal=ordinal))

    def _along(self, old: Sequence[Segment], new: Sequence[Segment]) -> Outcome:
        """Add runs of the new segments, so that projections stay in step."""
        made = []
        for run in runs_along(self.table, old, new, groups_of, self._rewriter):
            self.between()
            made.append(run)
        return Outcome(tuple(old), tuple(new), tuple(made))

    def _rewriter(self, projection: Projection | None = None) -> Rewriter:
        """Return what writes segments, or pieces: a projection has files of its own.

        Those of a run that is merged with others can then be deleted.
        """
        number = 0 if projection is None else projection.id
        writer = self._writers.get(number)
        if writer is None:
            name = self.shared.numbers.new_file("m")
            writer = self._writers[number] = self.shared.folder.writer(name)
        return Rewriter(self.table.definition, writer, self.shared.numbers.new_id)


def is_crowded(table: Table) -> bool:
    """Return whether a table has so many small segments that it cannot wait."""
    return sum(not is_large(s) for s in table.segments) > 8 * FEW
