"""What a call is about: names, identifiers and places, resolved."""

import pytest
from astropy.coordinates import SkyCoord

from orbital_kernel import Query
from orbital_kernel.errors import QueryError
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
    stocked,
):
    placed = Query("chandra.photometry", not_null=("ra", "object"), full_scan=True)
    row = stocked.query(placed).frame.row(0, named=True)

    for place in ((row["ra"], row["dec"]), SkyCoord(row["ra"], row["dec"], unit="deg")):
        subject = resolve(stocked, place)
        rows = points(stocked, subject, within_arcsec=5)["chandra"]
        assert (row["ra"], row["dec"]) == pytest.approx((subject.ra, subject.dec))
        assert row["object"] in rows["object"].to_list()


def test_a_name_in_another_spelling_is_the_same_subject(stocked):
    assert ("SIM AGN 1",) == resolve(stocked, "sim agn_1").names


@pytest.mark.parametrize("place", [(10.0,), (10.0, 95.0), ("a", "b"), 7])
def test_a_place_that_is_not_on_the_sky_is_refused(stocked, place):
    with pytest.raises(QueryError):
        resolve(stocked, place)
