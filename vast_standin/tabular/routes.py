"""The tabular protocol: one table of supported commands.

Requests name a command as a query item (`?rows`); what is not in ROUTES is refused or,
if it is not a tabular request, left to the object store.
"""

from collections.abc import Callable

from vast_standin.engine.engine import Engine
from vast_standin.http import ProtocolError, Request, Response
from vast_standin.sql.handlers import ROUTES as SQL_ROUTES
from vast_standin.tabular import (
    columns,
    expansions,
    imports,
    partition_calls,
    projections,
    query_data,
    rows,
    schemas,
    snapshots,
    tables,
    transactions,
)
from vast_standin.tabular.call import Call, ObjectStore

Handler = Callable[[Call], Response]

ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "transaction"): transactions.begin,
    ("PUT", "transaction"): transactions.commit,
    ("DELETE", "transaction"): transactions.roll_back,
    ("GET", "transaction"): transactions.look_up,
    ("POST", "schema"): schemas.create_schema,
    ("PUT", "schema"): schemas.alter_schema,
    ("DELETE", "schema"): schemas.drop_schema,
    ("GET", "schema"): schemas.list_schemas,
    ("POST", "table"): tables.create_table,
    ("PUT", "table"): tables.alter_table,
    ("DELETE", "table"): tables.drop_table,
    ("GET", "table"): tables.list_tables,
    ("GET", "stats"): tables.table_stats,
    ("GET", "column"): columns.list_columns,
    ("GET", "columns"): columns.list_columns,
    ("POST", "column"): columns.add_columns,
    ("DELETE", "column"): columns.drop_columns,
    ("PUT", "column"): columns.rename_column,
    ("GET", "sorted-columns"): columns.list_sorted_columns,
    ("POST", "rows"): rows.insert_rows,
    ("PUT", "rows"): rows.update_rows,
    ("DELETE", "rows"): rows.delete_rows,
    ("GET", "data"): query_data.query_data,
    ("POST", "data"): imports.import_objects,
    ("POST", "projection"): projections.create_projection,
    ("GET", "projection"): projections.list_projections,
    ("PUT", "projection"): projections.alter_projection,
    ("DELETE", "projection"): projections.drop_projection,
    ("GET", "projection-columns"): projections.projection_columns,
    ("GET", "projection-stats"): projections.projection_stats,
    ("DELETE", "partitions"): partition_calls.delete_partitions,
    ("POST", "blob-expansion"): expansions.create_expansion,
    ("PUT", "blob-expansion"): expansions.alter_expansion,
    ("DELETE", "blob-expansion"): expansions.drop_expansion,
    ("GET", "blob-expansion"): expansions.show_expansion,
    ("GET", "list_type"): snapshots.list_snapshots,
    **SQL_ROUTES,
}
_LISTING = "list_type"
COMMANDS = frozenset(command for _, command in ROUTES)

__all__ = ["COMMANDS", "ROUTES", "ObjectStore", "handle"]


def handle(
    engine: Engine, objects: ObjectStore | None, request: Request
) -> Response | None:
    """Answer a tabular request; None when it is not one."""
    command = _command(request)
    if command is None:
        if "tabular-txid" in request.headers:
            raise ProtocolError(
                501, "NotImplemented", f"{request.raw_query!r} is not a tabular command"
            )
        return None
    handler = ROUTES.get((request.method, command))
    if handler is None:
        raise ProtocolError(
            405, "MethodNotAllowed", f"{request.method} does not go with {command}"
        )
    return handler(Call(engine, objects, request))


def _command(request: Request) -> str | None:
    return next(
        (
            name
            for name, value in request.query
            if name in COMMANDS and (not value or name == _LISTING)
        ),
        None,
    )
