"""Kinds of statements, as DuckDB names them: reading ones and changing ones."""

from dataclasses import dataclass

from vast_standin.http import ProtocolError
from vast_standin.sql.duck import Instance, duck_errors

READING = frozenset({"SELECT", "EXPLAIN", "RELATION"})
_CHANGING = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "DROP", "ALTER"}
)


@dataclass(frozen=True)
class Statement:
    """One statement and its kind."""

    sql: str
    kind: str

    @classmethod
    def of(cls, instance: Instance, sql: str) -> "Statement":
        """Parse a text of one statement; 501 for unsupported kinds."""
        with duck_errors():
            statements = instance.connection.extract_statements(sql)
        if len(statements) != 1:
            raise ProtocolError(
                400, "InvalidQuery", f"{len(statements)} statements in one query, not 1"
            )
        kind = str(statements[0].type).rpartition(".")[2]
        if kind not in READING | _CHANGING:
            raise ProtocolError(
                501,
                "NotImplemented",
                f"{kind} as a statement is not supported by this stand-in",
            )
        return cls(sql, kind)

    @property
    def reads(self) -> bool:
        """Return whether it only reads."""
        return self.kind in READING
