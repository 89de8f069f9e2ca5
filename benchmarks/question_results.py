"""Lines of results: as a table of Markdown, in RESULTS.md, and for the scale model."""

import os
import statistics
import time

import numpy as np
import polars as pl

PART, LARGEST_PART = "questions", "questions-largest"
COLUMNS = {
    "rows": "rows",
    "kind": "call",
    "engine": "engine",
    "clients": "clients",
    "cold_ms": "cold, ms",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "queries": "queries",
    "rows_read": "rows read",
    "rows_stored": "of stored",
    "rows_returned": "returned",
    "bytes": "bytes",
}
ASKED = (
    "rows_stored",
    "rows_read",
    "bytes",
    "rows_returned",
    "milliseconds",
    "queries",
)
"""Columns of the measurements that the scale model is fitted to, after call and size."""


def line(rows, call, engine, spent, explanations=(), *, clients=1, cold=True):
    """Return one line of the result; with `cold` the first duration is the cold one.

    Numbers of rows and bytes are medians of all explained calls, as durations are.
    """
    warm = (spent[1:] or spent) if cold else spent
    values = dict.fromkeys(COLUMNS)
    values |= {"rows": rows, "kind": call, "engine": engine, "clients": clients}
    values["cold_ms"] = round(1e3 * spent[0], 1) if cold else None
    values["p50_ms"] = round(1e3 * statistics.median(warm), 1)
    values["p99_ms"] = round(1e3 * float(np.percentile(warm, 99)), 1)
    if explanations:
        several = [_counts(explanation) for explanation in explanations]
        for name in several[0]:
            values[name] = statistics.median_low(counts[name] for counts in several)
    return values


def _counts(explanation):
    names = ("rows_read", "rows_stored", "rows_returned")
    return {
        "queries": len(explanation.queries),
        **{name: getattr(explanation, name) for name in names},
        "bytes": sum(query.bytes for query in explanation.queries),
    }


def asked(rows, call, explanation, seconds):
    """Return what one call stored, read and returned, for the scale model."""
    numbers = (
        explanation.rows_stored,
        explanation.rows_read,
        sum(query.bytes for query in explanation.queries),
        explanation.rows_returned,
        round(1e3 * seconds, 2),
        len(explanation.queries),
    )
    return {"call": call, "rows": rows, **dict(zip(ASKED, numbers, strict=True))}


def keep(path, measured):
    """Write the measurements for the scale model as CSV."""
    pl.DataFrame(measured).write_csv(path)


def table(lines):
    """Return the lines as a table in Markdown."""
    body = [
        "| " + " | ".join(_cell(entry[key]) for key in COLUMNS) + " |"
        for entry in lines
    ]
    return "\n".join(
        [
            "| " + " | ".join(COLUMNS.values()) + " |",
            "| " + " | ".join("---" for _ in COLUMNS) + " |",
            *body,
        ]
    )


def _cell(value):
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def marks(part):
    """Return what begins and ends a part of RESULTS.md."""
    return f"<!-- {part}: begin -->", f"<!-- {part}: end -->"


def record(path, text, notes, part, change=str):
    """Write the table into a part of RESULTS.md, in place of that of an earlier run.

    `change` returns the whole text as it is to be written.
    """
    begin, end = marks(part)
    content = path.read_text(encoding="utf-8")
    before, remainder = content.split(begin)
    after = remainder.split(end)[1]
    written = f"{before}{begin}\n{notes}\n\n{text}\n{end}{after}"
    path.write_text(change(written), encoding="utf-8")


def circumstances():
    """Return when and where this was measured."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    cores = os.cpu_count()
    return (
        f"Measured on {date} (UTC) on {cores} cores; load at the end {load} (more than "
        f"{cores} means that other work slowed all engines down)."
    )
