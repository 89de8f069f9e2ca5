"""Shape of light curves: against truth, independent libraries and published numbers."""

import doctest
import importlib
import json
import pkgutil

import numpy as np
import polars as pl
import pytest
from astropy.timeseries import LombScargle
from click.testing import CliRunner
from scipy import integrate, stats

from orbital_kernel import shape
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import QueryError
from orbital_kernel.science.shape import decay_residuals

decay_module = importlib.import_module("orbital_kernel.science.shape.decay")
GRB = "joint/GRB130427A-SN2013cq"
MODULES = [m.name for m in pkgutil.iter_modules(shape.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_shape_are_true(name):
    module = importlib.import_module(f"orbital_kernel.science.shape.{name}")

    assert 0 == doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed


def test_fvar_is_that_of_the_source():
    rng = np.random.default_rng(3)
    true = 10 * (1 + 0.3 * np.sin(np.arange(400) / 7))
    measured = shape.excess_variance(true + rng.normal(0, 1, 400), np.ones(400))
    real = true.std(ddof=1) / true.mean()

    assert abs(measured.fvar - real) < 3 * measured.fvar_err
    assert 0 < measured.fvar_err < 0.02


def test_excess_variance_is_vaughans():
    x, e = np.array([1.0, 2.0, 4.0, 3.0]), np.array([0.1, 0.2, 0.3, 0.2])
    noise = (e**2).mean()
    expected = (x.var(ddof=1) - noise) / x.mean() ** 2
    error = np.sqrt(
        2 / 4 * noise**2 / x.mean() ** 4 + noise / 4 * 4 * expected / x.mean() ** 2
    )
    variance = shape.excess_variance(x, e)

    assert pytest.approx((expected, error, np.sqrt(expected))) == (
        variance.excess,
        variance.excess_err,
        variance.fvar,
    )


def test_a_constant_source_of_few_counts_has_no_excess_on_average():
    rng = np.random.default_rng(5)
    values = [
        shape.excess_variance_of_counts(rng.poisson(2.0, 60), np.full(60, 9.0)).excess
        for _ in range(400)
    ]

    assert abs(np.mean(values)) < 4 * np.std(values) / 20


@pytest.mark.parametrize("mean", [0.3, 30.0])
def test_p_values_of_constant_sources_are_uniform(mean):
    rng = np.random.default_rng(8)
    live = np.where(np.arange(30) % 2, 10.0, 4.0)
    values = [
        shape.constancy(rng.poisson(mean * live / 7), live).p_value for _ in range(40)
    ]

    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_a_varying_source_of_few_counts_is_seen():
    counts = np.array([0] * 20 + [4, 6, 5] + [0, 1] * 10)

    assert shape.constancy(counts, np.full(counts.size, 10.0)).p_value < 1e-3
    times = shape.live_times(counts, np.full(counts.size, 10.0))
    assert shape.gregory_loredo(*times).probability > 0.99


def test_gregory_loredo_rarely_calls_a_constant_source_variable():
    rng = np.random.default_rng(2)
    seen = [
        shape.gregory_loredo(rng.uniform(0, 1e4, count), 1e4).probability > 0.9
        for count in (5, 20, 100)
        for _ in range(60)
    ]

    assert sum(seen) <= 4


def test_odds_of_two_steps_are_those_of_the_integral():
    """With one phase: the flat prior of both steps' shares integrates to a beta function."""
    times = np.array([0.1, 0.2, 0.3, 0.8]) * 100
    odds = shape.gregory_loredo(times, 100.0, parts=2)
    values = []
    for shift in np.arange(10) / 20:
        first = int((((times / 100 + shift) % 1) < 0.5).sum())
        integral = integrate.quad(
            lambda f, k=first: (2 * f) ** k * (2 * (1 - f)) ** (4 - k), 0, 1
        )[0]
        values.append(integral)

    assert pytest.approx(np.log10(np.mean(values))) == odds.log10_odds


def test_a_hardness_without_background_is_a_beta_distribution():
    beta = stats.beta(12 + 1, 4 + 1)
    mean = 1 - 2 * beta.mean()
    hardness = shape.hardness(12, 4)

    assert pytest.approx(mean, abs=0.01) == hardness.ratio
    share = beta.cdf((1 - hardness.ratio_low) / 2) - beta.cdf(
        (1 - hardness.ratio_high) / 2
    )
    assert pytest.approx(hardness.confidence, abs=0.015) == share


def test_a_background_softens_what_only_it_makes_hard():
    """The posterior of the source's means by brute force on a grid."""
    grid = np.linspace(1e-3, 40, 1500)
    back = np.linspace(1e-4, 8, 600)

    def density(on, off):
        prior = back**off * np.exp(-back / 0.2)
        likelihood = stats.poisson.pmf(on, grid[:, None] + back)
        values = integrate.trapezoid(likelihood * prior, back, axis=1)
        return values / values.sum()

    s, h = density(9, 10), density(6, 20)
    ratios = (grid[None, :] - grid[:, None]) / (grid[None, :] + grid[:, None])
    expected = (ratios * s[:, None] * h[None, :]).sum()
    hardness = shape.hardness(9, 6, soft_off=10, hard_off=20, ratio=0.2)

    assert pytest.approx(expected, abs=0.02) == hardness.ratio
    assert hardness.ratio < shape.hardness(9, 6).ratio


@pytest.mark.parametrize("breaks", [0, 1, 2])
def test_the_number_and_the_place_of_breaks_are_found(breaks):
    rng = np.random.default_rng(4)
    times = np.geomspace(100, 1e6, 140)
    slopes, at = [(1.2,), (0.5, 1.3), (3.0, 0.4, 1.4)][breaks], [1e3, 2e4][:breaks]
    at = [1e4] if breaks == 1 else at
    log = -slopes[0] * np.log(times / 100)
    for k, b in enumerate(at):
        log -= (slopes[k + 1] - slopes[k]) * np.maximum(np.log(times / b), 0)
    flux = np.exp(log)
    noisy = flux * (1 + 0.08 * rng.normal(size=times.size))
    fit = shape.decay(times, noisy, 0.08 * flux)

    assert breaks == len(fit.breaks_s)
    for true, index, error in zip(slopes, fit.indices, fit.index_errs, strict=True):
        assert abs(index - true) < 4 * error
    for true, value, error in zip(at, fit.breaks_s, fit.break_errs_s, strict=True):
        assert abs(value - true) < 4 * error
    assert pytest.approx(flux, rel=0.15) == fit.flux(times)


def test_segments_and_breaks_have_the_names_of_the_field():
    times = np.geomspace(100, 1e7, 200)
    log = -3.0 * np.log(times / 100)
    for bend, at in ((-2.6, 1e3), (0.8, 1e4), (1.0, 1e6)):
        log -= bend * np.maximum(np.log(times / at), 0)
    fit = shape.decay(times, np.exp(log), 0.05 * np.exp(log))

    assert (
        *("steep decay", "end of the steep decay", "plateau", "end of the plateau"),
        *("normal decay", "jet break", "post-jet-break decay"),
    ) == fit.names


def test_a_limit_bends_a_decay_that_detections_alone_leave_open():
    times = np.array([1e3, 2e3, 4e3, 8e3, 1e6])
    flux = np.append(10.0 * (times[:4] / 1e3) ** -1.0, 1e-4)
    errors, limit = np.append(0.3 * flux[:4], 0), times > 5e5
    free = shape.decay(times[:4], flux[:4], errors[:4], breaks=0)
    bound = shape.decay(times, flux, errors, is_limit=limit, breaks=0)

    assert (4, 1) == (bound.points, bound.limits)
    assert bound.indices[0] > free.indices[0] + 0.2


def test_the_late_decay_of_grb_130427a_is_the_published_one(archive):
    """De Pasquale et al. 2016, MNRAS 462, 1111: 1.309 +- 0.007 after 47 ks."""
    xrt = np.loadtxt(archive / GRB / "GRB130427Axrtlc.txt", skiprows=1)
    late = pl.read_csv(
        archive / GRB / "GRB130427A-SN2013cq_Xray_Master.txt", separator="\t"
    )
    systematic = 0.1 * late["flux"].to_numpy()
    upper = xrt[:, 6] == 8
    fit = shape.decay(
        np.append(xrt[:, 0], late["time"]),
        np.append(xrt[:, 3], late["flux"]),
        np.append(xrt[:, 4], np.hypot(late["dflux"], systematic)),
        err_minus=np.append(-xrt[:, 5], np.hypot(late["dflux"], systematic)),
        is_limit=np.append(upper, np.zeros(len(late), bool)),
        breaks=0,
    )
    all_times = fit.points + fit.limits
    after = xrt[:, 0] > 47e3
    cut = shape.decay(
        np.append(xrt[after, 0], late["time"]),
        np.append(xrt[after, 3], late["flux"]),
        np.append(xrt[after, 4], np.hypot(late["dflux"], systematic)),
        err_minus=np.append(-xrt[after, 5], np.hypot(late["dflux"], systematic)),
        is_limit=np.append(upper[after], np.zeros(len(late), bool)),
        breaks=0,
    )

    assert all_times > cut.points + cut.limits
    assert abs(cut.indices[0] - 1.309) < 0.007
    assert pytest.approx(0.007, abs=0.001) == cut.index_errs[0]


def test_a_period_is_that_of_astropys_search():
    rng = np.random.default_rng(6)
    times = np.sort(rng.uniform(0, 2000, 150))
    values = np.sin(2 * np.pi * times / 37) + rng.normal(0, 0.5, 150)
    found = shape.periodogram(times, values, np.full(150, 0.5))
    power = LombScargle(times, values, np.full(150, 0.5)).power(1 / found.period_s)

    assert pytest.approx(37, rel=0.01) == found.period_s
    assert pytest.approx(float(power)) == found.frame["power"].max()
    assert found.false_alarm < 1e-6
    noise = shape.periodogram(times, rng.normal(0, 1, 150), np.ones(150))
    assert noise.false_alarm > 1e-3


def test_poisson_noise_has_leahy_power_two():
    counts = np.random.default_rng(9).poisson(50, 4096)
    spectrum = shape.power_spectrum(counts, 0.1, segment_s=12.8)

    assert pytest.approx(2.0, abs=0.15) == spectrum["power"].mean()


def test_a_slope_has_the_error_of_its_scatter():
    rng = np.random.default_rng(1)
    years = np.linspace(0, 12, 60)
    values = 5 - 0.2 * years + rng.normal(0, 0.5, 60)
    line = shape.trend(years * 365.25 * 86400, values, np.full(60, 0.1))

    assert abs(line.slope + 0.2) < 3 * line.slope_err
    assert pytest.approx(0.49, abs=0.12) == line.scatter
    assert line.slope_err > 5 * 0.1 / np.sqrt(60) / 12


def test_seasons_and_states_say_how_they_were_selected():
    days = np.concatenate([np.arange(0, 100, 5), np.arange(250, 350, 5)])
    values = np.where(days < 200, 1.0, 3.0)
    points = pl.DataFrame({"time_s": days * 86400.0, "value": values, "value_err": 0.1})
    season = shape.seasons(points)
    state = shape.states(points["time_s"], points["value"], points["value_err"])

    assert [1.0, 3.0] == pytest.approx(season["value"].to_list())
    assert [1.0, 3.0] == pytest.approx(state["value"].to_list())
    assert [20, 20] == season["points"].to_list() == state["points"].to_list()
    assert "60 d" in season["selection"][0]
    assert "false alarm" in state["selection"][0]


def test_magnitudes_of_each_filter_decay_as_flux_densities():
    """Filters are never put together, and a decay of magnitudes has no meaning."""
    time = np.geomspace(1e3, 1e5, 30)
    magnitude = {"UVW2": 14.0, "U": 15.0}
    points = pl.DataFrame(
        {
            "observatory": "swift",
            "instrument": "UVOT",
            "unit": "mag(AB)",
            "band": name,
            "since_s": since,
            "value": at_start + 2.5 * 1.2 * np.log10(since / 1e3),
            "value_err_plus": 0.02,
            "value_err_minus": 0.02,
        }
        for name, at_start in magnitude.items()
        for since in time
    )
    result = shape.shape_of(points, breaks=0)
    rows = result.rows.sort("filter")

    assert ["U", "UVW2"] == rows["filter"].to_list()
    assert {"mJy"} == set(rows["unit"])
    assert {"swift/UVOT U", "swift/UVOT UVW2"} == set(result.decays)
    for fit in result.decays.values():
        assert fit.indices[0] == pytest.approx(1.2, abs=0.01)
    assert rows["mean"][1] / rows["mean"][0] == pytest.approx(10**0.4)
    assert "60 magnitudes are used as flux densities, mJy" in result.notes


def test_groups_of_one_instrument_keep_their_decays_apart():
    time = np.geomspace(1e3, 1e5, 30)
    frames = [
        pl.DataFrame(
            {
                "observatory": "swift",
                "instrument": "XRT",
                "unit": unit,
                "since_s": time[:many],
                "value": time[:many] ** -index,
                "value_err_plus": 0.05 * time[:many] ** -index,
            }
        )
        for unit, index, many in (("erg / (cm2 s)", 1.0, 30), ("count / s", 2.0, 20))
    ]
    decays = shape.shape_of(pl.concat(frames), breaks=0).decays

    assert {"swift/XRT", "swift/XRT [count / s]"} == set(decays)
    assert 1.0 == pytest.approx(decays["swift/XRT"].indices[0], abs=1e-3)
    assert 2.0 == pytest.approx(decays["swift/XRT [count / s]"].indices[0], abs=1e-3)


@pytest.fixture(scope="module")
def burst(real, archive):
    """Return the session with GRB 130427A and the catalogues that give its T0."""
    catalogue = archive / "swift_bat/catalogs/bat_catalog_summary_general.txt"
    real.ingest(archive / GRB, catalogue)
    return real


def test_the_shape_of_an_object_is_by_instrument_and_of_all(burst):
    result = burst.shape("GRB 130427A", since_s=(47e3, None), breaks=0)
    rows = result.rows.filter(pl.col("observatory") == "swift")

    assert rows["points"][0] > 400
    assert rows["fvar"][0] > 0.5
    assert abs(result.decays["all"].indices[0] - 1.309) < 0.02
    assert "see unit" == result.units["mean"]
    assert any("not used" in note for note in result.notes)


def test_the_command_prints_the_shape_of_an_object(burst, home, monkeypatch):
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    monkeypatch.setenv("ORBITAL_DATABASE", "real")
    words = ["shape", "GRB 130427A", "--since", "47000", "--breaks", "0"]
    reply = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
    document = json.loads(reply.output)
    text = CliRunner().invoke(cli, words, catch_exceptions=False).output

    assert {"object", "groups", "decays", "units"} <= set(document)
    assert abs(document["decays"]["all"]["indices"][0] - 1.309) < 0.02
    assert "normal decay, index 1.3" in text


def test_bins_of_counts_have_a_shape_too():
    rng = np.random.default_rng(12)
    steady = pl.DataFrame({"counts": rng.poisson(3, 80), "exposure_s": 100.0})
    flaring = steady.with_columns(
        counts=pl.when(pl.int_range(pl.len()) == 40).then(40).otherwise("counts")
    )

    assert shape.shape_of(steady).rows["p_constant"][0] > 0.01
    assert shape.shape_of(flaring).rows["p_constant"][0] < 1e-3
    assert shape.shape_of(flaring).rows["variable_probability"][0] > 0.99


def test_what_cannot_be_measured_says_why():
    single = pl.DataFrame({"value": [1.0], "value_err_plus": [0.1], "unit": ["mJy"]})

    assert "two or more" in shape.shape_of(single).rows["reason"][0]
    with pytest.raises(QueryError, match="value and unit"):
        shape.shape_of(pl.DataFrame({"flux": [1.0]}))
    with pytest.raises(QueryError, match="0 to 3 breaks"):
        shape.decay([1, 2], [1, 2], [1, 1], breaks=4)
    with pytest.raises(QueryError, match="too few"):
        shape.decay([1, 2], [1, 2], [1, 1], breaks=0)


def test_times_without_a_t0_are_said_to_be_since_the_first_point():
    bins = pl.DataFrame(
        {
            "value": [3.0, 2.0, 1.0],
            "value_err_plus": 0.1,
            "unit": "ct / s",
            "since_s": [0.0, 10.0, 20.0],
            "t0_source": "first point",
        }
    )
    late = shape.shape_of(bins, since_s=(5.0, None))

    assert any("since the first point; give t0" in note for note in late.notes)
    assert not any("first point" in note for note in shape.shape_of(bins).notes)


def test_the_derivatives_of_a_decay_are_those_of_its_residuals():
    t = np.geomspace(1.0, 1e4, 40)
    limit = np.zeros(40, bool)
    limit[::5] = True
    flux = np.where(t < 100, (t / 100) ** -0.5, (t / 100) ** -1.4)
    data = decay_module._data(t, flux, 0.1 * flux, None, limit, 0.0)
    at = np.array([0.2, 0.6, 1.1, 1.9, np.log(30.0), np.log(700.0)])
    step = 1e-6
    measured = np.column_stack(
        [
            (
                decay_residuals.residuals(at + d, data)
                - decay_residuals.residuals(at - d, data)
            )
            / (2 * step)
            for d in step * np.eye(6)
        ]
    )

    assert decay_residuals.jacobian(at, data) == pytest.approx(
        measured, rel=1e-4, abs=1e-4
    )


def test_a_decay_of_many_points_is_fitted_in_a_table_of_few_rows():
    t = np.geomspace(1.0, 1e4, 5000)
    data = decay_module._data(t, t**-1.2, 0.1 * t**-1.2, None, None, 0.0)
    at, steps = np.array([0.1, 1.1]), np.eye(2)
    triangle = decay_residuals.triangle(at, steps, data)
    jacobian, residuals = (
        decay_residuals.jacobian(at, data),
        decay_residuals.residuals(at, data),
    )

    assert (3, 3) == triangle.shape
    assert triangle[:, :2].T @ triangle[:, :2] == pytest.approx(jacobian.T @ jacobian)
    assert triangle[:, -1] @ triangle[:, -1] == pytest.approx(residuals @ residuals)


def test_a_p_value_that_no_simulated_curve_reaches_is_called_an_upper_limit():
    wild = pl.DataFrame({"counts": [0, 30, 1, 0, 2], "exposure_s": [10.0] * 5})
    calm = pl.DataFrame({"counts": [3, 4, 3, 5, 4], "exposure_s": [10.0] * 5})
    of_wild, of_calm = shape.shape_of(wild), shape.shape_of(calm)

    assert "simulated, upper limit" == of_wild.rows["p_method"][0]
    assert any("1 rows is an upper limit" in note for note in of_wild.notes)
    assert "simulated" == of_calm.rows["p_method"][0]
    assert not any("upper limit" in note for note in of_calm.notes)


def test_the_command_shows_bands_and_counts_points_without_hardness(
    burst, home, monkeypatch
):
    monkeypatch.setenv("ORBITAL_HOME", str(home))
    monkeypatch.setenv("ORBITAL_DATABASE", "real")
    words = ["shape", "GRB 130427A", "--breaks", "0"]
    bands = burst.light_curve("GRB 130427A").points["band"].unique().drop_nulls()
    band = bands.sort()[0]
    reply = CliRunner().invoke(cli, [*words, "--hardness", band, band, "--json"])
    text = CliRunner().invoke(cli, words, catch_exceptions=False).output

    document = json.loads(reply.output)
    assert {"ratio", "ratio_low", "ratio_high"} <= set(document["hardness"][0])
    assert isinstance(document["without_hardness"], dict)
    assert "band_low_kev" in text
