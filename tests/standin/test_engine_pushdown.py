"""Row groups that a filter of another engine rules out are not opened."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from vast_standin.engine import Column, Definition, Engine
from vast_standin.engine.pushdown import Pruned
from vast_standin.engine.zones import GROUP

ROWS = 8 * GROUP
FIELDS = [
    pa.field("n", pa.int64()),
    pa.field("seen", pa.timestamp("us")),
    pa.field("name", pa.string()),
    pa.field("flux", pa.float64()),
    pa.field("part", pa.int32()),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Eight row groups that rise in all columns; one changed, some rows deleted."""
    engine = Engine.open(tmp_path_factory.mktemp("engine"))
    engine.create_bucket("b", "me")
    n = np.arange(ROWS)
    flux = n * 0.5
    flux[5 * GROUP + 7] = np.nan
    columns = {
        0: pa.array(n),
        1: pa.array(n * 1_000_000 + 1_577_836_800_000_000).view(pa.timestamp("us")),
        2: pa.array([f"{'é' * 40}{i:07}" for i in range(ROWS)]),
        3: pa.array(flux),
        4: pa.array(n, pa.int32(), mask=n < 4 * GROUP),
    }
    with engine.writing(None) as tx:
        definition = Definition(tuple(map(Column, range(5), FIELDS)), 5)
        created = tx.create_table(tx.create_schema("b", "s"), "t", definition)
        tx.insert(created, columns, rows=ROWS)
    with engine.writing(None) as tx:
        table = tx.root.tables[created.id]
        tx.update(table, np.array([3], dtype=np.uint64), {0: pa.array([-5])})
        tx.delete(tx.root.tables[created.id], np.array([11, ROWS - 1], dtype=np.uint64))
    yield engine.root.tables[created.id]
    engine.close()


def answers(table, condition):
    """Return answers of DuckDB, narrowed and not, and how many rows were opened."""
    schema = pa.schema([c.field for c in table.definition.columns])

    def make(segment, start, stop):
        arrays = [
            segment.read(c.number, c.field.type, start, stop)
            for c in table.definition.columns
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
        live = segment.live_mask(start, stop)
        yield batch if live is None else batch.filter(pa.array(live))

    segment = table.segments[0]
    everything = pa.Table.from_batches(make(segment, 0, segment.rows))
    narrowed = Pruned(table, schema, make)
    with duckdb.connect() as connection:
        answers = [
            connection.from_arrow(source)
            .filter(condition)
            .aggregate("count(*), sum(n), min(name)")
            .fetchall()
            for source in (everything, narrowed)
        ]
    assert answers[0] == answers[1], condition
    return answers[1][0][0], narrowed.rows_opened


CASES = {
    "seen = TIMESTAMP '2020-01-02 00:00:00'": (1, 1),
    "seen BETWEEN TIMESTAMP '2020-01-02' AND TIMESTAMP '2020-01-02 00:00:09'": (10, 1),
    "flux < 5": (10, 1),
    "flux > 262000": (None, 8),
    "part IS NULL": (4 * GROUP - 1, 8),
    "part = 300000": (1, 1),
    "part IN (1, 300000, 400000)": (2, 2),
    "n = -5": (1, 8),
    "n <> 9": (None, 8),
    "name < 'a'": (0, 0),
    "seen > TIMESTAMP '2030-01-01'": (0, 0),
    "seen < TIMESTAMP '2020-01-01 00:00:05' OR flux > 262140": (None, 8),
    "n % 2 = 0 AND seen < TIMESTAMP '2020-01-01 00:01'": (None, 1),
}


@pytest.mark.parametrize(("condition", "expected"), CASES.items(), ids=CASES)
def test_the_answer_is_the_same_and_no_more_groups_are_opened(
    table, condition, expected
):
    rows, opened = answers(table, condition)

    count, groups = expected
    assert count in (None, rows)
    assert opened <= groups * GROUP
