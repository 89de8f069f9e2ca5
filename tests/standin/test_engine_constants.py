"""Constant columns: a value is sent and stored once, whatever the number of its rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tabular import connect

from vast_standin.engine import Column, Definition, Engine, upkeep
from vast_standin.engine.certain import certainly_holds
from vast_standin.engine.predicate import ALWAYS, Either, Every, Target, Term, holds
from vast_standin.engine.scan import Slot, batches, scan
from vast_standin.engine.table import Projection

KEY, NAME, UNIT, VALUE = range(4)
COLUMNS = (
    Column(KEY, pa.field("key", pa.int64())),
    Column(NAME, pa.field("name", pa.string())),
    Column(UNIT, pa.field("unit", pa.float64())),
    Column(VALUE, pa.field("value", pa.int64())),
)
ROWS = 70_000
HASH = "0123456789abcdef" * 4
SPARE = 4096
"""Bytes that each stored run of rows has beside its values, at most."""


@pytest.fixture(autouse=True)
def _at_rest(monkeypatch):
    monkeypatch.setattr(upkeep.Upkeep, "_next", _wait)


def _wait(self):
    with self._wake:
        self._wake.wait_for(lambda: self._stopped)
    return None, False


def opened(folder):
    engine = Engine.open(folder)
    if engine.buckets():
        return engine, next(t.id for t in engine.root.tables.values())
    engine.create_bucket("b", "me")
    with engine.writing(None) as tx:
        schema = tx.create_schema("b", "s")
        by_value = Projection(1, "by_value", (VALUE,), (KEY, NAME, UNIT))
        definition = Definition(COLUMNS, 4, sort_key=(KEY,), projections=(by_value,))
        created = tx.create_table(schema, "t", definition)
    return engine, created.id


def new_rows(name=HASH, seed=1):
    dice = np.random.default_rng(seed)
    return {
        KEY: pa.array(dice.integers(0, 1 << 40, ROWS)),
        NAME: pa.repeat(name, ROWS),
        UNIT: pa.repeat(-0.0, ROWS),
        VALUE: pa.array(dice.integers(0, 9, ROWS)),
    }


def insert(engine, table, columns):
    with engine.writing(None) as tx:
        tx.insert(tx.root.tables[table], columns, rows=ROWS)


def settle(engine, table):
    for _ in range(50):
        if not engine.improve(table):
            return
    raise AssertionError("upkeep finds more to do for ever")


def stored(engine, table, condition=ALWAYS):
    plan = scan(engine.root.tables[table], condition)
    share = plan.share(Slot(0, 1, 1 << 40), start=0, limit=None)
    fields = pa.schema([column.field for column in COLUMNS])
    parts = [
        pa.Table.from_arrays(columns, schema=fields)
        for columns, _ in batches(plan, share.pieces, tuple(range(4)))
    ]
    return pa.concat_tables([fields.empty_table(), *parts]).sort_by("key")


def test_a_constant_column_takes_no_bytes_before_and_after_sorting(tmp_path):
    engine, table = opened(tmp_path)
    columns = new_rows()
    insert(engine, table, columns)
    written = engine.root.tables[table].nbytes
    settle(engine, table)
    sorted_ = engine.root.tables[table]
    copies = sum(run.nbytes for run in sorted_.runs)
    engine.close()
    engine, table = opened(tmp_path)
    actual = stored(engine, table)
    engine.close()

    expected = pa.table(list(columns.values()), ["key", "name", "unit", "value"])
    assert written < ROWS * 16 + SPARE
    assert sorted_.nbytes < ROWS * (16 + 8) + SPARE  # and row ids
    assert copies < ROWS * (16 + 8 + 4) + SPARE  # and where the rows are
    assert expected.sort_by("key") == actual
    assert np.signbit(actual["unit"].to_numpy()).all()


def test_rows_of_two_files_keep_their_names_when_they_are_merged(tmp_path):
    engine, table = opened(tmp_path)
    for seed, name in enumerate((HASH, "other")):
        insert(engine, table, new_rows(name, seed))
    settle(engine, table)
    actual = stored(engine, table)
    of_other = stored(engine, table, Term(Target(NAME), "equal", b"other"))
    engine.close()

    assert {HASH: ROWS, "other": ROWS} == dict(
        zip(
            *(c.to_pylist() for c in actual["name"].value_counts().flatten()),
            strict=True,
        )
    )
    keys = new_rows("other", 1)[KEY]
    assert sorted(keys.to_pylist()) == of_other["key"].to_pylist()


def test_changed_and_deleted_rows_of_a_constant_column_are_as_changed(tmp_path):
    engine, table = opened(tmp_path)
    insert(engine, table, new_rows())
    with engine.writing(None) as tx:
        some = np.arange(10, 20, dtype=np.uint64)
        tx.update(tx.root.tables[table], some, {NAME: pa.repeat("new", 10)})
        tx.delete(tx.root.tables[table], np.arange(15, dtype=np.uint64))
    before = stored(engine, table)
    settle(engine, table)
    after = stored(engine, table)
    engine.close()

    for actual in (before, after):
        assert ROWS - 15 == len(actual)
        assert 5 == pc.sum(pc.equal(actual["name"], "new")).as_py()
        assert ROWS - 20 == pc.sum(pc.equal(actual["name"], HASH)).as_py()


def _terms():
    for operator in ("equal", "not_equal", "less", "less_equal", "greater"):
        for value in (0, 4, 8, 9):
            yield Term(Target(VALUE), operator, value)
        for value in (HASH.encode(), b"a", HASH[:9].encode(), b""):
            yield Term(Target(NAME), operator, value)


def test_a_condition_is_certain_only_where_it_holds_for_all_rows(tmp_path):
    engine, table = opened(tmp_path)
    columns = new_rows()
    columns[VALUE] = pa.array(np.repeat(np.arange(5), ROWS // 5))
    insert(engine, table, columns)
    (segment,) = engine.root.tables[table].segments
    terms = list(_terms())
    pairs = [
        joined((first, second))
        for first, second in zip(terms, terms[::-1], strict=True)
        for joined in (Every, Either)
    ]
    certain = 0
    for condition in (*terms, *pairs):
        for start, stop in ((0, ROWS), (0, 65_536), (65_536, ROWS), (5, 50)):
            mask = holds(condition, columns, ROWS).slice(start, stop - start)
            if certainly_holds(condition, segment, start, stop):
                certain += 1
                assert pc.all(mask).as_py(), (condition, start, stop)
    some_null = pa.array([None, *[7] * (ROWS - 1)])
    insert(engine, table, {**columns, VALUE: some_null})
    with_null = engine.root.tables[table].segments[1]
    is_seven = Term(Target(VALUE), "equal", 7)
    engine.close()

    assert certain > 50
    assert not certainly_holds(is_seven, with_null, 0, ROWS)


@pytest.fixture(scope="module")
def session(standin):
    return connect(standin)
