"""Queries, planned: conditions for the server, and those evaluated locally.

A Query compiles to clauses VAST can push down (AND across columns, OR within one) and an
exact residual in Polars. Regions of the sky become HEALPix ranges on the `healpix`
column, then exact geometry; times are pushed to the microsecond the client can send,
then compared to the nanosecond.
"""

from orbital_kernel.database.cancel import Cancel
from orbital_kernel.query import sql
from orbital_kernel.query.answer import Answer, Explain
from orbital_kernel.query.compiled import MAX_SET, Plan
from orbital_kernel.query.described import empty_answer
from orbital_kernel.query.explanation import Explanation
from orbital_kernel.query.extremes import Largest, Smallest
from orbital_kernel.query.planning import plan
from orbital_kernel.query.question import Query, TimeSpan
from orbital_kernel.query.recording import Recorder, ledger_fields, ledger_row
from orbital_kernel.query.regions import MAX_SKY_RANGES, Box, Cone, Polygon
from orbital_kernel.query.running import LARGE_TABLE_ROWS, count, run
from orbital_kernel.query.units import qtable, ucds_by_name, units_by_name

__all__ = [
    "LARGE_TABLE_ROWS",
    "MAX_SET",
    "MAX_SKY_RANGES",
    "Answer",
    "Box",
    "Cancel",
    "Cone",
    "Explain",
    "Explanation",
    "Largest",
    "Plan",
    "Polygon",
    "Query",
    "Recorder",
    "Smallest",
    "TimeSpan",
    "count",
    "empty_answer",
    "ledger_fields",
    "ledger_row",
    "plan",
    "qtable",
    "run",
    "sql",
    "ucds_by_name",
    "units_by_name",
]
