"""Positions computed from pixels: by the projection, and alike on every processor."""

import numpy as np
import pytest
from archive_files import CHANDRA
from astropy.wcs import WCS

from orbital_kernel.archives import readers
from orbital_kernel.archives.formats import tangent

MILLIARCSECOND = 1 / 3_600_000
PIXEL_DEG = 0.492 / 3600
RNG = np.random.default_rng(5)
X, Y = (RNG.uniform(3000, 5200, 2000).astype(np.float32) for _ in range(2))


def positions(ra0=CHANDRA["RA_NOM"], dec0=CHANDRA["DEC_NOM"]):
    across, up = (X - 4096.5) * -PIXEL_DEG, (Y - 4096.5) * PIXEL_DEG
    return tangent.from_tangent(across, up, ra0, dec0)


@pytest.mark.parametrize("dec0", [-27.8, 0.0, 60.5, 89.95, -90.0])
@pytest.mark.parametrize("ra0", [0.0, 53.118, 359.9999])
def test_positions_agree_with_astropys_wcs_to_half_a_milliarcsecond(ra0, dec0):
    wcs = WCS(naxis=2)
    wcs.wcs.crpix = [4096.5, 4096.5]
    wcs.wcs.cdelt = [-PIXEL_DEG, PIXEL_DEG]
    wcs.wcs.crval = [ra0, dec0]
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    expected_ra, expected_dec = wcs.all_pix2world(X, Y, 1)

    ra, dec = positions(ra0, dec0)

    off = (ra - expected_ra + 180) % 360 - 180
    assert np.abs(off * np.cos(np.radians(dec))).max() < MILLIARCSECOND / 2
    assert np.abs(dec - expected_dec).max() < MILLIARCSECOND / 2
    assert ((ra >= 0) & (ra < 360)).all()


def perturbed(function, towards):
    return lambda *values: np.nextafter(function(*values), towards)


@pytest.mark.parametrize("towards", [-np.inf, np.inf])
@pytest.mark.parametrize("name", ["sin", "cos", "arctan2", "hypot"])
def test_another_last_bit_of_any_function_gives_the_same_positions(
    monkeypatch, name, towards
):
    expected = positions()
    monkeypatch.setattr(np, name, perturbed(getattr(np, name), towards))

    actual = positions()

    assert np.array_equal(expected, actual)


def test_readers_of_computed_positions_have_the_version_that_rounds():
    versions = {reader.name: reader.version for reader in readers()}

    assert 2 <= min(
        versions[name]
        for name in ("chandra-events", "chandra-lightcurve", "swift-events")
    )
