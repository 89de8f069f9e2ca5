"""Conditions on thousands of values: read in one step, and no less exact."""

import random
from functools import reduce
from operator import or_

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tabular import make_table, table_in
from vastdb import _internal

from vast_standin.http import ProtocolError
from vast_standin.tabular import relation

pytest_plugins = ("tabular_fixtures",)
ROWS, VALUES = 20_000, 3000
dice = np.random.default_rng(7)
CONTENT = pa.table(
    {
        "n": dice.integers(-5000, 5000, ROWS),
        "small": pa.array(dice.integers(0, 250, ROWS), pa.uint8()),
        "at": pa.array(dice.integers(0, 10_000, ROWS)).cast(pa.timestamp("us")),
        "day": pa.array(dice.integers(0, 10_000, ROWS), pa.int32()).cast(pa.date32()),
        "cell": pa.array([None if i % 5 else i // 5 for i in range(ROWS)], pa.int64()),
        "name": pa.array([f"ü{i}" if i % 9 else None for i in range(ROWS)]),
        "flux": pa.array(np.where(np.arange(ROWS) % 7, dice.random(ROWS).round(3), 0)),
    }
)


@pytest.fixture(scope="module")
def content(session):
    """The rows as a table that all tests read."""
    with session.transaction() as tx:
        tx.bucket("tabular-tests").create_schema("many_values")
    make_table(session, "many_values", CONTENT)
    return "many_values"


def values_of(name, rows=VALUES):
    """Choose values of a column, and some that are not in it."""
    present = CONTENT[name].drop_null().unique().to_pylist()
    chosen = random.Random(3).sample(present, min(rows, len(present)))
    if name == "flux":
        chosen += [-0.0, 99.5, float("nan")]
    return chosen + ([f"not {i}" for i in range(80)] if name == "name" else [])


@pytest.mark.parametrize("name", CONTENT.column_names)
def test_rows_of_many_values_are_those_that_have_one(session, content, name):
    values = values_of(name)
    members = pa.array([v for v in values if v == v], CONTENT.schema.field(name).type)
    selected = pc.is_in(CONTENT[name], members)
    if name == "flux":
        selected = pc.or_(selected, pc.equal(CONTENT[name], 0.0))

    with session.transaction() as tx:
        table = table_in(tx, content)
        rows = table.select(predicate=table[name].isin(values)).read_all()

    assert CONTENT.filter(selected) == rows


def message(name, values):
    """Build a request as the SDK does."""
    column = _internal.ibis.table(CONTENT.schema, name="t")[name]
    request = _internal.build_query_data_request(
        schema=CONTENT.schema, predicate=column.isin(values), field_names=[name]
    )
    return bytes(request.serialized)


@pytest.mark.parametrize("name", ["n", "small", "cell"])
def test_rows_of_many_ranges_are_those_within_one(session, content, name):
    lows = random.Random(4).sample(range(-40, 4000), 60)
    ranges = [(low % 250 if name == "small" else low, low % 9) for low in lows]
    column = CONTENT[name].to_numpy(zero_copy_only=False)
    within = [(column >= low) & (column <= low + width) for low, width in ranges]

    with session.transaction() as tx:
        table = table_in(tx, content)
        parts = [table[name].between(low, low + width) for low, width in ranges]
        rows = table.select(predicate=reduce(or_, parts)).read_all()

    assert CONTENT.filter(np.any(within, axis=0)) == rows


@pytest.mark.parametrize("name", ["n", "name", "flux"])
def test_one_step_reads_what_many_steps_read(name, monkeypatch):
    data = message(name, values_of(name))
    at_once = relation.parse_relation(data)
    monkeypatch.setattr(relation, "_MANY", 1 << 40)
    one_by_one = relation.parse_relation(data)

    def literals(raw):
        if isinstance(raw, relation.RawJoin):
            return [literal for part in raw.parts for literal in literals(part)]
        values = raw.literals if isinstance(raw, relation.RawOneOf) else [raw.literal]
        return [value or 0 for value in values]

    assert "RawOneOf" in repr(at_once.condition)[:400]
    assert "RawOneOf" not in repr(one_by_one.condition)[:400]
    assert repr(literals(one_by_one.condition)) == repr(literals(at_once.condition))


def test_a_broken_message_of_many_values_is_refused_and_nothing_else():
    data = message("name", values_of("name", 200))
    chance = random.Random(11)
    refused = []
    for _ in range(600):
        spoilt = bytearray(data[: chance.randrange(len(data) // 2, len(data) + 1)])
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(spoilt) - 4)
            spoilt[at : at + 4] = chance.randbytes(4)
        try:
            relation.parse_relation(bytes(spoilt))
        except ProtocolError as error:
            refused.append(error.status)
    assert {400} == set(refused)
    assert len(refused) > 100
