"""Names in SQL: `"bucket/schema".table`, with the catalogue the driver knows or without."""

from dataclasses import dataclass

from sqlglot import exp

from vast_standin.engine.root import Root
from vast_standin.http import ProtocolError
from vast_standin.sql.duck import CATALOGUE


@dataclass(frozen=True)
class Place:
    """Location of a table or schema; that of a schema has no table name."""

    bucket: str
    path: str
    name: str = ""

    def __str__(self) -> str:
        """Write it as statements do."""
        schema = f'"{self.bucket}/{self.path}"'
        return f'{schema}."{self.name}"' if self.name else schema


def table_place(named: exp.Expression, root: Root) -> Place:
    """Read a table's name; case does not matter, as in SQL.

    Raises 400 if bucket and schema are missing.
    """
    if not isinstance(named, exp.Table) or not isinstance(named.this, exp.Identifier):
        raise _bad(f"{named.sql('duckdb')} is not the name of a table")
    bucket, path = _schema(named.catalog, named.db, named.name)
    places = [
        Place(schema.bucket, schema.path, table.name)
        for table in root.tables.values()
        if (schema := root.schemas.get(table.schema_id)) is not None
        and _same(schema.bucket, bucket)
        and _same(schema.path, path)
        and _same(table.name, named.name)
    ]
    exact = Place(bucket, path, named.name)
    return exact if exact in places or len(places) != 1 else places[0]


def schema_place(named: exp.Expression) -> Place:
    """Read a schema's name; 400 if it is not one."""
    if not isinstance(named, exp.Table):
        raise _bad(f"{named.sql('duckdb')} is not the name of a schema")
    return Place(*_schema(named.catalog, named.db or named.name, named.name))


def _schema(catalogue: str, schema: str, name: str) -> tuple[str, str]:
    if catalogue and catalogue != CATALOGUE:
        raise _bad(f"there is no catalogue {catalogue}: name none, or {CATALOGUE}")
    bucket, _, path = schema.partition("/")
    if not bucket or not path.strip("/"):
        raise _bad(
            f'{name} is to be named with bucket and schema: "bucket/schema".table'
        )
    return bucket, path.strip("/")


def _same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()


def _bad(message: str) -> ProtocolError:
    return ProtocolError(400, "InvalidQuery", message)
