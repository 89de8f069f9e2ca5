"""Activity of clients: client metrics, stored in a table if a tenant enables them, and iodata.

One row per client (user and address), view and interval with activity.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from vast_standin.digits import whole
from vast_standin.engine.table import Definition
from vast_standin.meters import Client, Counts
from vast_standin.tabular.definitions import number_columns, with_columns
from vast_standin.tabular.tables import make_table
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall

SCHEMA, TABLE = "client_metrics", "client_metrics"
_DEFAULTS: Record = {
    "enabled": False,
    "bucket_name": "client-metrics",
    "bucket_owner": "",
    "retention_time_sec": 86_400,
    "max_capacity_mb": 1024,
}
_COUNTED = tuple(vars(Counts()))
_COLUMNS = pa.schema(
    [
        ("timestamp", pa.timestamp("us")),
        ("user", pa.string()),
        ("client_ip", pa.string()),
        ("view_path", pa.string()),
        *((n, pa.float64() if n.endswith("_ms") else pa.int64()) for n in _COUNTED),
    ]
)
_TOP = 20


def configuration(tenant: Record) -> Record:
    """Return the settings of a tenant's client metrics, and their columns."""
    columns = [
        {"name": field.name, "field": {"column_type": str(field.type)}}
        for field in _COLUMNS
    ]
    return {
        "config": {**_DEFAULTS, **(tenant.get("_client_metrics") or {})},  # type: ignore[dict-item]
        "default_columns": columns,
        "user_defined_columns": [],
    }


def configure(cluster: Cluster, tenant: Record, body: Record) -> None:
    """Switch a tenant's client metrics; they need an existing bucket."""
    given = body.get("config")
    unknown = sorted(body.keys() - {"config"})
    if unknown or not isinstance(given, dict):
        raise bad_request(f"config: an object is expected; not implemented: {unknown}")
    wrong = [n for n, v in given.items() if type(v) is not type(_DEFAULTS.get(n))]
    if wrong or type(given.get("enabled")) is not bool:
        raise bad_request(f"config: enabled is required; not valid: {wrong}")
    config = {**_DEFAULTS, **(tenant.get("_client_metrics") or {}), **given}  # type: ignore[dict-item]
    view = cluster.view_of_bucket(str(config["bucket_name"]))
    if config["enabled"] and (view is None or view["tenant_id"] != tenant["id"]):
        raise bad_request(
            f"config.bucket_name: tenant has no view of bucket {config['bucket_name']!r}"
        )
    cluster.records.change(
        "tenants", int(str(tenant["id"])), {"_client_metrics": config}
    )


def keep(cluster: Cluster) -> None:
    """Write the activity of clients since the last call, for tenants that enabled it."""
    done = cluster.meters.take_clients()
    for tenant in cluster.records.all("tenants"):
        config: Any = tenant.get("_client_metrics") or {}
        if config.get("enabled"):
            rows = [
                row for row in _rows(cluster, done) if row.pop("tenant") == tenant["id"]
            ]
            _write(cluster, config, rows)


def flow(cluster: Cluster, call: VmsCall) -> Record:
    """Return traffic by client and view since the start, largest first."""
    unsupported = sorted({name for name, _ in call.query} - {"limit"})
    if unsupported:
        raise bad_request(f"not implemented: {', '.join(unsupported)}")
    limit = whole(call.parameter("limit", str(_TOP)))
    if limit is None:
        raise bad_request("limit: a whole number is expected")
    rows = list(_rows(cluster, cluster.meters.clients()))
    rows.sort(key=lambda row: -(row["read_bytes"] + row["write_bytes"]))
    for row in rows:
        row["timestamp"] = row["timestamp"].isoformat(timespec="seconds") + "Z"
        del row["tenant"]
    return {"data": rows[:limit]}


def _rows(cluster: Cluster, done: dict[Client, Counts]) -> Any:
    now = datetime.now(UTC).replace(tzinfo=None)
    for client, counts in done.items():
        view = cluster.view_of_bucket(client.bucket)
        if view is not None:
            yield {
                "tenant": view["tenant_id"],
                "timestamp": now,
                "user": client.user,
                "client_ip": client.address,
                "view_path": view["path"],
                **vars(counts),
            }


def _write(cluster: Cluster, config: Any, rows: list[Any]) -> None:
    if cluster.view_of_bucket(config["bucket_name"]) is None:
        return
    with cluster.engine.writing(None) as transaction:
        table = _table(transaction, config["bucket_name"])
        if rows:
            batch = pa.RecordBatch.from_pylist(rows, schema=_COLUMNS)
            columns = {
                table.definition.by_name[name].number: batch.column(name)
                for name in _COLUMNS.names
            }
            transaction.insert(table, columns, rows=len(rows))
        retention = timedelta(seconds=config["retention_time_sec"])
        oldest = np.datetime64(datetime.now(UTC).replace(tzinfo=None) - retention, "us")
        transaction.delete(table, _before(table, oldest))


def _table(transaction: Any, bucket: str) -> Any:
    """Return the table of client metrics; create it if missing."""
    root = transaction.root
    if root.table(bucket, SCHEMA, TABLE) is None:
        if root.schema(bucket, SCHEMA) is None:
            transaction.create_schema(bucket, SCHEMA)
        columns = number_columns(_COLUMNS, 0)
        definition = Definition(columns, len(columns))
        schema = transaction.schema(bucket, SCHEMA)
        make_table(transaction, schema, TABLE, definition)
    table = transaction.table(bucket, SCHEMA, TABLE)
    new = [field for field in _COLUMNS if field.name not in table.definition.by_name]
    if new:  # made when less was counted
        transaction.redefine(table.id, lambda d: with_columns(d, pa.schema(new)))
    return transaction.table(bucket, SCHEMA, TABLE)


def _before(table: Any, oldest: Any) -> Any:
    """List the row ids of rows older than a time."""
    column = table.definition.by_name["timestamp"]
    parts = [np.empty(0, dtype=np.uint64)]
    for segment in table.segments:
        times = segment.read(column.number, column.field.type, 0, segment.rows)
        old = times.to_numpy(zero_copy_only=False) < oldest
        parts.append(segment.base.row_ids[old])
    return np.unique(np.concatenate(parts))
