"""Statements by kind: those that only read are run, others refused by name."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vast_standin.http import ProtocolError
from vast_standin.sql.duck import sql_error

if TYPE_CHECKING:
    import duckdb

_READING = frozenset({"SELECT", "EXPLAIN", "RELATION", "CALL"})


@dataclass(frozen=True)
class Statement:
    """One statement and its kind, in DuckDB's words."""

    sql: str
    kind: str

    @classmethod
    def of(cls, cursor: "duckdb.DuckDBPyConnection", sql: str) -> "Statement":
        """Parse a text that must be one statement."""
        try:
            found = cursor.extract_statements(sql)
        except Exception as err:
            raise sql_error(err) from err
        if len(found) != 1:
            raise ProtocolError(
                400, "InvalidQuery", f"{len(found)} statements in one query, not 1"
            )
        return cls(sql, str(found[0].type).rpartition(".")[2])

    @property
    def changes(self) -> bool:
        """Tell whether it is meant to change something."""
        return self.kind not in _READING


def refuse_change(statement: Statement) -> ProtocolError:
    """Make the error for a statement that would change something."""
    return ProtocolError(
        501,
        "NotImplemented",
        f"{statement.kind} statements are not spoken here: "
        "insert, update and delete through the database's own calls",
    )
