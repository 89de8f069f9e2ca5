"""The whole database as of one moment: buckets, schemas, tables by name and number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from vast_standin.engine.table import Table


@dataclass(frozen=True)
class BucketInfo:
    """A bucket: its owner and its creation time (Unix time, s)."""

    name: str
    owner: str
    created: float


@dataclass(frozen=True)
class Schema:
    """A schema; its path holds its parents, joined by slashes."""

    id: int
    bucket: str
    path: str
    properties: str = ""

    @property
    def parent(self) -> str:
        """Path of the schema it lies in; empty at the top."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, eq=False)
class Root:
    """One consistent state; every change makes another."""

    schemas: Mapping[int, Schema] = field(default_factory=dict)
    tables: Mapping[int, Table] = field(default_factory=dict)
    schema_ids: Mapping[tuple[str, str], int] = field(default_factory=dict)
    table_ids: Mapping[tuple[int, str], int] = field(default_factory=dict)

    def schema(self, bucket: str, path: str) -> Schema | None:
        """Find a schema by name."""
        number = self.schema_ids.get((bucket, path))
        return None if number is None else self.schemas[number]

    def table(self, bucket: str, path: str, name: str) -> Table | None:
        """Find a table by name."""
        schema = self.schema_ids.get((bucket, path))
        number = None if schema is None else self.table_ids.get((schema, name))
        return None if number is None else self.tables[number]

    def schemas_in(self, bucket: str, parent: str) -> Iterator[Schema]:
        """List the direct children of a bucket (parent empty) or schema, oldest first."""
        for schema in self.schemas.values():
            if schema.bucket == bucket and schema.parent == parent:
                yield schema

    def tables_in(self, schema_id: int) -> Iterator[Table]:
        """List the tables of a schema, oldest first."""
        for table in self.tables.values():
            if table.schema_id == schema_id:
                yield table

    def with_table(self, table: Table) -> "Root":
        """Add or replace a table, under its present name."""
        before = self.tables.get(table.id)
        tables = {**self.tables, table.id: table}
        if before is not None and (before.schema_id, before.name) == (
            table.schema_id,
            table.name,
        ):
            return replace(self, tables=tables)
        ids = dict(self.table_ids)
        if before is not None:
            del ids[before.schema_id, before.name]
        ids[table.schema_id, table.name] = table.id
        return replace(self, tables=tables, table_ids=ids)

    def without_table(self, table_id: int) -> "Root":
        """Remove a table."""
        gone = self.tables[table_id]
        return replace(
            self,
            tables={k: t for k, t in self.tables.items() if k != table_id},
            table_ids={
                k: v
                for k, v in self.table_ids.items()
                if k != (gone.schema_id, gone.name)
            },
        )

    def with_schema(self, schema: Schema) -> "Root":
        """Add or replace a schema, under its present path."""
        before = self.schemas.get(schema.id)
        ids = dict(self.schema_ids)
        if before is not None:
            del ids[before.bucket, before.path]
        ids[schema.bucket, schema.path] = schema.id
        return replace(
            self, schemas={**self.schemas, schema.id: schema}, schema_ids=ids
        )

    def without_schema(self, schema_id: int) -> "Root":
        """Remove an empty schema."""
        gone = self.schemas[schema_id]
        return replace(
            self,
            schemas={k: s for k, s in self.schemas.items() if k != schema_id},
            schema_ids={
                k: v
                for k, v in self.schema_ids.items()
                if k != (gone.bucket, gone.path)
            },
        )
