"""Projections are used if they help, and the server reports what it opened."""

import time
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tabular import make_table, table_in
from vastdb import _internal
from vastdb.config import QueryConfig

pytest_plugins = ("tabular_fixtures",)
ROWS = 200_000
dice = np.random.default_rng(5)
CONTENT = pa.table(
    {
        "name": pa.array([f"src{i}" for i in dice.integers(0, 2000, ROWS)]),
        "energy": dice.normal(size=ROWS),
        "n": np.arange(ROWS),
        "left_out": np.zeros(ROWS, dtype=np.int8),
    }
)
COLUMNS = ["name", "energy", "n"]


@contextmanager
def opened():
    """Note the rows the server opened for the queries of a block."""
    rows = []
    before = _internal.VastdbApi.query_data

    def query_data(*args, **options):
        answer = before(*args, **options)
        rows.append(int(answer.headers["x-orbital-rows-read"]))
        return answer

    _internal.VastdbApi.query_data = query_data
    try:
        yield rows
    finally:
        _internal.VastdbApi.query_data = before


@pytest.fixture(scope="module")
def projected(session):
    """A table in no order, projected by name and by energy; both in step."""
    with session.transaction() as tx:
        tx.bucket("tabular-tests").create_schema("projected")
    make_table(session, "projected", CONTENT)
    with session.transaction() as tx:
        table = table_in(tx, "projected")
        table.create_projection("by_name", ["name"], ["energy", "n"])
        table.create_projection("by_energy", ["energy"], ["name", "n"])
    for _ in range(200):
        with session.transaction() as tx, opened() as rows:
            select(tx, lambda t: t["name"] == "src7")
            select(tx, lambda t: t["energy"] > 3)
        if sum(rows) < ROWS // 2:
            return
        time.sleep(0.05)
    raise AssertionError("the projections are not in step after 10 s")


def select(tx, condition, columns=COLUMNS, **config):
    table = table_in(tx, "projected")
    return table.select(
        columns=list(columns), predicate=condition(table), config=QueryConfig(**config)
    ).read_all()


def sorted_rows(rows):
    return rows.sort_by("n").to_pylist()


CONDITIONS = {
    "name": (lambda t: t["name"] == "src1234", pc.field("name") == "src1234"),
    "names": (
        lambda t: t["name"].isin(["src5", "src6", "nobody"]),
        pc.field("name").isin(["src5", "src6"]),
    ),
    "energy": (
        lambda t: (t["energy"] > 2.5) & (t["energy"] < 2.6),
        (pc.field("energy") > 2.5) & (pc.field("energy") < 2.6),
    ),
    "the narrower one": (
        lambda t: (t["energy"] > -1) & (t["name"] == "src9"),
        (pc.field("energy") > -1) & (pc.field("name") == "src9"),
    ),
}


@pytest.mark.usefixtures("projected")
@pytest.mark.parametrize("case", CONDITIONS)
def test_only_the_rows_of_the_result_are_opened(session, case):
    condition, same = CONDITIONS[case]

    with session.transaction() as tx, opened() as rows:
        matches = select(tx, condition)

    expected = CONTENT.filter(same).select(COLUMNS)
    assert sorted_rows(expected) == sorted_rows(matches)
    assert sum(rows) <= 2 * len(matches) + 2


@pytest.mark.usefixtures("projected")
def test_without_projections_or_with_other_columns_the_table_is_read(session):
    condition, same = CONDITIONS["name"]

    with session.transaction() as tx, opened() as rows:
        plain = select(tx, condition, use_semi_sorted_projections=False)
        more = select(tx, condition, columns=[*COLUMNS, "left_out"])

    assert sorted_rows(plain) == sorted_rows(CONTENT.filter(same).select(COLUMNS))
    assert len(plain) == len(more)
    assert 2 * ROWS == sum(rows)


@pytest.mark.usefixtures("projected")
def test_a_projection_can_be_named(session):
    condition, _ = CONDITIONS["the narrower one"]

    with session.transaction() as tx, opened() as rows:
        matches = select(tx, condition, semi_sorted_projection_name="by_energy")

    assert pc.all(pc.greater(matches["energy"], -1)).as_py()
    assert sum(rows) > ROWS // 2


@pytest.mark.usefixtures("projected")
def test_a_projection_of_any_name_is_chosen_and_reported(session):
    name = "l'été 100 %"
    with session.transaction() as tx:
        table_in(tx, "projected").create_projection(name, ["n"], ["name", "energy"])

    for _ in range(200):
        with session.transaction() as tx, opened() as rows:
            matches = select(tx, lambda t: t["n"] == 5)
        if sum(rows) == 1:
            break
        time.sleep(0.05)
    with session.transaction() as tx:
        table_in(tx, "projected").projection(name, include_stats=False).drop()

    assert [1] == rows
    assert [5] == matches["n"].to_pylist()


@pytest.mark.usefixtures("projected")
def test_rows_that_are_not_in_step_yet_are_found_all_the_same(session):
    new = pa.table(
        {"name": ["src1234"], "energy": [9.0], "n": [-1], "left_out": [1]},
        schema=CONTENT.schema,
    )
    condition, same = CONDITIONS["name"]
    with session.transaction() as tx:
        table = table_in(tx, "projected")
        table.insert(new)

        matches = select(tx, condition)

        ids = table.select(
            columns=["n"], predicate=table["n"] == -1, internal_row_id=True
        ).read_all()
        table.delete(ids.select(["$row_id"]))
        after = select(tx, condition)

    assert len(CONTENT.filter(same)) + 1 == len(matches)
    assert len(CONTENT.filter(same)) == len(after)
