"""Absorbed spectra against other libraries' numbers, and what conversions make of them."""

import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from astropy.io import fits

from orbital_kernel import Absorbed, CountsToFlux, PowerLaw
from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves import conversion, factor_of_response, joint
from orbital_kernel.science.spectra import (
    Band,
    BlackBody,
    cross_section,
    energy_flux,
    galactic_nh_1e22,
    quoted_model,
)

XRT, CSC_BROAD, HARD = Band(0.3, 10.0), Band(0.5, 7.0), Band(2.0, 10.0)

# Energy flux in 0.3-10, 0.5-7 and 2-10 keV over the unabsorbed one in 0.3-10 keV, by
# table, NH (1e22 cm-2) and photon index: astromodels 2.6.0, TbAbs (abundances WILM) and
# WAbs times Powerlaw, numpy.trapezoid over 20,001 energies.
ASTROMODELS = {
    ("tbabs", 0.02, 1.7): (0.964370, 0.740835, 0.587806),
    ("tbabs", 0.02, 3.0): (0.865891, 0.545641, 0.123466),
    ("tbabs", 0.1, 2.0): (0.813205, 0.670783, 0.455901),
    ("tbabs", 0.1, 3.0): (0.574474, 0.454055, 0.122495),
    ("tbabs", 1.0, 1.7): (0.650954, 0.496760, 0.556040),
    ("tbabs", 1.0, 3.0): (0.193434, 0.180277, 0.112410),
    ("tbabs", 5.0, 1.0): (0.697837, 0.405343, 0.690165),
    ("tbabs", 5.0, 3.0): (0.0889787, 0.0764746, 0.0813571),
    ("wabs", 0.02, 2.0): (0.934971, 0.727426, 0.458066),
    ("wabs", 0.1, 1.7): (0.852133, 0.675032, 0.583432),
    ("wabs", 1.0, 3.0): (0.164324, 0.151260, 0.107608),
    ("wabs", 5.0, 2.0): (0.317280, 0.223090, 0.312371),
}


@pytest.mark.parametrize("key", ASTROMODELS)
def test_absorbed_fluxes_are_within_one_per_cent_of_astromodels(key):
    table, column, index = key
    law = PowerLaw(index, 0.0)
    seen = Absorbed(law, column, table=table)
    ratios = [
        energy_flux(seen, b) / energy_flux(law, XRT) for b in (XRT, CSC_BROAD, HARD)
    ]

    assert pytest.approx(ASTROMODELS[key], rel=0.01) == ratios


def test_a_conversion_to_unabsorbed_flux_is_within_one_per_cent_of_astromodels():
    """0.5-7 keV as observed to 0.3-10 keV without absorption."""
    model = Absorbed(PowerLaw(1.7, 0.0), 0.02)
    flux = conversion(
        "erg / (cm2 s)", CSC_BROAD, to_band=XRT, model=model,
        absorption="absorbed", to_absorption="unabsorbed",
    )  # fmt: skip

    assert pytest.approx(1 / 0.740835, rel=0.01) == flux.factor
    assert "unabsorbed" == flux.absorption
    assert "NH 0.02 x 1e22 cm-2 (tbabs)" in flux.how


def test_the_cross_section_of_morrison_and_mccammon_at_1_kev_is_in_the_paper():
    """(120.6 + 169.3 - 47.7) x 1e-24 cm2, table 2, third row above 0.867 keV."""
    assert [2.422] == pytest.approx(cross_section(np.array([1.0]), "wabs").tolist())


def test_a_redshifted_absorber_absorbs_at_emitted_energies():
    far = Absorbed(PowerLaw(0.0, 0.0), 1.0, redshift=1.0)
    near = Absorbed(PowerLaw(0.0, 0.0), 1.0)

    assert far.photons(np.array([1.0])) == pytest.approx(near.photons(np.array([2.0])))


def test_errors_of_spectrum_and_column_are_sampled_and_asymmetric():
    """Removing 1e22 cm-2 below 2 keV grows faster with the column than it falls."""
    model = Absorbed(PowerLaw(2.0, 0.2), 1.0, 0.3)
    flux = conversion(
        "erg / (cm2 s)", Band(0.3, 2.0), to_band=Band(0.3, 2.0), model=model,
        absorption="absorbed", to_absorption="unabsorbed",
    )  # fmt: skip
    fixed = conversion(
        "erg / (cm2 s)", Band(0.3, 2.0), to_band=Band(0.3, 2.0),
        model=Absorbed(PowerLaw(2.0, 0.0), 1.0, 0.3),
        absorption="absorbed", to_absorption="unabsorbed",
    )  # fmt: skip

    assert flux.factor_err_plus > 1.05 * flux.factor_err_minus > 0
    assert flux.factor_err_plus > fixed.factor_err_plus > 0


def test_an_unabsorbed_flux_without_a_column_is_refused():
    with pytest.raises(QueryError, match="give nh in cm-2"):
        conversion(
            "erg / (cm2 s)", XRT, to_band=XRT, model=PowerLaw(),
            absorption="absorbed", to_absorption="unabsorbed",
        )  # fmt: skip


def test_a_flux_that_is_unabsorbed_already_stays():
    flux = conversion(
        "erg / (cm2 s)", XRT, to_band=XRT, model=Absorbed(PowerLaw(), 0.1),
        absorption="unabsorbed", to_absorption="unabsorbed",
    )  # fmt: skip

    assert (1.0, "as given", "unabsorbed") == (flux.factor, flux.how, flux.absorption)


def test_a_state_that_no_record_gives_is_assumed_and_said_so():
    flux = conversion(
        "erg / (cm2 s)", XRT, to_band=XRT, model=Absorbed(PowerLaw(), 0.1),
        to_absorption="unabsorbed",
    )  # fmt: skip

    assert "taken as absorbed, which its record does not state" in flux.how


@pytest.mark.parametrize("bad", [{"nh_1e22": -1.0}, {"nh_1e22": 1.0, "table": "phabs"}])
def test_an_absorber_that_is_not_physical_is_refused(bad):
    with pytest.raises(QueryError):
        Absorbed(PowerLaw(), **bad)


def test_energies_below_the_table_are_refused():
    with pytest.raises(QueryError, match=r"from 0\.1 keV on"):
        energy_flux(Absorbed(PowerLaw(), 0.1), Band(0.05, 1.0))


def test_an_absorbed_black_body_has_less_flux():
    body = BlackBody(0.1, 0.01)

    assert 0 < energy_flux(Absorbed(body, 0.1), XRT) < 0.5 * energy_flux(body, XRT)


def test_the_galactic_column_is_that_of_the_map():
    """About 2e20 cm-2 towards GRB 130427A and 3e21 towards the Crab."""
    assert 0.0180 == pytest.approx(galactic_nh_1e22(173.1367, 27.6989), rel=0.15)
    assert 0.30 == pytest.approx(galactic_nh_1e22(83.633, 22.014), rel=0.2)


def test_quoted_spectra_are_read_and_others_left():
    absorbed = {
        "model_name": "Absorbed Powerlaw",
        "param_names": ["photonindex", "nhmw"],
        "param_values": ["4.5", "0.026"],
        "param_units": ["None", "10^22 cm^-2"],
    }
    model = quoted_model(json.dumps(absorbed))

    assert (4.5, 0.026) == (model.model.photon_index, model.nh_1e22)
    assert quoted_model(json.dumps(absorbed | {"model_name": "diskbb"})) is None
    assert quoted_model(None) is None


def points(**changes):
    base = {
        "time": pl.Series([0], dtype=pl.Datetime("ns")),
        "value": [1.0],
        "unit": ["count / (cm2 s)"],
        "band_low_kev": [15.0],
        "band_high_kev": [50.0],
        "instrument": ["BAT"],
    }
    return pl.DataFrame(base | changes)


def test_the_rate_of_the_crab_in_bats_monitor_is_the_crabs_flux():
    """1.3e-8 erg cm-2 s-1 in 15-50 keV; the integral of Toor & Seward's law by hand."""
    curve = joint(points(value=[0.220]), band_kev=(15.0, 50.0))
    integral = 9.7 / 0.1 * (15.0**-0.1 - 50.0**-0.1) * 1.602176634e-9

    assert [integral] == pytest.approx(curve["value"].to_list(), rel=2e-3)
    assert "Krimm et al. 2013" in curve["conversion"][0]


def test_a_packaged_factor_serves_no_other_band_or_instrument():
    for changes in ({"band_high_kev": [150.0]}, {"instrument": ["XRT"]}):
        curve = joint(points(**changes), band_kev=(15.0, 50.0))

        assert "stated counts_to_flux" in curve["excluded"][0]


def rates_of(name, day, **changes):
    """Return a rate of XRT in PC mode, of an object on a day."""
    time = pl.Series([datetime.fromisoformat(day)], dtype=pl.Datetime("ns"))
    return points(
        time=time,
        object=[name],
        unit=["count / s"],
        mode=["PC"],
        band_low_kev=[0.3],
        band_high_kev=[10.0],
        instrument=["XRT"],
        **changes,
    )


def test_a_burst_has_the_factor_of_its_own_circular():
    curve = joint(rates_of("GRB130408A", "2013-04-08T23:00:00"))

    assert [3.9e-11] == pytest.approx(curve["value"].to_list())
    assert "GCN 14369" in curve["conversion"][0]
    assert ["absorbed"] == curve["absorption"].to_list()


@pytest.mark.parametrize(
    "rate",
    [
        rates_of("GRB 130409A", "2013-04-08T23:00:00"),
        rates_of("GRB 130408A", "2013-04-12T23:00:00"),
        rates_of("GRB 130408A", "2013-04-08T23:00:00").with_columns(mode=pl.lit("WT")),
        rates_of("GRB 130408A", "2013-04-08T23:00:00").with_columns(
            band_high_kev=pl.lit(8.0)
        ),
    ],
    ids=["object", "epoch", "mode", "band"],
)
def test_a_factor_of_one_source_serves_no_other_object_epoch_mode_or_band(rate):
    assert "counts_to_flux" in joint(rate)["excluded"][0]


def test_a_column_unabsorbs_points_and_states_it():
    flux = points(
        unit=["erg / (cm2 s)"], band_low_kev=[0.5], band_high_kev=[7.0],
        extra=['{"unabsorbed flux": "1"}'],
    )  # fmt: skip
    curve = joint(flux, nh_1e22=0.02, absorption="unabsorbed", model=PowerLaw(1.7, 0.1))
    given = joint(flux, unit=None)

    assert [1 / 0.740835] == pytest.approx(curve["value"].to_list(), rel=0.01)
    assert ["unabsorbed"] == curve["absorption"].to_list()
    assert ["absorbed"] == given["absorption"].to_list()
    assert curve["value_err_model_plus"][0] > 0


@pytest.fixture
def response(tmp_path):
    """Return an ARF of 100 cm2 above 1 keV, and an RMF that spreads over three channels."""
    edges = np.linspace(0.5, 8.5, 161)
    low, high = edges[:-1], edges[1:]
    area = np.where(low >= 1.0 - 1e-9, 100.0, 0.0)
    arf = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "E", array=low, unit="keV"),
            fits.Column("ENERG_HI", "E", array=high, unit="keV"),
            fits.Column("SPECRESP", "E", array=area, unit="cm2"),
        ],
        name="SPECRESP",
    )
    first = np.clip(np.arange(160) - 1, 0, 157)
    rmf = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "E", array=low, unit="keV"),
            fits.Column("ENERG_HI", "E", array=high, unit="keV"),
            fits.Column("N_GRP", "I", array=np.ones(160)),
            fits.Column("F_CHAN", "I", array=first + 1),
            fits.Column("N_CHAN", "I", array=np.full(160, 3)),
            fits.Column("MATRIX", "3E", array=np.tile([0.25, 0.5, 0.25], (160, 1))),
        ],
        name="MATRIX",
    )
    bounds = fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "I", array=np.arange(160) + 1),
            fits.Column("E_MIN", "E", array=low, unit="keV"),
            fits.Column("E_MAX", "E", array=high, unit="keV"),
        ],
        name="EBOUNDS",
    )
    paths = tmp_path / "a.arf", tmp_path / "a.rmf"
    fits.HDUList([fits.PrimaryHDU(), arf]).writeto(paths[0])
    fits.HDUList([fits.PrimaryHDU(), rmf, bounds]).writeto(paths[1])
    return paths


def test_a_response_gives_the_factor_of_a_flat_detector(response):
    """Photons per cm2 times 100 cm2 are the counts, but for three channels of spread."""
    factor = factor_of_response(
        *response, model=PowerLaw(1.7, 0.0), band_kev=(0.3, 10.0), rate_band_kev=(2, 6)
    )
    energy = (10**0.3 - 0.3**0.3) / 0.3 * 1.602176634e-9
    photons = (2**-0.7 - 6**-0.7) / 0.7 * 100

    assert factor.factor == pytest.approx(energy / photons, rel=2e-3)
    assert (2, 6) == factor.rate_band
    assert "a.arf, a.rmf: power law" in factor.source


def test_a_factor_of_a_response_converts_rates_of_its_band(response):
    factor = factor_of_response(
        *response, model=PowerLaw(1.7, 0.1), rate_band_kev=(2, 6)
    )
    flux = points(unit=["count / s"], band_low_kev=[2.0], band_high_kev=[6.0])
    curve = joint(flux, counts_to_flux={"BAT": factor}, model=PowerLaw(1.7, 0.1))

    assert isinstance(factor, CountsToFlux)
    assert [factor.factor] == pytest.approx(curve["value"].to_list())
    assert 0 < curve["value_err_model"][0] < 0.5 * factor.factor


def test_an_arf_is_no_rmf(response):
    with pytest.raises(QueryError, match="has no extension MATRIX"):
        factor_of_response(response[0], response[0], model=PowerLaw())
