"""The outcome of work on the form of a table, and the table with it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from vast_standin.engine.copying import renamed
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment
from vast_standin.engine.sorted_run import SortedRun
from vast_standin.engine.table import Table


@dataclass(frozen=True)
class Outcome:
    """New segments in place of old ones; new runs, and those they replace by number."""

    old: tuple[Segment, ...] = ()
    new: tuple[Segment, ...] = ()
    made: tuple[SortedRun, ...] = ()
    replaced: frozenset[int] = frozenset()

    def applied(self, root: Root, before: Table) -> Root | None:
        """Return the root with it; None if what it was made of has changed meanwhile."""
        table = root.tables.get(before.id)
        if table is None or table.definition is not before.definition:
            return None
        segments = self._segments(table)
        if segments is None:
            return None
        new = table.with_segments(segments)
        runs = [
            run
            for run in self._renamed(
                run for run in table.runs if run.id not in self.replaced
            )
            if any(map(new.is_current, run.origins))
        ]
        alive = all(any(map(new.is_current, run.origins)) for run in self.made)
        if not alive or _twice(new, [*runs, *self.made]):
            return None
        return root.with_table(replace(new, runs=(*runs, *self.made)))

    def _segments(self, table: Table) -> tuple[Segment, ...] | None:
        """Return the segments of a table with the new ones where the old ones are."""
        present = {id(s) for s in table.segments}
        old = {id(s) for s in self.old}
        if not old <= present:
            return None
        segments: list[Segment] = []
        placed = not old
        for segment in table.segments:
            if id(segment) not in old:
                segments.append(segment)
            elif not placed:
                segments += self.new
                placed = True
        return tuple(segments)

    def _renamed(self, runs: Iterable[SortedRun]) -> Iterable[SortedRun]:
        """Give origins the new numbers of segments whose data did not move."""
        numbers = renamed(self.old, self.new)
        for run in runs:
            if any(numbers.get(o.segment, o.segment) != o.segment for o in run.origins):
                origins = (
                    replace(o, segment=numbers.get(o.segment, o.segment))
                    for o in run.origins
                )
                yield replace(run, origins=tuple(origins))
            else:
                yield run


def _twice(table: Table, runs: Iterable[SortedRun]) -> bool:
    """Return whether a segment, as it is now, is in two runs of a projection."""
    pairs = [
        (run.projection, origin.segment)
        for run in runs
        for origin in run.origins
        if table.is_current(origin)
    ]
    return len(pairs) > len(set(pairs))
