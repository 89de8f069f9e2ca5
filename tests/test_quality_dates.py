"""Faults of other kinds, sizes and places than the usual ones: found, and dated."""

import numpy as np
import polars as pl
import pytest
import quality_faults as planted

from orbital_kernel.science.quality import Astrometry, Contradictions, Rates, Values


def seconds_after_start(measured):
    return (measured.since - planted.START.astype(np.int64)) / 1e9


def test_faults_are_dated_where_they_begin():
    gap, repeated, redshift = Rates("swift"), Values("swift.rates"), Contradictions()
    bins = pl.from_arrow(planted.bins(gap_s=90.0))
    gap.take(bins)
    repeated.take(pl.concat([bins, bins[700:702]]))
    redshift.take(pl.from_arrow(planted.bursts(0.5, 2.1)))
    by_check = {
        m.check: m
        for m in (*gap.measured(), *repeated.measured(), *redshift.measured())
    }

    assert pytest.approx(600.0) == seconds_after_start(by_check["clock gaps"])
    assert pytest.approx(790.0) == seconds_after_start(by_check["repeated rows"])
    assert pytest.approx(0.0) == seconds_after_start(
        by_check["redshift contradictions"]
    )


def test_an_exposure_of_years_is_impossible():
    checked = Values("swift.observations")
    checked.take(pl.from_arrow(planted.pointings(exposure_s=1e9)))
    impossible, *_ = checked.measured()

    assert 1 == impossible.value
    assert "above 30 days" in impossible.evidence


def offset_of(**shift):
    frames = [
        pl.from_arrow(planted.catalogue(name=name, seed=seed, **more)).with_columns(
            observatory=pl.lit(name)
        )
        for name, seed, more in (("a", 1, {}), ("b", 2, shift))
    ]
    compared = Astrometry(["a", "b"])
    compared.take(pl.concat(frames))
    return compared.measured()[0]


@pytest.mark.parametrize(("east", "north"), [(0.0, -25.0), (60.0, 40.0), (0.0, 5.0)])
def test_an_offset_of_any_size_and_sign_is_found(east, north):
    offset = offset_of(offset_arcsec=(east, north))

    assert pytest.approx(np.hypot(east, north), abs=0.5) == offset.value


def test_catalogues_without_a_common_source_show_no_offset():
    sky = np.random.default_rng(14)
    frame = pl.from_arrow(planted.catalogue(name="a", seed=1))
    other = frame.with_columns(
        ra=pl.col("ra") + pl.Series(sky.uniform(-0.25, 0.25, len(frame))),
        dec=pl.col("dec") + pl.Series(sky.uniform(-0.25, 0.25, len(frame))),
        catalog=pl.lit("b"),
    )
    compared = Astrometry(["a"])
    compared.take(pl.concat([frame, other]).with_columns(observatory=pl.lit("a")))

    assert all(m.value is None or m.value < 15 for m in compared.measured())
