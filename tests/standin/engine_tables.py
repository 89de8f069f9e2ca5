"""Tables of an engine with two columns: filled, settled and read."""

import numpy as np
import pyarrow as pa

from vast_standin.engine import Column, Definition, Engine
from vast_standin.engine.pieces import Slot
from vast_standin.engine.predicate import ALWAYS
from vast_standin.engine.scan import ROW_ID_COLUMN, batches, scan

KEY, VALUE = 0, 1
COLUMNS = (
    Column(KEY, pa.field("key", pa.float64())),
    Column(VALUE, pa.field("value", pa.int64())),
)
SIZE = 100
"""Most rows of a segment, with the fixture `small_segments`."""


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


def add(engine, table, keys, values=None):
    with engine.writing(None) as tx:
        columns = {
            KEY: pa.array(keys, pa.float64()),
            VALUE: pa.array(np.arange(len(keys)) if values is None else values),
        }
        tx.insert(tx.root.tables[table], columns, rows=len(keys))


def settle(engine, table):
    for _ in range(200):
        if not engine.improve(table):
            return
    raise AssertionError("upkeep finds more to do for ever")


def rows(state, condition=ALWAYS):
    """Read a table, or what a projection shows of one, in its order."""
    plan = scan(state, condition)
    share = plan.share(Slot(0, 1, 1 << 40), start=0, limit=None)
    parts = [
        pa.table(columns, names=["id", "key", "value"])
        for columns, _ in batches(plan, share.pieces, (ROW_ID_COLUMN, KEY, VALUE))
    ]
    kinds = {"id": pa.uint64(), "key": pa.float64(), "value": pa.int64()}
    return pa.concat_tables([pa.schema(kinds).empty_table(), *parts])
