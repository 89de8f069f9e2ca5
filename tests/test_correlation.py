"""Lags between unevenly sampled series."""

import numpy as np
import polars as pl
import pytest

from orbital_kernel.errors import QueryError
from orbital_kernel.model import schema
from orbital_kernel.science.correlation import dcf, lag
from orbital_kernel.science.rednoise import red_noise

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


@pytest.mark.parametrize("delay", [-600.0, 0.0, 900.0])
def test_a_known_delay_is_found_within_its_error(delay):
    row = lag(
        *related(delay), bin_s=100, max_lag_s=2000, simulations=100, slope=1.2
    ).row(0, named=True)

    assert abs(row["lag_s"] - delay) < 3 * row["lag_err_s"] + 50
    assert row["lag_err_s"] < 450
    assert row["correlation"] > 0.6
    assert row["chance_probability"] < 0.05


def test_two_unrelated_red_noises_are_no_detection():
    """Red noise alone correlates at 0.7 and more now and then: the null knows."""
    chances = [
        lag(
            related(0, seed=s)[0],
            related(0, seed=s + 50)[1],
            bin_s=200,
            max_lag_s=4000,
            simulations=60,
        )["chance_probability"][0]
        for s in range(12)
    ]

    assert np.median(chances) > 0.1
    assert sum(chance < 0.05 for chance in chances) <= 3


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
        series(range(6), range(6)), series(range(6), range(6)), bin_s=1, max_lag_s=5
    )

    assert [None, None] == [values["dcf"][0], values["dcf"][-1]]
    assert values.filter(pl.col("lag_s") == 0)["dcf"][0] is not None


def test_the_same_seed_gives_the_same_row():
    first, second = related(300, points=80)
    first_row, second_row = (
        lag(first, second, bin_s=200, max_lag_s=2000, simulations=30, seed=7)
        for _ in range(2)
    )

    assert first_row.equals(second_row)


def test_the_row_fits_the_table_of_lags():
    row = lag(*related(300, points=80), bin_s=200, max_lag_s=2000, simulations=30)
    columns = [column.name for column in schema.table("cross.lags").columns]

    assert columns == row.columns


def test_limits_take_no_part():
    first, second = related(0, points=80)
    limit = series([5.0], [1e6]).with_columns(is_limit=pl.lit(value=True))
    ask = {"bin_s": 200, "max_lag_s": 1000}

    assert dcf(first, second, **ask).equals(
        dcf(pl.concat([first, limit]), second, **ask)
    )


def test_a_shuffled_null_is_optimistic_for_red_noise():
    pair = related(0, seed=1)[0], related(0, seed=51)[1]
    ask = {"bin_s": 200, "max_lag_s": 4000, "simulations": 100}
    red, shuffled = (
        lag(*pair, null=n, **ask)["chance_probability"][0]
        for n in ("red-noise", "shuffle")
    )

    assert shuffled < red


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


def test_too_few_points_and_unknown_nulls_are_refused():
    first, second = related(0, points=20)

    with pytest.raises(QueryError, match="4 detections"):
        dcf(first.head(4), second, bin_s=100, max_lag_s=1000)
    with pytest.raises(QueryError, match="red-noise"):
        lag(first, second, bin_s=100, max_lag_s=1000, null="white")


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
