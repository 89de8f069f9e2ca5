"""The rows at one end of a column: both ends, any type, ties in one order, few rows sent."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from orbital_kernel import Query
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.query import Largest, Smallest

TAG = "EXTREMES"
ROWS = 6_000


@pytest.fixture(scope="module")
def stored(orbital):
    dice = np.random.default_rng(4)
    start = np.datetime64("2013-04-27T07:47:06.000000001", "ns")
    rows = pa.table(
        {
            "mode": [TAG] * ROWS,
            "object": [f"{TAG} {n:05d}" for n in dice.permutation(ROWS)],
            "exposure_s": pa.array(dice.integers(0, 40, ROWS), pa.float64()),
            "value": pa.array([None, np.nan, *dice.lognormal(0, 2, ROWS - 2)]),
            "time": start + dice.permutation(ROWS) * np.timedelta64(333, "ns"),
        }
    )
    orbital.store.insert("swift.photometry", rows)
    yield pl.from_arrow(rows)
    with orbital.store.transaction() as tx:
        tx.delete("swift.photometry", [Clause("mode", (Equal(TAG),))])


@pytest.mark.parametrize("column", ["value", "exposure_s", "time", "object"])
@pytest.mark.parametrize("end", [Largest, Smallest])
def test_either_end_of_a_column_is_that_of_a_sort(orbital, stored, column, end):
    query = Query(
        "swift.photometry",
        (column,),
        sets={"mode": [TAG]},
        largest=end(column, 300),
        full_scan=True,
    )

    answer = orbital.query(query)

    usable = stored.filter(pl.col(column).is_not_null())
    if column == "value":
        usable = usable.filter(pl.col("value").is_not_nan())
    expected = usable.sort(column, descending=end is Largest)[column].head(300)
    assert expected.to_list() == answer.frame[column].to_list()
    assert answer.how.rows_fetched < ROWS


def test_rows_of_equal_value_have_one_order_so_that_pages_share_no_row(orbital, stored):
    def top(rows):
        query = Query(
            "swift.photometry",
            ("object", "exposure_s"),
            sets={"mode": [TAG]},
            largest=Largest("exposure_s", rows),
            full_scan=True,
        )
        return orbital.query(query).frame["object"].to_list()

    first, second = top(200), top(400)

    assert first == second[:200]
    assert 400 == len(set(second))


def test_the_column_may_be_limited_to_a_range_too(orbital, stored):
    query = Query(
        "swift.photometry",
        ("exposure_s",),
        sets={"mode": [TAG]},
        ranges={"exposure_s": (3.0, 9.0)},
        largest=Largest("exposure_s", 5),
        full_scan=True,
    )

    assert [9.0] * 5 == orbital.query(query).frame["exposure_s"].to_list()
