"""What a transaction may do to schemas and to the definitions of tables."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from vast_standin.engine.locks import conflict
from vast_standin.engine.operations import (
    PutSchema,
    PutTable,
    Redefine,
    RemoveSchema,
    RemoveTable,
    RenameTable,
)
from vast_standin.engine.own_root import OwnRoot, table_key
from vast_standin.engine.root import Root, Schema
from vast_standin.engine.table import ATTACHED, Definition, Table, attached_name
from vast_standin.http import ProtocolError


class Definitions(OwnRoot):
    """Creates, renames, alters and drops schemas and tables."""

    def create_schema(self, bucket: str, path: str, properties: str = "") -> Schema:
        """Create a schema; 409 if it exists."""
        self._lock_name(bucket, path)
        with self.mutex:
            self._check_free(self.root.schema(bucket, path), bucket, path)
            parent = path.rpartition("/")[0]
            if parent:
                self.lock(("schema", bucket, parent), "shared")
                self.schema(bucket, parent)
            schema = Schema(self.shared.numbers.new_id(), bucket, path, properties)
            self.apply(PutSchema(schema))
        return schema

    def alter_schema(
        self, bucket: str, path: str, *, new_path: str = "", properties: str = ""
    ) -> None:
        """Rename a schema with all below it, or change its properties."""
        self._lock_name(bucket, path)
        with self.mutex:
            schema = self.schema(bucket, path)
            if properties:
                schema = replace(schema, properties=properties)
                self.apply(PutSchema(schema))
            if new_path and new_path != path:
                self._lock_name(bucket, new_path)
                self._check_free(self.root.schema(bucket, new_path), bucket, new_path)
                self._move(bucket, path, new_path)

    def drop_schema(self, bucket: str, path: str) -> None:
        """Drop an empty schema; 409 if it still holds something."""
        self._lock_name(bucket, path)
        with self.mutex:
            schema = self.schema(bucket, path)
            if _holds_any(self.root, schema) or not self._emptied(schema):
                raise ProtocolError(
                    409,
                    "TabularSchemaNotEmpty",
                    f"schema {bucket}/{path} still holds tables or schemas: "
                    "drop those first",
                )
            self.apply(RemoveSchema(schema.id))

    def create_table(self, schema: Schema, name: str, definition: Definition) -> Table:
        """Create a table; 409 if it exists."""
        self.lock(("schema", schema.bucket, schema.path), "shared")
        self.lock(("table name", str(schema.id), name), "exclusive")
        with self.mutex:
            self._check_table_free(schema, name)
            table = Table(self.shared.numbers.new_id(), schema.id, name, definition)
            self.lock(table_key(table), "exclusive")
            self.apply(PutTable(table))
        return table

    def attach(self, owner: Table, kind: str, definition: Definition) -> Table:
        """Create a table that belongs to another and is dropped with it."""
        name = attached_name(owner, kind)
        self.lock(("table name", "0", name), "exclusive")
        with self.mutex:
            table = Table(self.shared.numbers.new_id(), ATTACHED, name, definition)
            self.apply(PutTable(table))
        return table

    def drop_table(self, table: Table) -> None:
        """Drop a table, and what is attached to it."""
        self.lock_table(table, "exclusive")
        with self.mutex:
            self.apply(RemoveTable(table.id))
            prefix = attached_name(table, "")
            for other in list(self.root.tables_in(ATTACHED)):
                if other.name.startswith(prefix):
                    self.apply(RemoveTable(other.id))

    def rename_table(self, table: Table, schema: Schema, name: str) -> None:
        """Give a table another name or schema; 409 if that is taken."""
        self.lock_table(table, "exclusive")
        self.lock(("schema", schema.bucket, schema.path), "shared")
        self.lock(("table name", str(schema.id), name), "exclusive")
        with self.mutex:
            self._check_table_free(schema, name)
            self.apply(RenameTable(table.id, schema.id, name))

    def redefine(
        self, table_id: int, change: Callable[[Definition], Definition]
    ) -> None:
        """Change the definition of a table."""
        self.lock_table(self.root.tables[table_id], "exclusive")
        with self.mutex:
            before = self.root.tables[table_id].definition
            self.apply(Redefine(table_id, change(before)))

    def _lock_name(self, bucket: str, path: str) -> None:
        self.lock(("schema", bucket, path), "exclusive")
        before = self.base.schema(bucket, path)
        now = self.shared.published.root.schema(bucket, path)
        if (before and before.id) != (now and now.id):
            raise conflict(f"schema {path} was changed since this transaction began")

    def _check_free(self, existing: Schema | None, bucket: str, path: str) -> None:
        if existing is not None:
            raise ProtocolError(
                409, "TabularSchemaAlreadyExists", f"schema {bucket}/{path} exists"
            )

    def _check_table_free(self, schema: Schema, name: str) -> None:
        key = (schema.id, name)
        if key in self.root.table_ids:
            raise ProtocolError(
                409, "TabularTableAlreadyExists", f"table {schema.path}/{name} exists"
            )
        if self.shared.published.root.table_ids.get(key) != self.base.table_ids.get(
            key
        ):
            raise conflict(
                f"table {name} was created or renamed by another transaction"
            )

    def _emptied(self, schema: Schema) -> bool:
        """Return whether this transaction dropped all the newest root holds there."""
        newest = self.shared.published.root
        tables = (t.id for t in newest.tables_in(schema.id))
        schemas = (s.id for s in newest.schemas_in(schema.bucket, schema.path))
        return all(
            t in self.base.tables and t not in self.root.tables for t in tables
        ) and all(
            s in self.base.schemas and s not in self.root.schemas for s in schemas
        )

    def _move(self, bucket: str, path: str, new_path: str) -> None:
        for schema in _subtree(self.root, bucket, path):
            moved = new_path + schema.path[len(path) :]
            self.apply(PutSchema(replace(schema, path=moved)))


def _holds_any(root: Root, schema: Schema) -> bool:
    return any(root.tables_in(schema.id)) or any(
        root.schemas_in(schema.bucket, schema.path)
    )


def _subtree(root: Root, bucket: str, path: str) -> Iterable[Schema]:
    return [
        s
        for s in root.schemas.values()
        if s.bucket == bucket and (s.path == path or s.path.startswith(path + "/"))
    ]
