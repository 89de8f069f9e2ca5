"""Excursions told before, matched anew when catalogues or notices grow."""

from collections.abc import Iterable

import polars as pl

from orbital_kernel.watch.checkpoint import Course
from orbital_kernel.watch.coincident import REACH_NS, Coincident
from orbital_kernel.watch.course import Change, Entry, Row, tell_again


def renewed(
    courses: Iterable[Course], new: pl.DataFrame, known: Coincident
) -> list[tuple[Course, Change]]:
    """Return changes for excursions near new times whose matches are others now.

    `new` has the TT times of catalogue bursts and notices that were not known before.
    """
    times = new["time"].cast(pl.Int64)
    changes = []
    for course in courses:
        near = {
            key: entry
            for key, entry in course.known.items()
            if entry["stays"] and _near(entry["row"], times)
        }
        if near:
            changes.append((course, _matched_anew(course, near, known)))
    return changes


def _near(row: Row, times: pl.Series) -> bool:
    return row["time"] is not None and bool(
        ((times - row["time"]).abs() < REACH_NS).any()
    )


def _matched_anew(course: Course, near: dict[str, Entry], known: Coincident) -> Change:
    change = Change()
    found = known.of([entry["row"] for entry in near.values()])
    for key, entry in near.items():
        row = entry["row"]
        if row.get("matches") != found[row["burst_id"]]:
            row["matches"] = found[row["burst_id"]]
            change.gone.add(row["burst_id"])
            change.rows[row["burst_id"]] = row
            course.changed.add(key)
            tell_again(change, entry)
    return change
