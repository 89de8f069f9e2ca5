"""Places, separations, delays and spans that are not valid are refused alike."""

import math

import pytest
from click.testing import CliRunner

from orbital_kernel import Box, Cone, Polygon
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.query.given import given_position, given_region

CALLS = {
    "cone": lambda o, ra, dec: o.cone("swift.sources", ra=ra, dec=dec, radius_arcmin=1),
    "visits": lambda o, ra, dec: o.visits((ra, dec)),
    "known_at": lambda o, ra, dec: o.known_at((ra, dec)),
    "upper_limit": lambda o, ra, dec: o.upper_limit((ra, dec), "chandra"),
    "light_curve": lambda o, ra, dec: o.light_curve((ra, dec)),
    "calibration": lambda o, ra, dec: o.calibration(
        "swift", "chandra", subject=(ra, dec)
    ),
    "match": lambda o, ra, dec: o.match("swift", "chandra", region=(ra, dec, 1.0)),
    "combinations": lambda o, ra, dec: o.objects.combinations(
        "swift", "chandra", region=(ra, dec, 1.0)
    ),
    "rare": lambda o, ra, dec: o.rare("transient", region=(ra, dec, 1.0)),
    "follow_up": lambda o, ra, dec: o.bursts.follow_up(ra=ra, dec=dec),
}
NOWHERE = [(500.0, 0.0), (-181.0, 0.0), (10.0, 91.0), (math.nan, 0.0), (1.0, math.nan)]
COMMANDS = (
    ("query", "cone", "swift.sources", "--radius", "1"),
    ("query", "visits"),
    ("query", "place"),
    ("bursts", "followup"),
)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("ra", "dec"), NOWHERE)
def test_every_call_refuses_a_place_that_is_not_on_the_sky(orbital, call, ra, dec):
    with pytest.raises(QueryError, match=r"RA is within 0\.\.360"):
        call(orbital, ra, dec)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_refuse_it_in_the_same_sentence(orbital, command):
    reply = CliRunner().invoke(cli, [*command, "--ra", "500", "--dec", "0"])

    assert reply.exit_code == 1
    assert "RA is within 0..360" in str(reply.exception)


@pytest.mark.parametrize("radius", [-1.0, 0.0, 180.1, math.nan, math.inf])
def test_regions_have_a_radius_up_to_the_whole_sky(radius):
    with pytest.raises(QueryError, match="radius of a region"):
        given_region((10.0, 0.0, radius))


def test_west_of_zero_is_the_same_place():
    assert (350.0, 5.0) == given_position(-10.0, 5.0)
    assert (0.0, 5.0) == given_position(360.0, 5.0)


WIDE = (-1.0, 1e9, math.nan, math.inf)
AMOUNTS = {
    "within_arcmin": (
        WIDE,
        lambda o, v: o.simultaneous("swift", "chandra", within_arcmin=v),
        lambda o, v: o.follow_ups(within_arcmin=v),
        lambda o, v: o.objects_observed_by(
            "swift", "chandra", within_arcmin=v, within_days=1
        ),
    ),
    "within_arcsec": (
        (*WIDE, 0.0),
        lambda o, v: o.light_curve("SIM AGN 1", within_arcsec=v),
        lambda o, v: o.calibration("swift", "chandra", within_arcsec=v),
        lambda o, v: o.match("swift", "chandra", within_arcsec=v),
    ),
    "within_days": (
        WIDE,
        lambda o, v: o.objects_observed_by(
            "swift", "chandra", within_arcmin=1, within_days=v
        ),
        lambda o, v: o.follow_ups(within_days=v),
        lambda o, v: o.calibration("swift", "chandra", within_days=v),
    ),
    "at_least_s": (
        WIDE[:1] + WIDE[2:],
        lambda o, v: o.simultaneous("swift", "chandra", at_least_s=v),
        lambda o, v: o.calibration("swift", "chandra", at_least_s=v),
    ),
    "radius of a cone": (
        (*WIDE, 0.0),
        lambda o, v: o.known_at((1.0, 2.0), radius_arcmin=v),
        lambda o, v: o.cone("swift.sources", ra=1, dec=2, radius_arcmin=v),
        lambda _, v: Cone(1.0, 2.0, v),
    ),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_every_call_refuses_separations_and_delays_that_are_not_valid(orbital, name):
    values, *calls = AMOUNTS[name]
    for call in calls:
        for value in values:
            with pytest.raises(QueryError, match=name):
                call(orbital, value)


@pytest.mark.parametrize(("ra", "dec"), NOWHERE)
def test_regions_that_are_built_directly_refuse_it_in_the_same_sentence(ra, dec):
    for build in (
        lambda: Cone(ra, dec, 1),
        lambda: Box(ra, 20, dec, 80),
        lambda: Polygon(((ra, dec), (1, 2), (2, 1))),
    ):
        with pytest.raises(QueryError, match=r"RA is within 0\.\.360"):
            build()


def test_regions_west_of_zero_are_those_east_of_it():
    assert Cone(350.0, 5.0, 1.0) == Cone(-10.0, 5.0, 1.0)
    assert Box(350.0, 10.0, -5, 5) == Box(-10.0, 10.0, -5, 5)
    assert 360.0 == Box(0.0, 360.0, -90, 90).ra_max


@pytest.mark.parametrize(
    "call",
    [
        lambda o, *span: o.simultaneous(
            "swift", "chandra", start=span[0], stop=span[1]
        ),
        lambda o, *span: o.rare("lone-burst", start=span[0], stop=span[1]),
        lambda o, *span: o.footprint("swift", start=span[0], stop=span[1]),
        lambda o, *span: o.between("swift.grbs", *span),
    ],
)
def test_a_span_that_ends_before_it_starts_is_refused(orbital, call):
    with pytest.raises(QueryError, match="ends before it starts: 2012-01-02"):
        call(orbital, "2012-01-02", "2012-01-01")


def test_a_delay_that_ends_before_it_starts_is_refused(orbital):
    with pytest.raises(QueryError, match="no delay"):
        orbital.follow_ups(after_days=3.0, within_days=2.0)
