"""Schemas, tables and projections by the management side, and who did what to them."""

import io
import time
from urllib.parse import urlencode

import pyarrow as pa
import pytest
import urllib3
import vastpy
from pyarrow import csv, parquet
from tabular import BUCKET, connect, table_in

FILES = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
}
NAMES = {"database_name": BUCKET, "schema_name": "managed"}
COLUMNS = [
    {"name": "a", "field": {"column_type": "int64"}},
    {"name": "s", "field": {"column_type": "string"}},
    {"name": "t", "field": {"column_type": "timestamp[us]"}},
]


@pytest.fixture
def managed(standin, vms):
    """Return a session, and an empty schema made by the management side."""
    session = connect(standin)
    vms.schemas.post(database_name=BUCKET, name="managed")
    yield session
    for schema in vms.schemas.get(database_name=BUCKET):
        if schema["name"].startswith("managed"):
            place = {"database_name": BUCKET, "schema_name": schema["name"]}
            for table in vms.tables.get(**place):
                vms.tables["delete"].delete(**place, name=table["name"])
            vms.schemas["delete"].delete(database_name=BUCKET, name=schema["name"])


def test_a_table_made_here_is_one_of_the_sdk(managed, vms):
    vms.tables.post(**NAMES, name="t", arrow_schema=COLUMNS, sorted_column_names=["t"])
    more = [{"name": "f", "field": {"column_type": "double"}}]
    vms.tables.add_columns.patch(**NAMES, name="t", arrow_schema=more)
    vms.tables.rename.patch(**NAMES, name="t", new_name="u")
    vms.schemas.rename.patch(
        database_name=BUCKET, name="managed", new_name="managed-anew"
    )

    with managed.transaction() as tx:
        table = table_in(tx, "managed-anew", "u")
        assert ["a", "s", "t", "f"] == table.arrow_schema.names
        assert table.stats.sorting_key_enabled
    shown = vms.schemas.show.get(database_name=BUCKET, name="managed-anew")
    assert "managed-anew" == shown["name"]


def test_a_projection_is_made_shown_renamed_and_deleted(managed, vms):
    vms.tables.post(**NAMES, name="t", arrow_schema=COLUMNS)
    place = {**NAMES, "table_name": "t"}
    vms.projections.post(
        **place, name="p", sorted_columns=["a"], unsorted_columns=["s"]
    )
    with managed.transaction() as tx:
        rows = pa.table(
            {"a": [2, 1], "s": ["x", "y"], "t": pa.array([1, 2], "timestamp[us]")}
        )
        table_in(tx, "managed").insert(rows)

    vms.projections.rename.patch(**place, name="p", new_name="q")
    shown = vms.projections.show.get(**place, name="q")

    assert ("q", 2) == (shown["name"], shown["num_rows"])
    assert 0 <= shown["initial_sync_progress"] <= 100_000
    vms.projections["delete"].delete(**place, name="q")
    assert [] == vms.projections.get(**place)


REFUSED = {
    "no columns": {"arrow_schema": []},
    "no such type": {"arrow_schema": [{"name": "a", "field": {"column_type": "int9"}}]},
    "no name": {"arrow_schema": [{"field": {"column_type": "int8"}}]},
    "unknown field": {"arrow_schema": COLUMNS, "colour": "red"},
    "sorted by nothing": {"arrow_schema": COLUMNS, "sorted_column_names": ["zz"]},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_a_wrong_table_is_refused(managed, vms, fields):
    with pytest.raises(vastpy.RESTFailure, match=r"40[04]"):
        vms.tables.post(**NAMES, name="t", **fields)

    assert [] == vms.tables.get(**NAMES)


def test_client_activity_is_shown_and_stored_in_a_table(fresh_standin):
    standin = fresh_standin()
    vms, client = standin.vms(), standin.s3()
    client.create_bucket(Bucket="client-metrics")
    (tenant,) = vms.tenants.get()
    settings = vms.tenants[str(tenant["id"])].client_metrics
    assert not settings.get()["config"]["enabled"]
    client.put_object(Bucket="client-metrics", Key="k", Body=bytes(12_345))
    (entry,) = vms.iodata.get()["data"]
    assert ("standin", 12_345) == (entry["user"], entry["write_bytes"])

    # A table made when less was counted gets the columns it lacks.
    with connect(standin).transaction() as tx:
        schema = tx.bucket("client-metrics").create_schema("client_metrics")
        older = pa.schema([("timestamp", pa.timestamp("us")), ("user", pa.string())])
        schema.create_table("client_metrics", older)
    settings.patch(config={"enabled": True, "bucket_name": "client-metrics"})
    client.put_object(Bucket="client-metrics", Key="k", Body=bytes(12_345))
    rows = _awaited(connect(standin))
    assert 12_345 <= sum(rows["write_bytes"].to_pylist())
    assert {"standin"} == set(rows["user"].to_pylist())
    assert sum(rows["write_md_ops"].to_pylist()) > 0


def _awaited(session):
    """Wait for the first rows: they are written every ten seconds."""
    for _ in range(150):
        with session.transaction() as tx:
            schema = tx.bucket("client-metrics").schema("client_metrics", False)
            if schema is not None:
                rows = schema.table("client_metrics").select().read_all()
                if len(rows):
                    return rows
        time.sleep(0.1)
    raise AssertionError("no client metrics after 15 s")


def test_client_metrics_need_a_bucket_of_the_tenant(vms):
    (tenant,) = vms.tenants.get(name__icontains="default")
    with pytest.raises(vastpy.RESTFailure, match="no view of bucket"):
        vms.tenants[str(tenant["id"])].client_metrics.patch(
            config={"enabled": True, "bucket_name": "nobody"}
        )


def test_webhooks_are_kept(vms):
    hook = vms.webhooks.post(name="pager", url="https://example.org/hook")
    endpoint = vms.webhooks[str(hook["id"])]

    assert ("POST", True) == (hook["method"], hook["enabled"])
    assert not endpoint.patch(enabled=False)["enabled"]
    endpoint.delete()
    assert [] == vms.webhooks.get()


def load(standin, body, media, name="loaded", **more):
    """Post a file as the description has it; vastpy sends JSON only."""
    pool = urllib3.PoolManager(ca_certs=standin.cert_file)
    headers = urllib3.make_headers(basic_auth=f"{standin.user}:{standin.password}")
    query = urlencode({**NAMES, "name": name, **more})
    answer = pool.request(
        "POST",
        f"https://{standin.vms_address}/api/tables/load_from_file/?{query}",
        headers={**headers, "Content-Type": media},
        body=body,
    )
    return answer.status, answer.data.decode()


def file_of(rows, form):
    sink = io.BytesIO()
    {"parquet": parquet.write_table, "csv": csv.write_csv}[form](rows, sink)
    return sink.getvalue()


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("wrapped", [False, True], ids=["body", "form"])
def test_a_table_is_made_of_a_file(managed, standin, form, wrapped):
    rows = pa.table(
        {
            "a": [1, 2, None],
            "f": [0.5, -1.0, 2.0],
            "s": ["x", "", "--frontier"],
            "d": pa.array([1, 2, 3], pa.date32()),
            "none": pa.array([None, None, None], pa.string()),
        }
    )
    body, media = file_of(rows, form), FILES[form]
    if wrapped:
        fields = {"note": "first", "file": (f"rows.{form}", body, media)}
        body, media = urllib3.encode_multipart_formdata(fields)

    assert (200, "") == load(standin, body, media)

    with managed.transaction() as tx:
        stored = table_in(tx, "managed", "loaded").select().read_all()
    assert rows.select(["a", "f", "s", "d"]).equals(
        stored.select(["a", "f", "s", "d"]).cast(
            rows.select(["a", "f", "s", "d"]).schema
        )
    )
    assert pa.string() == stored.schema.field("none").type


def test_a_large_file_is_loaded_in_pieces(managed, standin, vms):
    count = 600_000
    rows = pa.table({"a": range(count), "s": [f"row {i}" for i in range(count)]})

    assert (200, "") == load(standin, file_of(rows, "csv"), FILES["csv"])

    (row,) = vms.tables.get(**NAMES)
    assert ("loaded", count) == (row["name"], row["num_rows"])
    with managed.transaction() as tx:
        table = table_in(tx, "managed", "loaded")
        stored = table.select(predicate=table["a"] == count - 1).read_all()
    assert ["row 599999"] == stored["s"].to_pylist()


WIDE = b"a\n" + b"1\n" * (3 << 20) + b"text\n"
BAD_FILES = {
    "no parquet": (b"PAR1 and more", FILES["parquet"]),
    "cut parquet": (file_of(pa.table({"a": [1]}), "parquet")[:-5], FILES["parquet"]),
    "empty": (b"", FILES["csv"]),
    "another kind": (b"{}", "application/json"),
    "no kind": (b"a\n1\n", ""),
    "same column twice": (b"a,a\n1,2\n", FILES["csv"]),
    "text after numbers": (WIDE, FILES["csv"]),
    "ragged": (b"a,b\n1,2\n3\n", FILES["csv"]),
    "no boundary": (b"a\n1\n", "multipart/form-data"),
    "no file": (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    "cut form": (
        b'--x\r\nContent-Disposition: form-data; name="file"',
        "multipart/form-data; boundary=x",
    ),
}


@pytest.mark.parametrize(("body", "media"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_leaves_no_table(managed, standin, vms, body, media):
    assert 400 == load(standin, body, media)[0]

    assert [] == vms.tables.get(**NAMES)


def test_a_file_is_not_loaded_over_a_table_or_into_nothing(managed, standin, vms):
    assert 200 == load(standin, b"a\n1\n", FILES["csv"])[0]

    assert 409 == load(standin, b"a\n2\n", FILES["csv"])[0]
    assert 404 == load(standin, b"a\n2\n", FILES["csv"], schema_name="none")[0]
    assert 400 == load(standin, b"a\n2\n", FILES["csv"], imagined="1")[0]
    assert 1 == vms.tables.get(**NAMES)[0]["num_rows"]


def test_a_full_quota_loads_nothing(managed, standin, vms):
    (view,) = vms.views.get(bucket=BUCKET)
    quota = vms.quotas.post(name="full", path=view["path"], hard_limit=1)

    assert 507 == load(standin, b"a\n1\n", FILES["csv"])[0]

    vms.quotas[str(quota["id"])].delete()
    assert [] == vms.tables.get(**NAMES)
