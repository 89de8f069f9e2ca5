"""Faults of other kinds, sizes and places than the usual ones: found, and dated."""

import numpy as np
import polars as pl
import pytest
import quality_faults as planted

from orbital_kernel.science.quality import (
    CHECKS,
    Astrometry,
    Contradictions,
    Intervals,
    Rates,
    Values,
    judged,
)


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


def test_an_offset_that_drifts_from_look_to_look_is_dated():
    rng = np.random.default_rng(11)
    fixed = pl.from_arrow(planted.catalogue(name="first"))
    looks = []
    for day in range(60):
        moved = fixed.sample(12, seed=day)
        north = 0.05 * max(day - 30, 0) + 0.1 * rng.normal(size=12)
        looks.append(
            moved.with_columns(
                obs_id=pl.lit(f"{day:05d}"),
                catalog=pl.lit("second"),
                dec=pl.col("dec") + pl.Series(north) / 3600,
            )
        )
    compared = Astrometry(["a"])
    frames = [fixed.with_columns(obs_id=pl.lit(None, pl.String)), *looks]
    compared.take(
        pl.concat(frames, how="diagonal").with_columns(observatory=pl.lit("a"))
    )
    start, day_ns = planted.START.astype(np.int64), planted.DAY.astype(np.int64)
    times = {f"a|{k:05d}": int(start + k * day_ns) for k in range(60)}
    by_subject = {m.subject: m for m in compared.measured(times)}
    north = by_subject["a.first to a.second, north by observation"]
    result = judged(CHECKS[north.check], north)

    assert ("warn", "drift") == (result.state, result.change.kind)
    assert result.change.low <= start + 30 * day_ns <= result.change.high


def test_trigger_times_of_two_catalogues_that_begin_to_differ_are_dated():
    rng = np.random.default_rng(12)
    days = np.arange(100)
    seconds = np.where(days >= 60, 0.3, 0.0) + 0.05 * rng.normal(size=100)
    names = [f"GRB 2001{k:03d}" for k in days]
    rows = [
        pl.DataFrame(
            {"name": names, "catalog": catalog, "time": planted.instants(at)}
        ).with_columns(ra=pl.lit(None, pl.Float64), dec=pl.lit(None, pl.Float64))
        for catalog, at in (("one", days), ("two", days + seconds / 86_400))
    ]
    compared = Contradictions()
    compared.take(pl.concat(rows))
    (offset,) = (m for m in compared.measured() if m.check == "trigger time offset")
    change = judged(CHECKS[offset.check], offset).change

    assert planted.instants(60).astype(np.int64) == change.since
    assert pytest.approx(0.3, abs=0.05) == change.size


def test_intervals_of_two_observations_of_one_instrument_overlap():
    first = pl.from_arrow(planted.good_times())
    other = first[5:6].with_columns(
        obs_id=pl.lit("99999999999"), time=pl.col("time") + pl.duration(seconds=10)
    )
    checked = Intervals("swift")
    checked.take(pl.concat([first, other], how="vertical_relaxed"))
    (overlaps,) = (m for m in checked.measured() if m.check == "overlapping intervals")

    assert 1 == overlaps.value


@pytest.mark.parametrize("parts", [1, 2])
def test_good_time_that_two_files_state_counts_once(parts):
    once = pl.from_arrow(planted.good_times()).sort("time")
    again = once.with_columns(
        time=pl.col("time") + pl.duration(milliseconds=500),
        file_sha256=pl.lit("another file"),
    )
    both = pl.concat([once, again], how="diagonal_relaxed").sort("time")
    fractions = []
    for frame, cuts in ((once, 1), (both, parts)):
        checked = Intervals("swift")
        for cut in range(cuts):
            share = len(frame) // cuts + 1
            checked.take(frame.slice(cut * share, share))
        fractions.append(
            [m.value for m in checked.measured() if m.check == "GTI fraction"]
        )

    assert pytest.approx(fractions[0]) == fractions[1]


def test_offsets_are_those_that_were_planted():
    frames = [
        pl.from_arrow(planted.catalogue(name=name, seed=seed, **shift)).with_columns(
            observatory=pl.lit(name)
        )
        for name, seed, shift in (
            ("a", 1, {}),
            ("b", 2, {"offset_arcsec": (3.0, -4.0), "rotation": 6.0}),
        )
    ]
    compared = Astrometry(["a", "b"])
    compared.take(pl.concat(frames))
    offset, rotation, _ = compared.measured()

    assert pytest.approx(5.0, abs=5 * offset.error) == offset.value
    assert pytest.approx(6.0, abs=5 * rotation.error) == rotation.value
    assert np.isclose(0.04, offset.error, atol=0.02)


def test_levels_that_rise_and_fall_with_the_orbit_are_no_step():
    rates, rng = Rates("swift"), np.random.default_rng(15)
    for k in range(30):
        level = rng.uniform(0.8, 1.3) * np.where(
            np.arange(900) < 900 - 30 * (k - 15), 1, 9
        )
        bins = pl.from_arrow(planted.bins(series=f"sw{k}"))
        moved = bins.with_columns(
            pl.col("time") + pl.duration(minutes=30 * k),
            pl.col("rate") * pl.Series(level),
        )
        rates.take(moved)
    results = [judged(CHECKS[m.check], m) for m in rates.measured()]

    assert [] == [r.measured.check for r in results if r.state in ("bad", "warn")]
