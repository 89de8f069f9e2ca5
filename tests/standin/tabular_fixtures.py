"""Fixtures of the tests of the tabular side: a session, and an empty schema."""

import itertools

import pytest
from tabular import BUCKET, connect

_NAMES = itertools.count()


@pytest.fixture(scope="module")
def session(standin):
    """Return a session on the shared stand-in."""
    return connect(standin)


@pytest.fixture
def schema_name(session):
    """Return the name of an empty schema of the test's own."""
    name = f"schema{next(_NAMES)}_{id(session)}"
    with session.transaction() as tx:
        tx.bucket(BUCKET).create_schema(name)
    return name
