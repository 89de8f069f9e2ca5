"""One series' triggers as rows to write, rows to delete and alerts to send."""

import time as clock
from collections.abc import Iterable, Iterator

import polars as pl

from orbital_kernel.monitor.coincident import REACH_NS, Coincident
from orbital_kernel.monitor.course import Change, Course, Entry, Row
from orbital_kernel.monitor.rows import SUFFIX, described, with_utc
from orbital_kernel.science.bursts import Trigger
from orbital_kernel.science.bursts.excursion import COLUMNS

ALERTED = frozenset({"burst", "unknown"})
LIVE_S = 3 * 86_400.0
REMEMBERED_S = 2 * 86_400.0
"""Excursions older than the newest bin by this are not remembered."""


def take(course: Course, triggers: list[Trigger], *, provisional: bool) -> Change:
    """Apply triggers to a course; `provisional` ones may be judged again.

    The same triggers always give the same change, so that a change that was written but
    not remembered can be written again.
    """
    change = Change()
    if course.origin is None:
        return change
    for trigger, row in zip(triggers, _rows(course, triggers), strict=True):
        _apply(course, change, trigger, row, provisional=provisional)
    _forget(course)
    return change


def resume(course: Course) -> Change:
    """Retract what was reported only because the rows had ended; they continue."""
    change = Change()
    for key, entry in course.excursions.items():
        if not entry["provisional"]:
            continue
        entry["provisional"] = False
        course.changed.add(key)
        if entry["open"]:
            continue
        if entry["stays"]:
            change.gone.add(entry["row"]["burst_id"])
        entry["stays"] = False
        _note(change, entry, entry["row"], alerted=False)
    return change


def again(course: Course, triggers: list[Trigger]) -> Change:
    """Apply the triggers of all rows of a series that was followed in disorder.

    Excursions reported before keep their alerts' names if windows overlap. Alerts are
    made, and rows are written, only if something changed.
    """
    before = {k: e for k, e in course.excursions.items() if e["stays"] or e["alerted"]}
    course.changed |= course.excursions.keys()
    course.excursions = {}
    change = take(course, triggers, provisional=False)
    change.rewrite, change.notes = True, []
    news = [_recognize(change, key, e, before) for key, e in course.excursions.items()]
    for key, entry in before.items():
        course.excursions.setdefault(key, entry | {"stays": False, "open": False})
        _note(change, entry, entry["row"], alerted=False)
    return change if before or any(news) else Change()


def _recognize(
    change: Change, key: str, entry: Entry, before: dict[str, Entry]
) -> bool:
    """Give an excursion the name and record it had before; return whether it is new."""
    old_key = _same(key, entry, before)
    old = before.pop(old_key) if old_key else None
    alerted = entry["alerted"]
    entry |= {n: (old or _FRESH)[n] for n in ("records", "alerted")}
    entry["name"] = old["name"] if old else key
    if old is None or _differ(old["row"], entry["row"]) or alerted != entry["alerted"]:
        _note(change, entry, entry["row"], alerted=alerted)
    return old is None or _bare(old["row"]) != _bare(entry["row"])


def _rows(course: Course, triggers: list[Trigger]) -> Iterator[Row]:
    """Return triggers as rows of cross.bursts, `time` in TT ns."""
    if not triggers or course.origin is None:
        return iter(())
    excursions = pl.DataFrame([t.row for t in triggers], schema=COLUMNS, orient="row")
    rows = with_utc(described(excursions, course.observatory, course.origin))
    return rows.with_columns(pl.col("time").cast(pl.Int64)).iter_rows(named=True)


_FRESH: Entry = {
    "records": 0,
    "alerted": False,
    "open": False,
    "provisional": False,
    "stays": False,
    "row": None,
}


def _apply(
    course: Course,
    change: Change,
    trigger: Trigger,
    row: Row,
    *,
    provisional: bool,
) -> None:
    fresh = _FRESH | {"name": trigger.key}
    entry = course.excursions.pop(trigger.key, fresh)
    if entry["stays"]:
        _remove(change, entry["row"]["burst_id"])
    change.maybe.add(row["burst_id"])
    stays = trigger.state != "retraction"
    if stays:
        change.rows[row["burst_id"]] = row
    _note(change, entry, row, alerted=stays and row["cause"] in ALERTED)
    was_open = trigger.state == "initial" or entry["open"]
    course.excursions[trigger.key] = entry | {
        "row": row,
        "open": was_open and stays and (provisional or trigger.state == "initial"),
        "provisional": provisional,
        "stays": stays,
    }
    course.changed.add(trigger.key)


def _remove(change: Change, burst_id: str) -> None:
    """Remove a row; one not yet written is merely not written."""
    if change.rows.pop(burst_id, None) is None:
        change.gone.add(burst_id)
    else:
        change.maybe.add(burst_id)


def _note(change: Change, entry: Entry, row: Row, *, alerted: bool) -> None:
    """Add the alert that an excursion's new row calls for, if any."""
    kind = _KIND[entry["alerted"], alerted]
    if kind:
        entry["records"] += 1
        entry["alerted"] = alerted
        change.notes.append((kind, entry["name"], entry["records"], row))


def lives(course: Course) -> bool:
    """Return whether more rows are expected: the last ones are recent, or replayed."""
    if course.series.endswith(SUFFIX):
        return True
    newest = course.newest_ns
    return newest is not None and clock.time() - newest / 1e9 < LIVE_S


def _update(change: Change, entry: Entry) -> None:
    """Note an update of an excursion that was alerted and has changed."""
    if entry["alerted"]:
        _note(change, entry, entry["row"], alerted=True)


def _forget(course: Course) -> None:
    """Drop excursions that ended long ago."""
    newest = course.newest_met
    if newest is None:
        return
    for key, entry in list(course.excursions.items()):
        over = not (entry["open"] or entry["provisional"])
        if over and entry["row"]["met_s"] < newest - REMEMBERED_S:
            del course.excursions[key]
            course.changed.add(key)


def _same(key: str, entry: Entry, before: dict[str, Entry]) -> str | None:
    """Return the key under which this excursion was reported before."""
    if key in before or not entry["stays"]:
        return key if key in before else None
    start, stop = _window(entry["row"])
    for old_key, old in before.items():
        first, last = _window(old["row"])
        if first <= stop and start <= last:
            return old_key
    return None


def _window(row: Row) -> tuple[float, float]:
    return row["met_s"], row["met_s"] + (row["timescale_s"] or 0.0)


def _differ(old: Row, new: Row) -> bool:
    """Return whether a row differs from the one of its last alert."""
    names = ("burst_id", "cause", "significance", "t90_s", "evidence")
    return any(old.get(name) != new.get(name) for name in names)


def _bare(row: Row) -> Row:
    """Return a row without its matches, which are found when it is written."""
    return {name: value for name, value in row.items() if name != "matches"}


_KIND = {
    (False, False): "",
    (False, True): "initial",
    (True, True): "update",
    (True, False): "retraction",
}


def renewed(
    courses: Iterable[Course], new: pl.DataFrame, coincident: Coincident
) -> list[tuple[Course, Change]]:
    """Return changes for excursions near new times whose matches have changed.

    `new` has the TT times of catalogue bursts and notices that are new.
    """
    times = new["time"].cast(pl.Int64)
    changes = []
    for course in courses:
        near = {
            key: entry
            for key, entry in course.excursions.items()
            if entry["stays"] and _is_near(entry["row"], times)
        }
        if near:
            changes.append((course, _rematched(course, near, coincident)))
    return changes


def _is_near(row: Row, times: pl.Series) -> bool:
    return row["time"] is not None and bool(
        ((times - row["time"]).abs() < REACH_NS).any()
    )


def _rematched(
    course: Course, near: dict[str, Entry], coincident: Coincident
) -> Change:
    change = Change()
    matches = coincident.of([entry["row"] for entry in near.values()])
    for key, entry in near.items():
        row = entry["row"]
        if row.get("matches") != matches[row["burst_id"]]:
            row["matches"] = matches[row["burst_id"]]
            change.gone.add(row["burst_id"])
            change.rows[row["burst_id"]] = row
            course.changed.add(key)
            _update(change, entry)
    return change
