"""Sorted runs become one: in order, whole, and without rewriting what can stay."""

import numpy as np
import pyarrow.compute as pc
import pytest
from engine_tables import KEY, SIZE, VALUE, add, opened, rows, settle
from hypothesis import given, settings
from hypothesis import strategies as st

from vast_standin.engine import choosing, merging, rewriting

pytest_plugins = ("engine_fixtures",)
pytestmark = pytest.mark.usefixtures("small_segments")


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
    stored = rows(engine.root.tables[table])
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
    keys = rows(engine.root.tables[table])["key"].to_pylist()
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
    keys = rows(engine.root.tables[table])["key"].to_pylist()
    engine.close()
    engine, table = opened(tmp_path)
    again = rows(engine.root.tables[table])["key"].to_pylist()
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
    keys = rows(engine.root.tables[table])["key"].to_pylist()
    merged = engine.root.tables[table]
    engine.close()

    assert before < after
    assert 2 == len({s.base.run for s in waiting.segments})
    assert 1 == len({s.base.run for s in merged.segments})
    assert sorted(keys) == keys
    assert 45 * SIZE == len(keys)


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
    stored = rows(engine.root.tables[table])
    runs = {s.base.run for s in engine.root.tables[table].segments}
    engine.close()
    engine, table = opened(folder)
    again = rows(engine.root.tables[table])
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

    stored = rows(engine.root.tables[table])
    order = [(name, "ascending") for name in ("key", "value")[: len(key)]]
    expected = stored.take(pc.sort_indices(stored, order))
    assert 1200 == stored.num_rows == len(set(stored["id"].to_pylist()))
    for name, _ in order:
        assert str(expected[name].to_pylist()) == str(stored[name].to_pylist())
    assert 1200 <= sum(read)
    assert max(read) <= 2 * SIZE
    engine.close()
