"""What a light curve is asked for by: a place, a T0, a unit and a band."""

from datetime import UTC, datetime

import polars as pl
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from orbital_kernel.errors import QueryError

BURST = "SIM GRB 120102S"


def test_a_place_gives_the_curve_of_the_object_there(stocked):
    """With rates, which have no place, and with T0 of the burst."""
    orbital, place = stocked, stocked.objects.position(BURST)
    named = orbital.light_curve(BURST)
    placed = [
        orbital.light_curve(place),
        orbital.light_curve(SkyCoord(*place, unit="deg")),
    ]

    assert "BAT" in set(named["instrument"])
    for curve in placed:
        assert (len(named), named.t0, named.t0_source) == (
            *(len(curve), curve.t0, curve.t0_source),
        )
        assert named["value"].sum() == pytest.approx(curve["value"].sum())


def test_t0_is_text_in_utc_or_a_datetime_or_a_time(stocked):
    for t0 in (
        "2012-01-02T06:00",
        datetime(2012, 1, 2, 6, tzinfo=UTC),
        datetime(2012, 1, 2, 6, 1, 6, 184_000),  # noqa: DTZ001 - TT has no zone
        Time("2012-01-02T06:00", scale="utc"),
    ):
        assert "2012-01-02T06:00:00.000" == stocked.light_curve(BURST, t0=t0).t0_utc

    for t0 in ("soon", "", 5, Time(["2012-01-02", "2012-01-03"])):
        with pytest.raises(QueryError, match="t0 "):
            stocked.light_curve(BURST, t0=t0)


def test_a_count_rate_is_asked_for_by_its_unit(stocked):
    """In the band of its file; points in other units say why they are not."""
    curve = stocked.light_curve("SIM AGN 1", unit="count / ks")
    rates = stocked.light_curve("SIM AGN 1").only(unit="count / s").points

    assert {"ct / ks"} == set(curve.points["unit"])
    assert (1000 * rates["value"]).to_list() == pytest.approx(
        curve.points["value"].to_list()
    )
    assert rates["band"].to_list() == curve.points["band"].to_list()
    whys = curve.excluded["excluded"]
    assert whys.str.contains("response of an instrument|^no value").all()
    assert whys.str.contains("response of an instrument").any()
    with pytest.raises(QueryError, match="keeps the band"):
        stocked.light_curve("SIM AGN 1", unit="count / s", band_kev=(0.3, 10))
    with pytest.raises(QueryError, match="luminosity_erg_s"):
        stocked.light_curve("SIM AGN 1", unit="erg / s")


@pytest.mark.parametrize("band", [(1,), "2-10", "28", 5, ("a", "b")])
def test_a_band_is_two_energies(stocked, band):
    with pytest.raises(QueryError, match="two energies in keV"):
        stocked.light_curve("SIM AGN 1", band_kev=band)


def test_no_t0_is_said_in_words(stocked):
    curve = stocked.light_curve("SIM AGN 1")
    undated = curve.__class__(
        "X", curve.frame.with_columns(pl.lit("undated").alias("excluded"))
    )

    assert "no T0" in repr(undated)
    assert "None" not in repr(undated).partition("\n")[0]


def test_pointings_of_one_observatory_are_never_paired_with_themselves(stocked):
    pairs = stocked.objects_observed_by("chandra", "chandra", within_arcmin=1)

    assert len(pairs) > 0
    assert not (pairs["obs_id_a"] == pairs["obs_id_b"]).any()


def test_a_place_without_photometry_names_observations_and_photons(stocked):
    obs_id = stocked.table("chandra.events", ["obs_id"])["obs_id"][0]
    rows = stocked.table("chandra.observations", ["obs_id", "ra", "dec"])
    ra, dec = rows.filter(pl.col("obs_id") == obs_id).select("ra", "dec").row(0)

    with pytest.raises(QueryError, match=f"orbital counts chandra {obs_id}"):
        stocked.light_curve((ra, dec + 2 / 60))
    with pytest.raises(QueryError, match="objects with photometry"):
        stocked.light_curve("no such object")


def test_a_shape_is_of_a_name_a_place_or_a_curve(stocked):
    curve = stocked.light_curve("SIM AGN 1")
    place = stocked.objects.position("SIM AGN 1")
    expected = stocked.shape("SIM AGN 1").rows

    for subject in (curve, place, SkyCoord(*place, unit="deg"), curve.frame):
        assert expected.equals(stocked.shape(subject).rows)
