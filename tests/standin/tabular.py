"""Shared by tests of the tabular side: sessions of the vendor's SDK, and tables."""

import contextlib

import vastdb
from vastdb import errors
from vastdb.config import BackoffConfig

BUCKET = "tabular-tests"


def connect(standin):
    """Open the vendor's session on a stand-in, with a bucket to use."""
    client = standin.s3()
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=BUCKET)
    client.close()
    return vastdb.connect(
        endpoint=standin.endpoint,
        access=standin.access,
        secret=standin.secret,
        backoff_config=BackoffConfig(max_tries=2, max_time=1),
    )


def table_in(tx, schema, name="t"):
    """Open a table."""
    return tx.bucket(BUCKET).schema(schema).table(name)


def make_table(session, schema, content, name="t", **options):
    """Create a table that holds an Arrow table."""
    with session.transaction() as tx:
        table = (
            tx.bucket(BUCKET)
            .schema(schema)
            .create_table(name, content.schema, **options)
        )
        if len(content):
            table.insert(content)


def until_no_conflict(work, tries=200):
    """Do work again for as long as it conflicts with others."""
    for _ in range(tries):
        try:
            return work()
        except errors.Conflict:
            continue
    raise AssertionError(f"still in conflict after {tries} tries")
