"""Schemas, tables, columns and projections as the management side shows them."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from vast_standin.engine.projections import projection_named, share_in_step, size_of
from vast_standin.http import ProtocolError
from vast_standin.vms.cluster import Cluster
from vast_standin.vms.fields import bad_request
from vast_standin.vms.records import Record
from vast_standin.vms.requests import VmsCall

_COMMON = frozenset({"page", "page_size", "tenant_id", "name", "name__startswith"})


def list_schemas(cluster: Cluster, call: VmsCall) -> list[Record]:
    """Return the schemas of a database (bucket), or of all."""
    query = parameters(call, {"database_name"})
    root = cluster.engine.root
    return _named(
        query,
        [
            {"database_name": s.bucket, "name": s.path, "properties": s.properties}
            for s in root.schemas.values()
            if query.get("database_name") in (None, s.bucket)
        ],
    )


def list_tables(cluster: Cluster, call: VmsCall) -> list[Record]:
    """Return the tables of a schema."""
    query = parameters(call, {"database_name", "schema_name"}, needed=True)
    return _named(query, [_table(t, query) for t in _tables(cluster, query)])


def show_table(cluster: Cluster, call: VmsCall) -> Record:
    """Return one table's properties."""
    query = parameters(call, {"database_name", "schema_name", "name"}, needed=True)
    return {"is_external_rowid_alloc": find(cluster, query, query["name"]).external}


def list_columns(cluster: Cluster, call: VmsCall) -> list[Record]:
    """Return the columns of a table with their Arrow types."""
    names = {"database_name", "schema_name", "table_name"}
    query = parameters(call, names, needed=True)
    table = find(cluster, query, query["table_name"])
    return _named(
        query,
        [
            {
                **{name: query[name] for name in names},
                "name": column.name,
                "field": {"column_type": str(column.field.type)},
                "raw_field": str(column.field),
            }
            for column in table.definition.columns
        ],
    )


def list_projections(cluster: Cluster, call: VmsCall) -> list[Record]:
    """Return the semi-sorted projections of a table."""
    names = {"database_name", "schema_name", "table_name"}
    query = parameters(call, names, needed=True)
    table = find(cluster, query, query["table_name"])
    return _named(
        query,
        [
            {
                **{name: query[name] for name in names},
                "name": projection.name,
                "num_rows": table.live,
                "properties": "",
            }
            for projection in table.definition.projections
        ],
    )


def show_schema(cluster: Cluster, call: VmsCall) -> Record:
    """Return one schema's properties."""
    query = parameters(call, {"database_name", "name"}, needed=True)
    schema = cluster.engine.root.schema(query["database_name"], query["name"])
    if schema is None:
        raise ProtocolError(404, "NotFound", f"there is no schema {query['name']}")
    return {
        "database_name": schema.bucket,
        "name": schema.path,
        "properties": schema.properties,
    }


def show_projection(cluster: Cluster, call: VmsCall) -> Record:
    """Return one projection: its size, and how much of it is in step (in 1/1000 %)."""
    names = {"database_name", "schema_name", "table_name"}
    query = parameters(call, names | {"name"}, needed=True)
    table = find(cluster, query, query["table_name"])
    projection = projection_named(table.definition, query["name"])
    return {
        **{name: query[name] for name in names},
        "name": projection.name,
        "num_rows": table.live,
        "properties": "",
        "size": size_of(table, projection),
        "initial_sync_progress": 1000 * share_in_step(table, projection),
    }


def _tables(cluster: Cluster, query: dict[str, str]) -> Iterator[Any]:
    root = cluster.engine.root
    schema = root.schema(query["database_name"], query["schema_name"])
    if schema is None:
        raise ProtocolError(
            404,
            "NotFound",
            f"{query['database_name']} has no schema {query['schema_name']}",
        )
    yield from root.tables_in(schema.id)


def find(cluster: Cluster, query: dict[str, str], name: str) -> Any:
    """Return a table of the requested schema; raise 404."""
    for table in _tables(cluster, query):
        if table.name == name:
            return table
    raise ProtocolError(404, "NotFound", f"{query['schema_name']} has no table {name}")


def _table(table: Any, query: dict[str, str]) -> Record:
    is_sorted = bool(table.definition.sort_key)
    return {
        "database_name": query["database_name"],
        "schema_name": query["schema_name"],
        "name": table.name,
        "num_rows": table.live,
        "size": table.nbytes,
        "properties": table.definition.properties,
        "sorting_key_enabled": is_sorted,
        "acummulative_row_insertion_count": table.inserted,
    }


def parameters(
    call: VmsCall,
    names: set[str],
    *,
    needed: bool = False,
    more: AbstractSet[str] = frozenset(),
) -> dict[str, str]:
    """Return the parameters of a call; raise 400 for unknown and missing ones."""
    query = dict(call.query)
    unknown = sorted(query.keys() - names - more - _COMMON)
    missing = sorted(names - query.keys()) if needed else []
    if unknown or missing:
        raise bad_request(
            f"unknown parameters: {', '.join(unknown) or 'none'}; "
            f"missing: {', '.join(missing) or 'none'}"
        )
    return query


def _named(query: dict[str, str], rows: list[Record]) -> list[Record]:
    prefix = query.get("name__startswith", "")
    return [
        row
        for row in rows
        if query.get("name") in (None, row["name"])
        and str(row["name"]).startswith(prefix)
    ]
