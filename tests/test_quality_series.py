"""Clocks that jump back, and series that lose an end, in rates, curves and events."""

import numpy as np
import polars as pl
import pytest
import quality_faults as planted

from orbital_kernel.science.quality import Ends, Grid

SECOND_NS = 1_000_000_000
BINS = pl.from_arrow(planted.bins()).with_columns(file_sha256=pl.lit("a"))
AT = 400


def moved(frame, seconds, column="time"):
    """Return the frame with the times of its later rows moved."""
    ns = pl.when(pl.int_range(pl.len()) >= AT).then(round(seconds * SECOND_NS))
    later = pl.col(column).cast(pl.Int64) + ns.otherwise(0)
    return frame.with_columns(later.cast(pl.Datetime("ns")).alias(column))


def curve(seconds=300):
    """Return a light curve of equal bins, times in their middle."""
    time = planted.START + np.arange(600) * seconds * planted.SECOND
    return pl.DataFrame(
        {
            "object": "Sgr A*",
            "instrument": "ACIS",
            "time": time,
            "time_err_plus_s": seconds / 2,
            "time_err_minus_s": seconds / 2,
            "value": np.random.default_rng(3).poisson(30, 600) / seconds,
            "file_sha256": "b",
        }
    )


def jumps(*frames):
    grid = Grid("swift")
    for frame in frames:
        grid.take(frame.sort("time"))
    return grid.measured()[0]


@pytest.mark.parametrize("seconds", [-1.0, -7.0, -100.0, -2.3, -0.3, 0.3, -0.002])
def test_a_clock_that_jumps_is_found_with_its_size_and_date(seconds):
    found = jumps(moved(BINS, seconds))
    first = min(AT + seconds, AT) if seconds < 0 else AT + seconds

    assert pytest.approx(abs(seconds), abs=1e-6) == found.value
    date = (found.since - planted.START.astype(np.int64)) / SECOND_NS
    assert pytest.approx(first, abs=1.0) == date


def test_a_jump_back_in_one_of_two_files_and_four_channels_is_one_jump():
    other = BINS.with_columns(file_sha256=pl.lit("b"))
    channels = [
        moved(other, -3.0).with_columns(
            channel=pl.lit(k, pl.Int16), rate=pl.col("rate") / (k + 1)
        )
        for k in range(4)
    ]
    found = jumps(pl.concat([BINS, *channels]))

    assert pytest.approx(3.0) == found.value
    assert found.evidence.startswith("1 jumps within 2 series")


def test_a_jump_back_at_the_border_of_two_slices_is_found():
    frame = moved(BINS, -5.0).sort("time")
    halves = frame[: AT - 2], frame[AT - 2 :]

    assert pytest.approx(5.0) == jumps(*halves).value


def test_a_curve_whose_clock_jumps_back_by_a_bin_is_found():
    assert pytest.approx(300.0) == jumps(moved(curve(), -300.0)).value
    assert 0.0 == jumps(curve()).value


def test_looks_of_one_length_that_overlap_are_no_clock():
    rng = np.random.default_rng(6)
    apart = np.cumsum(rng.choice([270, 5_700, 86_400], 600)) * SECOND_NS
    looks = curve().with_columns(time=planted.START + apart.astype("timedelta64[ns]"))

    grid = Grid("swift", "points")
    grid.take(looks)
    assert "no points of equal width" in grid.measured()[0].missing


def test_rows_that_repeat_and_a_second_file_of_one_time_are_no_jump():
    again = pl.concat([BINS, BINS[700:705]])
    other = BINS.with_columns(pl.col("rate") * 1.1, file_sha256=pl.lit("b"))

    assert 0.0 == jumps(again).value
    assert 0.0 == jumps(pl.concat([BINS, other])).value


def good(frame, kind="gti"):
    """Return the good time of a file of bins of 1 s."""
    names = {"obs_id": "00000000001", "instrument": "BAT", "kind": kind}
    return frame.select(
        pl.col("time").min(),
        (pl.col("time").max() + pl.duration(seconds=1)).alias("time_stop"),
        pl.col("file_sha256").first(),
        **{name: pl.lit(text) for name, text in names.items()},
    )


def ends(*frames):
    compared = Ends("swift")
    for frame in frames:
        compared.take(frame)
    return compared.measured()[0]


@pytest.mark.parametrize("kind", ["gti", "span"])
@pytest.mark.parametrize(("first", "last"), [(0, 840), (0, 898), (100, 900)])
def test_bins_that_an_end_of_good_time_lacks_are_found(kind, first, last):
    found = ends(good(BINS, kind), BINS[first:last])

    assert pytest.approx(first + 900 - last) == found.value
    date = (found.since - planted.START.astype(np.int64)) / SECOND_NS
    assert pytest.approx(0.0 if first else last) == date


def test_whole_series_and_other_kinds_of_intervals_show_no_loss():
    planned = good(BINS, "planned").with_columns(
        time_stop=pl.col("time_stop") + planted.DAY
    )

    assert 0.0 == ends(good(BINS), planned, BINS[:300], BINS[300:]).value
    assert "no series" in ends(planned, BINS).missing


def test_a_channel_that_ends_before_the_others_is_found():
    channels = [BINS.with_columns(channel=pl.lit(k, pl.Int16)) for k in range(4)]
    found = ends(*channels[:3], channels[3][:880])

    assert pytest.approx(20.0) == found.value
    assert "another channel" in found.evidence


def test_events_that_stop_long_before_their_good_time_are_found():
    seconds = np.sort(np.random.default_rng(5).uniform(0, 900, 3000))
    events = (
        BINS[:1]
        .select("obs_id", "instrument", "file_sha256")
        .join(
            pl.DataFrame(
                {"time": planted.instants(seconds / 86_400), "energy_ev": 1e3}
            ),
            how="cross",
        )
    )

    assert 0.0 == ends(good(BINS), events).value
    assert pytest.approx(300, abs=15) == ends(good(BINS), events[:2000]).value


def test_a_jump_back_into_bins_without_counts_is_a_jump_and_no_repeated_row():
    silent = curve().with_columns(value=0.0)

    assert pytest.approx(300.0) == jumps(moved(silent, -300.0)).value


def test_bins_of_unequal_width_that_touch_show_a_jump_ahead():
    wide = BINS.with_columns(
        bin_s=1 + pl.int_range(pl.len()).mod(7).cast(pl.Float64) * 1e-5
    )
    starts = (wide["bin_s"].cum_sum().shift(1, fill_value=0.0) * 1e9).round()
    touching = wide.with_columns(
        time=(starts.cast(pl.Int64) + planted.START.astype(np.int64)).cast(
            pl.Datetime("ns")
        )
    )

    assert 0.0 == jumps(touching).value
    assert pytest.approx(0.3, abs=1e-6) == jumps(moved(touching, 0.3)).value


def test_a_jump_that_may_be_of_more_bins_states_both():
    short = BINS.with_columns(
        bin_s=0.064,
        time=planted.START + (np.arange(900) * 64_000_000).astype("timedelta64[ns]"),
    )
    words = jumps(moved(short, 0.3)).evidence

    assert "-0.0200 s" in words
    assert "(or +0.3000 s, by whole bins more)" in words


def of_points(frame):
    grid = Grid("chandra", "points")
    grid.take(frame.sort("time"))
    return {measured.check: measured for measured in grid.measured()}


def test_points_of_a_clock_that_jumps_ahead_by_bins_leave_a_gap():
    gap = of_points(moved(curve(), 600.0))["clock gaps"]

    assert pytest.approx(600 / (600 * 300 + 600)) == gap.value
    assert "1 gaps of 600.0 s" in gap.evidence
    assert 0.0 == of_points(curve())["clock gaps"].value


@pytest.mark.parametrize(("factor", "check"), [(1.1, "jumps"), (0.9, "gaps")])
def test_widths_that_contradict_the_spacing_of_points_are_found(factor, check):
    half = pl.col("time_err_plus_s") * factor
    wrong = curve().with_columns(time_err_plus_s=half, time_err_minus_s=half)
    found = of_points(wrong)[f"clock {check}"]

    assert (
        pytest.approx({"jumps": 599 * 30, "gaps": 0.1}[check], rel=0.01) == found.value
    )


@pytest.mark.parametrize("lost", [slice(0, 500), slice(80, 600)])
def test_bins_shorter_than_their_header_states_lack_an_end(lost):
    stated = pl.DataFrame(
        {"file_sha256": ["b"], "kind": ["span"], "on_s": [600 * 300.0]}
    ).with_columns(
        pl.lit(None, pl.Datetime("ns")).alias("time"),
        pl.lit(None, pl.Datetime("ns")).alias("time_stop"),
    )
    part = curve()[lost]

    assert 0.0 == ends(stated, curve()).value
    assert pytest.approx((600 - len(part)) * 300.0) == ends(stated, part).value
