"""Tables: create, alter, drop, list, and their statistics."""

import re
from dataclasses import replace

from vast_standin.engine.root import Schema
from vast_standin.engine.table import Definition, Table
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.definitions import (
    METRIC_FUNCTIONS,
    new_definition,
    with_sort_key,
)
from vast_standin.tabular.derived import IMPORTS, IMPORTS_DEFINITION, imports_table
from vast_standin.tabular.flat import FlatTable, Scalar, Value, message
from vast_standin.tabular.listing import EXACT_NAME, page
from vast_standin.tabular.partitions import PARTITIONS_SUFFIX, partition_count
from vast_standin.tabular.wire import read_schema

_SORTED_WHOLLY = -(1 << 63)
_FEW_RUNS = 2
_IPV4 = re.compile(r"(\d{1,3}\.){3}\d{1,3}")


def create_table(call: Call) -> Response:
    """Create a table (SDK `_create_table_internal`); the body is its Arrow schema."""
    call.refuse_snapshot()
    if call.parameters.get("sub-table") == IMPORTS:
        raise ProtocolError(
            500,
            "InternalError",
            "We encountered an internal error: every table has its imports table",
        )
    path, name = call.table_place
    properties = call.parameters.get("table-props", "")
    definition = new_definition(call, read_schema(call.body()), properties=properties)
    with call.engine.writing(call.transaction) as transaction:
        make_table(transaction, transaction.schema(call.bucket, path), name, definition)
    return Response()


def make_table(
    transaction: Transaction, schema: Schema, name: str, definition: Definition
) -> Table:
    """Create a table and its imports table."""
    if name.endswith(PARTITIONS_SUFFIX):
        raise ProtocolError(
            400, "InvalidArgument", f"no table's name may end in {PARTITIONS_SUFFIX}"
        )
    table = transaction.create_table(schema, name, definition)
    transaction.attach(table, IMPORTS, IMPORTS_DEFINITION)
    return table


def alter_table(call: Call) -> Response:
    """Rename a table, give it a sorting key, or change its properties."""
    call.refuse_snapshot()
    path, name = call.table_place
    properties = FlatTable.root(call.body()).text(0)
    target = call.parameters.get("tabular-new-table-name", "")
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        if call.header("tabular-sorted-column-0"):
            transaction.redefine(table.id, lambda d: with_sort_key(call, d))
        if properties:
            transaction.redefine(table.id, lambda d: _with_properties(d, properties))
        if target:
            new_path, _, new_name = target.strip("/").rpartition("/")
            schema = transaction.schema(call.bucket, new_path or path)
            transaction.rename_table(table, schema, new_name)
    return Response()


def drop_table(call: Call) -> Response:
    """Drop a table, or its imports table."""
    call.refuse_snapshot()
    path, name = call.table_place
    with call.engine.writing(call.transaction) as transaction:
        table = transaction.table(call.bucket, path, name)
        if call.parameters.get("sub-table") == IMPORTS:
            transaction.drop_table(imports_table(transaction.root, table))
        else:
            transaction.drop_table(table)
    return Response()


def list_tables(call: Call) -> Response:
    """List the tables of a schema, with their statistics."""
    schema = call.schema()
    exact = call.request.headers.get(EXACT_NAME)
    if exact:
        table = call.root.table(schema.bucket, schema.path, exact)
        chosen = page(call, [] if table is None else [table])
    else:
        chosen = page(call, call.root.tables_in(schema.id))
    body = message(
        {
            0: schema.bucket,
            1: schema.path,
            2: [_details(t) for t in chosen.items],
        }
    )
    return chosen.respond(body)


def table_stats(call: Call) -> Response:
    """Report rows, bytes, keys and endpoints of a table.

    The address asked is listed, once: clients read with a worker for each, and would
    drop the `data_endpoints` they were given if none is listed.
    """
    table = call.readable_table()
    fields: dict[int, Value] = {
        0: Scalar("Int64", table.live),
        1: Scalar("Int64", table.nbytes),
        2: Scalar("Bool", table.external),
        3: "ipv4",
        4: [{0: address, 1: Scalar("Uint16", 1)} for address in _addresses(call)],
        5: Scalar("Bool", bool(table.definition.sort_key)),
        6: Scalar("Int64", sorting_score(table)),
        7: Scalar("Int64", 0),
        8: Scalar("Int64", table.inserted),
        10: Scalar("Bool", bool(table.definition.partition_keys)),
        11: Scalar("Uint64", partition_count(table)),
    }
    index = table.definition.vector_index
    if index is not None:
        fields[9] = {
            0: table.definition.by_number[index.column].name,
            1: index.metric,
            2: METRIC_FUNCTIONS[index.metric],
            3: index.cluster_quantization,
            4: index.search_quantization,
        }
    return Response(body=message(fields))


def sorting_score(table: Table) -> int:
    """Return the unsorted share in 1/1000; bit 63 is set if all is sorted."""
    if not table.definition.sort_key:
        return 0
    lead = table.definition.sort_key[0]
    runs = {s.base.run for s in table.segments}
    unsorted = sum(
        s.rows for s in table.segments if s.base.sorted_by != lead or s.base.run == 0
    )
    if unsorted == 0 and len(runs) <= _FEW_RUNS:
        return _SORTED_WHOLLY
    rows = max(1, sum(s.rows for s in table.segments))
    return max(1, 1000 * unsorted // rows)


def _addresses(call: Call) -> list[str]:
    """List the address a client knows this by; empty if it is not an IPv4 address."""
    host = call.header("host").rpartition(":")[0] or call.header("host")
    address = "127.0.0.1" if host == "localhost" else host
    return [address] if _IPV4.fullmatch(address) else []


def _with_properties(definition: Definition, properties: str) -> Definition:
    return replace(definition, properties=properties)


def _details(table: Table) -> dict[int, Value]:
    return {
        0: table.name,
        1: table.definition.properties,
        2: str(table.id),
        3: Scalar("Uint64", table.live),
        4: Scalar("Uint64", table.nbytes),
        5: Scalar("Uint64", partition_count(table)),
        6: Scalar("Bool", bool(table.definition.sort_key)),
        7: Scalar("Int64", sorting_score(table)),
        8: Scalar("Int64", 0),
        9: Scalar("Int64", table.inserted),
        10: Scalar("Bool", bool(table.definition.partition_keys)),
    }
