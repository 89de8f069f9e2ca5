"""One series' triggers as rows to write, rows to take away and alerts to send."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from orbital_kernel.science.bursts import Trigger
from orbital_kernel.science.bursts.excursion import COLUMNS
from orbital_kernel.watch.checkpoint import Course
from orbital_kernel.watch.rows import described, with_utc

ALERTED = frozenset({"burst", "unknown"})


@dataclass
class Change:
    """What triggers do to cross.bursts, and the alerts to make of it.

    `rows` hold `time` as TT nanoseconds; `notes` are (kind, key, record number, row) in
    order.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    notes: list[tuple[str, str, int, dict[str, Any]]] = field(default_factory=list)


def take(course: Course, triggers: list[Trigger], *, provisional: bool) -> Change:
    """Apply triggers to a course; `provisional` ones may be judged again.

    The same triggers always give the same change, so that one that was written and
    then forgotten can be written again.
    """
    change = Change()
    if course.origin is None or not triggers:
        return change
    found = pl.DataFrame([t.row for t in triggers], schema=COLUMNS, orient="row")
    told = with_utc(described(found, course.observatory, course.origin))
    rows = told.with_columns(pl.col("time").cast(pl.Int64)).to_dicts()
    for trigger, row in zip(triggers, rows, strict=True):
        _apply(course, change, trigger, row, provisional=provisional)
    return change


def resume(course: Course) -> Change:
    """Take back what was told only because the rows had ended; they go on."""
    change = Change()
    for key, entry in course.known.items():
        if not entry["provisional"]:
            continue
        entry["provisional"] = False
        if entry["open"]:
            continue
        change.gone.add(entry["row"]["burst_id"])
        if entry["alerted"]:
            entry["records"] += 1
            entry["alerted"] = False
            change.notes.append(("retraction", key, entry["records"], entry["row"]))
    return change


def join(first: Change, second: Change) -> Change:
    """Return two changes as one, the second after the first."""
    return Change(
        {k: v for k, v in first.rows.items() if k not in second.gone} | second.rows,
        first.gone | second.gone,
        first.notes + second.notes,
    )


def _apply(
    course: Course,
    change: Change,
    trigger: Trigger,
    row: dict[str, Any],
    *,
    provisional: bool,
) -> None:
    fresh = {"records": 0, "alerted": False, "open": False, "row": None}
    entry = course.known.pop(trigger.key, fresh)
    before = entry["row"]
    if before is not None:
        change.gone.add(before["burst_id"])
        change.rows.pop(before["burst_id"], None)
    change.gone.add(row["burst_id"])
    stays = trigger.state != "retraction"
    if stays:
        change.rows[row["burst_id"]] = row
    _note(change, entry, trigger.key, row, alerted=stays and row["cause"] in ALERTED)
    if trigger.state == "initial" or provisional:
        was_open = trigger.state == "initial" or entry["open"]
        course.known[trigger.key] = entry | {
            "row": row,
            "open": was_open and stays,
            "provisional": provisional,
        }


def _note(
    change: Change,
    entry: dict[str, Any],
    key: str,
    row: dict[str, Any],
    *,
    alerted: bool,
) -> None:
    """Add the alert an excursion's new row is worth, if any."""
    kind = _KIND[entry["alerted"], alerted]
    if kind:
        entry["records"] += 1
        entry["alerted"] = alerted
        change.notes.append((kind, key, entry["records"], row))


_KIND = {
    (False, False): "",
    (False, True): "initial",
    (True, True): "update",
    (True, False): "retraction",
}
