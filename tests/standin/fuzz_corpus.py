"""What the vendors' clients really send, recorded, for the fuzz campaign to break."""

import io
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import requests
import vastdb
from sql_calls import SqlCalls
from vastdb.config import QueryConfig
from vastdb.table import BlobExpansionConfig, ExpansionFormat

BUCKET = "fuzzed"
MOMENT = datetime(1970, 1, 1)  # noqa: DTZ001 - the column has no zone
SCHEMA = pa.schema(
    [
        ("a", pa.int64()),
        ("s", pa.string()),
        ("f", pa.float64()),
        ("t", pa.timestamp("us")),
        ("d", pa.decimal128(10, 2)),
        ("l", pa.list_(pa.int16())),
        ("n", pa.struct([("x", pa.int8()), ("y", pa.string())])),
        ("v", pa.list_(pa.field("item", pa.float32(), nullable=False), 2)),
    ]
)
ROWS = pa.table(
    {
        "a": [1, 2, 3],
        "s": ["x", "y", None],
        "f": [0.5, None, 2.5],
        "t": [1, 2, 3],
        "d": ["1.25", "2.50", None],
        "l": [[1], [], None],
        "n": [{"x": 1, "y": "z"}, None, {"x": 2, "y": None}],
        "v": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
    }
).cast(SCHEMA)
RECORDED = ("tabular-", "use-", "content-type", "x-amz-meta", "range", "content-md5")


def recorded(standin):
    """Use the clients on a stand-in; returns the requests they made."""
    entries = []
    send = requests.Session.send

    def noted(self, request, **options):
        path, _, query = request.path_url.partition("?")
        headers = tuple(
            (name, value if isinstance(value, str) else value.decode())
            for name, value in request.headers.items()
            if name.lower().startswith(RECORDED) and name.lower() != "tabular-txid"
        )
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        entries.append((request.method, path, query, headers, body))
        return send(self, request, **options)

    requests.Session.send = noted
    try:
        _use(standin)
    finally:
        requests.Session.send = send
    stateless = [entry for entry in entries if "transaction" not in entry[2]]
    return [*dict.fromkeys(stateless), *_objects()]


def fingerprint(standin):
    """Return what would change if anything were written."""
    client = standin.s3()
    objects = [
        (entry["Key"], entry["ETag"])
        for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    ]
    buckets = [entry["Name"] for entry in client.list_buckets()["Buckets"]]
    client.close()
    with _session(standin).transaction() as tx:
        return objects, buckets, list(_tables(tx.bucket(BUCKET)))


def is_whole(state):
    """Return whether the tables and objects that most requests use still exist."""
    objects, _, tables = state
    rows = [entry[2] for entry in tables if entry[0] == "t" and len(entry) > 2]
    return "rows.parquet" in dict(objects) and any(rows)


def restore(standin):
    """Put back what a request that was let through took away."""
    client = standin.s3()
    client.put_object(Bucket=BUCKET, Key="rows.parquet", Body=_parquet())
    client.close()
    with _session(standin).transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema("one", fail_if_exists=False)
        table = schema.table("t", fail_if_missing=False)
        if table is not None:
            table.drop()
        schema.create_table("t", SCHEMA).insert(ROWS)


def _parquet():
    parquet = io.BytesIO()
    pq.write_table(ROWS.select(["a", "s"]), parquet)
    return parquet.getvalue()


def _tables(parent):
    for schema in parent.schemas():
        yield (schema.name,)
        for table in schema.tables():
            rows = table.select().read_all()
            yield table.name, str(table.arrow_schema), rows.to_pylist()
        yield from _tables(schema)


def _session(standin):
    return vastdb.connect(
        endpoint=standin.endpoint, access=standin.access, secret=standin.secret
    )


def _use(standin):
    client = standin.s3()
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="rows.parquet", Body=_parquet())
    client.close()
    session = _session(standin)
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema("one")
        table = schema.create_table("t", SCHEMA)
        table.insert(ROWS)
        table.create_projection("p", ["a"], ["s"])
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).schema("one")
        table = schema.table("t")
        for predicate in _predicates(table):
            config = QueryConfig(num_sub_splits=2, num_splits=1)
            table.select(predicate=predicate, config=config).read_all()
        rows = table.select(["a"], internal_row_id=True).read_all()
        table.update(rows)
        table.delete(rows.select(["$row_id"]).slice(2))
        table.add_column(pa.schema([("extra", pa.int8())]))
        table.rename_column("extra", "more")
        table.drop_column(pa.schema([("more", pa.int8())]))
        list(table.projections())
        imported = schema.create_table(
            "i", pa.schema([("a", pa.int64()), ("s", pa.utf8())])
        )
        imported.import_files([f"/{BUCKET}/rows.parquet"])
        schema.create_table("gone", SCHEMA, sorting_key=["a"]).drop()
        tx.bucket(BUCKET).create_schema("empty").drop()
        _expand(schema)
    calls = SqlCalls(standin.endpoint, standin.access, standin.secret)
    calls.rows(f'SELECT * FROM "{BUCKET}/one".t WHERE a > 1')
    calls.rows(f"INSERT INTO \"{BUCKET}/one\".i VALUES (7, 'sql')")


def _expand(schema):
    source = schema.create_table(
        "blobs", pa.schema([("id", pa.int64()), ("j", pa.utf8())])
    )
    schema.create_table("blobs_k", pa.schema([("k", pa.int64())]))
    source.create_blob_expansion(
        source_column_name="j",
        target_table_name="blobs_k",
        expansion_schema=pa.schema([("k", pa.int64())]),
        config=BlobExpansionConfig(expansion_format=ExpansionFormat.JSON),
    )
    source.blob_expansion("j")


def _predicates(table):
    yield None
    yield (table["a"] > 1) & (table["s"] == "x")
    yield table["a"].isin([1, 2, 3]) | (table["a"] < 0)
    yield table["s"].startswith("x")
    yield table["s"].contains("x")
    yield table["f"].isnull()
    yield table["t"].between(MOMENT, MOMENT)


def _objects():
    """Name S3 calls as boto3 makes them; boto3 itself does not go through `requests`."""
    delete = b"<Delete><Object><Key>absent</Key></Object></Delete>"
    tags = (
        b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
    )
    complete = (
        b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag>"
        b"</Part></CompleteMultipartUpload>"
    )
    path = f"/{BUCKET}/object"
    return [
        ("PUT", path, "", (("x-amz-meta-k", "v"),), b"content"),
        ("GET", path, "", (("range", "bytes=0-3"),), b""),
        ("HEAD", path, "", (), b""),
        ("DELETE", path, "", (), b""),
        ("PUT", path, "tagging", (), tags),
        ("PUT", path, "", (("x-amz-copy-source", f"/{BUCKET}/rows.parquet"),), b""),
        ("POST", path, "uploads", (), b""),
        ("POST", path, "uploadId=x", (), complete),
        ("PUT", path, "partNumber=1&uploadId=x", (), b"part"),
        ("GET", f"/{BUCKET}", "list-type=2&prefix=r&max-keys=1", (), b""),
        ("POST", f"/{BUCKET}", "delete", (), delete),
        ("GET", "/", "", (), b""),
    ]
