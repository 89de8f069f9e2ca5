"""What a match may use besides positions and errors: brightness, and proper motion."""

import json

import numpy as np
import polars as pl
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time
from click.testing import CliRunner
from pointed_sky import sky

from orbital_kernel import connect
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.matching import match
from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.joining import joined, places
from orbital_kernel.science.matching.motion import propagated

BINS = 5
NAMES = ("swift", "chandra")


def with_brightness(frame, seed):
    """Return sources with a magnitude that counterparts share, to 0.3."""
    dice = np.random.default_rng(seed)
    own = np.random.default_rng(1).normal(16, 2, int(frame["truth"].max()) + 1)
    value = own[frame["truth"].to_numpy()] + dice.normal(0, 0.3, frame.height)
    return frame.with_columns(pl.Series("brightness", value))


@pytest.fixture(scope="module")
def skies():
    """Return a sky whose second list has many faint sources that are counterparts of none."""
    left, right = sky(12, 800)
    common = right["truth"].is_in(left["truth"].implode())
    faint = np.where(common.to_numpy(), 0.0, 3.0)
    return left, with_brightness(right, 2).with_columns(pl.col("brightness") + faint)


def posteriors(left, right):
    """Return probabilities of all candidates, and which are true."""
    a, b = places(left, "left"), places(right, "right")
    pairing = pairing_of("a", "b", a, b)
    pairs = joined(a, b, n_sigma=5.0)
    frame = with_priors(a, b, pairs, pairing.forth, pairing.back)
    true = left["truth"].gather(frame["left_row"]) == right["truth"].gather(
        frame["right_row"]
    )
    return frame["match_probability"].to_numpy(), true.to_numpy()


def test_brightness_makes_posteriors_sharper_and_they_still_hold(skies):
    left, right = skies
    plain, true = posteriors(left, right.drop("brightness"))
    weighed, true_weighed = posteriors(left, right)
    place = np.minimum((weighed * BINS).astype(int), BINS - 1)
    off = np.bincount(place, true_weighed) - np.bincount(place, weighed)
    sigma = np.sqrt(np.bincount(place, weighed * (1 - weighed)))

    def score(p, is_true):
        return np.mean((p - is_true) ** 2)

    assert score(weighed, true_weighed) < 0.93 * score(plain, true)
    assert np.abs(off / sigma).max() < 3.5


def test_propagation_is_that_of_astropy():
    dice = np.random.default_rng(4)
    ra, dec = dice.uniform(0, 360, 50), np.degrees(np.arcsin(dice.uniform(-1, 1, 50)))
    motion = dice.normal(0, 3000, (2, 50))
    moved = SkyCoord(
        ra * u.deg,
        dec * u.deg,
        pm_ra_cosdec=motion[0] * u.mas / u.yr,
        pm_dec=motion[1] * u.mas / u.yr,
        distance=10 * u.pc,
        obstime=Time(2000.0, format="jyear"),
    ).apply_space_motion(new_obstime=Time(2016.0, format="jyear"))
    ours = SkyCoord(*propagated(ra, dec, *motion, np.full(50, 16.0)), unit="deg")

    assert ours.separation(moved).max() < 1 * u.mas


@pytest.fixture(scope="module")
def moving(home):
    """Return a database where one list is of 2000 and moves 1 arcsec a year."""
    session = connect(home, database="moving")
    session.storage.apply()
    dice = np.random.default_rng(3)
    ra, dec = dice.uniform(150, 151, 40), dice.uniform(-0.5, 0.5, 40)
    extra = json.dumps({"pmRA": 600.0, "pmDE": -800.0, "epoch": 2000.0, "gmag": 15.0})
    later = propagated(
        ra, dec, *np.full((2, 40), [[600.0], [-800.0]]), np.full(40, 20.0)
    )
    for name, place, more in zip(NAMES, (later, (ra, dec)), (None, extra), strict=True):
        rows = pl.DataFrame(
            {
                "source_id": [f"{name} {n:08d}" for n in range(40)],
                "ra": place[0],
                "dec": place[1],
                "healpix": healpix(*place),
                "error_radius_arcsec": 1.0,
                "error_confidence": 0.9,
                "catalog": name,
            }
        ).with_columns(
            pl.lit(more, dtype=pl.String).alias("extra"),
            pl.lit(value=True).alias("simulated"),
        )
        session.store.insert(f"{name}.sources", rows.to_arrow())
    return session


def test_moving_sources_match_at_the_epoch_and_not_as_catalogued(moving):
    still = match(moving, NAMES)
    moved = match(moving, NAMES, epoch=2020.0)

    assert (0, 40) == (still.objects, moved.objects)
    assert {"swift": 0, "chandra": 40} == moved.to_json()["moved"]
    assert moved.pairs["separation_arcsec"].max() < 0.01


def test_the_command_takes_an_epoch_and_a_brightness(moving, monkeypatch):
    monkeypatch.setenv("ORBITAL_DATABASE", "moving")  # set back afterwards
    result = CliRunner().invoke(
        cli,
        [
            *("--database", "moving", "match", "swift", "chandra", "--json"),
            *("--epoch", "2020", "--brightness", "gmag"),
        ],
        env={"ORBITAL_HOME": str(moving.home)},
        catch_exceptions=False,
    )
    document = json.loads(result.stdout)

    assert ("gmag", 2020.0, 40) == tuple(
        document[name] for name in ("brightness", "epoch", "objects")
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"brightness": "no such"}, "name of a number"),
        ({"brightness": "zmag"}, "has a 'zmag'"),
        ({"epoch": 16.0}, "Julian year"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(moving, more, message):
    with pytest.raises(QueryError, match=message):
        match(moving, NAMES, **more)
