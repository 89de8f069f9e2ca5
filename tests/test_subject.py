"""What a call is about: names, identifiers and places, resolved."""

import math

import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord

from orbital_kernel.errors import QueryError
from orbital_kernel.model import sky
from orbital_kernel.model.spelling import beginnings, normalised
from orbital_kernel.questions.subject import points, resolve


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("GRB 130427A", "grb130427a"),
        ("grb130427A", "grb130427a"),
        ("130427A", "grb130427a"),
        ("AT 2019dsg", "sn2019dsg"),
        ("SN2019dsg", "sn2019dsg"),
        ("ATLAS 17jrp", "atlas17jrp"),
        ("2CXO J053432.0+220052", "j053432.0+220052".replace(".", "")),
        ("SGR J1745\u22122900", "sgrj17452900"),
        ("SGR J1745-2900", "sgrj17452900"),
        ("V404_Cyg", "v404cyg"),
        ("SIM AGN 1", "agn1"),
        ("554620", "554620"),
    ],
)
def test_spellings_of_one_name_have_one_key(name, key):
    assert key == normalised(name)


def test_a_burst_can_be_completed_without_its_prefix():
    assert ("13", "grb13") == beginnings("13")
    assert ("grb13",) == beginnings("GRB 13")


def test_a_place_is_a_pair_or_a_coordinate_and_gives_the_points_within_the_radius(
    stocked, holding
):
    ra, dec = np.array([10.0, 10.001, 10.5]), np.array([5.0, 5.0, 5.0])
    names = ["at the place", "3.6 arcsec away", "elsewhere"]
    place = {"ra": ra, "dec": dec, "healpix": sky.healpix(ra, dec)}
    rows = pa.table({"object": names, "file_sha256": ["placed"] * 3, **place})

    with holding("chandra.photometry", rows, "file_sha256"):
        stocked.names.rebuild()
        for given in ((10.0, 5.0), SkyCoord(10.0, 5.0, unit="deg")):
            subject = resolve(stocked, given)
            frame = points(stocked, subject, within_arcsec=2)["chandra"]
            assert ["at the place"] == frame["object"].to_list()
            assert names[:2] == subject.neighbours["object"].to_list()
            separations = subject.neighbours["separation_arcsec"].to_list()
            assert [0.0, 3.6 * math.cos(math.radians(5))] == pytest.approx(separations)
    assert 3 == stocked.names.rebuild()["changed"].sum()


def test_a_name_in_another_spelling_is_the_same_subject(stocked):
    assert ("SIM AGN 1",) == resolve(stocked, "sim agn_1").names


@pytest.mark.parametrize("place", [(10.0,), (10.0, 95.0), ("a", "b"), 7])
def test_a_place_that_is_not_on_the_sky_is_refused(stocked, place):
    with pytest.raises(QueryError):
        resolve(stocked, place)
