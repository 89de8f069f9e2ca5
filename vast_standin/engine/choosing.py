"""Which segments and runs are worth rewriting, and together with which others."""

from collections.abc import Iterator, Mapping, Sequence

from vast_standin.engine.chaining import links
from vast_standin.engine.rewriting import LARGEST, LARGEST_BYTES, is_large
from vast_standin.engine.segment import Segment

FEW = 8
_LITTLE = 4
_WORTH = 16
_MANY = 32
_ALIKE = 4
"""Runs are of like size if the largest has at most so many times the rows of the smallest."""


def worth_merging(
    segments: Sequence[Segment], enough: int, *, settled: bool
) -> list[Segment]:
    """Choose neighbours that are small, or one that has changed a lot."""
    group: list[Segment] = []
    for segment in segments:
        small = not is_large(segment) or segment.live < segment.rows // 2
        if small and _fit([*group, segment]):
            group.append(segment)
            continue
        if len(group) >= enough:
            return group
        group = [segment] if small else []
    if len(group) >= enough:
        return group
    limit = 0 if settled else FEW
    return next(
        (
            [s]
            for s in segments
            if len(s.patches) > limit or s.live < s.rows * (0.9 if settled else 0.5)
        ),
        [],
    )


def runs_to_merge(runs: list[list[Segment]], *, settled: bool) -> list[list[Segment]]:
    """Choose runs of like size, or, once settled, all."""
    if settled:
        return _settling(runs)
    by_size = sorted(runs, key=_rows)
    for i in range(len(by_size) - 3):
        if _rows(by_size[i + 3]) <= _ALIKE * _rows(by_size[i]):
            return by_size[i : i + 4]
    return by_size[:FEW] if len(runs) > 2 * FEW else []


def sorted_runs_to_merge(
    sizes: Mapping[int, tuple[int, int]], *, settled: bool
) -> list[int]:
    """Choose runs of a projection by number, given their live rows and all their rows.

    Large runs wait until the table has settled or there are many, so that each row is
    written few times. Once settled, a run stays apart that has many times the rows of
    all smaller ones.
    """
    by_size = sorted(sizes, key=lambda number: sizes[number][0])
    live = [sizes[number][0] for number in by_size]
    chosen = _tail(live) if settled else _alike(live)
    if chosen:
        return by_size[chosen]
    least = 0.9 if settled else 0.5
    return [
        number for number in by_size if sizes[number][0] < least * sizes[number][1]
    ][:1]


def _tail(rows: list[int]) -> slice | None:
    """Choose the smallest of rising numbers of rows, and what is not much larger."""
    for at in range(len(rows) - 1, 0, -1):
        smaller = sum(rows[:at])
        if smaller + rows[at] <= max(LARGEST, _WORTH * smaller):
            return slice(at + 1)
    return None


def _alike(rows: list[int]) -> slice | None:
    """Choose rising numbers of rows of like size, if they are small or there are many."""
    many = len(rows) > _MANY
    several = FEW if many else 4
    for at in range(len(rows) - several + 1):
        alike = [n for n in rows[at:] if n <= _ALIKE * rows[at]]
        if len(alike) >= several and (many or sum(alike[:several]) <= LARGEST):
            return slice(at, at + len(alike))
    return slice(FEW) if many else None


def _settling(runs: list[list[Segment]]) -> list[list[Segment]]:
    """Choose all runs if that is not much more work than sorting the new rows."""
    if not runs or (len(runs) == 1 and not any(map(_changed, runs[0]))):
        return []
    largest = max(runs, key=_rows)
    others = [run for run in runs if run is not largest]
    new = sum(map(_rows, others)) + _rows([s for s in largest if _changed(s)])
    cost = sum(_rows(link.segments) for link in links(runs) if not link.stays)
    if cost <= max(_LITTLE * LARGEST, _WORTH * new):
        return runs
    return others if len(others) > 1 else []


def _changed(segment: Segment) -> bool:
    return bool(segment.patches) or segment.deleted is not None


def _rows(run: Sequence[Segment]) -> int:
    return sum(s.rows for s in run)


def first_of(segments: Sequence[Segment]) -> list[Segment]:
    """Choose the first segments, as many as one may hold."""
    chosen: list[Segment] = []
    for segment in segments:
        if chosen and not _fit([*chosen, segment]):
            break
        chosen.append(segment)
    return chosen


def groups_of(segments: Sequence[Segment]) -> Iterator[Sequence[Segment]]:
    """Cut segments into groups, each of as many as one may hold."""
    at = 0
    while at < len(segments):
        group = first_of(segments[at:])
        yield group
        at += len(group)


def _fit(segments: Sequence[Segment]) -> bool:
    """Return whether one segment may hold the rows of several."""
    live = sum(s.live for s in segments)
    return live <= LARGEST and sum(s.nbytes for s in segments) <= LARGEST_BYTES
