"""The engine against a dictionary: whatever happens, both hold the same rows."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from vast_standin.engine import Column, Definition, Engine, choosing, rewriting
from vast_standin.engine.pieces import Slot
from vast_standin.engine.predicate import ALWAYS, Target, Term
from vast_standin.engine.scan import ROW_ID_COLUMN, batches, scan
from vast_standin.engine.table import Projection
from vast_standin.engine.views import projected
from vast_standin.http import ProtocolError

KEY, TEXT = 0, 1
COLUMNS = (
    Column(KEY, pa.field("key", pa.int64())),
    Column(TEXT, pa.field("text", pa.string())),
)
PROJECTIONS = (
    Projection(900, "by_key", (KEY, TEXT), ()),
    Projection(901, "by_text", (TEXT,), (KEY,)),
)
ALL_ROWS = Slot(0, 1, 1 << 40)
keys = st.one_of(st.none(), st.integers(-5, 5))
texts = st.one_of(st.none(), st.text("ab", max_size=3))
rows = st.lists(st.tuples(keys, texts), min_size=1, max_size=12)


def rows_of(table, condition=ALWAYS):
    """Read a table as {row id: (key, text)}."""
    plan = scan(table, condition)
    share = plan.share(ALL_ROWS, start=0, limit=None)
    rows = {}
    for columns, _ in batches(plan, share.pieces, (ROW_ID_COLUMN, KEY, TEXT)):
        ids, key, text = (c.to_pylist() for c in columns)
        rows.update(zip(ids, zip(key, text, strict=True), strict=True))
    return rows


class Model(RuleBasedStateMachine):
    """One writer at a time, with a reader that began earlier, and restarts."""

    @initialize(
        sort_key=st.sampled_from([(), (KEY,), (TEXT, KEY)]),
        largest=st.sampled_from([6, rewriting.LARGEST]),
    )
    def begin(self, sort_key, largest):
        self.sort_key = sort_key
        self.patch = pytest.MonkeyPatch()
        for module in (choosing, rewriting):
            self.patch.setattr(module, "LARGEST", largest)
        self.folder = Path(tempfile.mkdtemp(prefix="engine-"))
        self.engine = Engine.open(self.folder)
        self.engine.create_bucket("b", "me")
        with self.engine.writing(None) as tx:
            schema = tx.create_schema("b", "s")
            definition = Definition(
                COLUMNS, 2, sort_key=sort_key, projections=PROJECTIONS
            )
            self.table_id = tx.create_table(schema, "t", definition).id
        self.committed, self.changed = {}, {}
        self.tx = None
        self.reader, self.seen = self.engine.begin(), {}

    def writer(self):
        if self.tx is None:
            self.tx, self.changed = self.engine.begin(), dict(self.committed)
        return self.tx

    @rule(new=rows)
    def insert(self, new):
        tx = self.writer()
        columns = {
            KEY: pa.array([k for k, _ in new], pa.int64()),
            TEXT: pa.array([t for _, t in new], pa.string()),
        }
        ids = tx.insert(tx.root.tables[self.table_id], columns, rows=len(new))
        self.changed.update(zip(ids.tolist(), new, strict=True))

    @rule(data=st.data())
    def update_text(self, data):
        tx = self.writer()
        chosen = data.draw(st.sets(st.sampled_from(sorted(self.changed) or [10**6])))
        ids = np.array(sorted(chosen), dtype=np.uint64)
        new = [data.draw(texts) for _ in ids]
        columns = {TEXT: pa.array(new, pa.string())}
        if TEXT in self.sort_key:
            return
        tx.update(tx.root.tables[self.table_id], ids, columns)
        for row, text in zip(ids.tolist(), new, strict=True):
            if row in self.changed:
                self.changed[row] = (self.changed[row][0], text)

    @rule(data=st.data())
    def delete(self, data):
        tx = self.writer()
        chosen = data.draw(st.sets(st.sampled_from(sorted(self.changed) or [10**6])))
        ids = np.array(sorted(chosen), dtype=np.uint64)
        tx.delete(tx.root.tables[self.table_id], ids)
        for row in chosen:
            self.changed.pop(row, None)

    @precondition(lambda self: self.tx is not None)
    @rule()
    def commit(self):
        self.engine.commit(self.tx)
        self.tx, self.committed = None, self.changed

    @precondition(lambda self: self.tx is not None)
    @rule()
    def roll_back(self):
        self.engine.rollback(self.tx)
        self.tx = None

    @rule()
    def read_anew(self):
        self.engine.rollback(self.reader)
        self.reader, self.seen = self.engine.begin(), dict(self.committed)

    @rule()
    def tidy_up(self):
        while self.engine.improve(self.table_id):
            pass

    @rule()
    def tidy_up_a_little(self):
        self.engine.improve(self.table_id)

    @rule()
    def restart(self):
        self.engine.close()
        self.engine = Engine.open(self.folder)
        self.tx = None
        self.reader, self.seen = self.engine.begin(), dict(self.committed)

    @invariant()
    def all_see_what_they_should(self):
        if not hasattr(self, "engine"):
            return
        self.holds(self.committed, self.engine.root)
        self.holds(self.seen, self.reader.root)
        if self.tx is not None:
            self.holds(self.changed, self.tx.root)

    def holds(self, expected, root):
        """Compare a table, and what its projections show of it."""
        table = root.tables[self.table_id]
        views = [projected(table, projection) for projection in PROJECTIONS]
        assert [expected] * 3 == [rows_of(state) for state in (table, *views)]

    @rule(low=st.integers(-5, 5), operator=st.sampled_from(["less", "greater_equal"]))
    def conditions_find_the_same_rows(self, low, operator):
        condition = Term(Target(KEY), operator, low)
        table = self.engine.root.tables[self.table_id]
        states = table, projected(table, PROJECTIONS[0])

        holds = (lambda k: k < low) if operator == "less" else (lambda k: k >= low)
        expected = {
            r: v for r, v in self.committed.items() if v[0] is not None and holds(v[0])
        }
        assert [expected] * 2 == [rows_of(state, condition) for state in states]

    def teardown(self):
        if hasattr(self, "engine"):
            self.engine.close()
            self.patch.undo()
            shutil.rmtree(self.folder)


Model.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
TestTheEngineHoldsWhatADictionaryWouldHold = Model.TestCase


def test_a_second_engine_on_a_folder_is_refused_with_the_owner(tmp_path):
    engine = Engine.open(tmp_path)
    try:
        Engine.open(tmp_path)
    except RuntimeError as error:
        message = str(error)
    finally:
        engine.close()

    assert "is in use by process" in message


def test_rolled_back_data_leaves_no_file(tmp_path):
    engine = Engine.open(tmp_path)
    engine.create_bucket("b", "me")
    tx = engine.begin()
    table = tx.create_table(tx.create_schema("b", "s"), "t", Definition(COLUMNS, 2))
    tx.insert(table, {KEY: pa.array([1, 2])}, rows=2)
    engine.rollback(tx)
    del tx, table

    assert [] == list((tmp_path / "segments").iterdir())
    engine.close()


def test_the_space_of_a_dropped_table_comes_back(tmp_path):
    engine = Engine.open(tmp_path)
    engine.create_bucket("b", "me")
    with engine.writing(None) as tx:
        table = tx.create_table(tx.create_schema("b", "s"), "t", Definition(COLUMNS, 2))
        tx.insert(table, {KEY: pa.array(np.arange(100_000))}, rows=100_000)
    assert 1 == len(list((tmp_path / "segments").iterdir()))
    with engine.writing(None) as tx:
        tx.drop_table(tx.root.tables[table.id])
    del tx, table

    assert [] == list((tmp_path / "segments").iterdir())
    engine.close()


def test_a_quota_that_says_no_stops_the_insert(tmp_path):
    engine = Engine.open(tmp_path)
    engine.create_bucket("b", "me")

    def refuse(bucket, nbytes):
        raise ProtocolError(507, "InsufficientCapacity", f"{bucket} is full")

    with engine.writing(None) as tx:
        table = tx.create_table(tx.create_schema("b", "s"), "t", Definition(COLUMNS, 2))
    engine.growth.check_writable = refuse
    tx = engine.begin()
    try:
        tx.insert(tx.root.tables[table.id], {KEY: pa.array([1])}, rows=1)
    except ProtocolError as error:
        status = error.status
    engine.close()

    assert 507 == status
