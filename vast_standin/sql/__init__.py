"""SQL: the query engine's calls, answered by DuckDB over the engine's Arrow data."""

from vast_standin.sql.handlers import ROUTES

__all__ = ["ROUTES"]
