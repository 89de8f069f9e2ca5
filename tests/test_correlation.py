"""Lags between unevenly sampled series."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError
from orbital_kernel.science.correlation import dcf, iccf, lag, red_noise
from orbital_kernel.science.correlation.lag_coverage import in_words
from orbital_kernel.science.correlation.rednoise import (
    covariance,
    realisation,
    spectrum,
)
from orbital_kernel.science.correlation.series import Series, two_series
from orbital_kernel.science.correlation.slope import RedNoise
from orbital_kernel.science.correlation.zdcf import independent, transformed

T0 = np.datetime64("2013-04-27T00:00:00", "ns")
NS = pl.Datetime("ns")


def series(times, values, error=0.1):
    return pl.DataFrame(
        {
            "time": pl.Series(
                T0 + (np.asarray(times) * 1e9).astype("timedelta64[ns]")
            ).cast(NS),
            "value": np.asarray(values),
            "value_err_plus": np.full(len(times), error),
            "value_err_minus": np.full(len(times), error),
            "is_limit": False,
            "unit": "erg / (cm2 s)",
        }
    )


def related(delay_s, *, seed=3, points=250, span=10_000.0, error=0.1):
    """One flicker-noise signal, seen by two telescopes at their own uneven times."""
    rng = np.random.default_rng(seed)
    grid = np.arange(-2000.0, span + 2000, 5.0)
    signal = red_noise(grid, 1.2, rng=rng)
    a, b = (np.sort(rng.uniform(0, span, points)) for _ in "ab")
    first = np.interp(a, grid, signal) + rng.normal(0, error, points)
    second = np.interp(b - delay_s, grid, signal) + rng.normal(0, error, points)
    return series(a, first, error), series(b, second, error)


FAST = {"simulations": 40, "resamples": 40}


@pytest.mark.parametrize(
    ("method", "delay"), [("iccf", -600.0), ("zdcf", 900.0), ("dcf", 0.0)]
)
def test_a_known_delay_is_inside_its_interval_and_significant(method, delay):
    result = lag(
        *related(delay), method=method, max_lag_s=2000, confidence=0.95, **FAST
    )

    assert result.low_s <= delay <= result.high_s
    assert result.lag_s == pytest.approx(delay, abs=250)
    assert result.low_s <= result.lag_s <= result.high_s
    assert result.correlation > 0.6
    assert result.chance_global < 0.05
    assert result.significance_global == pytest.approx(1 - result.chance_global)


@pytest.mark.parametrize(
    ("interval", "expected"), [(None, "simulated"), ("resampled", "resampled")]
)
def test_an_interval_says_how_often_it_is_true(interval, expected):
    pair = related(-300.0, points=40)
    result = lag(*pair, interval=interval, simulations=1, resamples=20)

    assert expected == result.interval
    assert in_words("iccf", expected) == result.coverage_note
    assert result.coverage_note in str(result)
    assert result.low_s <= result.lag_s <= result.high_s


def test_an_interval_of_another_kind_is_refused():
    with pytest.raises(QueryError, match="interval of lags"):
        lag(*related(0.0, points=30), interval="guess")


@pytest.mark.parametrize("slope", [1.0, 2.0])
def test_unrelated_red_noise_alarms_as_often_as_claimed(slope):
    chances = []
    rng = np.random.default_rng(2)
    for seed in range(40):
        pair = [
            series(times, red_noise(times, slope, rng=rng) + rng.normal(0, 0.1, 40))
            for times in (np.sort(rng.uniform(0, 1e4, 40)) for _ in "ab")
        ]
        chances.append(lag(*pair, simulations=19, resamples=1, seed=seed).chance_global)

    assert sum(chance <= 0.1 for chance in chances) <= 10
    assert 8 <= sum(chance <= 0.5 for chance in chances) <= 32


@pytest.mark.parametrize("slope", [0.5, 1.5, 2.5])
def test_the_slope_of_red_noise_is_fitted_not_assumed(slope):
    rng = np.random.default_rng(8)
    slopes = []
    for _ in range(4):
        times = np.sort(rng.uniform(0, 1e4, 80))
        values = red_noise(times, slope, rng=rng) + rng.normal(0, 0.05, 80)
        slopes.append(RedNoise(Series(times, values, np.full(80, 0.05))).slope)

    assert np.mean(slopes) == pytest.approx(slope, abs=0.3)


def test_simulated_noise_has_the_covariance_of_the_fit():
    rng = np.random.default_rng(9)
    times = np.sort(rng.uniform(0, 100, 12))
    law = spectrum(times, 1.5)
    drawn = np.array([realisation(times, law, rng) for _ in range(6000)])

    assert np.allclose(drawn.T @ drawn / 6000, covariance(times, law), atol=0.08)


def test_the_iccf_equals_its_definition_in_numpy():
    first, second = related(0, points=40)
    (ta, a), (tb, b) = (
        ((f["time"].to_numpy() - T0) / np.timedelta64(1, "s"), f["value"].to_numpy())
        for f in (first, second)
    )
    for row in iccf(first, second, step_s=500, max_lag_s=2000).iter_rows(named=True):
        tau = row["lag_s"]
        i = (ta + tau >= tb[0]) & (ta + tau <= tb[-1])
        j = (tb - tau >= ta[0]) & (tb - tau <= ta[-1])
        forward = np.corrcoef(a[i], np.interp(ta[i] + tau, tb, b))[0, 1]
        backward = np.corrcoef(b[j], np.interp(tb[j] - tau, ta, a))[0, 1]

        assert (forward + backward) / 2 == pytest.approx(row["correlation"])


def test_bins_of_the_zdcf_hold_independent_pairs_only():
    first, second = related(0, points=60)
    a, b = two_series(first, second)
    pairs = independent(a, b, 3000.0, 11)

    for number in range(pairs.lags.size):
        inside = pairs.bin == number
        assert inside.sum() >= 11
        assert len(set(pairs.i[inside])) == len(set(pairs.j[inside])) == inside.sum()
    assert (np.diff(pairs.lags) > 0).all()


def test_z_has_the_mean_and_variance_of_simulated_pairs():
    """Alexander 2013, eq. 6 and 7, against 40,000 bins of 11 correlated pairs."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(40_000, 11))
    y = 0.6 * x + 0.8 * rng.normal(size=x.shape)
    x, y = (v - v.mean(axis=1, keepdims=True) for v in (x, y))
    r = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    mean, sigma = transformed(np.array([0.6]), np.array([11]))

    assert np.arctanh(r).mean() == pytest.approx(mean[0], abs=0.01)
    assert np.arctanh(r).std() == pytest.approx(sigma[0], rel=0.02)


def test_the_dcf_equals_its_definition_pair_by_pair():
    first, second = related(0, points=40)
    values = dcf(first, second, bin_s=500, max_lag_s=2000)
    (ta, a), (tb, b) = (
        ((f["time"].to_numpy() - T0) / np.timedelta64(1, "s"), f["value"].to_numpy())
        for f in (first, second)
    )
    scale = np.sqrt((a.var() - 0.01) * (b.var() - 0.01))
    udcf = np.outer(a - a.mean(), b - b.mean()) / scale
    for row in values.iter_rows(named=True):
        apart = tb[None] - ta[:, None] - row["lag_s"]
        inside = udcf[(apart >= -250) & (apart < 250)]
        error = np.sqrt(((inside - inside.mean()) ** 2).sum()) / (inside.size - 1)

        assert inside.size == row["pairs"]
        assert inside.mean() == pytest.approx(row["dcf"])
        assert error == pytest.approx(row["dcf_err"])


def test_a_series_with_itself_correlates_fully_at_zero_lag():
    first, _ = related(0, error=0.02)
    values = dcf(first, first, bin_s=20, max_lag_s=200)

    assert pytest.approx(1.0, abs=0.25) == values.filter(pl.col("lag_s") == 0)["dcf"][0]


def test_bins_with_few_pairs_say_nothing():
    values = dcf(
        series(range(6), range(6)),
        series(range(6), range(6)),
        bin_s=1,
        max_lag_s=5,
        n_min=5,
    )

    assert [None, None] == [values["dcf"][0], values["dcf"][-1]]
    assert values.filter(pl.col("lag_s") == 0)["dcf"][0] is not None


def test_the_same_seed_gives_the_same_lag():
    pair = related(300, points=80)
    first_run, second_run = (lag(*pair, seed=7, **FAST) for _ in range(2))

    assert str(first_run) == str(second_run)
    assert first_run.method == second_run.method


def test_missing_errors_are_an_error_in_words():
    first, second = related(0, points=20)
    bare = first.with_columns(
        pl.when(pl.int_range(pl.len()) < 3)
        .then(None)
        .otherwise("value_err_plus")
        .alias("value_err_plus")
    )

    with pytest.raises(
        QueryError, match="3 of 20 detections of the first series have no"
    ):
        lag(bare, second)
    with pytest.raises(QueryError, match="20 of 20 detections of the second series"):
        lag(first, second.drop("value_err_plus", "value_err_minus"))


def test_one_detection_with_an_error_of_zero_is_left_out_and_counted():
    first, second = related(0, points=20)
    zero = pl.when(pl.int_range(pl.len()) == 7).then(0.0)
    with_zero = first.with_columns(
        zero.otherwise(name).alias(name)
        for name in ("value_err_plus", "value_err_minus")
    )
    result = lag(with_zero, second, simulations=5, resamples=5)
    without = first.filter(pl.int_range(pl.len()) != 7)

    assert result.function.equals(
        lag(without, second, simulations=5, resamples=5).function
    )
    assert (19, 20) == result.points
    assert result.notes == (
        "1 of 20 detections of the first series has no error above 0 and is left out",
    )


def test_times_at_the_barycentre_are_not_compared_with_those_of_a_spacecraft():
    first, second = related(0, points=20)
    barycentred = second.with_columns(time_rule=pl.lit("chandra-tdb"))

    with pytest.raises(QueryError, match="barycentre and spacecraft are mixed"):
        lag(first.with_columns(time_rule=pl.lit("swift-met-utcf")), barycentred)
    assert dcf(barycentred, barycentred, bin_s=500, max_lag_s=2000)["pairs"].sum() > 0


def test_limits_take_no_part():
    first, second = related(0, points=80)
    limit = series([5.0], [1e6]).with_columns(is_limit=pl.lit(value=True))
    ask = {"bin_s": 200, "max_lag_s": 1000}

    assert dcf(first, second, **ask).equals(
        dcf(pl.concat([first, limit]), second, **ask)
    )


REFUSED = [
    ({"bin_s": 0.0, "max_lag_s": 10}, "0 < bin_s"),
    ({"bin_s": 20.0, "max_lag_s": 10}, "0 < bin_s"),
]


@pytest.mark.parametrize(("ask", "why"), REFUSED)
def test_impossible_lags_are_refused(ask, why):
    with pytest.raises(QueryError, match=why):
        dcf(*related(0, points=20), **ask)


def test_mixed_units_are_refused():
    first, second = related(0, points=20)
    mixed = pl.concat([first, first.with_columns(unit=pl.lit("ct / s"))])

    with pytest.raises(QueryError, match="several unit"):
        dcf(mixed, second, bin_s=100, max_lag_s=1000)


def test_a_constant_series_is_refused():
    flat = series(range(20), np.ones(20))

    with pytest.raises(QueryError, match="no more than its errors"):
        dcf(flat, flat, bin_s=1, max_lag_s=5)


def test_too_few_points_and_unknown_methods_are_refused():
    first, second = related(0, points=20)

    with pytest.raises(QueryError, match="4 detections"):
        dcf(first.head(4), second, bin_s=100, max_lag_s=1000)
    with pytest.raises(QueryError, match="did you mean iccf"):
        lag(first, second, method="icf")
    with pytest.raises(QueryError, match="0 < step_s <= max_lag_s"):
        lag(first, second, step_s=100.0, max_lag_s=10.0)


@pytest.mark.parametrize("slope", [1.0, 2.0])
def test_simulated_noise_has_the_spectrum_asked_for(slope):
    rng = np.random.default_rng(6)
    times = np.arange(2048.0)
    power = np.mean(
        [
            np.abs(np.fft.rfft(red_noise(times, slope, rng=rng) * np.hanning(2048)))
            ** 2
            for _ in range(200)
        ],
        axis=0,
    )
    frequency = np.fft.rfftfreq(2048)
    used = (frequency > 0.004) & (frequency < 0.1)
    fitted = np.polyfit(np.log(frequency[used]), np.log(power[used]), 1)[0]

    assert pytest.approx(-slope, abs=0.15) == fitted
