"""For random tables and questions, planner and store give what brute force gives."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital_kernel import Box, Cone, Polygon, Query, TimeSpan, sky, times
from orbital_kernel import query as planner
from orbital_kernel.predicate import Clause, Equal

FEW = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = itertools.count()
RA = st.one_of(st.sampled_from([0.0, 359.999, 0.001, 180.0]), st.floats(0, 359.99))
DEC = st.one_of(st.sampled_from([90.0, -90.0, 89.99, 0.0]), st.floats(-90, 90))
KINDS = ("star", "agn", "xrb", 'it\'s 100% "odd"', "")
ROW = st.fixed_dictionaries(
    {
        "position": st.one_of(st.none(), st.tuples(RA, DEC)),
        "flux": st.one_of(st.none(), st.sampled_from([0.0, -1.5, 1e-13, 3e-12, 1e300])),
        "kind": st.one_of(st.none(), st.sampled_from(KINDS)),
    }
)


@pytest.fixture(scope="module", autouse=True)
def closing_at_once(orbital):
    """Leave no thread at work while Hypothesis draws: it minds the random module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orbital.store, "reading", orbital.store.transaction)
        yield


@st.composite
def regions(draw):
    ra, dec = draw(RA), draw(DEC)
    size = draw(st.sampled_from([0.01, 0.5, 10.0, 30.0]))
    if draw(st.booleans()):
        return {"cone": Cone(ra, dec, 60 * size)}
    low = max(dec - size, -90.0)
    return {"box": Box(ra, (ra + 2 * size) % 360, low, min(low + size, 90.0))}


FLUX = st.sampled_from([None, -2.0, 0.0, 1e-13, 1e-12, float("inf")])
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "ranges": st.tuples(FLUX, FLUX).filter(any).map(lambda pair: {"flux": pair}),
        "sets": st.lists(st.sampled_from([*KINDS, None, "none"]), max_size=4).map(
            lambda values: {"kind": values}
        ),
        "null": st.just(("flux",)),
        "not_null": st.just(("kind",)),
        "prefix": st.sampled_from(["s", "it'", ""]).map(lambda t: {"kind": t}),
        "contains": st.sampled_from(["a", "%", '"']).map(lambda t: {"kind": t}),
        "limit": st.sampled_from([0, 1, 3, 1000]),
    },
)


def brute(rows, asked):
    """Answer a question row by row in plain Python."""
    return [row["source_id"] for row in rows if _holds(row, asked)]


def _holds(row, asked):
    flux, kind, ra, dec = (row[name] for name in ("flux", "kind", "ra", "dec"))
    low, high = asked.ranges.get("flux", (None, None))
    cone, box = asked.cone, asked.box
    return all(
        (
            "flux" not in asked.ranges
            or (
                (flux is not None and (low is None or flux >= low))
                and (high is None or flux <= high)
            ),
            "kind" not in asked.sets or kind in asked.sets["kind"],
            not asked.null or flux is None,
            not asked.not_null or kind is not None,
            not asked.prefix
            or (kind is not None and kind.startswith(asked.prefix["kind"])),
            not asked.contains or asked.contains["kind"] in (kind or ""),
            cone is None
            or (
                ra is not None
                and sky.separation_deg(cone.ra, cone.dec, ra, dec)
                <= cone.radius_arcmin / 60
            ),
            box is None
            or (
                ra is not None
                and box.dec_min <= dec <= box.dec_max
                and (
                    box.ra_min <= ra <= box.ra_max
                    if box.ra_min <= box.ra_max
                    else ra >= box.ra_min or ra <= box.ra_max
                )
            ),
        )
    )


@FEW
@given(
    rows=st.lists(ROW, max_size=40),
    region=st.one_of(st.just({}), regions()),
    parts=PARTS,
)
def test_any_question_to_any_table_is_answered_as_by_brute_force(
    orbital, rows, region, parts
):
    tag = f"property {next(NUMBERS)}"
    known = [r["position"] or (None, None) for r in rows]
    table = [
        {
            "catalog": tag,
            "source_id": str(n),
            "ra": ra,
            "dec": dec,
            "healpix": None if ra is None else int(sky.healpix(ra, dec)[0]),
            "flux": r["flux"],
            "kind": r["kind"],
        }
        for n, (r, (ra, dec)) in enumerate(zip(rows, known, strict=True))
    ]
    if table:
        orbital.store.insert("swift.sources", pa.Table.from_pylist(table))
    sets = {"catalog": [tag], **parts.get("sets", {})}
    asked = Query("swift.sources", **{**region, **parts, "sets": sets})

    found = planner.run(asked, orbital.store)

    expected = brute(table, asked)
    if asked.limit is None:
        assert sorted(expected) == sorted(found.frame["source_id"])
    else:
        assert min(asked.limit, len(expected)) == len(found.frame)
        assert set(found.frame["source_id"]) <= set(expected)
    assert found.how.rows_returned == len(found.frame)
    with orbital.store.transaction() as tx:
        tx.delete("swift.sources", [Clause("catalog", (Equal(tag),))])


@FEW
@given(
    offsets=st.lists(st.integers(-5_000, 5_000), min_size=1, max_size=30),
    ends=st.tuples(st.integers(-6_000, 6_000), st.integers(0, 3_000)),
    channels=st.tuples(st.floats(-3, 3), st.floats(0, 4)),
)
def test_times_and_whole_numbers_are_cut_exactly(orbital, offsets, ends, channels):
    name = f"property {next(NUMBERS)}"
    zero = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    start = zero + timedelta(microseconds=ends[0])
    stop = start + timedelta(microseconds=ends[1])
    nanoseconds = np.array(offsets) * 1_000 + np.arange(len(offsets)) % 3 - 1
    tt = times.tt_from_utc(np.datetime64(zero.replace(tzinfo=None)))[
        0
    ] + nanoseconds.astype("timedelta64[ns]")
    channel = np.arange(len(offsets), dtype=np.int16) % 7 - 3
    orbital.store.insert(
        "swift.rates",
        pa.table({"series": [name] * len(offsets), "time": tt, "channel": channel}),
    )
    low, high = channels[0], channels[0] + channels[1]

    found = planner.run(
        Query(
            "swift.rates",
            time=TimeSpan(start, stop),
            sets={"series": [name]},
            ranges={"channel": (low, high)},
        ),
        orbital.store,
    )

    inside = (nanoseconds >= ends[0] * 1_000) & (nanoseconds <= sum(ends) * 1_000)
    inside &= (channel >= low) & (channel <= high)
    assert np.count_nonzero(inside) == len(found.frame)
    assert sorted(tt[inside]) == sorted(found.frame["time"].to_numpy())


@settings(max_examples=60, deadline=None)
@given(
    centre=st.tuples(RA, DEC),
    size=st.sampled_from([0.01, 1.0, 20.0, 40.0]),
    angles=st.lists(st.integers(0, 359), min_size=3, max_size=8, unique=True),
    seed=st.integers(0, 1_000),
)
def test_a_polygon_holds_the_positions_on_the_inner_side_of_all_its_sides(
    centre, size, angles, seed
):
    angles = np.radians(sorted(angles))
    if np.max(np.diff([*angles, angles[0] + 2 * np.pi])) > np.radians(140):
        return  # the centre would be outside
    corners = around(centre, np.full(len(angles), size), angles)
    polygon = Polygon(tuple(zip(*corners, strict=True)))
    dice = np.random.default_rng(seed)
    ra, dec = around(centre, dice.uniform(0, 1.5 * size, 200), dice.uniform(0, 7, 200))

    frame = pl.DataFrame({"ra": ra, "dec": dec, "healpix": sky.healpix(ra, dec)})
    found = frame.select(polygon.inside).to_series().to_numpy()
    covered = frame.select(planner.regions.clause(polygon).expr()).to_series()

    sides = unit(*corners)
    across = np.cross(sides, np.roll(sides, -1, axis=0))
    depth = unit(ra, dec) @ across.T * np.sign(unit(*centre) @ across.T)
    clear = np.min(np.abs(depth), axis=1) > 1e-12
    assert np.array_equal(np.all(depth > 0, axis=1)[clear], found[clear])
    assert np.all(covered.to_numpy()[found & clear])


def unit(ra, dec):
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def around(centre, distances, angles):
    """Return RA and Dec at distances (deg) and position angles (rad) from a centre."""
    middle = unit(*centre)
    east = np.cross(
        [0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0], middle
    )
    east /= np.linalg.norm(east)
    north = np.cross(middle, east)
    r = np.radians(distances)[:, None]
    way = np.cos(angles)[:, None] * east + np.sin(angles)[:, None] * north
    x, y, z = (np.cos(r) * middle + np.sin(r) * way).T
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arcsin(np.clip(z, -1, 1)))
