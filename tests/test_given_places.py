"""Positions and regions that are not on the sky are refused alike, by every call."""

import math

import pytest
from click.testing import CliRunner

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
