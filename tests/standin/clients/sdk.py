"""The flows of the vendor SDK's README, in its order."""

from importlib.metadata import version

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import vastdb
from ibis import _
from place import ACCESS, ENDPOINT, REGION, SECRET, bucket_of
from pyarrow import fs
from tried import Client, same
from vastdb.util import create_table_from_files

SDK = Client("vastdb README", lambda: version("vastdb"))
COLUMNS = pa.schema([("c1", pa.int16()), ("c2", pa.float32()), ("c3", pa.utf8())])
ROWS = [[111, 222, 333], [0.5, 1.5, 2.5], ["a", "bb", "ccc"]]


def _session() -> vastdb.session.Session:
    return vastdb.connect(endpoint=ENDPOINT, access=ACCESS, secret=SECRET)


@SDK.operation("create schemas and tables")
def _create() -> None:
    with _session().transaction() as tx:
        schema = tx.bucket(bucket_of("sdk")).create_schema(
            "readme", fail_if_exists=False
        )
        for table in schema.tables():
            table.drop()
        schema.create_table("t", COLUMNS)
        same(["t"], [table.name for table in schema.tables()])
        same(COLUMNS, schema.table("t").arrow_schema)


@SDK.operation("insert and select")
def _insert() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("t")
        rows = pa.table(schema=COLUMNS, data=ROWS)
        table.insert(rows)
        same(rows, table.select().read_all())


@SDK.operation("filters and projections pushed down")
def _filters() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("t")
        chosen = table.select(columns=["c1"], predicate=(_.c2 < 2) & (_.c3 > "a"))
        same([222], chosen.read_all()["c1"].to_pylist())
        same(
            [111, 333],
            table.select(columns=["c1"], predicate=_.c1.isin([111, 333]))
            .read_all()["c1"]
            .to_pylist(),
        )


@SDK.operation("update and delete by row id")
def _update() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("t")
        rows = table.select(
            columns=["c1"], predicate=_.c3 == "a", internal_row_id=True
        ).read_all()
        place = rows.schema.get_field_index("c1")
        table.update(rows.set_column(place, "c1", pa.array([112], pa.int16())))
        table.delete(
            table.select(
                columns=[], predicate=_.c1 == 333, internal_row_id=True
            ).read_all()
        )
        same([112, 222], sorted(table.select().read_all()["c1"].to_pylist()))


@SDK.operation("semi-sorted projections")
def _projections() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("t")
        table.create_projection("p", sorted_columns=["c3"], unsorted_columns=["c1"])
        same(["p"], [projection.name for projection in table.projections()])


@SDK.operation("import Parquet files from S3")
def _import() -> None:
    store = fs.S3FileSystem(
        endpoint_override=ENDPOINT, access_key=ACCESS, secret_key=SECRET, region=REGION
    )
    for number in range(2):
        rows = pa.table(schema=COLUMNS, data=ROWS)
        with store.open_output_stream(f"clients-sdk/in/{number}.parquet") as stream:
            pq.write_table(rows, stream)
    with _session().transaction() as tx:
        schema = tx.bucket("clients-sdk").schema("readme")
        names = [f"/clients-sdk/in/{number}.parquet" for number in range(2)]
        same(
            6,
            create_table_from_files(schema, "imported", names)
            .select()
            .read_all()
            .num_rows,
        )


@SDK.operation("post-processing with Arrow")
def _compute() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("imported")
        same(1332, pc.sum(table.select(columns=["c1"]).read_all()["c1"]).as_py())


@SDK.operation("add, rename and drop columns")
def _columns() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("imported")
        table.add_column(pa.schema([("c4", pa.int64())]))
        table.rename_column("c4", "c5")
        table.drop_column(pa.schema([("c5", pa.int64())]))
        same(COLUMNS.names, table.arrow_schema.names)


@SDK.operation("statistics, and rows batch by batch")
def _statistics() -> None:
    with _session().transaction() as tx:
        table = tx.bucket("clients-sdk").schema("readme").table("imported")
        same(6, table.get_stats().num_rows)
        same(6, sum(batch.num_rows for batch in table.select()))


@SDK.operation("snapshots")
def _snapshots() -> None:
    with _session().transaction() as tx:
        same([], list(tx.bucket("clients-sdk").snapshots()))


@SDK.operation("roll back, and drop")
def _drop() -> None:
    with _session().transaction() as tx:
        schema = tx.bucket("clients-sdk").schema("readme")
        for table in schema.tables():
            table.drop()
        schema.drop()
        same([], [schema.name for schema in tx.bucket("clients-sdk").schemas()])


ALL = (SDK,)
