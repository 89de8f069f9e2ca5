"""QueryData: select columns of the rows that fulfil a condition, in splits.

The SDK sends one request per split (`query_data` of its `_internal.py`), each with its
sub-splits' positions in headers; no state is kept between requests. Which rows match
is decided before the first byte leaves, so that headers can report what was opened.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa

from vast_standin.digits import whole
from vast_standin.engine.pieces import Share, Slot
from vast_standin.engine.scan import FINISHED, ROW_ID_COLUMN, Scan, batches
from vast_standin.engine.zones import GROUP
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.frames import COMPLETE, frames
from vast_standin.tabular.leaves import leaf
from vast_standin.tabular.planning import Plan, plan
from vast_standin.tabular.row_ids import row_id_array

_ESTIMATE = 0xFFFFFFFF - 3
_MOST_ROWS = 1 << 20


@dataclass(frozen=True)
class _Splits:
    """The shares of the table that a request reads."""

    split: int
    splits: int
    groups: int
    sub_splits: int
    starts: dict[int, int]
    limit: int

    def slot(self, sub_split: int) -> Slot:
        """Return the share of one sub-split."""
        return Slot(
            self.split * self.sub_splits + sub_split,
            self.splits * self.sub_splits,
            self.groups * GROUP,
        )


def query_data(call: Call) -> Response:
    """Answer with the rows of one split, one stream of frames per sub-split."""
    if call.integer("tabular-schedule-id", 0) < 0:
        raise ProtocolError(400, "InvalidArgument", "tabular-schedule-id is below 0")
    splits = _splits(call)
    planned = plan(call)
    if splits.split == _ESTIMATE:
        return _estimate(planned.scan)
    shares = {
        sub_split: planned.scan.share(
            splits.slot(sub_split), start=start, limit=splits.limit
        )
        for sub_split, start in splits.starts.items()
        if start < FINISHED
    }
    numbers = _numbers_of(planned)
    for share in shares.values():
        planned.scan.verify(share.pieces, numbers)
    rows = sum(s.rows_read for s in shares.values())
    groups = sum(s.groups_read for s in shares.values())
    return Response(
        headers={
            "x-orbital-rows-read": str(rows),
            "x-orbital-row-groups-read": str(groups),
            "x-orbital-rows-stored": str(planned.table.live),
            "x-orbital-projection": quote(planned.projection),
        },
        body=_stream(planned, shares, call.request.gone),
    )


def _stream(
    planned: Plan, shares: dict[int, Share], gone: Callable[[], bool]
) -> Iterator[list[memoryview]]:
    for sub_split, share in shares.items():
        rows = _for_someone(_record_batches(planned, share), gone)
        yield from frames(sub_split, share.next, planned.schema, rows)
    yield [memoryview(COMPLETE)]


def _record_batches(planned: Plan, share: Share) -> Iterator[pa.RecordBatch]:
    numbers = _numbers_of(planned)
    for columns, rows in batches(planned.scan, share.pieces, numbers):
        arrays = dict(zip(numbers, columns, strict=True))
        if ROW_ID_COLUMN in arrays:
            ids = arrays[ROW_ID_COLUMN].to_numpy()
            arrays[ROW_ID_COLUMN] = row_id_array(ids, wide=planned.wide)
        leaves = [leaf(arrays[number], path) for number, path in planned.leaves]
        if leaves:
            yield pa.RecordBatch.from_arrays(leaves, schema=planned.schema)
        else:
            yield _empty(rows)


def _for_someone(
    batches: Iterator[pa.RecordBatch], gone: Callable[[], bool]
) -> Iterator[pa.RecordBatch]:
    """Yield batches until whoever asked for them has left."""
    for batch in batches:
        if gone():
            raise ConnectionAbortedError("the client left before its answer was read")
        yield batch


def _numbers_of(planned: Plan) -> tuple[int, ...]:
    """Return the columns an answer is made from."""
    return tuple(dict.fromkeys(number for number, _ in planned.leaves))


def _empty(rows: int) -> pa.RecordBatch:
    """Return a batch of rows without columns."""
    return pa.record_batch({"_": pa.nulls(rows)}).select([])


def _estimate(scan: Scan) -> Response:
    """Answer how many row groups may match, as the length of an empty batch."""
    rows = [_empty(scan.groups)] if scan.groups else []
    stream = [
        *frames(0, FINISHED, pa.schema([]), rows),
        [memoryview(COMPLETE)],
    ]
    return Response(body=iter(stream))


def _splits(call: Call) -> _Splits:
    numbers = _numbers(call.header("tabular-split", "0,1,8"), 3)
    split, splits, groups = numbers
    sub_splits = call.integer("tabular-num-of-subsplits", 1)
    limit = call.integer("tabular-limit-rows", _MOST_ROWS)
    estimate = split == _ESTIMATE
    if (
        not 0 < sub_splits <= 4096
        or not 0 < splits <= 1 << 20
        or not 0 < groups <= 1 << 20
        or not (estimate or 0 <= split < splits)
        or limit <= 0
    ):
        raise ProtocolError(
            400, "InvalidArgument", "splits, sub-splits or limit are out of range"
        )
    return _Splits(
        split,
        splits,
        groups,
        sub_splits,
        _starts(call, sub_splits),
        min(limit, _MOST_ROWS),
    )


def _starts(call: Call, sub_splits: int) -> dict[int, int]:
    """Read where each sub-split continues; by default at the beginning."""
    given = {}
    for index in range(sub_splits):
        text = call.header(f"tabular-start-row-id-{index}")
        if text:
            sub_split, start = _numbers(text, 2)
            if 0 <= sub_split < sub_splits and start >= 0:
                given[sub_split] = start
    return given or dict.fromkeys(range(sub_splits), 0)


def _numbers(text: str, count: int) -> tuple[int, ...]:
    numbers = [whole(part.strip()) for part in text.split(",")]
    parts = tuple(number for number in numbers if number is not None)
    if len(parts) != count or len(numbers) != count:
        raise ProtocolError(
            400, "InvalidArgument", f"{text!r} is not {count} numbers with commas"
        )
    return parts
