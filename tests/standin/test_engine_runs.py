"""Sorted runs become one: in order, whole, and without rewriting what can stay."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vast_standin.engine import (
    Column,
    Definition,
    Engine,
    choosing,
    merging,
    rewriting,
    upkeep,
)
from vast_standin.engine.predicate import ALWAYS, Target, one_of
from vast_standin.engine.rewriting import projected
from vast_standin.engine.scan import ROW_ID_COLUMN, Slot, batches, scan
from vast_standin.engine.table import Projection

KEY, VALUE = 0, 1
COLUMNS = (
    Column(KEY, pa.field("key", pa.float64())),
    Column(VALUE, pa.field("value", pa.int64())),
)
SIZE = 100


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch):
    """Let segments have 100 rows at most, and nothing happen by itself."""
    for module in (choosing, rewriting):
        monkeypatch.setattr(module, "LARGEST", SIZE)
    monkeypatch.setattr(upkeep.Upkeep, "_next", _wait)


def _wait(self):
    with self._wake:
        self._wake.wait_for(lambda: self._stopped)
    return None, False


def opened(folder, *, key=(KEY,), projections=()):
    engine = Engine.open(folder)
    if engine.buckets():
        return engine, next(t.id for t in engine.root.tables.values())
    engine.create_bucket("b", "me")
    with engine.writing(None) as tx:
        schema = tx.create_schema("b", "s")
        definition = Definition(COLUMNS, 2, sort_key=key, projections=projections)
        created = tx.create_table(schema, "t", definition)
    return engine, created.id


def add(engine, table, keys):
    with engine.writing(None) as tx:
        columns = {
            KEY: pa.array(keys, pa.float64()),
            VALUE: pa.array(np.arange(len(keys))),
        }
        tx.insert(tx.root.tables[table], columns, rows=len(keys))


def settle(engine, table):
    for _ in range(200):
        if not engine.improve(table):
            return
    raise AssertionError("upkeep finds more to do for ever")


def rows(engine, table):
    plan = scan(engine.root.tables[table], ALWAYS)
    share = plan.share(Slot(0, 1, 1 << 40), start=0, limit=None)
    parts = [
        pa.table(columns, names=["id", "key", "value"])
        for columns, _ in batches(plan, share.pieces, (ROW_ID_COLUMN, KEY, VALUE))
    ]
    kinds = {"id": pa.uint64(), "key": pa.float64(), "value": pa.int64()}
    return pa.concat_tables([pa.schema(kinds).empty_table(), *parts])


def places(engine, table):
    return {
        (s.base.extent.file.name, s.base.extent.offset)
        for s in engine.root.tables[table].segments
    }


def test_rows_that_follow_those_there_leave_them_where_they_are(tmp_path):
    engine, table = opened(tmp_path)
    for part in range(10):
        add(engine, table, np.arange(SIZE) + part * SIZE)
    settle(engine, table)
    before = places(engine, table)
    for part in (10, 10.1):
        add(engine, table, np.arange(10) + part * SIZE)
        settle(engine, table)
    after = places(engine, table)
    stored = rows(engine, table)
    engine.close()

    assert 10 == len(before)
    assert before < after
    assert 11 == len(after)
    assert sorted(stored["key"].to_pylist()) == stored["key"].to_pylist()
    assert 1020 == len(stored)


def test_wide_rows_come_in_segments_of_few_bytes_that_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(choosing, "LARGEST_BYTES", 800)
    monkeypatch.setattr(rewriting, "LARGEST_BYTES", 800)
    engine, table = opened(tmp_path)
    dice = np.random.default_rng(3)
    for _ in range(20):
        add(engine, table, dice.random(45))
    settle(engine, table)
    sizes = [s.rows for s in engine.root.tables[table].segments]
    before = places(engine, table)
    add(engine, table, [2.0])
    settle(engine, table)
    after = places(engine, table)
    keys = rows(engine, table)["key"].to_pylist()
    engine.close()

    assert max(sizes) <= 50
    assert before <= after
    assert sorted(keys) == keys
    assert 901 == len(keys)


def test_rows_in_between_rewrite_only_what_they_meet(tmp_path):
    engine, table = opened(tmp_path)
    for part in range(10):
        add(engine, table, np.arange(SIZE) + part * SIZE)
    settle(engine, table)
    before = places(engine, table)
    for _ in range(30):
        add(engine, table, [455.5, 460.5])
        settle(engine, table)
    after = places(engine, table)
    keys = rows(engine, table)["key"].to_pylist()
    engine.close()
    engine, table = opened(tmp_path)
    again = rows(engine, table)["key"].to_pylist()
    engine.close()

    assert 9 == len(before & after)
    assert sorted(keys) == keys == again
    assert 1060 == len(keys)


def test_few_rows_all_over_wait_until_merging_them_is_worth_it(tmp_path):
    dice = np.random.default_rng(2)
    engine, table = opened(tmp_path)
    add(engine, table, dice.random(40 * SIZE))
    settle(engine, table)
    before = places(engine, table)
    for _ in range(5):
        add(engine, table, dice.random(20))
        settle(engine, table)
    waiting = engine.root.tables[table]
    after = places(engine, table)
    add(engine, table, dice.random(4 * SIZE))
    settle(engine, table)
    keys = rows(engine, table)["key"].to_pylist()
    merged = engine.root.tables[table]
    engine.close()

    assert before < after
    assert 2 == len({s.base.run for s in waiting.segments})
    assert 1 == len({s.base.run for s in merged.segments})
    assert sorted(keys) == keys
    assert 45 * SIZE == len(keys)


BY_VALUE = Projection(1, "by_value", (VALUE,), (KEY,))


def rows_opened(engine, table, value):
    """Count the rows read for a value, and those found, through the projection."""
    values = one_of(Target(VALUE, ()), pa.array([value], pa.int64()))
    plan = scan(projected(engine.root.tables[table], BY_VALUE), values)
    share = plan.share(Slot(0, 1, 1 << 40), start=0, limit=None)
    return share.rows_read, sum(piece.rows for piece in share.pieces)


@pytest.mark.parametrize("kind", ["in between", "behind"])
def test_a_projection_in_step_stays_so_while_the_table_is_rewritten(tmp_path, kind):
    engine, table = opened(tmp_path, projections=(BY_VALUE,))
    for part in range(5):
        add(engine, table, np.arange(SIZE) + part * SIZE)
    settle(engine, table)
    small = 20
    far = 10 * SIZE if kind == "behind" else 0
    opens = []
    for _ in range(6):
        add(engine, table, far + np.linspace(0, 5 * SIZE, small))
        opens.append(rows_opened(engine, table, 7))
        while engine.improve(table):
            opens.append(rows_opened(engine, table, 7))
    engine.close()
    engine, table = opened(tmp_path)
    opens.append(rows_opened(engine, table, 7))
    engine.close()

    hits = [count for _, count in opens]
    assert 11 == hits[-1]
    assert sorted(hits) == hits
    assert all(read <= count + 2 * small for read, count in opens)


keys = st.one_of(st.none(), st.integers(0, 400).map(float), st.just(float("nan")))


@settings(max_examples=40)
@given(
    parts=st.lists(st.lists(keys, min_size=1, max_size=160), min_size=1, max_size=6),
    gone=st.sets(st.integers(0, 300), max_size=40),
)
def test_runs_stay_in_order_and_complete(tmp_path_factory, parts, gone):
    folder = tmp_path_factory.mktemp("runs")
    engine, table = opened(folder)
    expected = {}
    for number, part in enumerate(parts):
        expected.update(enumerate(part, start=len(expected)))
        add(engine, table, part)
        settle(engine, table)
        if number == len(parts) // 2:
            ids = np.array(sorted(gone), dtype=np.uint64)
            with engine.writing(None) as tx:
                tx.delete(tx.root.tables[table], ids)
            lost = gone & expected.keys()
    settle(engine, table)
    stored = rows(engine, table)
    runs = {s.base.run for s in engine.root.tables[table].segments}
    engine.close()
    engine, table = opened(folder)
    again = rows(engine, table)
    engine.close()

    assert len(runs) <= 2
    assert repr(stored.to_pylist()) == repr(again.to_pylist())
    retained = {i: k for i, k in expected.items() if i not in lost}
    actual = dict(zip(stored["id"].to_pylist(), stored["key"].to_pylist(), strict=True))
    assert repr(retained) == repr(dict(sorted(actual.items())))
    if len(runs) == 1:
        order = pc.sort_indices(stored, sort_keys=[("key", "ascending")])
        assert repr(stored["key"].to_pylist()) == repr(
            stored["key"].take(order).to_pylist()
        )


@pytest.mark.parametrize("key", [(KEY,), (KEY, VALUE)])
@pytest.mark.parametrize(
    "common", [None, 7.0, float("nan")], ids=["null", "value", "NaN"]
)
def test_runs_that_share_a_key_are_merged_in_small_pieces(
    tmp_path, monkeypatch, common, key
):
    read = []

    def noted(definition, spans):
        read.append(sum(stop - start for _, start, stop in spans))
        return rewriting.read_rows(definition, spans)

    monkeypatch.setattr(merging, "_LEAST_STEP", 1)
    engine, table = opened(tmp_path, key=key)
    dice = np.random.default_rng(5)
    for _ in range(12):
        add(engine, table, [common] * 90 + dice.uniform(0, 20, 10).tolist())
    monkeypatch.setattr(merging, "read_rows", noted)

    settle(engine, table)

    stored = rows(engine, table)
    order = [(name, "ascending") for name in ("key", "value")[: len(key)]]
    expected = stored.take(pc.sort_indices(stored, order))
    assert 1200 == stored.num_rows == len(set(stored["id"].to_pylist()))
    for name, _ in order:
        assert str(expected[name].to_pylist()) == str(stored[name].to_pylist())
    assert 1200 <= sum(read)
    assert max(read) <= 2 * SIZE
    engine.close()
