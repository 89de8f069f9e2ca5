"""Schemas: create, alter, drop, list."""

from dataclasses import dataclass

from vast_standin.engine.root import Schema
from vast_standin.http import ProtocolError, Response
from vast_standin.tabular.call import Call
from vast_standin.tabular.flat import FlatTable, message
from vast_standin.tabular.listing import page


def create_schema(call: Call) -> Response:
    """Create a schema (SDK `create_schema`); the body holds its properties."""
    call.refuse_snapshot()
    bucket, path = call.bucket, call.schema_path
    if not path:
        raise ProtocolError(400, "InvalidArgument", "the schema has no name")
    properties = FlatTable.root(call.body()).text(0)
    with call.engine.writing(call.transaction) as transaction:
        transaction.create_schema(bucket, path, properties)
    return Response()


def alter_schema(call: Call) -> Response:
    """Rename a schema, its whole subtree with it, or change its properties."""
    call.refuse_snapshot()
    properties = FlatTable.root(call.body()).text(0)
    new_path = call.parameters.get("tabular-new-schema-name", "").strip("/")
    with call.engine.writing(call.transaction) as transaction:
        transaction.alter_schema(
            call.bucket, call.schema_path, new_path=new_path, properties=properties
        )
    return Response()


def drop_schema(call: Call) -> Response:
    """Drop an empty schema."""
    call.refuse_snapshot()
    with call.engine.writing(call.transaction) as transaction:
        transaction.drop_schema(call.bucket, call.schema_path)
    return Response()


def list_schemas(call: Call) -> Response:
    """List the direct children of a bucket or schema, by their relative names."""
    bucket, parent = call.bucket, call.schema_path
    children = call.root.schemas_in(bucket, parent)
    chosen = page(call, [_Child(s) for s in children])
    body = message(
        {
            0: bucket,
            1: [{0: c.name, 1: c.schema.properties} for c in chosen.items],
        }
    )
    return chosen.respond(body)


@dataclass(frozen=True)
class _Child:
    schema: Schema

    @property
    def id(self) -> int:
        return self.schema.id

    @property
    def name(self) -> str:
        return self.schema.path.rpartition("/")[2]
