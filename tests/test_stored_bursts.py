"""Stored excursions asked for by object, time, cause and series: the server selects."""

import logging

import polars as pl
import pytest

from orbital_kernel import Query
from orbital_kernel.query import running


@pytest.fixture(scope="module")
def rows(stocked):
    """Return all stored excursions."""
    return stocked.bursts.stored()


def test_excursions_of_an_object_are_found_in_any_usual_spelling(stocked, rows):
    name = rows["object"].drop_nulls().sort()[0]

    for spelling in (name, name.lower(), [name]):
        found = stocked.bursts.stored(spelling)
        assert rows.filter(object=name).equals(found.filter(object=name))
        assert {name.casefold()} == {text.casefold() for text in found["object"]}
    assert 0 == len(stocked.bursts.stored("nobody"))
    assert 0 == len(stocked.bursts.stored([]))


def test_excursions_of_a_span_causes_and_series_are_those_of_the_whole(stocked, rows):
    row = rows.row(len(rows) // 2, named=True)
    time = row["time_utc"][:19]  # whole seconds: the column is rounded to ms

    assert rows.filter(pl.col("time_utc") >= time).equals(
        stocked.bursts.stored(start=time)
    )
    for column, argument in (("cause", "causes"), ("series", "series")):
        found = stocked.bursts.stored(**{argument: [row[column]]})
        assert rows.filter(pl.col(column) == row[column]).equals(found)


def test_a_large_read_is_announced_with_its_estimate(stocked, monkeypatch, caplog):
    stored = stocked.count(Query("swift.rates"))
    monkeypatch.setattr(running, "LARGE_TABLE_ROWS", stored // 4)
    caplog.set_level(logging.WARNING, running.LOG.name)

    answer = stocked.query(Query("swift.rates", ("time",), full_scan=True))

    assert stored == answer.how.estimated_rows
    assert f"reading about {stored:,} of {stored:,} rows of swift.rates" in caplog.text
