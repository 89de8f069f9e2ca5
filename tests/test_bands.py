"""Fluxes between bands and units, under a stated model and with its error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves import (
    Band,
    BlackBody,
    CountsToFlux,
    PowerLaw,
    conversion,
    energy_flux,
    parse_unit,
    photon_flux,
)

XRT = Band(0.3, 10.0)
CSC_BROAD = Band(0.5, 7.0)
CRAB_LIKE = PowerLaw(2.1, 0.1)


def test_a_flux_in_the_same_band_and_unit_is_left_as_it_is():
    same = conversion("erg / (cm2 s)", XRT, to_band=XRT, model=CRAB_LIKE)

    assert (1.0, 0.0, "as given") == (same.factor, same.factor_err, same.how)


def test_a_new_unit_alone_needs_no_model_and_gains_no_error():
    si = conversion("W / m2", XRT, to_band=XRT, model=CRAB_LIKE)

    assert pytest.approx(1000.0) == si.factor
    assert 0.0 == si.factor_err


def test_csc_broad_to_xrt_follows_the_closed_form_of_index_two():
    wide = conversion("erg/s/cm2", CSC_BROAD, to_band=XRT, model=PowerLaw(2.0, 0.0))

    assert pytest.approx(np.log(10 / 0.3) / np.log(7 / 0.5), rel=1e-12) == wide.factor
    assert 0.0 == wide.factor_err


@pytest.mark.parametrize("index", [-0.5, 1.0, 1.7, 2.5, 4.0])
def test_power_law_integrals_equal_their_closed_forms(index):
    law = PowerLaw(index, 0.0)
    p = 1 - index
    photons = np.log(10 / 0.3) if p == 0 else (10**p - 0.3**p) / p
    q = 2 - index

    assert pytest.approx(photons, rel=1e-10) == photon_flux(law, XRT)
    assert pytest.approx((10**q - 0.3**q) / q, rel=1e-10) == energy_flux(law, XRT)


def test_the_error_is_half_the_spread_over_one_sigma_of_the_index():
    soft, hard = (
        conversion(
            "erg / (cm2 s)", CSC_BROAD, to_band=XRT, model=PowerLaw(g, 0.0)
        ).factor
        for g in (2.3, 1.5)
    )
    mean = conversion("erg / (cm2 s)", CSC_BROAD, to_band=XRT, model=PowerLaw(1.9, 0.4))

    assert pytest.approx(abs(hard - soft) / 2) == mean.factor_err


def test_one_microjansky_at_one_kev_is_the_known_energy_flux():
    """1 uJy = 2.418e-12 erg/cm2/s/keV; times ln(10/0.3) for photon index 2."""
    wide = conversion("uJy", Band(1, 1), to_band=XRT, model=PowerLaw(2.0, 0.0))

    assert pytest.approx(2.41799e-12 * np.log(10 / 0.3), rel=1e-5) == wide.factor


def test_photons_become_energy_by_the_mean_energy_of_the_model():
    law = PowerLaw(1.5, 0.0)
    wide = conversion("ph / (cm2 s)", Band(15, 150), to_band=Band(15, 150), model=law)
    mean_kev = energy_flux(law, Band(15, 150)) / photon_flux(law, Band(15, 150))

    assert pytest.approx(mean_kev * 1.602176634e-9) == wide.factor


def test_a_black_body_differs_from_a_power_law_where_it_should():
    body = conversion(
        "erg / (cm2 s)", CSC_BROAD, to_band=XRT, model=BlackBody(0.1, 0.02)
    )

    assert body.factor > 1.5
    assert body.factor_err > 0.1
    assert "black body, kT 0.1 ± 0.02 keV" in body.how


def test_a_count_rate_without_a_stated_factor_is_refused():
    with pytest.raises(QueryError, match="stated counts_to_flux"):
        conversion("ct / s", XRT, to_band=XRT, model=CRAB_LIKE)


def test_a_count_rate_is_converted_by_the_stated_factor_and_says_whose_it_is():
    stated = CountsToFlux(4e-11, (0.3, 10.0), "spectrum of ObsID 00554620002", 4e-12)
    flux = conversion(
        "count / s", XRT, to_band=XRT, model=CRAB_LIKE, counts_to_flux=stated
    )

    assert pytest.approx(4e-11) == flux.factor
    assert pytest.approx(4e-12) == flux.factor_err
    assert "00554620002" in flux.how


def test_a_stated_factor_in_another_band_adds_the_model_error_in_quadrature():
    stated = CountsToFlux(4e-11, (0.5, 7.0), "CSC", 4e-12)
    onward = conversion("erg / (cm2 s)", CSC_BROAD, to_band=XRT, model=CRAB_LIKE)
    flux = conversion(
        "count / s", CSC_BROAD, to_band=XRT, model=CRAB_LIKE, counts_to_flux=stated
    )

    assert pytest.approx(4e-11 * onward.factor) == flux.factor
    assert (
        pytest.approx(np.hypot(0.1, onward.factor_err / onward.factor))
        == flux.factor_err / flux.factor
    )


def test_a_stated_factor_is_applied_only_to_rates_of_its_own_band():
    stated = CountsToFlux(4e-11, (0.5, 7.0), rate_band_kev=(0.3, 10.0))

    conversion("count / s", XRT, to_band=XRT, model=CRAB_LIKE, counts_to_flux=stated)
    with pytest.raises(QueryError, match="this rate is in 2-4 keV"):
        conversion(
            "count / s", Band(2, 4), to_band=XRT, model=CRAB_LIKE, counts_to_flux=stated
        )


NO_WAY = [
    ("mag", XRT, "neither"),
    ("furlong / fortnight", XRT, "not a unit"),
    ("cerg/cm^2/sec", XRT, "fraction of an erg"),
    ("", XRT, "neither"),
    ("uJy", XRT, "flux density cannot be given at 0.3-10 keV"),
    ("erg / (cm2 s)", Band(1, 1), "energy flux cannot be given at 1-1 keV"),
]


@pytest.mark.parametrize(("unit", "band", "why"), NO_WAY)
def test_what_cannot_be_converted_is_refused_in_words(unit, band, why):
    with pytest.raises(QueryError, match=why):
        conversion(unit, band, to_band=XRT, model=CRAB_LIKE)


@pytest.mark.parametrize("edges", [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (1.0, np.inf)])
def test_impossible_bands_are_refused(edges):
    with pytest.raises(QueryError, match="0 < low <= high"):
        Band(*edges)


SPELLINGS = [
    ("erg/cm^2/sec", "erg / (cm2 s)"),
    ("counts/s", "ct / s"),
    ("10**-15 erg/s/cm2", "1e-15 erg / (cm2 s)"),
]


@pytest.mark.parametrize(("text", "same"), SPELLINGS)
def test_units_are_read_as_tables_write_them(text, same):
    assert parse_unit(same) == parse_unit(text)


@given(
    index=st.floats(0.5, 4.0),
    low=st.floats(0.1, 2.0),
    width=st.floats(0.5, 20.0),
)
def test_there_and_back_again_is_one(index, low, width):
    other_band = Band(low, low + width)
    law = PowerLaw(index, 0.0)
    out = conversion("erg / (cm2 s)", XRT, to_band=other_band, model=law).factor
    back = conversion("erg / (cm2 s)", other_band, to_band=XRT, model=law).factor

    assert pytest.approx(1.0, rel=1e-9) == out * back
