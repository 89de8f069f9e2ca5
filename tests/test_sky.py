"""Sky: covers that miss nothing, separations, and coordinates as people write them."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Angle, Latitude, Longitude, SkyCoord, angular_separation
from cdshealpix.nested import lonlat_to_healpix
from mocpy import MOC

from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.sky import (
    ORDER,
    box_ranges,
    cone_ranges,
    healpix,
    polygon_ranges,
    separation_deg,
)

CENTRES = [
    (0.0, 0.0),
    (83.63, 22.01),
    (359.9999, -45.0),
    (12.0, 90.0),
    (77.0, -90.0),
    (180.0, 89.99),
    (45.0, 41.8103),
    (0.00001, 41.81),
]
RADII = [0.1 / 3600, 5 / 3600, 5 / 60, 1.0, 10.0, 30.0]


def points_in_cone(ra, dec, radius, n=2000):
    random = np.random.default_rng(7)
    distance = radius * np.sqrt(random.uniform(0, 1, n))
    distance[:200] = radius
    angle = random.uniform(0, 360, n)
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    at = centre.directional_offset_by(angle * u.deg, distance * u.deg)
    inside = separation_deg(ra, dec, at.ra.deg, at.dec.deg) <= radius
    return at.ra.deg[inside], at.dec.deg[inside]


def covered(index, ranges):
    return np.any([(index >= low) & (index < high) for low, high in ranges], axis=0)


def test_cells_are_those_of_cdshealpix_with_astropys_angles():
    chance = np.random.default_rng(29)
    ra = np.concatenate(
        [
            chance.uniform(-720, 720, 50_000),
            chance.uniform(0, 360, 50_000),
            np.arange(-720, 721, 7.5),
            [360 - 1e-14, -1e-17, -0.0, 0, 360, -360, 720],
        ]
    )
    dec = np.degrees(np.arcsin(chance.uniform(-1, 1, len(ra))))
    dec[-4:] = 90, -90, np.degrees(np.arcsin(2 / 3)), -np.degrees(np.arcsin(2 / 3))

    expected = lonlat_to_healpix(Longitude(ra, u.deg), Latitude(dec, u.deg), ORDER)

    assert expected.tolist() == healpix(ra, dec).tolist()


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("centre", CENTRES)
def test_a_cone_cover_misses_no_position_and_stays_bounded(centre, radius):
    ranges = cone_ranges(*centre, radius, max_ranges=16)
    ra, dec = points_in_cone(*centre, radius)

    assert len(ra) > 500
    assert covered(healpix(ra, dec), ranges).all()
    assert 0 < len(ranges) <= 16
    assert all(low < high for low, high in ranges)


@pytest.mark.parametrize("radius", [1 / 60, 1.0, 10.0])
def test_a_cone_cover_is_not_wasteful(radius):
    cells = sum(high - low for low, high in cone_ranges(83.63, 22.01, radius))
    area = cells / (12 * 4**29) * 41252.96

    assert area < 3 * np.pi * radius**2


def test_two_ranges_suffice_where_asked():
    assert len(cone_ranges(10, 10, 5, max_ranges=2)) <= 2


@pytest.mark.parametrize("radius", [0.1 / 3600, 2 / 60, 0.25])
@pytest.mark.parametrize("centre", CENTRES)
def test_slack_spares_ranges_misses_nothing_and_adds_no_more_than_allowed(
    centre, radius
):
    tight = cone_ranges(*centre, radius, max_ranges=10_000)
    loose = cone_ranges(*centre, radius, max_ranges=10_000, slack=2.0)
    ra, dec = points_in_cone(*centre, radius)

    def cells(ranges):
        return sum(high - low for low, high in ranges)

    assert len(loose) < len(tight)
    assert cells(tight) < cells(loose) <= 3 * cells(tight)
    assert covered(healpix(ra, dec), loose).all()


def test_impossible_cones_are_refused():
    with pytest.raises(ValueError, match="no cone"):
        cone_ranges(10, 91, 1)


def test_a_box_cover_holds_its_corners_and_centre():
    ranges = box_ranges(10.0, 0.0, 2.0, 1.0)
    ra, dec = np.meshgrid(np.linspace(8.05, 11.95, 40), np.linspace(-0.95, 0.95, 40))

    assert covered(healpix(ra.ravel(), dec.ravel()), ranges).all()


def test_a_tall_box_is_tall():
    ranges = box_ranges(10.0, 0.0, 1.0, 2.0)

    assert covered(healpix(10.0, 1.9), ranges).all()


def test_a_polygon_cover_holds_what_is_inside():
    ranges = polygon_ranges([359.0, 1.0, 1.0, 359.0], [-1.0, -1.0, 1.0, 1.0])
    random = np.random.default_rng(3)
    ra, dec = random.uniform(-0.99, 0.99, 500), random.uniform(-0.99, 0.99, 500)

    assert covered(healpix(ra, dec), ranges).all()


def test_separations_agree_with_astropy_from_microarcseconds_to_antipodes():
    random = np.random.default_rng(5)
    ra1, dec1 = random.uniform(0, 360, 500), random.uniform(-90, 90, 500)
    ra2 = np.concatenate([ra1[:250] + 1e-10, random.uniform(0, 360, 250)])
    dec2 = np.concatenate([dec1[:250], random.uniform(-90, 90, 250)])
    expected = np.degrees(angular_separation(*np.radians([ra1, dec1, ra2, dec2])))

    assert np.allclose(
        separation_deg(ra1, dec1, ra2, dec2), expected, rtol=1e-6, atol=1e-13
    )


def test_missing_positions_have_no_index_and_ra_wraps():
    assert healpix([np.nan, 10.0], [5.0, np.nan]).tolist() == [-1, -1]
    assert (
        healpix([-35.0, 325.0], [1.0, 1.0]).tolist()
        == healpix([325.0, 325.0], 1.0).tolist()
    )


def test_impossible_declinations_are_refused():
    with pytest.raises(ValueError, match="declination"):
        healpix([1.0], [123.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20:44:28.52", 311.1188333),
        ("16 44 49.93130", 251.2080471),
        ("226.796", 226.796),
        ("03:50:0.65", 57.5027083),
        (" 16:12:13.5", 243.05625),
        ("n/a", np.nan),
        ("", np.nan),
    ],
)
def test_right_ascensions_read_as_written(text, expected):
    assert parse_ra(text) == pytest.approx(expected, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-41:19:48.3", -41.3300833),
        ("-00 30 00", -0.5),
        ("+57 34 59.6951", 57.5832486),
        ("-41.356", -41.356),
        (" ", np.nan),
    ],
)
def test_declinations_keep_their_sign(text, expected):
    assert parse_dec(text) == pytest.approx(expected, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("text", ["12:61:00", "Crab", "400.0"])
def test_other_coordinates_are_refused(text):
    with pytest.raises(ValueError, match=r"angle|minutes|float"):
        parse_ra(text)


@pytest.mark.parametrize("radius", [1e-9, 1e-6, 1e-3, 0.3, 17.0, 80.0])
@pytest.mark.parametrize(("ra", "dec"), CENTRES)
def test_a_cone_is_covered_by_the_cells_of_its_moc(ra, dec, radius):
    depth = int(np.clip(np.ceil(np.log2(58.6 * 4 / radius)), 3, ORDER))
    moc = MOC.from_cone(
        lon=Longitude(ra, u.deg),
        lat=Latitude(dec, u.deg),
        radius=Angle(max(radius * (1 + 1e-9), 1e-7), u.deg),
        max_depth=depth,
        delta_depth=2,
    )

    assert moc.to_depth29_ranges.tolist() == [
        list(span) for span in cone_ranges(ra, dec, radius, max_ranges=10**6)
    ]
