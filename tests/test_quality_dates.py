"""Faults of other kinds, sizes and places than the usual ones: found, and dated."""

import numpy as np
import polars as pl
import pytest
import quality_faults as planted

from orbital_kernel.science.quality import Contradictions, Rates, Values


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
