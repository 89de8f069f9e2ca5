"""What a match claims holds: posteriors, frame offset, chance rate, typical errors."""

import numpy as np
import polars as pl
import pytest
from pointed_sky import sky

from orbital_kernel.model.observatory import observatories
from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.science.matching import cross_match
from orbital_kernel.science.matching.candidates import posterior, with_priors
from orbital_kernel.science.matching.joining import Places, joined, places
from orbital_kernel.science.matching.links import accepted
from orbital_kernel.science.matching.offset import FrameOffset, frame_offset
from orbital_kernel.science.matching.typical import with_typical_errors

BINS = 10


@pytest.fixture(scope="module")
def pointed():
    """Return two lists of a pointed sky, their pairing and their candidates."""
    left, right = sky(6, 1500)
    a, b = places(left, "left"), places(right, "right")
    pairing = pairing_of("a", "b", a, b)
    pairs = joined(a, b, n_sigma=5.0)
    frame = with_priors(a, b, pairs, pairing.forth, pairing.back)
    true = left["truth"].gather(frame["left_row"]) == right["truth"].gather(
        frame["right_row"]
    )
    return left, right, pairing, frame.with_columns(true.alias("true"))


@pytest.mark.parametrize("side", ["left", "right"])
def test_as_many_pairs_are_true_as_their_probabilities_promise(pointed, side):
    """In each of ten bins within 3 sigma, on a clustered sky of single fields."""
    frame = pointed[3]
    p = frame["match_probability"]
    if side == "right":
        p = frame["p_any_right"] * frame["p_i_right"]
    p, true = p.to_numpy(), frame["true"].to_numpy()
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    promised = np.bincount(place, p, minlength=BINS)
    sigma = np.sqrt(np.bincount(place, p * (1 - p), minlength=BINS))
    deviation = (np.bincount(place, true, minlength=BINS) - promised) / sigma

    assert np.abs(deviation).max() < 3


def test_accepted_pairs_are_as_pure_as_promised_and_few_true_ones_are_missed(pointed):
    left, right, _, frame = pointed
    sure = accepted(frame)
    common = len(set(left["truth"]) & set(right["truth"]))

    assert sure["true"].mean() > sure["match_probability"].mean()
    assert sure["true"].sum() > 0.96 * common


def test_an_even_prior_claims_more_than_is_true_on_a_pointed_sky(pointed):
    """This is what the measured priors are for."""
    left, right, _, _ = pointed
    even = cross_match(left, right)
    true = left["truth"].gather(even["left_row"]) == right["truth"].gather(
        even["right_row"]
    )
    sure = (even["match_probability"] > 0.9).to_numpy()
    claimed = even["match_probability"].to_numpy()[sure]
    off = true.to_numpy()[sure].sum() - claimed.sum()

    assert off / np.sqrt((claimed * (1 - claimed)).sum()) < -8


def test_false_matches_are_at_most_those_of_shifted_skies(pointed):
    _, _, pairing, frame = pointed
    false = (~accepted(frame)["true"]).sum()
    chance = pairing.chance

    assert 0 < false < chance.shifted + 3 * chance.shifted_error
    assert 0.9 * frame["true"].sum() < chance.excess < frame["true"].sum()


def test_an_offset_of_the_frames_is_found_with_its_error():
    left, right = (places(f, "its") for f in sky(7, 150, offset_arcsec=(3.0, -4.0)))
    offset = frame_offset(left, right)

    assert offset.applied
    assert offset.east_arcsec == pytest.approx(3.0, abs=4 * offset.error_arcsec)
    assert offset.north_arcsec == pytest.approx(-4.0, abs=4 * offset.error_arcsec)
    assert 0.02 < offset.error_arcsec < 0.15


def test_a_rotation_of_a_frame_is_found_beside_an_offset_and_taken_out():
    """The right catalogue's frame is turned by 4 arcsec about an oblique axis."""
    left, right = (places(f, "its") for f in sky(7, 150, offset_arcsec=(1.0, 0.0)))
    vector = np.array([2.0, -2.0, 3.0])
    turned = FrameOffset(
        pairs=100.0, rotation_arcsec=tuple(vector), rotation_chi2=1e3
    ).taken_out(right)
    offset = frame_offset(left, turned)
    corrected = frame_offset(offset.taken_out(left), turned)
    off = (np.array(offset.rotation_arcsec) - vector) / offset.rotation_error_arcsec

    assert offset.turned
    assert offset.applied
    assert np.abs(off).max() < 4
    assert max(offset.rotation_error_arcsec) < 0.4
    assert not corrected.turned
    assert not corrected.applied


def test_a_single_field_shows_no_rotation_of_the_frame():
    left, right = (places(f.head(40), "its") for f in sky(7, 150))
    offset = frame_offset(left, right)

    assert (0.0, 0.0, 0.0) == offset.rotation_arcsec
    assert not offset.turned


def test_frames_without_an_offset_are_left_alone():
    left, right = (places(f, "its") for f in sky(8, 150))
    offset = frame_offset(left, right)

    assert not offset.applied
    assert not offset.turned
    assert offset.pull == pytest.approx(1.0, abs=0.05)


def test_too_small_errors_show_in_the_pull():
    left, right = sky(8, 150)
    small = left.with_columns(pl.col("error_radius_arcsec") / 2)
    offset = frame_offset(places(small, "left"), places(right, "right"))

    assert offset.pull > 1.4


def test_candidates_are_those_of_brute_force():
    """10,000 x 10,000 sources, each pair compared by its own errors."""
    left, right = (f.head(10_000) for f in sky(9, 400))
    pairs = joined(places(left, "left"), places(right, "right"), n_sigma=5.0)
    sigma = [f["error_radius_arcsec"].to_numpy() / 2.145966 for f in (left, right)]
    vectors = [
        np.stack(
            [
                np.cos(np.radians(f["dec"])) * np.cos(np.radians(f["ra"])),
                np.cos(np.radians(f["dec"])) * np.sin(np.radians(f["ra"])),
                np.sin(np.radians(f["dec"])),
            ],
            axis=1,
        )
        for f in (left, right)
    ]
    expected = set()
    for start in range(0, left.height, 1000):
        part = slice(start, start + 1000)
        cosine = vectors[0][part] @ vectors[1].T
        i, j = np.nonzero(cosine > np.cos(np.radians(0.05)))
        apart = np.degrees(
            2
            * np.arcsin(
                np.linalg.norm(vectors[0][i + start] - vectors[1][j], axis=1) / 2
            )
        )
        near = apart * 3600 <= 5 * np.hypot(sigma[0][i + start], sigma[1][j])
        expected |= set(zip((i[near] + start).tolist(), j[near].tolist(), strict=True))

    assert len(expected) > 3000
    assert expected == set(
        zip(pairs.of_left.tolist(), pairs.of_right.tolist(), strict=True)
    )


def test_p_any_and_p_i_are_those_of_the_formula():
    """A source with odds of 3 and 1 and a prior of one half; another with odds of 1."""
    of = np.array([0, 0, 1])
    p_any, p_i = posterior(of, np.array([3.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.2]))

    assert pytest.approx([0.8, 0.8, 0.2]) == p_any.tolist()
    assert pytest.approx([0.75, 0.25, 1.0]) == p_i.tolist()


def swift(**columns):
    """Return one row of a Swift catalogue with typical errors."""
    row = {"catalog": "c", "source_id": "s", "ra": 1.0, "dec": 1.0} | columns
    rows = with_typical_errors(
        pl.DataFrame([row]), observatories()["swift"].instruments
    )
    return rows.row(0, named=True)


XRT = {"band_low_kev": 0.3, "band_high_kev": 10.0}
COUNTED = XRT | {"flux": 0.05, "flux_unit": "count / s", "exposure_s": 2000.0}


@pytest.mark.parametrize(
    ("columns", "radius", "confidence"),
    [
        (XRT, 5.6, 0.9),
        (COUNTED, np.hypot(3.5, 22.6 * 100**-0.48), 0.9),
        (COUNTED | {"exposure_s": 2e9}, 3.5, 0.9),
        ({"band_low_kev": 14.0, "band_high_kev": 195.0}, 180.0, 0.9),
        ({"catalog": "bat-survey-input"}, 180.0, 0.9),
        (XRT | {"error_radius_arcsec": 1.9, "error_confidence": 0.9}, 1.9, 0.9),
        (XRT | {"error_radius_arcsec": 1.9}, 1.9, 0.68),
    ],
)
def test_a_row_without_an_error_gets_the_typical_one_of_its_instrument(
    columns, radius, confidence
):
    row = swift(**columns)

    assert row["error_radius_arcsec"] == pytest.approx(radius, rel=1e-3)
    assert row["error_confidence"] == confidence
    assert row["error_origin"]


def test_chandras_typical_error_grows_off_axis_and_with_few_counts():
    """Kim et al. 2007, eq. 12: 10 counts at 5 arcmin, 1000 counts at 10 arcmin."""
    extras = ['{"theta": "5", "cnts_aper_b": "10"}', '{"theta": 10, "counts": 1000}']
    rows = pl.DataFrame({"catalog": ["csc2"] * 2, "extra": extras})
    stated = with_typical_errors(rows, observatories()["chandra"].instruments)
    expected = [
        10 ** (0.1145 * 5 - 0.4958 + 0.1932),
        10 ** (0.0968 * 10 - 0.2064 * 3 - 0.4260),
    ]

    assert expected == pytest.approx(stated["error_radius_arcsec"].to_list())
    assert [0.95, 0.95] == stated["error_confidence"].to_list()


def test_coded_mask_positions_in_rich_fields_show_no_offset_of_frames():
    rng = np.random.default_rng(21)
    centre = rng.uniform((0, -60), (360, 60), (40, 2))
    field = np.repeat(centre, 60, axis=0) + rng.uniform(-0.1, 0.1, (2400, 2))
    wide = centre + rng.uniform(-0.05, 0.05, (40, 2))
    left, right = (
        Places(
            np.arange(len(at)),
            at[:, 0] % 360,
            at[:, 1],
            np.tile([sigma**2, sigma**2, 0.0], (len(at), 1)),
        )
        for at, sigma in ((field, 0.5), (wide, 84.0))
    )
    fitted = frame_offset(left, right)

    assert not fitted.applied
    assert not fitted.turned
