"""What 5.5 added, seen through the vendors' clients: partitions, expansion, snapshots."""

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from tabular import BUCKET, make_table, table_in
from vastdb import errors
from vastdb.config import ImportConfig
from vastdb.partitioning import PartitionKey, PartitionSpec
from vastdb.table import BlobExpansionConfig
from vastdb.table_metadata import TableRef

pytest_plugins = ("tabular_fixtures",)

HALF_DAYS = np.arange("2024-01-01", "2024-01-04", 12, dtype="datetime64[h]")
MEASURES = pa.table(
    {
        "at": pa.array(HALF_DAYS.astype("datetime64[us]")),
        "site": ["a", "b"] * 3,
        "n": pa.array(range(6), pa.int64()),
    }
)


@pytest.fixture
def partitioned(session, schema_name):
    spec = PartitionSpec(
        [PartitionKey("at", DayTransform()), PartitionKey("site", IdentityTransform())]
    )
    make_table(session, schema_name, MEASURES, partition_spec=spec)
    return schema_name


def numbers(session, schema, predicate=None):
    with session.transaction() as tx:
        table = table_in(tx, schema)
        chosen = None if predicate is None else predicate(table)
        return sorted(table.select(["n"], predicate=chosen).read_all()["n"].to_pylist())


def test_partitions_are_listed_with_their_rows(session, partitioned):
    with session.transaction() as tx:
        listed = table_in(tx, partitioned).partitions().select().read_all()

    assert 6 == len(listed)
    assert [1] * 6 == listed["est_row_count"].to_pylist()


def test_partitioned_rows_are_found_by_any_condition(session, partitioned):
    assert list(range(6)) == numbers(session, partitioned)
    assert [1, 3, 5] == numbers(session, partitioned, lambda t: t["site"] == "b")
    noon = dt.datetime.fromisoformat("2024-01-02T00:00:00")
    assert [2, 3, 4, 5] == numbers(session, partitioned, lambda t: t["at"] >= noon)


def test_a_deleted_partition_is_gone_and_the_others_stay(session, partitioned):
    with session.transaction() as tx:
        table = table_in(tx, partitioned)
        listed = table.partitions().select().read_all()
        keys = [n for n in listed.schema.names if n not in (
            "est_row_count", "est_byte_size", "sorting_score")]  # fmt: skip
        gone = listed.select(keys).combine_chunks().to_batches()[0].slice(0, 1)
        table.delete_partitions(gone, allow_non_acid=True)

    assert 5 == len(numbers(session, partitioned))


def test_the_buffered_inserter_fills_partitions(session, schema_name):
    spec = PartitionSpec([PartitionKey("n", BucketTransform(4))])
    make_table(session, schema_name, MEASURES.slice(0, 0), partition_spec=spec)
    ref = TableRef(BUCKET, schema_name, "t")
    with (
        ThreadPoolExecutor(2) as pool,
        session.buffered_inserter(ref, pool) as inserter,
    ):
        for batch in MEASURES.to_batches():
            inserter.add_batch(batch)

    assert list(range(6)) == numbers(session, schema_name)


def test_json_is_taken_apart_into_the_target(session, schema_name):
    fields = pa.schema([("x", pa.int32()), ("y", pa.struct([("z", pa.string())]))])
    make_table(session, schema_name, pa.table({"id": pa.array([], pa.int64()), "doc": pa.array([], pa.string())}))  # fmt: skip
    with session.transaction() as tx:
        table_in(tx, schema_name).create_blob_expansion(
            expansion_schema=fields,
            target_table_name="expanded",
            source_column_name="doc",
            config=BlobExpansionConfig(copy_source_column=True),
        )
    docs = ['{"x": 1, "y": {"z": "q"}, "more": 0}', "no json", '{"x": "text"}']
    with session.transaction() as tx:
        table_in(tx, schema_name).insert(pa.table({"id": [1, 2, 3], "doc": docs}))
    with session.transaction() as tx:
        rows = table_in(tx, schema_name, "expanded").select().read_all()

    assert [1, None, None] == rows["x"].to_pylist()
    assert [{"z": "q"}, None, None] == rows["y"].to_pylist()
    assert docs == rows["doc"].to_pylist()


def test_an_object_is_imported_once(session, schema_name, standin):
    make_table(session, schema_name, MEASURES.slice(0, 0))
    file = io.BytesIO()
    pq.write_table(MEASURES, file)
    client = standin.s3()
    client.put_object(Bucket=BUCKET, Key="m.parquet", Body=file.getvalue())
    client.close()
    for _ in range(2):
        with session.transaction() as tx:
            table_in(tx, schema_name).import_files([f"/{BUCKET}/m.parquet"])

    assert list(range(6)) == numbers(session, schema_name)
    with session.transaction() as tx:
        imports = table_in(tx, schema_name).imports_table().select().read_all()
    assert ["m.parquet"] == imports["ObjectName"].to_pylist()


def test_many_objects_are_imported_at_once_into_one_transaction(
    session, schema_name, standin
):
    make_table(session, schema_name, MEASURES.slice(0, 0))
    keys = [f"many-{number}.parquet" for number in range(60)]
    client = standin.s3()
    for number, key in enumerate(keys):
        file = io.BytesIO()
        pq.write_table(MEASURES.set_column(2, "n", [[number] * 6]), file)
        client.put_object(Bucket=BUCKET, Key=key, Body=file.getvalue())
    client.close()

    with session.transaction() as tx:
        table = table_in(tx, schema_name)
        config = ImportConfig(import_concurrency=8)
        table.import_files([f"/{BUCKET}/{key}" for key in keys], config=config)
        imports = table.imports_table().select().read_all()
        inside = sorted(table.select(["n"]).read_all()["n"].to_pylist())

    rows = sorted(list(range(60)) * 6)
    assert (rows, rows) == (inside, numbers(session, schema_name))
    assert sorted(keys) == sorted(imports["ObjectName"].to_pylist())


def test_a_snapshot_keeps_what_was(session, schema_name, standin, vms):
    make_table(session, schema_name, MEASURES)
    view = vms.views.get(bucket=BUCKET)[0]
    snapshot = vms.snapshots.post(path=view["path"], name=f"kept-{schema_name}")
    with session.transaction() as tx:
        table_in(tx, schema_name).drop()
    with session.transaction() as tx:
        names = [s.name for s in tx.bucket(BUCKET).snapshots()]
        snapshot_schema = next(
            s for s in tx.bucket(BUCKET).snapshots() if schema_name in s.name
        )
        rows = snapshot_schema.schema(schema_name).table("t").select().read_all()
        with pytest.raises(errors.MissingTable):
            table_in(tx, schema_name)

    assert any(schema_name in name for name in names)
    assert MEASURES == rows
    vms.snapshots[snapshot["id"]].delete()


def test_a_projection_gives_rows_in_its_own_order(session, schema_name):
    content = pa.table({"a": [3, 1, 2], "b": ["x", "y", "z"]})
    make_table(session, schema_name, content)
    with session.transaction() as tx:
        table_in(tx, schema_name).create_projection("p", ["a"], ["b"])
    for _ in range(200):
        with session.transaction() as tx:
            table = table_in(tx, schema_name)
            rows = table.select(predicate=table["a"] > 0).read_all()
        if rows["a"].to_pylist() == [1, 2, 3]:
            break

    assert ["y", "z", "x"] == rows["b"].to_pylist()


def test_the_catalogue_lists_what_is_stored(session, schema_name):
    make_table(session, schema_name, MEASURES, name="listed")
    for _ in range(3000):
        with session.transaction() as tx:
            rows = tx.catalog().select().read_all().to_pylist()
        ours = [r for r in rows if r["parent_path"] == f"/{BUCKET}/{schema_name}"]
        if ours:
            break

    assert [("listed", "TABLE", 6)] == [
        (r["name"], r["element_type"], r["rows"]) for r in ours
    ]


READ_BY_PUBLIC_CLIENTS = {
    *("name", "parent_path", "element_type", "size", "used", "extension", "mtime"),
    *("user_tags", "phandle", "creation_time", "uid", "owner_name", "search_path"),
}


def test_the_catalogue_has_the_columns_that_public_clients_read(session, s3):
    s3.put_object(
        Bucket=BUCKET, Key="deep/er/seen.fits", Body=b"1234", Tagging="burst=yes"
    )
    for _ in range(3000):
        with session.transaction() as tx:
            catalogue = tx.catalog()
            columns = set(catalogue.columns().names)
            rows = catalogue.select().read_all().to_pylist()
        seen = {row["name"]: row for row in rows}
        if "seen.fits" in seen:
            break

    assert set() == READ_BY_PUBLIC_CLIENTS - columns
    file = seen["seen.fits"]
    assert ("FILE", 4, 4, "fits", [("burst", "yes")]) == (
        *(file["element_type"], file["size"], file["used"], file["extension"]),
        file["user_tags"],
    )
    assert {f"/{BUCKET}": "DIR", f"/{BUCKET}/deep": "DIR"} == {
        seen[name]["parent_path"]: seen[name]["element_type"] for name in ("deep", "er")
    }
    assert file["mtime"] == seen["er"]["mtime"]
