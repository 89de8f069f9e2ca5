"""What is read: the right rows, in few row groups, whatever the query."""

import struct

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import vastdb
from hypothesis import given, settings
from hypothesis import strategies as st
from tabular import make_table, table_in
from vastdb._internal import build_query_data_request
from vastdb.config import QueryConfig, SessionConfig

pytest_plugins = ("tabular_fixtures",)

ROWS = 300_000


def headers_of(tx, table, predicate, columns):
    """Ask for one split by the SDK's own request builder; give the headers back."""
    request = build_query_data_request(table.arrow_schema, predicate, columns)
    ref = table.ref
    response = tx._rpc.api.query_data(
        ref.bucket, ref.schema, ref.table, request.serialized, txid=tx.txid,
        split=(0, 1, 8), num_sub_splits=1, limit_rows=131072,
    )  # fmt: skip
    assert len(response.content) >= struct.calcsize("<I")
    return response.headers


@pytest.fixture(scope="module")
def wide(session):
    """Return the schema of a table of many rows, sorted and shuffled columns."""
    rng = np.random.default_rng(7)
    content = pa.table(
        {
            "time": np.arange(ROWS) * 10,
            "value": rng.normal(size=ROWS),
            "name": pa.array([f"n{i % 977}" for i in range(ROWS)]),
        }
    )
    with session.transaction() as tx:
        tx.bucket("tabular-tests").create_schema("wide")
    make_table(session, "wide", content, sorting_key=["time"])
    return "wide"


def test_a_range_of_the_sort_key_opens_few_rows(session, wide):
    with session.transaction() as tx:
        table = table_in(tx, wide)
        condition = table["time"].between(1_000_000, 1_000_090)
        headers = headers_of(tx, table, condition, ["time", "value"])
        rows = table.select(["time"], predicate=condition).read_all()

        assert list(range(1_000_000, 1_000_100, 10)) == rows["time"].to_pylist()
        assert 1000 > int(headers["x-orbital-rows-read"])
        assert 1 == int(headers["x-orbital-row-groups-read"])


def test_a_column_in_no_order_is_read_whole(session, wide):
    with session.transaction() as tx:
        table = table_in(tx, wide)
        headers = headers_of(tx, table, table["value"] > 3, ["time"])

        assert ROWS == int(headers["x-orbital-rows-read"])


@pytest.mark.parametrize("limit", [60, 1000, 70_000])
@pytest.mark.parametrize("sub_splits", [1, 3])
def test_every_row_comes_once_however_it_is_paged(session, wide, limit, sub_splits):
    config = QueryConfig(
        num_splits=2, num_sub_splits=sub_splits, limit_rows_per_sub_split=limit,
        num_row_groups_per_sub_split=1,
    )  # fmt: skip
    with session.transaction() as tx:
        table = table_in(tx, wide)
        condition = table["time"] < 30_000
        if limit > 1000:
            condition = None
        rows = table.select(["time"], predicate=condition, config=config).read_all()

        expected = 3000 if condition is not None else ROWS
        assert list(range(0, expected * 10, 10)) == sorted(rows["time"].to_pylist())


FRAME = pl.DataFrame(
    {
        "i": [None, -(2**31), -1, 0, 1, 7, 7, 2**31 - 1],
        "f": [0.0, -0.0, None, float("inf"), float("-inf"), 1.5, -1.5, 1e300],
        "s": ["", "a", "ab", "b", None, "ü", "zz", "a b"],
        "b": [True, False, None, True, False, None, True, False],
    },
    schema={"i": pl.Int32, "f": pl.Float64, "s": pl.String, "b": pl.Boolean},
)
LITERALS = {
    "i": st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, 7, -1]),
    "f": st.floats(allow_nan=False) | st.sampled_from([0.0, 1.5]),
    "s": st.text("abz ü", max_size=3),
    "b": st.booleans(),
}
COMPARISONS = ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"]


@st.composite
def terms(draw):
    column = draw(st.sampled_from(sorted(LITERALS)))
    some = draw(
        st.lists(
            st.tuples(st.sampled_from(COMPARISONS), LITERALS[column]),
            min_size=1,
            max_size=3,
        )
    )
    return column, some, draw(st.booleans())


@pytest.fixture(scope="module")
def small(session):
    with session.transaction() as tx:
        tx.bucket("tabular-tests").create_schema("small")
    arrow = FRAME.to_arrow()
    content = arrow.cast(
        pa.schema([("i", pa.int32()), ("f", pa.float64()), ("s", pa.string()), ("b", pa.bool_())])
    )  # fmt: skip
    make_table(session, "small", content)
    return "small"


@given(conditions=st.lists(terms(), min_size=1, max_size=2))
@settings(max_examples=40)
def test_conditions_mean_what_they_mean_to_polars(session, small, conditions):
    with session.transaction() as tx:
        table = table_in(tx, small)
        predicate, expected = None, pl.lit(value=True)
        for column, some, or_null in conditions:
            ours = theirs = None
            for name, literal in some:
                term = getattr(table[column], name)(literal)
                other = getattr(pl.col(column), name)(literal)
                ours = term if ours is None else ours | term
                theirs = other if theirs is None else theirs | other
            if or_null:
                ours, theirs = (
                    ours | table[column].isnull(),
                    theirs | pl.col(column).is_null(),
                )
            predicate = ours if predicate is None else predicate & ours
            expected &= theirs.fill_null(value=False)
        rows = pl.from_arrow(table.select(predicate=predicate).read_all())

    assert FRAME.filter(expected).rows() == rows.rows()


def test_endpoints_given_are_kept_and_read_by_a_worker_each(standin, session, wide):
    """The SDK drops them where the table's statistics list no address."""
    many = vastdb.connect(
        endpoint=standin.endpoint,
        access=standin.access,
        secret=standin.secret,
        config=SessionConfig(data_endpoints=[standin.endpoint] * 3),
    )
    with many.transaction() as tx:
        table = table_in(tx, wide)
        rows = table.select(["time"], config=QueryConfig(num_splits=6)).read_all()

        assert 3 == len(table._session_context.require_data_endpoints())
        assert ROWS == len(set(rows["time"].to_pylist()))
