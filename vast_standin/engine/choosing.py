"""Which segments are worth rewriting, and together with which others."""

from collections.abc import Sequence

from vast_standin.engine.chaining import links
from vast_standin.engine.rewriting import LARGEST, LARGEST_BYTES, is_large
from vast_standin.engine.segment import Segment

FEW = 8
_LITTLE = 4
_WORTH = 16


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
        if _rows(by_size[i + 3]) <= 4 * _rows(by_size[i]):
            return by_size[i : i + 4]
    return by_size[:FEW] if len(runs) > 2 * FEW else []


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


def _fit(segments: Sequence[Segment]) -> bool:
    """Return whether one segment may hold the rows of several."""
    live = sum(s.live for s in segments)
    return live <= LARGEST and sum(s.nbytes for s in segments) <= LARGEST_BYTES
