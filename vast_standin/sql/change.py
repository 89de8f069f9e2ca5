"""Context of a changing statement: transaction, user and a DuckDB instance."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlglot import exp

from vast_standin.engine.engine import Engine
from vast_standin.engine.positions import RowIds
from vast_standin.engine.root import Root
from vast_standin.engine.table import Table
from vast_standin.engine.transaction import Transaction
from vast_standin.http import ProtocolError
from vast_standin.sql.duck import Instance
from vast_standin.sql.names import Place, table_place
from vast_standin.sql.sight import Check, Sight

DIALECT = "duckdb"
WRITE, DELETE = "s3:PutObject", "s3:DeleteObject"


@dataclass(frozen=True)
class Change:
    """One running statement; `touched` are the rows it wrote."""

    engine: Engine
    transaction: Transaction
    before: Root
    instance: Instance
    check: Check
    touched: list[RowIds] = field(default_factory=list)

    @property
    def sight(self) -> Sight:
        """The state of the statement's transaction."""
        return self.sight_of(self.transaction.root)

    def sight_of(self, root: Root) -> Sight:
        """Return the part of a state that the statement's user may see."""
        return Sight(self.engine, root, self.check)

    def allow(self, action: str, place: Place) -> None:
        """Raise 403 if the user may not do this at a place."""
        self.check(
            action, place.bucket, "/".join(filter(None, (place.path, place.name)))
        )

    def target(self, named: exp.Expression, action: str) -> Table:
        """Find the table a statement changes; 403 and 404 if it is missing."""
        place = table_place(named, self.transaction.root)
        self.allow(action, place)
        return self.transaction.table(place.bucket, place.path, place.name)

    def exists(self, place: Place) -> bool:
        """Return whether there is such a table or schema."""
        root = self.transaction.root
        if place.name:
            return root.table(place.bucket, place.path, place.name) is not None
        return root.schema(place.bucket, place.path) is not None


@contextmanager
def all_or_nothing(transaction: Transaction) -> Iterator[None]:
    """Undo a statement as a whole if it fails."""
    with transaction.mutex:
        root, done = transaction.root, len(transaction.operations)
        try:
            yield
        except BaseException:
            transaction.root = root
            del transaction.operations[done:]
            raise


def unqualified(statement: exp.Expression, table: str) -> None:
    """Let columns that are written with their table's schema be found by its name."""
    for column in statement.find_all(exp.Column):
        if column.args.get("db") and column.table.casefold() == table.casefold():
            column.set("db", None)
            column.set("catalog", None)


def only(statement: exp.Expression, *allowed: str) -> None:
    """Raise 501 if a statement has clauses that are not supported."""
    for name, value in statement.args.items():
        if value and name not in allowed:
            raise unspoken(f"{statement.key.upper()} with {name.strip('_').upper()}")


def unspoken(construct: str) -> ProtocolError:
    """Return the error for SQL that is not supported by this stand-in."""
    return ProtocolError(
        501, "NotImplemented", f"{construct} is not supported by this stand-in"
    )
