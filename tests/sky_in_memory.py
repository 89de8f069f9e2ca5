"""A small sky in memory: queries answered by Polars with the planner's own expressions."""

import time

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.model import schema
from orbital_kernel.model.predicate import Clause
from orbital_kernel.model.sky import healpix
from orbital_kernel.query import Answer, Explain, Query, plan

CRAB = (83.63308, 22.0145)
OBSERVATORIES = ("chandra", "swift")
ROWS = 120
DAY_S = 86_400


def fetch(query: Query) -> Answer:
    """Answer a query from the frames below."""
    start = time.perf_counter()
    planned = plan(query)
    frame = frame_of(query.table)
    exprs = [
        *map(Clause.expr, planned.pushed),
        *(expr for _, expr in planned.residual),
    ]
    matching = frame.filter(*exprs)
    answered = matching.head(query.limit or len(frame))
    if query.largest is not None:
        answered = query.largest.of(matching)
    if query.columns is not None:
        answered = answered.select(query.columns)
    return Answer(
        answered,
        Explain(
            table=query.table,
            pushed=[str(clause) for clause in planned.pushed],
            residual=[text for text, _ in planned.residual],
            sort_key=list(planned.sort_key),
            sky_ranges=0,
            rows_read=len(frame),
            rows_stored=len(frame),
            rows_fetched=len(answered),
            rows_returned=len(answered),
            bytes=0,
            milliseconds=1e3 * (time.perf_counter() - start),
            stages={},
            engine="memory",
        ),
    )


def resolve(name: str) -> tuple[float, float] | None:
    """Return the one position this sky has a name for."""
    return CRAB if name.casefold() == "crab" else None


def frame_of(table: str) -> pl.DataFrame:
    """Return all rows of a table, the same every time; empty for most tables."""
    schema_table = schema.table(table)
    observatory, _, kind = table.partition(".")
    held = kind in ROWS_OF and observatory in OBSERVATORIES
    rows = ROWS_OF[kind](observatory) if held else schema_table.arrow.empty_table()
    return pl.from_arrow(
        schema.conform(rows, schema_table).replace_schema_metadata(None)
    )


def _sources(observatory: str) -> pa.Table:
    rng = np.random.default_rng(len(observatory))
    ra = CRAB[0] + rng.uniform(-0.5, 0.5, ROWS)
    dec = CRAB[1] + rng.uniform(-0.5, 0.5, ROWS)
    flux = 10 ** rng.uniform(-15, -11, ROWS)
    return pa.table(
        {
            "source_id": [f"{observatory} <{i}>" for i in range(ROWS)],
            "ra": ra,
            "dec": dec,
            "healpix": healpix(ra, dec),
            "significance": rng.uniform(3, 300, ROWS),
            "flux": flux,
            "flux_low": 0.8 * flux,
            "flux_high": 1.3 * flux,
            "is_limit": rng.random(ROWS) < 0.1,
            "flux_unit": ["erg / (cm2 s)"] * ROWS,
            "band": ["0.3-10", "hard"] * (ROWS // 2),
            "simulated": [True] * ROWS,
        }
    )


def _photometry(observatory: str) -> pa.Table:
    rng = np.random.default_rng(len(observatory))
    first = np.datetime64("2013-04-27T07:48:14.184", "ns")
    since = np.geomspace(100, 30 * DAY_S, ROWS)
    value = 1e-9 * (since / 100) ** -1.2 * rng.lognormal(0, 0.1, ROWS)
    ra, dec = np.full(ROWS, 173.1367), np.full(ROWS, 27.6989)
    return pa.table(
        {
            "object": ["GRB 130427A"] * ROWS,
            "time": first + (since * 1e9).astype("timedelta64[ns]"),
            "ra": ra,
            "dec": dec,
            "healpix": healpix(ra, dec),
            "value": value,
            "value_err_plus": 0.1 * value,
            "value_err_minus": 0.1 * value,
            "is_limit": since > 25 * DAY_S,
            "unit": (["erg / (cm2 s)"] * 3 + ["count / s"]) * (ROWS // 4),
            "instrument": ["XRT" if observatory == "swift" else "ACIS"] * ROWS,
            "simulated": [True] * ROWS,
        }
    )


def _rates(observatory: str) -> pa.Table:
    start = np.datetime64("2013-04-27T07:46:00", "ns")
    times = start + np.arange(ROWS) * np.timedelta64(1, "s")
    return pa.table(
        {
            "series": [f"{observatory} series"] * ROWS,
            "time": times,
            "rate": 6000 + 50 * np.sin(np.arange(ROWS)),
            "rate_err": np.full(ROWS, 77.0),
            "unit": ["count / s"] * ROWS,
        }
    )


ROWS_OF = {"sources": _sources, "photometry": _photometry, "rates": _rates}
