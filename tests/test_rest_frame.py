"""Luminosity and time in the rest frame."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError
from orbital_kernel.science.lightcurves import with_rest_frame

KM_S, MPC_CM = 299_792.458, 3.0856775814913673e24


def curve():
    return pl.DataFrame(
        {
            "since_s": [134.0, 1340.0],
            "value": [1e-9, 2.0],
            "value_err_plus": [2e-10, 0.1],
            "value_err_minus": [1e-10, 0.1],
            "unit": ["erg / (cm2 s)", "count / s"],
            "band_low_kev": [0.3, 0.3],
            "band_high_kev": [10.0, 10.0],
        }
    )


def test_a_luminosity_is_that_of_the_distance_integrated_by_hand():
    """Planck 2018: H0 67.66, Om 0.30966; flat, radiation is below 1e-4 at z = 0.34."""
    z = np.linspace(0, 0.34, 20_001)
    hubble = 67.66 * np.sqrt(0.30966 * (1 + z) ** 3 + 0.69034)
    distance = 1.34 * np.trapezoid(KM_S / hubble, z) * MPC_CM
    rows = with_rest_frame(curve(), 0.34)

    assert rows["luminosity_erg_s"][0] == pytest.approx(
        4 * np.pi * distance**2 * 1e-9, rel=1e-3
    )
    assert rows["luminosity_err_plus_erg_s"][0] == pytest.approx(
        0.2 * rows["luminosity_erg_s"][0]
    )
    assert [100.0, 1000.0] == pytest.approx(rows["rest_s"].to_list())
    assert (0.402, 13.4) == pytest.approx(
        rows.select("rest_band_low_kev", "rest_band_high_kev").row(0)
    )


def test_a_count_rate_has_no_luminosity():
    assert with_rest_frame(curve(), 0.34)["luminosity_erg_s"][1] is None


def test_without_a_redshift_there_is_no_rest_frame():
    rows = with_rest_frame(curve(), None)

    assert rows["rest_s"].null_count() == rows["luminosity_erg_s"].null_count() == 2


@pytest.mark.parametrize("redshift", [0.0, -1.0, float("nan")])
def test_a_redshift_is_above_zero(redshift):
    with pytest.raises(QueryError, match="above 0"):
        with_rest_frame(curve(), redshift)
