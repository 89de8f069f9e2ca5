"""Inserts in a thread keep their order and their errors; rows fetched ahead are all there."""

import threading

import pyarrow as pa
import pytest

from orbital_kernel.ingest.checksum import Sum, row_hashes, sum_of
from orbital_kernel.ingest.overlapped import AHEAD, Inserts, fetched_ahead


class Recorded:
    """A transaction's insert, into a list; it fails at one row and waits if asked to."""

    def __init__(self, fails_at=None):
        self.rows, self.fails_at = [], fails_at
        self.open = threading.Event()
        self.open.set()

    def insert(self, table, rows):
        self.open.wait()
        value = rows["n"][0].as_py()
        if value == self.fails_at:
            raise ValueError(f"row {value} of {table}")
        self.rows.append(value)
        return len(rows)


def batch(number):
    return pa.table({"n": [number]})


def test_inserts_arrive_in_order_and_are_all_sent_at_the_end():
    target = Recorded()

    with Inserts(target) as inserts:
        for number in range(50):
            inserts.add("t", batch(number))
        inserts.finish()

    assert list(range(50)) == target.rows


@pytest.mark.parametrize("fails_at", [0, 7, 9])
def test_a_failed_insert_is_raised_and_no_later_row_of_the_caller_is_sent(fails_at):
    target = Recorded(fails_at)

    def send():
        with Inserts(target) as inserts:
            for number in range(10):
                inserts.add("t", batch(number))
            inserts.finish()

    with pytest.raises(ValueError, match=f"row {fails_at} of t"):
        send()
    assert target.rows[:fails_at] == list(range(fails_at))
    assert len(target.rows) <= fails_at + AHEAD


def test_nothing_is_sent_once_the_block_has_ended():
    target = Recorded()
    target.open.clear()

    def refuse():
        with Inserts(target) as inserts:
            for number in range(AHEAD):
                inserts.add("t", batch(number))
            target.open.set()
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        refuse()
    sent = len(target.rows)

    assert sent <= AHEAD
    assert not any(t.name.startswith("ingest-insert") for t in threading.enumerate())


def test_items_fetched_ahead_are_the_items_and_their_error():
    def items():
        yield from range(5)
        raise LookupError("the sixth")

    fetched = []
    with pytest.raises(LookupError, match="the sixth"):
        fetched.extend(fetched_ahead(items()))
    assert [*range(100)] == list(fetched_ahead(range(100)))
    assert 0 == next(fetched_ahead(iter(range(3))))


def test_a_checksum_is_what_it_was_before_it_was_computed_in_place():
    rows = pa.table(
        {
            "real": pa.array([1.5, None, -0.0, float("nan")], pa.float64()),
            "count": pa.array([1, 2, None, 4], pa.int32()),
            "flag": [True, False, None, True],
            "word": ["a", "b", "c", "d"],
        }
    )
    before = [column.to_pylist() for column in rows.columns]

    total = sum_of(rows)

    assert Sum(4, 0x619B4728175C3D72) == total
    assert str(before) == str([column.to_pylist() for column in rows.columns])
    assert row_hashes(rows).tolist() == row_hashes(rows).tolist()
