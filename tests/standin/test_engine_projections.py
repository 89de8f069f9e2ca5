"""Projections are a few sorted runs: right whatever changes, and read in few pieces."""

import gc

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from engine_tables import KEY, SIZE, VALUE, add, opened, rows, settle

from vast_standin.engine import upkeep
from vast_standin.engine.pieces import Slot
from vast_standin.engine.predicate import Every, Target, Term, one_of
from vast_standin.engine.projections import share_in_step, share_to_sort
from vast_standin.engine.scan import scan
from vast_standin.engine.table import Projection
from vast_standin.engine.upkeep import Interrupted
from vast_standin.engine.views import projected

pytest_plugins = ("engine_fixtures",)
pytestmark = pytest.mark.usefixtures("small_segments")
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


def holding(value):
    return one_of(Target(VALUE, ()), pa.array([value], pa.int64()))


def shown(state):
    """Return the rows that the projection shows of a state, in the order of row ids."""
    return rows(projected(state, BY_VALUE)).sort_by("id").to_pylist()


def stored(state):
    return rows(state).sort_by("id").to_pylist()


def filled(folder, segments, dice, *, key=(KEY,)):
    """Return a table of so many segments, the values of each all over their range."""
    engine, table = opened(folder, key=key, projections=(BY_VALUE,))
    for part in range(segments):
        values = dice.integers(0, 50, SIZE)
        add(engine, table, np.arange(SIZE) + part * SIZE, values)
        while engine._upkeep.improve(table, settled=False):
            pass
    return engine, table


@pytest.mark.parametrize("segments", [8, 40])
def test_one_key_is_in_few_pieces_of_however_many_segments(tmp_path, segments):
    engine, table = filled(tmp_path, segments, np.random.default_rng(4))
    before = engine.root.tables[table]
    settle(engine, table)
    state = engine.root.tables[table]
    plan = scan(projected(state, BY_VALUE), holding(7))
    share = plan.share(Slot(0, 1, 1 << 40), start=0, limit=None)
    matches = sum(piece.rows for piece in share.pieces)
    alike = sum(row["value"] == 7 for row in stored(state))
    order = rows(projected(state, BY_VALUE))["value"].to_pylist()
    engine.close()

    assert 100 == share_to_sort(before, BY_VALUE)
    assert 0 == share_to_sort(state, BY_VALUE)
    assert segments == len(state.segments)
    assert len(before.runs_of(BY_VALUE)) <= 32
    assert 1 == len(state.runs_of(BY_VALUE))
    assert len({span.segment for span in plan.spans}) <= 2 + alike // SIZE
    assert alike == matches == share.rows_read
    assert sorted(order) == order


BY_KEY = Projection(2, "by_key", (KEY,), (VALUE,))


def test_runs_by_a_real_number_stay_apart_by_stretches_of_the_table(tmp_path):
    """The table is sorted by value here, and its keys are all over their range."""
    dice = np.random.default_rng(6)
    engine, table = opened(tmp_path, key=(VALUE,), projections=(BY_KEY,))
    for part in range(24):
        keys, values = dice.random(SIZE), np.arange(SIZE) + part * SIZE
        add(engine, table, keys, values)
    settle(engine, table)
    state = engine.root.tables[table]
    high = Term(Target(KEY), "greater", 0.9)
    late = Every((high, Term(Target(VALUE), "greater_equal", 23 * SIZE)))
    plans = [scan(projected(state, BY_KEY), condition) for condition in (high, late)]
    expected = [row for row in stored(state) if row["key"] > 0.9]
    actual = rows(projected(state, BY_KEY), high).sort_by("id").to_pylist()
    engine.close()

    assert 24 // 4 == len(state.runs_of(BY_KEY))
    assert [6, 1] == [len({span.segment for span in p.spans}) for p in plans]
    assert len(expected) == plans[0].rows_to_open
    assert plans[1].rows_to_open < 2 * 4 * SIZE * 0.1
    assert expected == actual


BY_BOTH = Projection(3, "by_both", (VALUE, KEY), ())


@pytest.mark.parametrize("key", [(VALUE, KEY), ()], ids=["table", "projection"])
def test_equal_values_are_narrowed_by_the_next_column_of_the_order(tmp_path, key):
    dice = np.random.default_rng(7)
    engine, table = opened(tmp_path, key=key, projections=() if key else (BY_BOTH,))
    for _ in range(30):
        keys = [None if dice.random() < 0.1 else dice.random() for _ in range(SIZE)]
        add(engine, table, keys, dice.integers(0, 3, SIZE))
    settle(engine, table)
    state = engine.root.tables[table]
    view = state if key else projected(state, BY_BOTH)
    after = Term(Target(KEY), "greater", 0.9)
    until = Term(Target(KEY), "less", 0.95)
    conditions = {
        "range": Every((holding(1), after, until)),
        "null": Every((holding(1), Term(Target(KEY), "is_null"))),
        "not by points": Every((Term(Target(VALUE), "greater", 0), after, until)),
    }
    plans = {name: scan(view, condition) for name, condition in conditions.items()}
    actual = {
        name: rows(view, condition).num_rows for name, condition in conditions.items()
    }
    every = stored(state)
    engine.close()
    inside = [r for r in every if r["key"] is not None and 0.9 < r["key"] < 0.95]
    expected = {
        "range": sum(r["value"] == 1 for r in inside),
        "null": sum(r["value"] == 1 and r["key"] is None for r in every),
        "not by points": sum(r["value"] > 0 for r in inside),
    }

    assert expected == actual
    assert expected["range"] == plans["range"].rows_to_open
    assert expected["null"] == plans["null"].rows_to_open
    assert plans["not by points"].rows_to_open > expected["not by points"]


def change(engine, table, dice):
    """Insert, delete and change some rows."""
    ids = rows(engine.root.tables[table])["id"].to_numpy()
    some = np.sort(dice.choice(ids, 6, replace=False))
    with engine.writing(None) as tx:
        tx.delete(tx.root.tables[table], some[:3])
        values = {VALUE: pa.array(dice.integers(0, 50, 3))}
        tx.update(tx.root.tables[table], some[3:], values)
    add(engine, table, dice.uniform(0, 900, 5), dice.integers(0, 50, 5))


@pytest.mark.parametrize("key", [(KEY,), ()], ids=["sorted", "not sorted"])
def test_what_changes_during_a_merge_is_in_the_projection(tmp_path, monkeypatch, key):
    dice = np.random.default_rng(8)
    engine, table = filled(tmp_path, 12, dice, key=key)
    attend, wrong = upkeep.Upkeep._attend, []

    def between(self):
        change(engine, table, dice)
        attend(self)
        state = engine.root.tables[table]
        wrong.append(shown(state) != stored(state))

    monkeypatch.setattr(upkeep.Upkeep, "_attend", between)
    for _ in range(12):
        engine.improve(table)
    monkeypatch.undo()
    merged = engine.root.tables[table]
    before = stored(merged)
    settle(engine, table)
    state = engine.root.tables[table]
    actual = [shown(merged), shown(state), stored(state)]
    engine.close()
    engine, table = opened(tmp_path)
    again = engine.root.tables[table]

    assert len(wrong) > 12
    assert not any(wrong)
    assert [before] * 5 == [*actual, shown(again), stored(again)]
    assert 100 == share_in_step(again, BY_VALUE)
    engine.close()


def test_a_merge_that_is_given_up_leaves_all_as_it_was(tmp_path, monkeypatch):
    engine, table = filled(tmp_path, 12, np.random.default_rng(9))
    before = engine.root.tables[table]

    def stop(self):
        raise Interrupted

    with monkeypatch.context() as stopping:
        stopping.setattr(upkeep.Upkeep, "_attend", stop)
        with pytest.raises(Interrupted):
            settle(engine, table)
    gc.collect()
    present = {path.name for path in (tmp_path / "segments").iterdir()}
    state = engine.root.tables[table]

    assert before.runs == state.runs
    assert set(engine.files()) == present
    assert shown(state) == stored(state)
    engine.close()


def test_files_of_runs_that_were_merged_are_deleted(tmp_path):
    engine, table = filled(tmp_path, 40, np.random.default_rng(10))
    settle(engine, table)
    gc.collect()
    state = engine.root.tables[table]
    sizes = [path.stat().st_size for path in (tmp_path / "segments").iterdir()]
    runs = sum(run.nbytes for run in state.runs)
    engine.close()

    assert sum(sizes) <= 1.1 * (state.nbytes + runs)


def test_a_snapshot_shows_its_rows_after_its_runs_were_merged(tmp_path):
    dice = np.random.default_rng(11)
    engine, table = filled(tmp_path, 12, dice)
    engine.create_snapshot("b", "before")
    before = stored(engine.root.tables[table])
    for _ in range(3):
        change(engine, table, dice)
        settle(engine, table)
    actual = []
    for _ in range(2):
        snapshot = engine.snapshot_root("b", "before").tables[table]
        actual += [stored(snapshot), shown(snapshot)]
        engine.close()
        engine, table = opened(tmp_path)
    changed = engine.root.tables[table]

    assert [before] * 4 == actual
    assert stored(changed) == shown(changed) != before
    engine.close()


def test_rows_that_were_changed_everywhere_leave_no_dead_rows_behind(tmp_path):
    engine, table = filled(tmp_path, 12, np.random.default_rng(12))
    settle(engine, table)
    with engine.writing(None) as tx:
        ids = np.arange(0, 12 * SIZE, 2, dtype=np.uint64)
        tx.update(tx.root.tables[table], ids, {VALUE: pa.array(np.full(len(ids), 99))})
    changed = engine.root.tables[table]
    settle(engine, table)
    state = engine.root.tables[table]
    rows_of_runs = sum(run.rows for run in state.runs)
    engine.close()

    assert stored(changed) == shown(changed) == shown(state)
    assert 12 * SIZE == rows_of_runs
    assert 6 * SIZE == pc.sum(pc.equal(rows(state)["value"], 99)).as_py()


def test_segments_that_get_other_numbers_stay_in_their_runs(tmp_path):
    engine, table = opened(tmp_path, projections=(BY_VALUE,))
    renumbered = 0
    for part in range(12):
        add(engine, table, np.arange(SIZE) + part * SIZE)
        again = True
        while again:
            before = engine.root.tables[table]
            again = engine.improve(table)
            after = engine.root.tables[table]
            if (
                places(before) == places(after)
                and before.by_id.keys() != after.by_id.keys()
            ):
                renumbered += 1
                assert pieces(before) == pieces(after)
                assert len(before.covered(BY_VALUE)) == len(after.covered(BY_VALUE))
    engine.close()

    assert renumbered > 0


def places(state):
    return {(s.base.extent.file.name, s.base.extent.offset) for s in state.segments}


def pieces(state):
    return {piece.id for run in state.runs for piece in run.pieces}
