"""For random tables and questions, planner and store give what brute force gives.

ORBITAL_EXAMPLES sets how many of each are tried, 50 if not set; 2,000 take minutes.
"""

import itertools
import os
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital_kernel import Box, Cone, Polygon, Query, TimeSpan
from orbital_kernel import query as planner
from orbital_kernel.model import sky, times

FEW = settings(
    max_examples=int(os.environ.get("ORBITAL_EXAMPLES", "50")),
    suppress_health_check=list(HealthCheck),
)
NUMBERS = itertools.count()
RA = st.one_of(st.sampled_from([0.0, 359.999, 0.001, 180.0]), st.floats(0, 359.99))
DEC = st.one_of(st.sampled_from([90.0, -90.0, 89.99, 0.0]), st.floats(-90, 90))
KINDS = ("star", "agn", "xrb", 'it\'s 100% "odd"', "")
OUTSIDE = st.tuples(
    st.sampled_from([0.0, 0.3, 0.97, 0.999999, 1.000001, 1.03, 2.0]),
    st.floats(0, 6.2),
)
"""A distance from the middle of what is asked, in its own size, and a direction."""

ROW = st.fixed_dictionaries(
    {
        "position": st.one_of(st.none(), st.tuples(RA, DEC)),
        "beside": st.one_of(st.none(), OUTSIDE),
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


SIZES_DEG = [0.1 / 3600, 5 / 3600, 0.01, 0.5, 10.0, 30.0]


@st.composite
def regions(draw):
    """Return a region with its middle and size: a cone, a box or a convex polygon."""
    ra, dec, size = draw(RA), draw(DEC), draw(st.sampled_from(SIZES_DEG))
    kind = draw(st.sampled_from(["cone", "box", "polygon"]))
    return {kind: REGIONS[kind](ra, dec, size, draw)}, (ra, dec), size


def a_cone(ra, dec, size, _draw):
    return Cone(ra, dec, 60 * size)


def a_box(ra, dec, size, _draw):
    low = max(dec - size, -90.0)
    return Box((ra - size) % 360, (ra + size) % 360, low, min(low + 2 * size, 90.0))


def a_polygon(ra, dec, size, draw):
    turn = draw(st.floats(0, 1))
    count = draw(st.integers(3, 7))
    angles = 2 * np.pi * (np.arange(count) + turn) / count
    corners = around((ra, dec), np.full(count, size), angles)
    return Polygon(tuple(zip(*map(list, corners), strict=True)))


REGIONS = {"cone": a_cone, "box": a_box, "polygon": a_polygon}


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


def brute(rows, query, middle):
    """Answer row by row in plain Python: who surely is in, and who may be."""
    surely = [row for row in rows if _holds(row, query)]
    places = {row["source_id"]: _inside(row, query, middle) for row in surely}
    return (
        [name for name, inside in places.items() if inside],
        [name for name, inside in places.items() if inside is None],
    )


def _holds(row, query):
    flux, kind = row["flux"], row["kind"]
    low, high = query.ranges.get("flux", (None, None))
    return all(
        (
            "flux" not in query.ranges
            or (
                (flux is not None and (low is None or flux >= low))
                and (high is None or flux <= high)
            ),
            "kind" not in query.sets or kind in query.sets["kind"],
            not query.null or flux is None,
            not query.not_null or kind is not None,
            not query.prefix
            or (kind is not None and kind.startswith(query.prefix["kind"])),
            not query.contains or query.contains["kind"] in (kind or ""),
        )
    )


def _inside(row, query, middle):
    """Whether a row is in all regions; None within rounding of an edge."""
    if not query.regions:
        return True
    if row["ra"] is None:
        return False
    depth = min(
        _depth(region, row["ra"], row["dec"], middle) for region in query.regions
    )
    return None if abs(depth) < 1e-11 else bool(depth > 0)


def _depth(region, ra, dec, middle):
    """Return how far inside a position is, above 0, or outside; degrees or the like."""
    if isinstance(region, Cone):
        apart = sky.separation_deg(region.ra, region.dec, ra, dec)
        return region.radius_arcmin / 60 - apart
    if isinstance(region, Box):
        width = (region.ra_max - region.ra_min) % 360
        east = (ra - region.ra_min) % 360
        across = (
            min(east, width - east) if east <= width else -min(east - width, 360 - east)
        )
        return min(across, dec - region.dec_min, region.dec_max - dec)
    sides = unit(*np.array(region.corners).T)
    normals = np.cross(sides, np.roll(sides, -1, axis=0))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    inner = np.sign(normals @ unit(*middle))
    return float(np.min(np.degrees((normals @ unit(ra, dec)) * inner)))


@FEW
@given(
    rows=st.lists(ROW, max_size=40),
    region=st.one_of(st.just(({}, (0.0, 0.0), 1.0)), regions()),
    parts=PARTS,
)
def test_any_question_to_any_table_is_answered_as_by_brute_force(
    orbital, holding, rows, region, parts
):
    tag = f"property {next(NUMBERS)}"
    asked_region, middle, size = region
    places = [_place(row, middle, size) for row in rows]
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
        for n, (r, (ra, dec)) in enumerate(zip(rows, places, strict=True))
    ]
    sets = {"catalog": [tag], **parts.get("sets", {})}
    query = Query("swift.sources", **{**asked_region, **parts, "sets": sets})

    stored = pa.Table.from_pylist(table)
    with holding("swift.sources", stored, "catalog") if table else nullcontext():
        answer = planner.run(query, orbital.store)

    surely, maybe = brute(table, query, middle)
    names = answer.frame["source_id"].to_list()
    assert set(names) <= {*surely, *maybe}
    assert len(names) == len(set(names)) == answer.how.rows_returned
    if query.limit is None:
        assert set(surely) <= set(names)
    else:
        assert min(query.limit, len(surely)) <= len(names) <= query.limit


def _place(row, middle, size):
    """Return the position of a row: near the region, anywhere, or none."""
    if row["position"] is not None and row["beside"] is not None:
        distance, angle = row["beside"]
        ra, dec = around(middle, np.array([distance * size]), np.array([angle]))
        return float(ra[0]) % 360, float(dec[0])
    return row["position"] or (None, None)


@FEW
@given(
    offsets=st.lists(st.integers(-5_000, 5_000), min_size=1, max_size=30),
    ends=st.tuples(st.integers(-6_000, 6_000), st.integers(0, 3_000)),
    channels=st.tuples(st.floats(-3, 3), st.floats(0, 4)),
)
def test_times_and_whole_numbers_are_cut_exactly(
    orbital, holding, offsets, ends, channels
):
    name = f"property {next(NUMBERS)}"
    zero = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    start = zero + timedelta(microseconds=ends[0])
    stop = start + timedelta(microseconds=ends[1])
    nanoseconds = np.array(offsets) * 1_000 + np.arange(len(offsets)) % 3 - 1
    tt = times.tt_from_utc(np.datetime64(zero.replace(tzinfo=None)))[
        0
    ] + nanoseconds.astype("timedelta64[ns]")
    channel = np.arange(len(offsets), dtype=np.int16) % 7 - 3
    rows = pa.table({"series": [name] * len(offsets), "time": tt, "channel": channel})
    query = Query(
        "swift.rates",
        time=TimeSpan(start, stop),
        sets={"series": [name]},
        ranges={"channel": (channels[0], channels[0] + channels[1])},
    )

    with holding("swift.rates", rows, "series"):
        answer = planner.run(query, orbital.store)

    low, high = query.ranges["channel"]

    inside = (nanoseconds >= ends[0] * 1_000) & (nanoseconds <= sum(ends) * 1_000)
    inside &= (channel >= low) & (channel <= high)
    assert np.count_nonzero(inside) == len(answer.frame)
    assert sorted(tt[inside]) == sorted(answer.frame["time"].to_numpy())


POINTS = 5_000
ZERO = datetime(2022, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def points(holding, in_step):
    """Return photometry of 50 objects, a point a second, sorted into all projections."""
    number = np.arange(POINTS)
    start = times.tt_from_utc(np.datetime64(ZERO.replace(tzinfo=None)))[0]
    rows = pa.table(
        {
            "object": [f"order {n % 50}" for n in number],
            "time": start + number * np.timedelta64(1, "s"),
            "value": np.random.default_rng(1).permutation(number) / POINTS,
        }
    )
    with holding("swift.photometry", rows, "object"):
        in_step("swift.photometry")
        yield pl.DataFrame(rows).with_row_index("second")


VALUE = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 1.0]), st.floats(0, 1))


@FEW
@given(
    objects=st.one_of(st.none(), st.lists(st.integers(0, 52), min_size=1, max_size=4)),
    span=st.one_of(st.none(), st.tuples(st.integers(-9, 5_009), st.integers(0, 5_000))),
    ends=st.tuples(VALUE, VALUE),
)
def test_whichever_order_is_read_the_answer_is_the_same(
    orbital, points, objects, span, ends
):
    parts, expected = {}, points
    if objects is not None:
        parts["sets"] = {"object": [f"order {n}" for n in objects]}
        expected = expected.filter(pl.col("object").is_in(parts["sets"]["object"]))
    else:
        parts["prefix"] = {"object": "order "}
    if span is not None:
        start, stop = span[0], sum(span)
        parts["time"] = TimeSpan(*(ZERO + timedelta(seconds=s) for s in (start, stop)))
        expected = expected.filter(pl.col("second").is_between(start, stop))
    if any(end is not None for end in ends):
        parts["ranges"] = {"value": ends}
        low, high = (pl.lit(end) for end in ends)
        expected = expected.filter(
            (pl.col("value") >= low).fill_null(value=True),
            (pl.col("value") <= high).fill_null(value=True),
        )

    query = Query("swift.photometry", ("time", "value"), **parts)
    answer = planner.run(query, orbital.store)

    assert sorted(expected["time"]) == sorted(answer.frame["time"])
    assert len(expected) == orbital.count(query)
    assert answer.how.rows_read <= orbital.store.rows("swift.photometry")


@FEW
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
    answer = frame.select(polygon.inside).to_series().to_numpy()
    covered = frame.select(planner.regions.clause(polygon).expr()).to_series()

    sides = unit(*corners)
    across = np.cross(sides, np.roll(sides, -1, axis=0))
    depth = unit(ra, dec) @ across.T * np.sign(unit(*centre) @ across.T)
    clear = np.min(np.abs(depth), axis=1) > 1e-12
    assert np.array_equal(np.all(depth > 0, axis=1)[clear], answer[clear])
    assert np.all(covered.to_numpy()[answer & clear])


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
    direction = np.cos(angles)[:, None] * east + np.sin(angles)[:, None] * north
    x, y, z = (np.cos(r) * middle + np.sin(r) * direction).T
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arcsin(np.clip(z, -1, 1)))
