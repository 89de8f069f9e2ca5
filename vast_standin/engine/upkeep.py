"""Upkeep: merging, sorting and copying in the background; readers never wait for it.

Work on a table is chosen from its newest version, done on files of its own and then
committed as a change of form. Whatever changed meanwhile wins: the work is dropped
and chosen again.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from vast_standin.disk import no_room
from vast_standin.engine.chaining import Link, links, placed
from vast_standin.engine.choosing import FEW, first_of, runs_to_merge, worth_merging
from vast_standin.engine.copying import copies_along
from vast_standin.engine.file_writer import FileWriter
from vast_standin.engine.merging import merged_runs
from vast_standin.engine.rewriting import (
    Rewriter,
    Rows,
    is_current,
    is_large,
    read_rows,
    sort_order,
)
from vast_standin.engine.root import Root
from vast_standin.engine.segment import Segment
from vast_standin.engine.shared import Shared
from vast_standin.engine.table import Projection, SortedCopy, Table

LOG = logging.getLogger("vast_standin.engine")
_QUIET_S = 0.3
_SETTLED_S = 2.0

Work = Callable[[FileWriter], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """New segments in place of old ones, and new sorted copies."""

    old: tuple[Segment, ...]
    new: tuple[Segment, ...]
    copies: tuple[SortedCopy, ...] = ()


class Interrupted(Exception):
    """The engine closes, so a long piece of work is given up."""


class Upkeep:
    """The background thread of one engine."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._changed: dict[int, float] = {}
        self._looked: set[int] = set()
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Start; every stored table is checked once."""
        now = time.monotonic()
        self._changed = dict.fromkeys(self._shared.published.root.tables, now)
        self._shared.published.on_commit.append(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Stop: give up a long piece of work, finish a short one."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join()

    def _note(self, old: Root, new: Root) -> None:
        now = time.monotonic()
        changed = [t.id for t in new.tables.values() if old.tables.get(t.id) is not t]
        with self._wake:
            self._changed.update(dict.fromkeys(changed, now))
            self._looked -= set(changed)
            self._wake.notify()

    def _run(self) -> None:
        while not self._stopped:
            table_id, settled = self._next()
            if table_id is None:
                continue
            try:
                again = self.improve(table_id, settled=settled)
            except Interrupted:
                return
            except Exception as error:
                if no_room(error) is None:
                    LOG.exception("upkeep of table %s failed", table_id)
                else:
                    LOG.warning("no space for upkeep of table %s: %s", table_id, error)
                again = False
            if not again:
                self._put_off(table_id, settled=settled)

    def _put_off(self, table_id: int, *, settled: bool) -> None:
        """Skip a table until it settles or, settled, changes again."""
        with self._wake:
            if not settled:
                self._looked.add(table_id)
            elif time.monotonic() - self._changed.get(table_id, 0.0) >= _SETTLED_S:
                self._changed.pop(table_id, None)
                self._looked.discard(table_id)

    def _next(self) -> tuple[int | None, bool]:
        """Wait for a table to check; return whether it has settled."""
        with self._wake:
            if self._stopped:
                return None, False
            now = time.monotonic()
            for table_id, since in self._changed.items():
                quiet = now - since
                if quiet >= _SETTLED_S:
                    return table_id, True
                fresh = table_id not in self._looked
                if fresh and (quiet >= _QUIET_S or self._crowded(table_id)):
                    return table_id, False
            self._wake.wait(_QUIET_S if self._changed else None)
        return None, False

    def _crowded(self, table_id: int) -> bool:
        table = self._shared.published.root.tables.get(table_id)
        return table is not None and sum(not is_large(s) for s in table.segments) > 64

    def improve(self, table_id: int, *, settled: bool) -> bool:
        """Do one piece of work; return whether there may be more."""
        table = self._shared.published.root.tables.get(table_id)
        work = None if table is None else self._choose(table, settled=settled)
        if table is None or work is None:
            return False
        writer = self._shared.folder.writer(self._shared.numbers.new_file("m"))
        try:
            outcome = self._with_copies(table, work(writer), writer)
            writer.seal()
            done = self._shared.published.replace(
                lambda root: _replaced(root, table, outcome)
            )
        except BaseException:
            writer.discard()
            raise
        if not done:
            writer.discard()
        return True

    def _with_copies(
        self, table: Table, outcome: Outcome, writer: FileWriter
    ) -> Outcome:
        """Add copies of segments written again, so that projections stay in step."""
        if outcome.copies:
            return outcome
        rewriter, copies = self._rewriter(table, writer), []
        for copy in copies_along(table, outcome.old, outcome.new, rewriter):
            if self._stopped:
                raise Interrupted
            copies.append(copy)
        return replace(outcome, copies=tuple(copies))

    def _choose(self, table: Table, *, settled: bool) -> Work | None:
        if table.definition.sort_key:
            work = self._choose_sorting(table, settled=settled)
        else:
            work = self._choose_merge(table, settled=settled)
        return work or self._choose_copy(table)

    def _choose_merge(self, table: Table, *, settled: bool) -> Work | None:
        chosen = worth_merging(table.segments, 2 if settled else FEW, settled=settled)
        if not chosen:
            return None
        return lambda writer: self._rewrite(table, chosen, writer)

    def _choose_sorting(self, table: Table, *, settled: bool) -> Work | None:
        fresh = [s for s in table.segments if s.base.run == 0]
        if fresh and (settled or len(fresh) >= FEW):
            chosen = first_of(fresh)
            return lambda writer: self._sort(table, chosen, writer)
        runs: dict[int, list[Segment]] = defaultdict(list)
        for segment in table.segments:
            if segment.base.run:
                runs[segment.base.run].append(segment)
        several = runs_to_merge(list(runs.values()), settled=settled)
        if several:
            return lambda writer: self._merge_runs(table, several, writer)
        return None

    def _choose_copy(self, table: Table) -> Work | None:
        for projection in table.definition.projections:
            for segment in table.segments:
                copy = table.copies.get((projection.id, segment.id))
                if segment.rows and not is_current(copy, segment):
                    return self._copying(table, segment, projection)
        return None

    def _copying(self, table: Table, segment: Segment, projection: Projection) -> Work:
        def work(writer: FileWriter) -> Outcome:
            copy = self._rewriter(table, writer).copy(segment, projection)
            return Outcome((segment,), (segment,), (copy,))

        return work

    def _rewrite(
        self, table: Table, chosen: Sequence[Segment], writer: FileWriter
    ) -> Outcome:
        rows = read_rows(table.definition, [(s, 0, s.rows) for s in chosen])
        new = self._rewriter(table, writer).write(rows, ordinal=chosen[0].base.ordinal)
        return Outcome(tuple(chosen), tuple(new))

    def _sort(
        self, table: Table, chosen: Sequence[Segment], writer: FileWriter
    ) -> Outcome:
        rows = read_rows(table.definition, [(s, 0, s.rows) for s in chosen])
        run = self._shared.numbers.new_id()
        new = self._rewriter(table, writer).write(
            _sorted(table, rows), ordinal=float(run), run=run, is_sorted=True
        )
        return Outcome(tuple(chosen), tuple(new))

    def _merge_runs(
        self, table: Table, runs: list[list[Segment]], writer: FileWriter
    ) -> Outcome:
        """Merge several runs into one, rewriting what overlaps, is small or changed."""
        largest = max(runs, key=lambda run: sum(s.rows for s in run))
        old = tuple(s for run in runs for s in run)
        number = largest[0].base.run
        parts = [
            segment
            for link in links(runs)
            for segment in self._linked(table, link, number, writer)
        ]
        unchanged = frozenset(s.id for s in largest) & frozenset(s.id for s in parts)
        new = placed(parts, unchanged)
        if new is None:
            number = self._shared.numbers.new_id()
            new = [
                self._relabelled(s, number, number + i * 1e-3)
                for i, s in enumerate(parts)
            ]
        return Outcome(old, tuple(new))

    def _linked(
        self, table: Table, link: Link, run: int, writer: FileWriter
    ) -> Iterator[Segment]:
        if link.stays:
            (segment,) = link.segments
            stays = segment.base.run == run
            yield segment if stays else self._relabelled(segment, run, 0.0)
            return
        rewriter = self._rewriter(table, writer)
        for rows in merged_runs(table, [link.segments]):
            if self._stopped:
                raise Interrupted
            yield from rewriter.write(rows, ordinal=0.0, run=run, is_sorted=True)
            time.sleep(0)

    def _relabelled(self, segment: Segment, run: int, ordinal: float) -> Segment:
        """Return a segment as part of another run; its data do not move."""
        number = self._shared.numbers.new_id()
        return Segment(replace(segment.base, id=number, run=run, ordinal=ordinal))

    def _rewriter(self, table: Table, writer: FileWriter) -> Rewriter:
        return Rewriter(table.definition, writer, self._shared.numbers.new_id)


def _sorted(table: Table, rows: Rows) -> Rows:
    return rows.take(sort_order([rows.columns[n] for n in table.definition.sort_key]))


def _replaced(root: Root, before: Table, outcome: Outcome) -> Root | None:
    """Put new segments where the old ones are; None if those are gone."""
    table = root.tables.get(before.id)
    if table is None or table.definition is not before.definition:
        return None
    present = {id(s) for s in table.segments}
    old = {id(s) for s in outcome.old}
    if not old <= present:
        return None
    segments: list[Segment] = []
    placed = False
    for segment in table.segments:
        if id(segment) not in old:
            segments.append(segment)
        elif not placed:
            segments += outcome.new
            placed = True
    remaining = {s.id for s in segments}
    copies = {key: c for key, c in table.copies.items() if key[1] in remaining}
    copies |= {(c.projection, c.segment): c for c in outcome.copies}
    return root.with_table(replace(table, segments=tuple(segments), copies=copies))
