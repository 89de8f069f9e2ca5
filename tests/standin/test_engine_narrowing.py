"""Zones separate segments that cannot hold matching values from those that may."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from vast_standin.engine import Column, Definition, Engine
from vast_standin.engine.intervals import Intervals
from vast_standin.engine.narrowing import segments_to_look_at
from vast_standin.engine.pieces import Slot
from vast_standin.engine.predicate import Target, one_of
from vast_standin.engine.scan import FINISHED, batches, scan

FIELDS = (
    pa.field("n", pa.int64()),
    pa.field("x", pa.float64()),
    pa.field("name", pa.string()),
    pa.field("flag", pa.bool_()),
    pa.field("never", pa.int32()),
)
VALUES = (
    st.integers(-5, 5),
    st.sampled_from([-1.0, -0.0, 0.0, 2.5, float("nan"), float("inf")]),
    st.sampled_from(["", "a", "b" * 70, "c"]),
    st.booleans(),
    st.none(),
)
ROW = st.tuples(*(st.one_of(st.none(), values) for values in VALUES))
POINTS = (
    st.integers(-6, 6),
    st.sampled_from([-2.0, 0.0, 2.5, 1e300]),
    st.sampled_from([b"", b"a", b"b" * 70, b"d"]),
    st.sampled_from([0, 1]),
    st.integers(0, 1),
)


@st.composite
def questions(draw):
    """Return a column's number and a set of its values, perhaps with null."""
    number = draw(st.integers(0, len(FIELDS) - 1))
    ends = draw(st.lists(POINTS[number], max_size=2, unique=True))
    spans = ((min(ends), max(ends)),) if ends else ()
    return number, Intervals(spans, nulls=draw(st.booleans()))


@settings(max_examples=60)
@given(
    parts=st.lists(st.lists(ROW, min_size=1, max_size=4), min_size=1, max_size=5),
    changed=st.integers(-1, 5),
    chosen=st.lists(questions(), min_size=1, max_size=6),
)
def test_segments_passed_over_are_those_whose_zones_hold_nothing_wanted(
    tmp_path_factory, parts, changed, chosen
):
    table = stored(tmp_path_factory.mktemp("narrowing"), parts, changed)

    for number, values in chosen:
        looked_at = segments_to_look_at(table, {number: values}).tolist()

        zoned = [s.possible_groups(number, values) for s in table.segments]
        may = [n for n, z in enumerate(zoned) if z is None or z.any()]
        patched = [n for n, s in enumerate(table.segments) if s.patches]
        assert set(may) <= set(looked_at)
        assert set(looked_at) <= {*may, *patched}


@settings(max_examples=40)
@given(
    parts=st.lists(st.lists(ROW, min_size=1, max_size=4), min_size=1, max_size=5),
    changed=st.integers(-1, 5),
    values=st.sets(st.integers(-5, 5), min_size=1),
    limit=st.integers(1, 5),
)
def test_pages_of_any_length_hold_each_row_once_and_count_what_was_opened(
    tmp_path_factory, parts, changed, values, limit
):
    table = stored(tmp_path_factory.mktemp("pages"), parts, changed)
    plan = scan(table, one_of(Target(0, ()), pa.array(sorted(values))))

    matches, start, opened = [], 0, 0
    while start != FINISHED:
        page = plan.share(Slot(0, 1, 1 << 40), start=start, limit=limit)
        rows = sum(piece.rows for piece in page.pieces)
        assert rows <= min(limit, page.rows_read)
        for (numbers,), _ in batches(plan, page.pieces, (0,)):
            matches += numbers.to_pylist()
        start, opened = page.next, opened + page.rows_read

    numbers = [row[0] for part in parts for row in part]
    if 0 <= changed < len(numbers):
        numbers[changed] = 5
    assert sorted(n for n in numbers if n in values) == sorted(matches)
    assert len(matches) <= opened


def stored(folder, parts, changed):
    """Return a table with one segment per part and one changed row."""
    engine = Engine.open(folder)
    engine.create_bucket("b", "me")
    with engine.writing(None) as tx:
        definition = Definition(tuple(map(Column, range(len(FIELDS)), FIELDS)), 5)
        created = tx.create_table(tx.create_schema("b", "s"), "t", definition)
    for part in parts:
        columns = {
            n: pa.array(values, FIELDS[n].type)
            for n, values in enumerate(zip(*part, strict=True))
        }
        with engine.writing(None) as tx:
            tx.insert(tx.root.tables[created.id], columns, rows=len(part))
    if 0 <= changed < sum(map(len, parts)):
        with engine.writing(None) as tx:
            row = np.array([changed], dtype=np.uint64)
            tx.update(tx.root.tables[created.id], row, {0: pa.array([5], pa.int64())})
    table = engine.root.tables[created.id]
    engine.close()
    return table
