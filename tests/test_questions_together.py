"""Several tables of one question are asked at once, and no answer is mixed up."""

import threading

import polars as pl
import pytest

from orbital_kernel import Query
from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Explain
from orbital_kernel.questions.asking import together
from orbital_kernel.questions.one_call import OneCall
from orbital_kernel.questions.side_by_side import SIDE_BY_SIDE, side_by_side

TABLES = [f"{name}.observations" for name in ("swift", "chandra", "fermi")]


class Meeting:
    """Answers only when `number` questions are being asked at the same time."""

    def __init__(self, number):
        self.barrier = threading.Barrier(number)

    def query(self, query, *, kind="query", estimate=False):
        self.barrier.wait(10)
        frame = pl.DataFrame({"table": [query.table], "kind": [kind]})
        how = Explain(query.table, [], [], [], 0, None, 5, 1, 1, 8, 2.5)
        return Answer(frame, how, {})


def test_the_tables_of_a_question_are_queried_at_once_and_answered_in_order():
    answers = together(Meeting(3), [Query(name) for name in TABLES], kind="place")

    assert [(name, "place") for name in TABLES] == [a.frame.row(0) for a in answers]


def test_one_refusal_is_the_answer_of_all():
    def ask(name):
        if name == TABLES[1]:
            raise ValueError(name)
        return name

    with pytest.raises(ValueError, match="chandra"):
        side_by_side(ask, TABLES)
    assert [] == side_by_side(ask, [])


def test_no_more_than_a_handful_are_asked_at_once():
    asking, most, lock = [], [], threading.Lock()
    together_now = threading.Barrier(SIDE_BY_SIDE)

    def ask(number):
        with lock:
            asking.append(number)
            most.append(len(asking))
        together_now.wait(10)
        with lock:
            asking.remove(number)
        return number

    numbers = list(range(2 * SIDE_BY_SIDE))
    assert numbers == side_by_side(ask, numbers)
    assert SIDE_BY_SIDE == max(most)


@pytest.fixture
def meeting(stocked, monkeypatch):
    """Return a session that answers queries only of several observatories at once."""
    met = set()

    def at_once(ask, which, barrier):
        def query(subject, *args, **options):
            name = subject if isinstance(subject, str) else subject.table
            if name.endswith(which):
                barrier.wait(10)
                met.add(name)
            return ask(subject, *args, **options)

        return query

    def watch(which, names):
        barrier = threading.Barrier(len(names))
        query = at_once(stocked.query, which, barrier)
        read = at_once(stocked.store.read, which, barrier)
        monkeypatch.setattr(stocked, "query", query)
        monkeypatch.setattr(stocked.store, "read", read)
        return met

    return watch


def test_a_series_is_looked_for_in_all_observatories_at_once(stocked, meeting):
    name = stocked.table("swift.rates", ["series"])["series"][0]
    met = meeting(".rates", observatories())

    assert len(stocked.series(name))
    assert {f"{o}.rates" for o in observatories()} == met


def test_a_light_curve_asks_all_observatories_with_points_at_once(stocked, meeting):
    rows = stocked.tables()
    names = [o for o in observatories() if rows[f"{o}.photometry"]]
    met = meeting(".photometry", names)

    assert len(names) > 1
    assert len(stocked.light_curve("SIM AGN 1"))
    assert {f"{o}.photometry" for o in names} == met


def test_a_table_without_rows_is_not_asked_and_no_query_twice(stocked):
    rows = stocked.tables()
    empty = next(t for t in rows if t.endswith(".notices") and not rows[t])
    call = OneCall(stocked)
    query = Query("swift.sources", ("ra", "dec"), limit=3)

    with stocked.explained() as explanation:
        answers = together(call, [Query(empty), query], kind="place")
        again = call.query(query)

    assert stocked.query(Query(empty)).frame.schema == answers[0].frame.schema
    assert stocked.query(query).frame.equals(again.frame)
    assert ["swift.sources"] == [how.table for how in explanation.queries]
