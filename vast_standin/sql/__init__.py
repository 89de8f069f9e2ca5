"""SQL: the query engine's calls, answered by DuckDB over the engine's Arrow data."""
