"""Maps of the sky: equal areas, there and back, RA in hours, outlines of what was seen."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from mocpy import MOC

from orbital_kernel.plots import sky_lines
from orbital_kernel.plots.equal_area import Field, Hammer

VIEWS = [Hammer(), Field(83.6, 22.0), Field(10.0, 89.0), Field(359.0, -40.0)]
RNG = np.random.default_rng(3)
RA = RNG.uniform(0, 360, 4_000)
DEC = np.degrees(np.arcsin(RNG.uniform(-1, 1, 4_000)))


@pytest.mark.parametrize("view", VIEWS)
def test_a_position_is_found_again_on_the_map(view):
    ra, dec = view.inverse(*view.forward(RA, DEC))
    apart = SkyCoord(ra * u.deg, dec * u.deg).separation(
        SkyCoord(RA * u.deg, DEC * u.deg)
    )

    assert apart.arcsec.max() < 1e-3


@pytest.mark.parametrize("view", VIEWS)
def test_equal_areas_of_the_sky_are_equal_on_the_map(view):
    ra, dec, step = RA % 340 + 10, np.clip(DEC, -80, 80), 1e-4
    x, y = view.forward(ra, dec)
    x1, y1 = view.forward(ra + step, dec)
    x2, y2 = view.forward(ra, dec + step)
    area = np.abs((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / step**2
    close = np.hypot(x, y) < 100

    np.testing.assert_allclose(np.cos(np.radians(dec))[close], area[close], rtol=1e-3)


def test_beside_the_sky_is_no_position():
    assert np.isnan(Hammer().inverse(160.0, 60.0)[0])
    assert np.isnan(Field(0.0, 0.0).inverse(120.0, 0.0)[1])


def test_the_whole_sky_has_lines_at_whole_hours():
    _, labels = sky_lines.graticule(Hammer(), (180.0, 0.0), 180.0)

    assert [f"{h}h" for h in range(2, 24, 2)] == labels["text"][:11]
    assert "+30°" in labels["text"]


@pytest.mark.parametrize(("reach", "text"), [(2.0, "5h 34m"), (0.01, "5h 34m 30s")])
def test_a_field_has_lines_at_minutes_and_seconds(reach, text):
    view = Field(83.633, 22.0145)
    (xs, _), labels = sky_lines.graticule(view, (83.633, 22.0145), reach)

    assert text in labels["text"]
    assert len(xs) > 6


def test_the_outline_of_cells_is_that_of_their_union():
    moc = MOC.from_str("3/5 7")
    xs, ys = sky_lines.outlines(moc, Field(60.0, 20.0).forward)
    whole = sky_lines.outlines(MOC.from_str("0/0-11"), Hammer().forward)

    assert 6 == len(xs) == len(ys)
    assert ([], []) == whole


def test_the_outline_holds_what_the_moc_holds():
    moc = MOC.from_cone(
        lon=83.6 * u.deg, lat=22.0 * u.deg, radius=2 * u.deg, max_depth=9
    )
    x, y = sky_lines.joined(sky_lines.outlines(moc, Field(83.6, 22.0).forward))
    reach = np.hypot(x, y)[np.isfinite(x)]

    assert np.isnan(x).sum() * 3 == len(x)
    assert 1.95 < reach.min() <= reach.max() < 2.3
