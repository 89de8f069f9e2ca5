"""What public calls read at 10^6 rows: every method has a bound, or a reason why not.

Rows read are those of the row groups that the database opened, as it reports them; no
duration is asserted.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from benchmarks import question_tables
from orbital_kernel import Cone, Orbital, Query, connect, embedded
from orbital_kernel.questions import Questions
from orbital_kernel.questions.names import Names
from orbital_kernel.questions.objects import Objects

ROWS = 1_000_000
TIMES, GROUP = 4, 65_536
"""Rows read are at most so many times the rows returned, and two row groups a range."""
DOORS = {"": Orbital, "objects.": Objects, "questions.": Questions, "names.": Names}


@dataclass(frozen=True)
class Bound:
    """How a call is made, and how many row groups more it may open."""

    call: Callable[[SimpleNamespace], object]
    groups: int = 4


ON_OBJECT = {
    "object": Bound(lambda s: s.orbital.object(s.name), 6),
    "light_curve": Bound(lambda s: s.orbital.light_curve(s.name)),
    "light_curves": Bound(lambda s: s.orbital.light_curves([s.name])),
    "known_at": Bound(lambda s: s.orbital.known_at(s.name), 6),
    "cone": Bound(
        lambda s: s.orbital.cone(
            "chandra.sources", ra=s.ra, dec=s.dec, radius_arcmin=1
        ),
        6,
    ),
    "between": Bound(
        lambda s: s.orbital.between(
            "swift.photometry", "2016-01-01T00:00:00", "2016-01-02T00:00:00"
        )
    ),
    "query": Bound(
        lambda s: s.orbital.query(Query("swift.photometry", cone=Cone(s.ra, s.dec, 1)))
    ),
    "count": Bound(
        lambda s: s.orbital.count(Query("swift.photometry", sets={"object": [s.name]}))
    ),
    "counted": Bound(
        lambda s: s.orbital.counted(
            Query("swift.photometry", cone=Cone(s.ra, s.dec, 1))
        )
    ),
    "follow_ups": Bound(lambda s: s.orbital.follow_ups(within_days=30), 0),
    "simultaneous": Bound(lambda s: s.orbital.simultaneous("swift", "chandra"), 0),
    "objects_observed_by": Bound(
        lambda s: s.orbital.objects_observed_by("swift", "chandra", within_arcmin=1), 0
    ),
    "objects.position": Bound(lambda s: s.orbital.objects.position(s.name), 2),
    "objects.place": Bound(lambda s: s.orbital.objects.place(s.identifier), 2),
    "objects.trigger": Bound(lambda s: s.orbital.objects.trigger(s.name), 2),
    "objects.names": Bound(lambda s: s.orbital.objects.names(), 2),
    "questions.observed_by": Bound(
        lambda s: s.orbital.questions.observed_by("swift", "chandra", within_arcmin=1),
        0,
    ),
    "questions.follow_ups": Bound(lambda s: s.orbital.questions.follow_ups(), 0),
    "questions.simultaneous": Bound(
        lambda s: s.orbital.questions.simultaneous("swift", "chandra"), 0
    ),
    "names.find": Bound(lambda s: s.orbital.names.find(s.name), 1),
    "names.complete": Bound(lambda s: s.orbital.names.complete("bench 1"), 4),
}
"""Calls with a bound. A cone is up to three ranges of cells, two row groups each.
With 0 groups the tables of bursts and observations are joined."""

WITHOUT = {
    "reads files, and the ledger of files": (
        *("ingest", "ingest_published", "survey", "validate", "sample"),
    ),
    "compares all sources of both observatories": ("match",),
    "compares all rows of a kind; it is limited by rare.py": ("rare",),
    "reads every row that has a name, once, in batches": ("names.rebuild",),
    "compares the sources of a region, by tiles": (
        *("objects.matching", "objects.combinations"),
    ),
    "reads the events, intervals and footprints of ObsIDs that are named or cover a place; "
    "this database has none": (
        *("counts", "flares", "visits", "footprint", "upper_limit", "calibration"),
        "questions.counts",
    ),
    "reads one light curve, as light_curve does": ("lag", "shape", "published_results"),
    "reads what is near new rows, by cones; the findings are few": (
        *("compare_new", "findings"),
    ),
    "is a whole table or an SQL statement as it was asked for": (
        *("table", "sql", "ask_sql", "export", "rows_at_most", "sky_density"),
    ),
    "reads no rows of observations: numbers, units, names or states": (
        *(
            "prepare",
            "tables",
            "units",
            "ucds",
            "qtable",
            "flush",
            "explained",
            "health",
        ),
        *("require_rows", "require_tables"),
    ),
    "reads one series, by the projection that is sorted by series": ("series",),
}
"""Calls without a bound here, by the reason."""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a session on 10^6 points and 10^6 sources, sorted, and their objects."""
    folder = tmp_path_factory.mktemp("large")
    session = connect(folder)
    session.storage.apply()
    objects = question_tables.fill(session.store, ROWS)
    session.names.rebuild()
    assert question_tables.settle(session.store, 240) is not None
    yield session, objects
    session.flush()
    embedded.stop(folder)


def _public():
    return {
        f"{prefix}{name}"
        for prefix, door in DOORS.items()
        for name, member in inspect.getmembers(door, inspect.isfunction)
        if not name.startswith("_")
    }


def test_every_public_call_has_a_bound_or_a_reason_why_it_has_none():
    reasons = [name for names in WITHOUT.values() for name in names]

    assert _public() == {*ON_OBJECT, *reasons}
    assert not set(ON_OBJECT) & set(reasons)


@pytest.mark.parametrize("name", ON_OBJECT)
def test_a_call_reads_what_its_answer_needs(large, name):
    orbital, objects = large
    bound = ON_OBJECT[name]
    row = int(abs(objects.points - 5_000).argmin())
    scope = SimpleNamespace(
        orbital=orbital,
        name=objects.names[row],
        identifier=f"2CXO J{ROWS // 2:09d}",
        ra=float(objects.ra[row]),
        dec=float(objects.dec[row]),
    )

    with orbital.explained() as explanation:
        bound.call(scope)

    assert explanation.queries
    allowed = TIMES * explanation.rows_returned + bound.groups * GROUP
    if name in ("count", "counted"):
        allowed += TIMES * int(objects.points[row])
    assert explanation.rows_read <= allowed, str(explanation)
    assert explanation.rows_read < ROWS / 2, str(explanation)
