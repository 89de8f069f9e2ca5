"""The published measurements that come with Orbital, as stored and as published."""

import numpy as np
import polars as pl
import pytest
from astropy.time import Time
from scipy.optimize import curve_fit

from orbital_kernel import connect

TRIGGER = Time("2013-04-27T07:47:57.512", scale="utc")


@pytest.fixture(scope="module")
def published(home):
    session = connect(home, database="published")
    session.storage.apply()
    report = session.ingest_published()
    assert () == report.in_state("refused")
    return session


def points(session, observatory, name):
    frame = session.table(f"{observatory}.photometry").filter(pl.col("object") == name)
    return frame.sort("time")


def test_five_objects_have_points_of_their_papers(published):
    counts = {
        (observatory, row["object"]): row["len"]
        for observatory in ("swift", "chandra")
        for row in published.table(f"{observatory}.photometry", ["object"])
        .group_by("object")
        .len()
        .iter_rows(named=True)
    }
    assert counts == {
        ("swift", "GW170817"): 32,
        ("chandra", "GW170817"): 7,
        ("swift", "GRB 130427A"): 558,
        ("chandra", "GRB 130427A"): 2,
        ("swift", "NGC 925 ULX-3"): 18,
        ("chandra", "NGC 925 ULX-3"): 2,
        ("swift", "SN 2010jl"): 9,
        ("chandra", "SN 2010jl"): 5,
        ("chandra", "Sgr A*"): 146,
    }


def test_every_point_names_its_source(published):
    for observatory in ("swift", "chandra"):
        extra = published.table(f"{observatory}.photometry", ["extra"])["extra"]
        assert extra.str.contains('"reference": "').all()


def test_a_database_of_simulated_rows_refuses_them(stocked):
    report = stocked.ingest_published()
    assert {file.state for file in report.files} == {"refused"}
    assert "simulated" in report.files[0].reason


def test_the_decay_of_grb_130427a_is_the_published_one(published):
    """De Pasquale et al. 2016: 1.309 ± 0.007 after 47 ks, with XMM-Newton's points."""
    frame = pl.concat(
        points(published, name, "GRB 130427A") for name in ("swift", "chandra")
    )
    times = Time(frame["time"].to_numpy(), scale="tt")
    since = (times - TRIGGER.tt).to_value("s")
    late = since > 47e3
    value = frame["value"].to_numpy()[late]
    error = (frame["value_err_plus"] + frame["value_err_minus"]).to_numpy()[late] / 2

    def decay(t, log_flux, slope):
        return np.exp(log_flux) * (t / 1e5) ** -slope

    best, covariance = curve_fit(
        decay, since[late], value, p0=[np.log(1e-11), 1.3], sigma=error,
        absolute_sigma=True,
    )  # fmt: skip
    assert best[1] == pytest.approx(1.309, abs=0.007)
    assert np.sqrt(covariance[1, 1]) == pytest.approx(0.007, abs=0.002)


def test_limits_of_ngc_925_are_limits(published):
    frame = points(published, "swift", "NGC 925 ULX-3")
    assert frame["is_limit"].sum() == 9
    assert frame.filter(pl.col("is_limit"))["value_err_plus"].null_count() == 9


def test_the_flare_is_barycentred_and_its_empty_bins_are_limits(published):
    frame = points(published, "chandra", "Sgr A*")
    assert frame["time_rule"].str.ends_with(" tdb").all()
    empty = frame.filter(pl.col("is_limit"))
    assert empty["limit_confidence"].unique().to_list() == [0.8413]
    counts = frame["extra"].str.json_path_match("$.counts").cast(pl.Int64).sum()
    assert counts == 192 + 273
