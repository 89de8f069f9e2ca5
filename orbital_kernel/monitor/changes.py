"""One series' triggers as rows to write, rows to take away and alerts to send."""

import time as clock
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from orbital_kernel.monitor.alerts import Alert, alert
from orbital_kernel.monitor.checkpoint import Course
from orbital_kernel.monitor.coincident import REACH_NS, Coincident
from orbital_kernel.monitor.replay import SUFFIX
from orbital_kernel.monitor.rows import described, with_utc
from orbital_kernel.science.bursts import Trigger
from orbital_kernel.science.bursts.excursion import COLUMNS

ALERTED = frozenset({"burst", "unknown"})
LIVE_S = 3 * 86_400.0
KEPT_S = 2 * 86_400.0
"""Excursions older than the newest bin by this are not remembered."""
Row = dict[str, Any]
Entry = dict[str, Any]
Note = tuple[str, str, int, Row]


@dataclass
class Change:
    """What triggers do to cross.bursts, and the alerts to make of it.

    `rows` hold `time` as TT nanoseconds; of the ids that go, those in `gone` were
    written, and those in `maybe` only if the watcher was killed after writing. `notes`
    are (kind, name, record number, row) in order; `anew` says that all rows of the
    series go first.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    anew: bool = False

    def __bool__(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.rows or self.gone or self.maybe or self.anew)


def take(course: Course, triggers: list[Trigger], *, provisional: bool) -> Change:
    """Apply triggers to a course; `provisional` ones may be judged again.

    The same triggers always give the same change, so that one that was written and
    then forgotten can be written again.
    """
    change = Change()
    if course.origin is None:
        return change
    for trigger, row in zip(triggers, _rows(course, triggers), strict=True):
        _apply(course, change, trigger, row, provisional=provisional)
    _forget(course)
    return change


def resume(course: Course) -> Change:
    """Take back what was told only because the rows had ended; they go on."""
    change = Change()
    for key, entry in course.known.items():
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

    Excursions told before keep their alerts' names where windows overlap; alerts are
    made only where something changed. Nothing is written where nothing did.
    """
    left = {k: e for k, e in course.known.items() if e["stays"] or e["alerted"]}
    course.changed |= course.known.keys()
    course.known = {}
    change = take(course, triggers, provisional=False)
    change.anew, change.notes = True, []
    news = [_recognize(change, key, e, left) for key, e in course.known.items()]
    for key, entry in left.items():
        course.known.setdefault(key, entry | {"stays": False, "open": False})
        _note(change, entry, entry["row"], alerted=False)
    return change if left or any(news) else Change()


def _recognize(change: Change, key: str, entry: Entry, left: dict[str, Entry]) -> bool:
    """Give an excursion the name and record of one told before; tell if it is news."""
    old_key = _same(key, entry, left)
    old = left.pop(old_key) if old_key else None
    alerted = entry["alerted"]
    entry |= {n: (old or _FRESH)[n] for n in ("records", "alerted")}
    entry["name"] = old["name"] if old else key
    if old is None or _differ(old["row"], entry["row"]) or alerted != entry["alerted"]:
        _note(change, entry, entry["row"], alerted=alerted)
    return old is None or _bare(old["row"]) != _bare(entry["row"])


def join(first: Change, second: Change) -> Change:
    """Return two changes as one, the second after the first."""
    return Change(
        {k: v for k, v in first.rows.items() if k not in second.gone | second.maybe}
        | second.rows,
        first.gone | second.gone,
        first.maybe | second.maybe,
        first.notes + second.notes,
        first.anew or second.anew,
    )


def _rows(course: Course, triggers: list[Trigger]) -> Iterator[Row]:
    """Return triggers as rows of cross.bursts, `time` in TT ns."""
    if not triggers or course.origin is None:
        return iter(())
    found = pl.DataFrame([t.row for t in triggers], schema=COLUMNS, orient="row")
    told = with_utc(described(found, course.observatory, course.origin))
    return told.with_columns(pl.col("time").cast(pl.Int64)).iter_rows(named=True)


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
    entry = course.known.pop(trigger.key, fresh)
    if entry["stays"]:
        _take_away(change, entry["row"]["burst_id"])
    change.maybe.add(row["burst_id"])
    stays = trigger.state != "retraction"
    if stays:
        change.rows[row["burst_id"]] = row
    _note(change, entry, row, alerted=stays and row["cause"] in ALERTED)
    was_open = trigger.state == "initial" or entry["open"]
    course.known[trigger.key] = entry | {
        "row": row,
        "open": was_open and stays and (provisional or trigger.state == "initial"),
        "provisional": provisional,
        "stays": stays,
    }
    course.changed.add(trigger.key)


def _take_away(change: Change, burst_id: str) -> None:
    """Take a row away: one not yet written is merely not written."""
    if change.rows.pop(burst_id, None) is None:
        change.gone.add(burst_id)
    else:
        change.maybe.add(burst_id)


def _note(change: Change, entry: Entry, row: Row, *, alerted: bool) -> None:
    """Add the alert an excursion's new row is worth, if any."""
    kind = _KIND[entry["alerted"], alerted]
    if kind:
        entry["records"] += 1
        entry["alerted"] = alerted
        change.notes.append((kind, entry["name"], entry["records"], row))


def alerts_of(course: Course, change: Change) -> list[Alert]:
    """Return the alerts of a change, in order."""
    instrument = (course.origin or {}).get("instrument")
    return [
        alert(kind, key=key, record=record, row=row, instrument=instrument)
        for kind, key, record, row in change.notes
    ]


def lives(course: Course) -> bool:
    """Tell whether more rows are to be expected: the last ones are fresh, or replayed."""
    if course.series.endswith(SUFFIX):
        return True
    newest = course.newest_ns
    return newest is not None and clock.time() - newest / 1e9 < LIVE_S


def tell_again(change: Change, entry: Entry) -> None:
    """Send an update of an excursion that was alerted and reads differently now."""
    if entry["alerted"]:
        _note(change, entry, entry["row"], alerted=True)


def _forget(course: Course) -> None:
    """Drop excursions that are over and long ago."""
    newest = course.newest_met
    if newest is None:
        return
    for key, entry in list(course.known.items()):
        over = not (entry["open"] or entry["provisional"])
        if over and entry["row"]["met_s"] < newest - KEPT_S:
            del course.known[key]
            course.changed.add(key)


def _same(key: str, entry: Entry, before: dict[str, Entry]) -> str | None:
    """Return the key of the excursion told before that this one is."""
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
    """Tell whether a row reads differently from what an alert told."""
    told = ("burst_id", "cause", "significance", "t90_s", "evidence")
    return any(old.get(name) != new.get(name) for name in told)


def _bare(row: Row) -> Row:
    """Return a row without what it coincides with, which is found when it is written."""
    return {name: value for name, value in row.items() if name != "matches"}


_KIND = {
    (False, False): "",
    (False, True): "initial",
    (True, True): "update",
    (True, False): "retraction",
}


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
