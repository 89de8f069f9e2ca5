"""Cross-matches, pairs of pointings, identity."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_kernel.errors import QueryError, SchemaMismatch
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.model.times import tt_from_utc
from orbital_kernel.science.matching import (
    assume_errors,
    covariances,
    cross_match,
    neighbours,
    objects,
    pairs_in_time,
    sigmas_in_radius,
)
from orbital_kernel.science.matching.candidates import density_arcsec2

NS = pl.Datetime("ns")


def brute_force(ra1, dec1, ra2, dec2, radius):
    apart = separation_deg(ra1[:, None], dec1[:, None], ra2[None], dec2[None])
    return set(zip(*np.nonzero(apart <= radius), strict=True))


def everywhere(rng, size, *, towards):
    """Positions, a third of them crowded around one place of interest."""
    ra, dec = rng.uniform(0, 360, size), np.degrees(np.arcsin(rng.uniform(-1, 1, size)))
    near = size // 3
    ra[:near] = towards[0] + rng.normal(0, 2, near) / np.cos(
        np.radians(min(abs(towards[1]), 89))
    )
    dec[:near] = np.clip(towards[1] + rng.normal(0, 2, near), -90, 90)
    return ra % 360, dec


PLACES = [
    (0.0, 0.0),
    (180.0, 45.0),
    (12.0, 90.0),
    (350.0, -90.0),
    (359.9, 88.0),
    (0.1, -60),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("radius", [0.0005, 0.1, 3.0, 20.0])
def test_neighbours_are_those_of_brute_force_at_the_poles_and_across_ra_zero(
    place, radius
):
    rng = np.random.default_rng(11)
    first, second = (
        everywhere(rng, 400, towards=place),
        everywhere(rng, 500, towards=place),
    )
    i, j, apart = neighbours(*first, *second, radius)

    assert brute_force(*first, *second, radius) == set(zip(i, j, strict=True))
    assert i.size == len(set(zip(i, j, strict=True)))
    assert np.allclose(
        separation_deg(first[0][i], first[1][i], second[0][j], second[1][j]),
        apart,
        atol=1e-9,
    )


position = st.tuples(
    st.one_of(st.floats(0, 360, exclude_max=True), st.sampled_from([0.0, 359.99999])),
    st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 0.0, 89.9999])),
)


@settings(max_examples=60)
@given(
    first=st.lists(position, min_size=1, max_size=12),
    second=st.lists(position, min_size=1, max_size=12),
    radius=st.floats(1e-4, 30),
)
def test_no_neighbour_is_lost_wherever_positions_are(first, second, radius):
    a, b = np.array(first), np.array(second)
    apart = separation_deg(a[:, None, 0], a[:, None, 1], b[None, :, 0], b[None, :, 1])
    clear = np.abs(apart - radius) > 1e-6
    i, j, _ = neighbours(a[:, 0], a[:, 1], b[:, 0], b[:, 1], radius)
    pairs = np.zeros(apart.shape, dtype=bool)
    pairs[i, j] = True

    assert np.array_equal((apart <= radius)[clear], pairs[clear])


def test_a_million_positions_meet_a_million_in_seconds_and_in_little_memory():
    rng = np.random.default_rng(2)
    ra, dec = (
        rng.uniform(0, 360, 10**6),
        np.degrees(np.arcsin(rng.uniform(-1, 1, 10**6))),
    )
    i, j, _ = neighbours(ra, dec, ra, np.clip(dec + 1 / 3600, -90, 90), 5 / 3600)

    assert 10**6 <= i.size
    assert 10**6 == np.sum(i == j)


def sources(positions, *, radius=1.0, confidence=0.9, **more):
    return pl.DataFrame(
        {
            "source_id": [f"s{n}" for n in range(len(positions))],
            "ra": [float(p[0]) for p in positions],
            "dec": [float(p[1]) for p in positions],
            "error_radius_arcsec": radius,
            "error_confidence": confidence,
        }
        | more
    )


def test_a_radius_at_ninety_per_cent_is_2_146_sigma():
    assert pytest.approx([2.146, 2.448, 1.515], abs=1e-3) == sigmas_in_radius(
        np.array([0.9, 0.95, 0.683])
    )


def test_separation_is_in_units_of_the_combined_error():
    first = sources([(10.0, 0.0)], radius=3.0, confidence=0.9)
    second = sources([(10.0, 3 / 3600)], radius=4.0, confidence=0.95)
    pair = cross_match(first, second)
    sigma = np.hypot(3 / 2.14597, 4 / 2.44775)

    assert pytest.approx(3.0) == pair["separation_arcsec"][0]
    assert pytest.approx(3 / sigma, rel=1e-5) == pair["normalised_separation"][0]


def test_an_ellipse_reaches_far_along_its_major_axis_only():
    """Position angle 90 deg is east-west."""
    ellipse = sources(
        [(50.0, 60.0)],
        radius=None,
        error_major_arcsec=10.0,
        error_minor_arcsec=1.0,
        error_angle_deg=90.0,
        confidence=0.95,
    )
    east, north = 4 / 3600 / np.cos(np.radians(60)), 4 / 3600
    others = sources(
        [(50.0 + east, 60.0), (50.0, 60.0 + north)], radius=0.1, confidence=0.95
    )
    pairs = cross_match(ellipse, others, n_sigma=20).sort("right_row")

    assert (
        pytest.approx([0.98, 9.7], rel=0.01) == pairs["normalised_separation"].to_list()
    )
    assert pytest.approx([90.0, 0.0], abs=1e-3) == pairs["position_angle_deg"].to_list()
    assert [1, 2] == pairs["rank"].to_list()


def test_the_bayes_factor_is_that_of_budavari_and_szalay():
    first, second = (
        sources([(0.0, 0.0)], radius=2.0),
        sources([(0.0, 1 / 3600)], radius=1.0),
    )
    arcsec = 1 / 3600 * np.pi / 180
    s2 = (np.array([2.0, 1.0]) / 2.145966 * arcsec) ** 2
    expected = np.log10(2 / s2.sum() * np.exp(-(arcsec**2) / (2 * s2.sum())))

    assert (
        pytest.approx(expected, abs=1e-5)
        == cross_match(first, second)["log10_bayes_factor"][0]
    )


def test_all_candidates_stay_and_the_nearest_of_equals_ranks_first():
    first = sources([(10.0, 0.0)], radius=5.0)
    second = sources(
        [(10.0, 2 / 3600), (10.0, 1 / 3600), (10.0, -6 / 3600)], radius=1.0
    )
    pairs = cross_match(first, second)

    assert [1, 0, 2] == pairs["right_row"].to_list()
    assert [1, 2, 3] == pairs["rank"].to_list()
    assert [True, False, False] == pairs["mutual"].to_list()
    assert pairs["match_probability"].sum() <= 1


def test_true_pairs_are_found_and_distinguished_from_chance_pairs():
    """Two XRT-like and Chandra-like catalogues of 3 deg² with known common sources."""
    rng = np.random.default_rng(8)
    common, alone = 600, 2400
    ra, dec = rng.uniform(150, 151.8, common), rng.uniform(1, 2.8, common)
    sigma_a, sigma_b = (
        rng.uniform(1.5, 2.6, common + alone),
        rng.uniform(0.2, 0.6, common + alone),
    )

    def catalogue(sigma):
        more = rng.uniform([150, 1], [151.8, 2.8], (alone, 2))
        x = np.concatenate([ra, more[:, 0]]) + rng.normal(0, sigma / 3600)
        y = np.concatenate([dec, more[:, 1]]) + rng.normal(0, sigma / 3600)
        return sources(
            list(zip(x, y, strict=True)), radius=sigma * 2.145966, confidence=0.9
        )

    pairs = cross_match(catalogue(sigma_a), catalogue(sigma_b))
    best = pairs.filter("mutual")
    truth = (best["left_row"] == best["right_row"]) & (best["left_row"] < common)
    probability = best["match_probability"].to_numpy()
    accepted = probability > 0.5

    assert truth.sum() / common > 0.98
    assert truth.to_numpy()[accepted].mean() > 0.9
    assert abs(truth.mean() - probability.mean()) < 0.05


def test_a_fixed_arcsecond_would_lose_pairs_that_errors_keep():
    """Swift-XRT is good to 3.5-5.6 arcsec at 90 %: the true partner stands 4 arcsec off."""
    swift = sources([(83.0, 22.0)], radius=5.6, confidence=0.9)
    chandra = sources([(83.0, 22.0 + 4 / 3600)], radius=0.8, confidence=0.95)

    assert 1 == cross_match(swift, chandra).height
    assert 0 == cross_match(swift, chandra, within_arcsec=1.0).height


def test_density_of_an_even_sky_is_its_number_over_its_area():
    rng = np.random.default_rng(4)
    ra, dec = (
        rng.uniform(0, 360, 50_000),
        np.degrees(np.arcsin(rng.uniform(-1, 1, 50_000))),
    )
    density = density_arcsec2(ra[:2000], dec[:2000], ra, dec)
    expected = 50_000 / (4 * np.pi * np.degrees(1) ** 2 * 3600**2)

    assert 0.85 < np.median(density) / expected < 1.3


def test_a_crowded_field_is_not_diluted_by_the_empty_sky_around_it():
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(10, 10.1, 1000), rng.uniform(0, 0.1, 1000)
    density = density_arcsec2(np.array([10.05]), np.array([0.05]), ra, dec)

    assert 0.6 < density[0] / (1000 / 360**2) < 1.6


def test_the_chance_probability_is_the_share_of_random_positions_with_a_neighbour():
    rng = np.random.default_rng(9)
    field = sources(list(rng.uniform([20, -1], [22, 1], (8000, 2))), radius=2.0)
    probes = sources(
        list(rng.uniform([20.2, -0.8], [21.8, 0.8], (3000, 2))), radius=20.0
    )
    pairs = (
        cross_match(probes, field)
        .sort("separation_arcsec")
        .unique("left_row", keep="first", maintain_order=True)
    )
    chance = pairs["chance_probability"].to_numpy()
    shares = [np.mean(chance < p) * pairs.height / 3000 for p in (0.05, 0.1, 0.2)]

    assert np.allclose([0.05, 0.1, 0.2], shares, rtol=0.25)


def test_missing_errors_are_refused_until_somebody_states_them():
    bare = sources([(1.0, 1.0)]).drop("error_radius_arcsec", "error_confidence")
    other = sources([(1.0, 1.0)])

    with pytest.raises(QueryError, match="1 of 1 left sources have no position error"):
        cross_match(bare, other)
    with pytest.raises(QueryError, match="confidence"):
        cross_match(assume_errors(bare, radius_arcsec=5.6), other)
    stated = assume_errors(bare, radius_arcsec=5.6, confidence=0.9)

    assert 1 == cross_match(stated, other).height


def test_stated_errors_never_replace_a_catalogues_own():
    mixed = sources([(1.0, 1.0), (2.0, 1.0)], radius=pl.Series([0.4, None]))
    stated = assume_errors(mixed, radius_arcsec=9.0, confidence=0.5)

    assert [0.4, 9.0] == stated["error_radius_arcsec"].to_list()
    assert [0.9, 0.9] == stated["error_confidence"].to_list()


def test_sources_without_position_have_no_pairs_and_disturb_none():
    first = sources([(10.0, 0.0), (10.0, 0.0)]).with_columns(
        ra=pl.Series([None, 10.0], dtype=pl.Float64)
    )
    pairs = cross_match(first, sources([(10.0, 0.0)]))

    assert [(1, 0)] == pairs.select("left_row", "right_row").rows()


@pytest.mark.parametrize("empty", ["left", "right"])
def test_an_empty_catalogue_gives_no_pairs_but_all_columns(empty):
    some = sources([(10.0, 0.0)])
    pair = (some.clear(), some) if empty == "left" else (some, some.clear())
    pairs = cross_match(*pair)

    assert (0, True) == (pairs.height, "mutual" in pairs.columns)


def test_one_vague_source_does_not_change_the_others():
    rng = np.random.default_rng(3)
    places = list(rng.uniform([100, 20], [101, 21], (300, 2)))
    field = sources(list(np.array(places) + 0.5 / 3600), radius=1.0)
    vague = pl.concat([sources(places), sources([(100.5, 20.5)], radius=180.0)])
    keep = ["left_row", "right_row", "normalised_separation"]
    without, among = cross_match(sources(places), field), cross_match(vague, field)

    assert (
        without.select(keep).rows()
        == among.filter(pl.col("left_row") < 300).select(keep).rows()
    )
    assert among.filter(pl.col("left_row") == 300).height > 10


START = datetime(2011, 1, 1)  # noqa: DTZ001 - TT has no zone


def pointings(ra, dec, days):
    return pl.DataFrame(
        {
            "obs_id": [f"{n:011d}" for n in range(len(ra))],
            "ra": ra,
            "dec": dec,
            "time": pl.Series(
                [START + timedelta(days=float(d)) for d in days], dtype=NS
            ),
        }
    )


def brute_pairs(a, b, arcmin, low, high):
    near = 60 * separation_deg(
        a["ra"].to_numpy()[:, None],
        a["dec"].to_numpy()[:, None],
        b["ra"].to_numpy(),
        b["dec"].to_numpy(),
    )
    t1, t2 = (f["time"].cast(pl.Int64).to_numpy() for f in (a, b))
    lag = (t2[None] - t1[:, None]) / 86400e9
    return set(
        zip(*np.nonzero((near <= arcmin) & (lag >= low) & (lag <= high)), strict=True)
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("arcmin", [0.5, 12.0, 600.0])
def test_pairs_in_time_are_those_of_brute_force(place, arcmin):
    rng = np.random.default_rng(21)
    a, b = (
        pointings(*everywhere(rng, 500, towards=place), rng.uniform(0, 90, 500))
        for _ in "ab"
    )
    pairs = pairs_in_time(a, b, within_arcmin=arcmin, within_days=10)

    assert brute_pairs(a, b, arcmin, -10, 10) == set(
        pairs.select("row_a", "row_b").rows()
    )
    assert pairs["time_a"].is_sorted()


def test_a_pair_counts_whichever_came_first_and_the_sign_tells():
    a = pointings([10.0], [0.0], [5.0])
    b = pointings([10.0, 10.0, 10.0], [0.0] * 3, [3.0, 5.0, 6.5])
    pairs = pairs_in_time(a, b, within_arcsec=1.0, within_days=2)

    assert [-2.0, 0.0, 1.5] == sorted(pairs["dt_days"].to_list())


def test_follow_ups_ask_for_one_direction():
    a, b = pointings([10.0], [0.0], [5.0]), pointings([10.0] * 2, [0.0] * 2, [3.0, 9.0])
    pairs = pairs_in_time(a, b, within_arcmin=5, within_days=400, after_days=0)

    assert ["00000000001"] == pairs["obs_id_b"].to_list()


def test_one_field_observed_a_thousand_times_costs_only_its_pairs():
    """20,000 x 20,000 rows at one place; a product would be 400 million."""
    days = np.arange(20_000) * 0.5
    a = pointings(np.full(20_000, 53.1), np.full(20_000, -27.8), days)
    pairs = pairs_in_time(a, a, within_arcmin=1, within_days=0.5)

    assert 3 * 20_000 - 2 == pairs.height


def test_rows_without_time_or_position_are_passed_over():
    a = pointings([10.0, 10.0], [0.0, 0.0], [0.0, 0.0]).with_columns(
        time=pl.Series([None, START], dtype=NS)
    )
    b = pointings([10.0, 10.0], [0.0, 0.0], [0.0, 0.0]).with_columns(
        ra=pl.Series([None, 10.0], dtype=pl.Float64)
    )

    assert [(1, 1)] == pairs_in_time(a, b, within_arcmin=1, within_days=1).select(
        "row_a", "row_b"
    ).rows()


@pytest.mark.parametrize(
    "ask", [{}, {"within_arcmin": 1.0, "within_arcsec": 1.0}, {"within_arcmin": -1.0}]
)
def test_pairs_need_exactly_one_sensible_separation(ask):
    a = pointings([1.0], [1.0], [0.0])

    with pytest.raises(QueryError):
        pairs_in_time(a, a, within_days=1, **ask)


def test_observations_without_times_are_refused():
    a = pointings([1.0], [1.0], [0.0])

    with pytest.raises(SchemaMismatch, match="time"):
        pairs_in_time(a.drop("time"), a, within_arcmin=1, within_days=1)


def two_catalogues():
    swift = sources([(10.0, 0.0), (20.0, 0.0)], radius=3.0)
    chandra = sources([(10.0, 1 / 3600), (30.0, 0.0)], radius=0.5, confidence=0.95)
    return {"swift.sources": swift, "chandra.sources": chandra}


def test_matched_rows_become_one_object_and_the_rest_stay_their_own():
    catalogues = two_catalogues()
    match = cross_match(*catalogues.values())
    identity = objects(catalogues, [("swift.sources", "chandra.sources", match)])
    shared = identity.objects.filter(pl.col("observatories") == "chandra,swift")
    rows = identity.associations.filter(pl.col("object_id") == shared["object_id"][0])

    assert (3, 4) == (identity.objects.height, identity.associations.height)
    assert {("swift.sources", "s0"), ("chandra.sources", "s0")} == set(
        rows.select("table", "key").rows()
    )
    assert rows["separation_arcsec"].sum() == pytest.approx(1.0, abs=1e-6)
    assert shared["error_radius_arcsec"][0] < 0.5
    assert 0 < rows["chance_probability"][0] < 1


def test_the_object_is_where_the_precise_catalogue_says():
    catalogues = two_catalogues()
    match = cross_match(*catalogues.values())
    identity = objects(
        catalogues, [("swift.sources", "chandra.sources", match)], singles=False
    )

    assert 1 == identity.objects.height
    assert 0.9 < identity.objects["dec"][0] * 3600 < 1.0


def test_an_identity_stays_when_another_catalogue_joins():
    catalogues = two_catalogues()
    match = [("swift.sources", "chandra.sources", cross_match(*catalogues.values()))]
    before = objects(catalogues, match)
    third = sources([(30.0, 2 / 3600)], radius=5.0)
    more = catalogues | {"xmm.sources": third}
    link = (
        "chandra.sources",
        "xmm.sources",
        cross_match(catalogues["chandra.sources"], third),
    )
    after = objects(more, [*match, link])

    assert set(before.objects["object_id"]) == set(after.objects["object_id"])
    assert "chandra,xmm" in after.objects["observatories"].to_list()


def test_names_do_not_make_two_places_one_object():
    """Both catalogues call their source s0, a hemisphere apart."""
    apart = {
        "swift.sources": sources([(10.0, 0.0)]),
        "chandra.sources": sources([(190.0, 0.0)]),
    }
    identity = objects(
        apart, [("swift.sources", "chandra.sources", cross_match(*apart.values()))]
    )

    assert 2 == identity.objects.height


def test_matches_of_unknown_tables_are_refused():
    with pytest.raises(QueryError, match=r"swift\.sources"):
        objects(
            {"a.sources": sources([(1, 1)])},
            [("swift.sources", "a.sources", pl.DataFrame())],
        )


def test_covariances_of_circles_are_round():
    assert pytest.approx([1.0, 1.0, 0.0], abs=1e-6) == list(
        covariances(sources([(1, 1)], radius=2.145966), side="these")[0]
    )


def tsv(path, separator):
    return pl.read_csv(
        path, separator=separator, infer_schema=False, truncate_ragged_lines=True
    )


def real_pointings(archive):
    """Read both logs by hand: sexagesimal or degrees, US or European dates."""
    chandra = tsv(archive / "chandra/obs_logs/chanmaster_2011-08.tsv", "\t")
    selected = chandra.filter(
        pl.col("ra").str.contains(":") & pl.col("time").str.contains("/")
    )
    times = pl.coalesce(
        selected["time"].str.to_datetime("%m/%d/%Y %H:%M:%S", strict=False),
        selected["time"].str.to_datetime("%m/%d/%Y", strict=False),
    )
    frame = selected.select(
        pl.col("obsid").str.strip_chars().alias("obs_id"),
        pl.col("ra").map_elements(parse_ra, return_dtype=pl.Float64),
        pl.col("dec").map_elements(parse_dec, return_dtype=pl.Float64),
        times.alias("utc"),
    ).drop_nulls()
    swift = tsv(archive / "swift_xrt/obs_logs/swiftmastr_stripe82.csv", ",").select(
        pl.col("OBSID").alias("obs_id"),
        pl.col("RA").cast(pl.Float64).alias("ra"),
        pl.col("DEC").cast(pl.Float64).alias("dec"),
        pl.col("START_TIME").str.to_datetime("%d/%m/%Y").alias("utc"),
    )
    return tuple(
        f.with_columns(
            pl.Series(
                "time", tt_from_utc(f["utc"].to_numpy().astype("datetime64[ns]"))
            ).cast(NS)
        ).drop("utc")
        for f in (swift, frame)
    )


def test_real_swift_and_chandra_pointings_within_12_arcmin_are_those_of_brute_force(
    archive,
):
    """The separations of brute force are astropy's own."""
    swift, chandra = real_pointings(archive)
    pairs = pairs_in_time(swift, chandra, within_arcmin=12, within_days=3000)
    a, b = (
        SkyCoord(f["ra"].to_numpy(), f["dec"].to_numpy(), unit=u.deg)
        for f in (swift, chandra)
    )
    t1, t2 = (f["time"].cast(pl.Int64).to_numpy() for f in (swift, chandra))
    expected = set()
    for row in range(swift.height):
        near = a[row].separation(b).arcmin <= 12
        lag = np.abs(t2 - t1[row]) <= 3000 * 86400e9
        expected |= {(row, int(other)) for other in np.flatnonzero(near & lag)}

    assert swift.height == 2645
    assert chandra.height > 11_000
    assert len(expected) > 100
    assert expected == set(pairs.select("row_a", "row_b").rows())
