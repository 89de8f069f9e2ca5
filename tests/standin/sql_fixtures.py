"""Fixtures of the tests of SQL: its calls, and a table of three rows."""

import pytest
from sql_calls import CONTENT, SqlCalls
from tabular import BUCKET, make_table


@pytest.fixture(scope="module")
def sql(standin):
    """Return the query engine's calls on the shared stand-in."""
    return SqlCalls(standin.endpoint, standin.access, standin.secret)


@pytest.fixture
def table(session, schema_name):
    """Return the name, in SQL, of a table of three rows."""
    make_table(session, schema_name, CONTENT)
    return f'"{BUCKET}/{schema_name}".t'
