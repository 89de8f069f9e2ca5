"""The tabular protocol: schemas, tables, rows, projections and transactions."""
