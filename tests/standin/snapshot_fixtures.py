"""A fixture of the tests of snapshots and clones: a table in a bucket."""

import pyarrow as pa
import pytest
import vastdb


@pytest.fixture
def table(standin, bucket):
    """Return a session and a table of three rows, dropped afterwards."""
    session = vastdb.connect(
        endpoint=standin.endpoint, access=standin.access, secret=standin.secret
    )
    with session.transaction() as tx:
        schema = tx.bucket(bucket).create_schema("s")
        table = schema.create_table("t", pa.schema([("a", pa.int64())]))
        table.insert(pa.table({"a": [1, 2, 3]}))
    yield session
    with session.transaction() as tx:
        schema = tx.bucket(bucket).schema("s")
        schema.table("t").drop()
        schema.drop()
