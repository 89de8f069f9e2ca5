"""Tables by the thousand: a listing costs a request per page of names, not per table."""

import json

import pyarrow as pa
import pytest

from orbital_kernel import connect, embedded

MORE = 300


@pytest.fixture
def session(tmp_path):
    yield connect(tmp_path)
    embedded.stop(tmp_path)


def add_tables(session, names):
    """Create tables with one column in a schema of the database."""
    columns = pa.schema([("a", pa.int64())])
    with session.store._session.transaction() as tx:
        schema = tx.bucket(session.database).create_schema("many")
        for name in names:
            schema.create_table(name, columns)
        schema.table(names[0]).insert(pa.table({"a": [1, 2, 3]}))


def listing(session, folder):
    """Return the tables, and the requests that the platform logged meanwhile."""
    log = folder / "access.log"
    before = log.stat().st_size
    tables = session.tables()
    lines = log.read_bytes()[before:].splitlines()
    return tables, [
        (entry["method"], *entry["query"])
        for entry in map(json.loads, lines)
        if entry["port"] == "data" and "transaction" not in entry["query"]
    ]  # a commit of the step before may be logged late


def test_a_listing_asks_as_often_for_many_tables_as_for_few(session, tmp_path):
    session.storage.apply()
    few, before = listing(session, tmp_path)
    names = [f"t{number}" for number in range(MORE)]
    add_tables(session, names)

    many, after = listing(session, tmp_path)

    assert few.keys() | {f"many.{name}" for name in names} == many.keys()
    assert 3 == many["many.t0"]
    assert 0 == many["many.t1"]
    assert len(before) + 1 == len(after)  # the one page of the new schema
    assert ("GET", "stats") not in after


def test_a_listing_counts_the_rows_of_its_own_transaction(session):
    session.storage.apply()
    rows = session.tables()
    with session.store.transaction() as tx:
        assert rows == tx.row_counts()
        assert rows == {name: tx.rows(name) for name in tx.tables()}


def test_a_database_that_is_missing_has_no_tables(session):
    assert {} == session.tables()
