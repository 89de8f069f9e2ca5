"""Names of tables and columns, checked before the database is asked anything."""

from collections.abc import Iterable

from orbital_kernel.errors import QueryError, SchemaMismatch, unknown
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import files
from orbital_kernel.query.question import Query

DERIVED_SCHEMAS = ("cross", "ops")


def require_table(full_name: str) -> schema.Table:
    """Return the table of a name such as swift.rates; QueryError if it is unknown."""
    prefix = full_name.partition(".")[0]
    try:
        table = schema.table(full_name)
        observatory_known = prefix in DERIVED_SCHEMAS or prefix in files()
    except SchemaMismatch:
        observatory_known = False
    if not observatory_known:
        raise QueryError(unknown("table", full_name, schema.tables(tuple(files()))))
    return table


def require_columns(full_name: str, names: Iterable[str]) -> None:
    """Raise QueryError for names that are not columns of a table."""
    columns = [column.name for column in require_table(full_name).columns]
    for name in names:
        if name not in columns:
            raise QueryError(f"{full_name}: {unknown('column', name, columns)}")


def check_names(query: Query) -> None:
    """Raise QueryError if a query names an unknown table or column."""
    used = [*query.ranges, *query.sets, *query.null, *query.not_null]
    used += [*query.prefix, *query.contains, *(query.columns or ())]
    used += [query.time.column] if query.time else []
    used += [query.largest.column] if query.largest else []
    used += ["ra", "dec", "healpix"] if query.regions else []
    used += query.where.meta.root_names() if query.where is not None else []
    require_columns(query.table, dict.fromkeys(used))
