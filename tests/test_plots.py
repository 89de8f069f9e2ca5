"""Figures: what is drawn, what is written on the axes, what is told of simulated rows."""

import pkgutil
import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bokeh.models import (
    Axis,
    BoxAnnotation,
    HoverTool,
    Label,
    Legend,
    Line,
    LinearAxis,
    LogAxis,
    LogScale,
    Plot,
    Scatter,
    Segment,
    Span,
    Step,
    VStrip,
)

from orbital_kernel import plots
from orbital_kernel.errors import QueryError, SchemaMismatch
from orbital_kernel.model.observatory import observatories
from orbital_kernel.plots.burst_views import DRAWN
from orbital_kernel.plots.equal_area import HIGH, WIDE, Hammer
from orbital_kernel.plots.rates import MOST_BINS, step_columns
from orbital_kernel.science import population
from orbital_kernel.science.lightcurves import PowerLaw, gather, joint
from orbital_kernel.science.visibility import plan

T0 = datetime(2013, 4, 27, 7, 49, 4)  # noqa: DTZ001 - TT has no zone
NS = pl.Datetime("ns")


def moments(seconds):
    return pl.Series([T0 + timedelta(seconds=float(s)) for s in seconds], dtype=NS)


def points(**changes):
    base = {
        "object": "V404 Cyg",
        "time": moments([0, 86400, 172800]),
        "value": [2e-12, 1e-12, 5e-13],
        "value_err_plus": [2e-13, 2e-13, None],
        "value_err_minus": [1e-13, 3e-12, None],
        "is_limit": [False, False, True],
        "unit": "erg / (cm2 s)",
        "band_low_kev": 0.3,
        "band_high_kev": 10.0,
        "instrument": "XRT",
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def curve(**changes):
    return joint(
        gather({"swift": points(**changes), "chandra": points(**changes)}),
        model=PowerLaw(),
    )


def rates(size=50, **changes):
    base = {
        "series": "sw1",
        "channel": pl.Series([0] * size, dtype=pl.Int16),
        "time": moments(range(size)),
        "bin_s": 1.0,
        "rate": np.linspace(1, 2, size),
        "rate_err": 0.1,
        "unit": "ct / s",
        "band_low_kev": 15.0,
        "band_high_kev": 350.0,
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def burst(**changes):
    base = {
        "time": moments([20]),
        "timescale_s": 4.0,
        "significance": 12.3,
        "cause": "burst",
        "t90_s": 6.5,
        "t90_start_s": -1.0,
        "background": 1.2,
        "matches": '[{"name": "GRB 130427A"}]',
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def sky(**changes):
    base = {
        "observatory": ["swift", "chandra", "swift"],
        "source_id": ["a", "b", "c"],
        "ra": [10.0, 10.1, 9.9],
        "dec": [0.0, 0.1, -0.1],
        "error_radius_arcsec": [3.0, 0.5, None],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def grbs(**changes):
    rng = np.random.default_rng(1)
    base = {
        "catalog": "bat",
        "name": [f"GRB {n}" for n in range(30)],
        "t90_s": 10 ** rng.normal(1, 0.5, 30),
        "fluence_erg_cm2": 10 ** rng.normal(-6, 0.5, 30),
        "time": moments(n * 40 * 86400 for n in range(30)),
        "photon_index": rng.normal(1.6, 0.2, 30),
        "redshift": rng.uniform(0.1, 3, 30),
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def matches(**changes):
    base = {
        "normalised_separation": [0.5, 1.0, 4.0],
        "match_probability": [0.99, 0.9, 0.1],
        "mutual": [True, True, False],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def queries(**changes):
    base = {
        "asked": [T0 + timedelta(minutes=n) for n in range(4)],
        "kind": ["cone", "cone", "sql", "sql"],
        "milliseconds": [10.0, 20.0, 100.0, 300.0],
        "rows_stored": [1000, 10**6, 1000, 10**6],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def capacity(**changes):
    base = {
        "sampled": [T0 + timedelta(days=n) for n in range(3)],
        "name": "swift",
        "used_bytes": [10**12, 2 * 10**12, 3 * 10**12],
        "soft_limit_bytes": 4 * 10**12,
        "hard_limit_bytes": 5 * 10**12,
        "state": "OK",
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def alarms(**changes):
    base = {
        "kind": ["net 1 s", "net 1 s", "raw 1 s"],
        "threshold": [4.0, 5.0, 4.0],
        "per_day": [3.0, 0.0, 10.0],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def predictions(**changes):
    base = {
        "name": "cone",
        "table_bytes": [1e9, 1e12, 1e15],
        "milliseconds": [10.0, 20.0, 40.0],
        "low_ms": [8.0, 16.0, 32.0],
        "high_ms": [12.0, 24.0, 48.0],
        "cost": [1e-6, 2e-6, 4e-6],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def totals(**changes):
    base = {
        "table": ["swift.rates", "chandra.events"],
        "source_rows": [10, 200],
        "store_rows": [10, 200],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def comparisons(**changes):
    base = {
        "table": ["swift.rates", "chandra.events"],
        **{end: [T0, T0] for end in ("source_first", "store_first")},
        **{end: [T0 + timedelta(days=1)] * 2 for end in ("source_last", "store_last")},
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def periods(**changes):
    base = {
        "start": [T0, T0 + timedelta(days=1)],
        "p50_ms": [10.0, 12.0],
        "p95_ms": [20.0, 21.0],
        "p99_ms": [30.0, 31.0],
        "simulated": False,
    }
    return pl.DataFrame(base | changes)


def followed(*, simulated=False):
    return plan(
        *(10.0, 20.0, tuple(observatories().values())),
        start=T0,
        days=0.2,
        simulated=bool(np.any(np.asarray(simulated))),
    )


FIGURES = {
    **{
        f"burst_view:{name}": lambda name=name, **c: plots.burst_view(
            name, population.views(grbs(**c))[name]
        )
        for name in DRAWN
    },
    "false_alarms": lambda **c: plots.false_alarms(alarms(**c)),
    "scale": lambda **c: plots.scale(predictions(**c)),
    "visibility": lambda **c: plots.visibility(followed(**c)),
    "light_curve": lambda **c: plots.light_curve(curve(**c)),
    "rates": lambda **c: plots.rates(rates(**c), bursts=burst(**c)),
    "detection": lambda **c: plots.detection(rates(**c), burst(**c)),
    "sky_map": lambda **c: plots.sky_map(sky(**c)),
    "sky_map:hammer": lambda **c: plots.sky_map(sky(**c), projection="hammer"),
    "population": lambda **c: plots.population(grbs(**c)),
    "match_separations": lambda **c: plots.match_separations(matches(**c)),
    "latency": lambda **c: plots.latency(queries(**c)),
    "storage": lambda **c: plots.storage(capacity(**c)),
    "row_agreement": lambda **c: plots.row_agreement(totals(**c)),
    "time_agreement": lambda **c: plots.time_agreement(comparisons(**c)),
    "latency_course": lambda **c: plots.latency_course(periods(**c), budget_ms=50.0),
}


def drawn(figure):
    """Every plot in a figure or layout, the titled one first."""
    return sorted(figure.select({"type": Plot}), key=lambda p: not p.title.text)


def glyphs(figure, kind):
    return [r.glyph for r in figure.renderers if isinstance(r.glyph, kind)]


def test_every_figure_of_plots_is_tested_here():
    drawn = {name.partition(":")[0] for name in FIGURES}
    files = {module.name for module in pkgutil.iter_modules(plots.__path__)}
    names = files - {"agreement", "burst_views", "theme"}
    names -= {"equal_area", "sky_lines", "whole_sky"}
    names -= {
        "coverage",
        "curve_axes",
        "curve_crowd",
        "curve_marks",
        "curve_panels",
        "quality",
    }
    names |= {"burst_view", "row_agreement", "time_agreement"}

    elsewhere = {"burst_views", "to_html", "control_chart", "quality_board"}
    assert drawn == set(plots.__all__) - elsewhere
    assert drawn == names


def test_rates_of_a_million_are_written_out_on_linear_axes():
    drawn = plots.theme.canvas("Rates")

    assert [7, 7] == [axis.formatter.power_limit_high for axis in drawn.axis]


def test_figures_are_begun_in_one_place_which_asks_for_simulated_rows():
    root = Path(plots.__file__).parents[2]
    begun = [
        path.relative_to(root).as_posix()
        for folder in ("orbital_kernel", "notebooks")
        for path in [*(root / folder).rglob("*.py"), *(root / folder).rglob("*.ipynb")]
        if re.search(r"from bokeh\.plotting import", path.read_text())
    ]

    assert ["orbital_kernel/plots/theme.py"] == begun


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_of_every_figure_is_labelled(name):
    figure = FIGURES[name]()
    labels = [axis.axis_label for axis in figure.select({"type": Axis})]

    assert len(labels) >= 2
    assert all(labels)


@pytest.mark.parametrize("name", FIGURES)
def test_simulated_rows_are_named_in_the_title_and_across_the_figure(name):
    plain, marked = (drawn(FIGURES[name](simulated=s))[0] for s in (False, True))
    labels = marked.select({"type": Label})
    marks = [label.text for label in labels if label.text]

    assert "SIMULATED" not in plain.title.text
    assert marked.title.text.startswith("SIMULATED")
    assert ["SIMULATED"] == marks
    assert not [label for label in plain.select({"type": Label}) if label.text]


@pytest.mark.parametrize("name", FIGURES)
def test_one_simulated_row_is_enough(name):
    if name in {"detection", "rates"}:
        figure = plots.rates(rates(), bursts=burst(simulated=True))
    else:
        sizes = {"light_curve": 3, "population": 30, "burst_view": 30, "latency": 4}
        sizes |= {"row_agreement": 2, "time_agreement": 2, "latency_course": 2}
        size = sizes.get(name.partition(":")[0], 3)
        flags = pl.Series([False] * (size - 1) + [True])
        figure = drawn(FIGURES[name](simulated=flags))[0]

    assert figure.title.text.startswith("SIMULATED")


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_needs_no_network_and_names_its_figure(name):
    page = plots.to_html(FIGURES[name](), title="Report")

    assert "<title>Report</title>" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert len(page) > 500_000


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_frame_gives_the_same_figure(name):
    def data(figure):
        return [
            str(r.data_source.data) for plot in drawn(figure) for r in plot.renderers
        ]

    assert sorted(data(FIGURES[name]())) == sorted(data(FIGURES[name]()))


@pytest.mark.parametrize("name", FIGURES)
def test_legends_hide_what_they_name(name):
    for legend in FIGURES[name]().select({"type": Legend}):
        assert "hide" == legend.click_policy
        assert all(item.renderers for item in legend.items)


def test_a_light_curve_is_logarithmic_with_units_on_both_axes():
    figure = plots.light_curve(curve())

    assert isinstance(figure.y_scale, LogScale)
    assert "0.3–10 keV flux (erg cm⁻² s⁻¹)" == figure.yaxis[0].axis_label  # noqa: RUF001
    assert "time (UTC)" == figure.below[0].axis_label
    assert "Light curve of V404 Cyg" == figure.title.text


def test_both_observatories_share_the_axes_and_have_their_own_colour():
    legend = plots.light_curve(curve()).select_one({"type": Legend})

    colors = {
        item.label.value: item.renderers[-1].glyph.line_color
        for item in legend.items
        if item.label.value != "upper limits"
    }
    assert {"swift": "#0072B2", "chandra": "#D55E00"} == colors


def test_limits_have_their_own_entry_in_the_legend_and_arrows():
    figure = plots.light_curve(curve())
    legend = figure.select_one({"type": Legend})
    (limits,) = (i for i in legend.items if i.label.value == "upper limits")
    arrows = {r.glyph.y0 for r in limits.renderers if isinstance(r.glyph, Segment)}

    assert {"inverted_triangle"} == {
        r.glyph.marker for r in limits.renderers if isinstance(r.glyph, Scatter)
    }
    assert "arrow" in arrows


def test_limits_are_open_triangles_pointing_down_and_detections_are_not():
    figure = plots.light_curve(curve())
    marks = {
        r.glyph.marker: r for r in figure.renderers if isinstance(r.glyph, Scatter)
    }

    assert {"circle", "inverted_triangle"} == set(marks)
    assert [5e-13] == marks["inverted_triangle"].data_source.data["y"].tolist()
    assert "white" == marks["inverted_triangle"].glyph.fill_color


def test_error_bars_are_asymmetric_and_end_at_the_foot_of_the_plot():
    figure = plots.light_curve(curve())
    drawn = [
        np.asarray(r.data_source.data["y"], float)
        for r in figure.renderers
        if isinstance(r.glyph, Line)
    ]
    ends = [y for y in drawn if np.isnan(y).any()]
    upright = np.concatenate(ends)
    upright = upright[np.isfinite(upright)]

    assert (upright > 0).all()
    for end in (2.2e-12, 1.2e-12, 1.9e-12, figure.y_range.start):
        assert np.isclose(upright, end, rtol=1e-6, atol=0).any(), end


def test_utc_is_below_and_elapsed_days_above():
    figure = plots.light_curve(curve())
    above = next(a for a in figure.above if isinstance(a, LinearAxis))
    elapsed = figure.extra_x_ranges["elapsed"]
    span = (figure.x_range.end - figure.x_range.start) / 86_400_000

    utc = "2013-04-27 07:47:56.816 UTC"
    assert f"days since {utc}, T0: first point" == above.axis_label
    assert pytest.approx(span) == elapsed.end - elapsed.start
    assert -0.5 < elapsed.start < 0
    assert figure.x_range.js_property_callbacks


def test_utc_is_drawn_and_not_tt():
    """In April 2013 TT is 67.184 s ahead."""
    figure = plots.light_curve(curve())
    circle = next(r for r in figure.renderers if isinstance(r.glyph, Scatter))
    utc = (T0 - timedelta(seconds=67.184) - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001

    assert pytest.approx(utc * 1000, abs=0.01) == circle.data_source.data["x"][0]


def test_a_burst_afterglow_is_drawn_over_the_logarithm_of_elapsed_time():
    after = moments([100, 1000, 1e6])
    joined = joint(gather({"swift": points(time=after)}), t0=T0)
    figure = plots.light_curve(joined)

    assert isinstance(figure.xaxis[0], LogAxis)
    label = figure.xaxis[0].axis_label
    assert "time since 2013-04-27 07:47:56.816 UTC, T0: given (s)" == label


def test_what_is_not_drawn_is_counted_and_explained():
    mixed = points(
        value=[2e-12, -1e-12, 5e-13], unit=["erg / (cm2 s)"] * 2 + ["ct / s"]
    )
    figure = plots.light_curve(joint(gather({"swift": mixed})))
    notes = [panel.text for panel in figure.above if hasattr(panel, "text")]

    assert "1 points · 1 excluded: a count rate" in notes[0]
    assert "1 not on these axes" in notes[0]


def test_fluxes_of_several_units_have_panels_of_their_own_linked_in_time():
    mixed = points(unit=["erg / (cm2 s)", "erg / (cm2 s)", "count / s"])
    flux, rate = plots.light_curve(mixed).children

    assert "erg cm⁻² s⁻¹" in flux.yaxis[0].axis_label
    assert "0.3–10 keV rate (counts s⁻¹)" == rate.yaxis[0].axis_label  # noqa: RUF001
    assert flux.x_range is rate.x_range


def test_bands_of_an_observatory_have_their_own_colours_and_modes_their_marks():
    figure = plots.light_curve(
        points(
            is_limit=[False] * 3,
            value=[2e-12, 1e-12, 5e-13],
            band=["0.3-2 keV", "2-10 keV", "2-10 keV"],
            mode=["WT", "PC", "PC"],
        )
    )
    legend = figure.select_one({"type": Legend})
    colors = {i.label.value: i.renderers[-1].glyph.line_color for i in legend.items}

    assert {"XRT XRT 0.3-2 keV", "XRT XRT 2-10 keV"} == set(colors)
    assert 2 == len(set(colors.values()))
    assert {"square", "circle"} == {
        r.glyph.marker for r in figure.renderers if isinstance(r.glyph, Scatter)
    }


def test_points_without_a_date_are_drawn_against_the_time_since_t0():
    undated = pl.DataFrame(
        {
            "time": pl.Series([None, None], dtype=pl.Datetime("ns")),
            "since_t0_s": [100.0, 400.0],
            "value": [2.0, 1.0],
            "unit": ["count / s"] * 2,
        }
    )
    figure = plots.light_curve(joint(undated, unit=None))
    circle = next(r for r in figure.renderers if isinstance(r.glyph, Scatter))

    assert [100.0, 400.0] == circle.data_source.data["x"].tolist()
    assert "time since T0 of the file, without a date (s)" == (
        figure.xaxis[0].axis_label
    )


def test_residual_ratio_and_hardness_panels_are_linked_and_say_what_they_are():
    times = moments([1, 1, 500, 500])
    bands = pl.DataFrame(
        {
            "time": times,
            "value": [2.0, 6.0, 4.0, 4.0],
            "value_err_plus": [0.5] * 4,
            "value_err_minus": [1.0] * 4,
            "unit": "count / s",
            "band": ["soft", "hard"] * 2,
            "observatory": "chandra",
        }
    )
    figures = plots.light_curve(
        bands,
        model=lambda since: np.full(len(since), 4.0),
        panels=("residual", "ratio", "hardness"),
        hardness=("soft", "hard"),
    ).children
    values = [
        next(r for r in f.renderers if isinstance(r.glyph, Scatter)).data_source.data
        for f in figures[1:]
    ]

    assert [-4.0, 2.0, 0.0, 0.0] == values[0]["y"].tolist()
    assert [0.5, 1.5, 1.0, 1.0] == values[1]["y"].tolist()
    assert [0.5, 0.0] == values[2]["y"].tolist()
    assert 1 == len({id(f.x_range) for f in figures})
    assert "(H − S) / (H + S)" == figures[3].yaxis[0].axis_label  # noqa: RUF001


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"time_axis": "moon"}, "a time axis is one of"),
        ({"panels": ("residue",)}, "did you mean residual"),
        ({"panels": ("ratio",)}, "needs a model"),
        ({"panels": ("hardness",)}, "soft band"),
    ],
)
def test_a_panel_or_axis_that_cannot_be_drawn_is_named(options, reason):
    with pytest.raises(QueryError, match=reason):
        plots.light_curve(curve(), **options)


def test_modified_julian_dates_are_utc():
    figure = plots.light_curve(curve(), time_axis="mjd")
    circle = next(r for r in figure.renderers if isinstance(r.glyph, Scatter))
    utc = T0 - timedelta(seconds=67.184) - datetime(1858, 11, 17)  # noqa: DTZ001

    assert (
        pytest.approx(utc.total_seconds() / 86400, abs=1e-8)
        == (circle.data_source.data["x"][0])
    )


def test_an_empty_curve_is_an_empty_figure_and_no_error():
    assert plots.light_curve(curve().clear()).title.text == "Light curve"


def test_steps_break_where_bins_do_not_meet():
    times, width = np.array([0.0, 1.0, 10.0]), np.ones(3)
    steps = step_columns(times, width, np.array([5.0, 6.0, 7.0]))

    assert [0, 1, 1, 2, 10, 11] == steps["x"][~np.isnan(steps["y"])].tolist()
    assert 1 == np.isnan(steps["y"][:-1]).sum()


def test_each_channel_is_a_line_named_by_its_band():
    two_channels = pl.concat(
        [
            rates(),
            rates(band_low_kev=25.0, band_high_kev=50.0).with_columns(
                channel=pl.lit(1, pl.Int16)
            ),
        ]
    )
    legend = plots.rates(two_channels).select_one({"type": Legend})

    assert ["15-350 keV", "25-50 keV"] == [item.label.value for item in legend.items]


def test_windows_are_shaded_by_cause_where_they_are():
    figure = plots.rates(rates(), bursts=pl.concat([burst(), burst(cause="glitch")]))
    strips = [r for r in figure.renderers if isinstance(r.glyph, VStrip)]
    data = strips[0].data_source.data

    assert {plots.theme.CAUSES[name] for name in ("burst", "glitch")} == {
        s.glyph.fill_color for s in strips
    }
    assert [4000.0] == (data["x1"] - data["x0"]).tolist()
    assert ["GRB 130427A"] == data["matches"]


def test_bursts_that_carry_only_utc_text_are_shaded_too():
    text = burst().drop("time").with_columns(time_utc=pl.lit("2013-04-27T07:48:16.816"))
    figure = plots.rates(rates(), bursts=text)
    strip = next(r for r in figure.renderers if isinstance(r.glyph, VStrip))
    same = next(
        r
        for r in plots.rates(rates(), bursts=burst()).renderers
        if isinstance(r.glyph, VStrip)
    )

    assert same.data_source.data["x0"].tolist() == strip.data_source.data["x0"].tolist()


def test_a_long_series_is_thinned_without_losing_its_highest_bin():
    many = rates(size=3 * MOST_BINS)
    spike = many["rate"].to_numpy().copy()
    spike[31_415] = 99.0
    figure = plots.rates(many.with_columns(rate=pl.Series(spike)))
    line = figure.renderers[0].data_source.data

    assert line["y"].max() == 99.0
    assert line["y"].size <= MOST_BINS
    assert any(
        "lowest and highest" in getattr(panel, "text", "") for panel in figure.above
    )


def test_bins_without_data_are_not_drawn_as_zero():
    figure = plots.rates(rates(size=3, rate=[5.0, None, 6.0]))

    assert 5.0 == np.nanmin(figure.renderers[0].data_source.data["y"])


def test_a_detection_shows_window_t90_and_background():
    figure = plots.detection(rates(), burst())
    boxes = {
        (b.left, b.right)
        for b in figure.select({"type": BoxAnnotation})
        if b.left is not None and isinstance(b.left, float | int)
    }
    spans = [s.location for s in figure.select({"type": Span})]

    assert {(0, 4.0), (-1.0, 5.5)} <= boxes
    assert [1.2] == spans
    assert "GRB 130427A: burst, 12.3 sigma in 4 s" == figure.title.text
    assert figure.xaxis[0].axis_label.endswith("UTC (s)")


def test_a_detection_names_the_catalogue_of_the_burst_it_coincides_with():
    matches = '[{"name": "GRB 130427A", "catalog": "bat-catalog-summary"}]'
    coincident = burst().with_columns(pl.lit(matches).alias("matches"))

    title = plots.detection(rates(), coincident).title.text

    assert title.startswith("GRB 130427A (bat-catalog-summary): burst")


@pytest.mark.parametrize("bursts", [burst().clear(), pl.concat([burst(), burst()])])
def test_a_detection_is_of_one_burst(bursts):
    with pytest.raises(QueryError, match="one burst"):
        plots.detection(rates(), bursts)


def test_a_burst_of_another_series_is_refused():
    with pytest.raises(QueryError, match="its series"):
        plots.detection(rates(), burst(time=moments([10**6])))


def test_ra_grows_to_the_left_in_both_projections():
    field = plots.sky_map(sky())
    x, _ = Hammer().forward([10.0, 350.0], [0.0, 0.0])

    assert field.x_range.start > field.x_range.end
    assert x[0] > x[1]


def test_a_field_across_ra_zero_is_one_field():
    figure = plots.sky_map(sky(ra=[359.9, 0.1, 0.0]))
    x = np.concatenate([g.data_source.data["x"] for g in figure.renderers])

    assert np.ptp(x) < 0.3
    assert figure.x_range.end < x.min() < x.max() < figure.x_range.start


def test_error_circles_have_their_size_on_the_sky():
    figure = plots.sky_map(sky(dec=[60.0, 60.1, 59.9]))
    data = next(
        r.data_source.data
        for r in figure.renderers
        if r.data_source.data["group"][0] == "swift"
    )

    assert pytest.approx(6 / 3600) == data["tall"][0]
    assert pytest.approx(12 / 3600) == data["wide"][0]


def test_hammer_is_its_definition_at_known_places():
    x, y = Hammer().forward([180.0, 0.0, 90.0, 180.0], [0.0, 0.0, 0.0, 90.0])

    right = WIDE / np.sqrt(2) / np.sqrt(1 + np.sqrt(0.5))
    assert pytest.approx([0.0, WIDE, right, 0.0], abs=1e-9) == x.tolist()
    assert pytest.approx([0.0, 0.0, 0.0, HIGH], abs=1e-9) == y.tolist()


def test_a_cone_is_outlined_and_sets_the_field():
    figure = plots.sky_map(sky(), cone=(10.0, 0.0, 30.0))
    outline = figure.renderers[-1].data_source.data

    assert pytest.approx(0.5, abs=1e-3) == np.max(outline["y"])
    assert figure.y_range.end > 0.5


def test_positions_that_are_missing_are_counted():
    figure = plots.sky_map(sky(ra=[10.0, None, 10.2]))
    notes = [panel.text for panel in figure.above if hasattr(panel, "text")]

    assert ["2 positions · 1 without one"] == notes


def test_a_population_takes_units_from_the_schema():
    main = drawn(plots.population(grbs()))[0]
    labels = {axis.axis_label for axis in main.axis}

    assert {"T90, 15-350 keV (s)", "15-150 keV fluence (erg cm⁻²)"} == labels


def test_a_column_without_known_unit_is_refused():
    with pytest.raises(QueryError, match="'hardness'"):
        plots.population(grbs().with_columns(hardness=pl.lit(1.0)), y="hardness")


def test_histograms_of_a_population_hold_every_row():
    tops = [
        r.data_source.data["top"]
        for p in drawn(plots.population(grbs()))
        for r in p.renderers
        if "top" in r.data_source.data
    ]

    assert 30 in [int(np.sum(t)) for t in tops]


def test_latency_states_p50_and_p99_of_each_kind():
    legend = plots.latency(queries(), budgets_ms={"cone": 50.0}).select_one(
        {"type": Legend}
    )

    assert ["cone: p50 15 ms, p99 20 ms", "sql: p50 200 ms, p99 298 ms"] == [
        item.label.value for item in legend.items
    ]


def test_a_text_of_the_rows_is_never_the_template_of_a_tooltip():
    text = "<img src=x onerror=alert(1)> @y{safe} $name"
    figures = (
        plots.latency(queries(kind=text)),
        plots.light_curve(points(unit=text)),
    )
    templates = [
        template
        for figure in figures
        for hover in figure.select({"type": HoverTool})
        for _, template in hover.tooltips
    ]

    assert any("&#60;img" in template for template in templates)
    assert [] == [t for t in templates if "<img" in t or "{safe}" in t]


def test_latency_can_be_drawn_by_table_size():
    figure = plots.latency(queries(), by="rows_stored")

    assert "rows of the table" == figure.xaxis[0].axis_label
    with pytest.raises(SchemaMismatch):
        plots.latency(queries(), by="weather")


def test_capacity_is_in_decimal_units():
    figure = plots.storage(capacity())

    assert "capacity (TB)" == figure.yaxis[0].axis_label
    assert [1.0, 2.0, 3.0] == figure.renderers[0].data_source.data["used"].tolist()


@pytest.mark.parametrize(
    "call",
    [
        plots.light_curve,
        plots.rates,
        plots.sky_map,
        plots.latency,
        plots.storage,
        plots.match_separations,
    ],
)
def test_a_frame_of_the_wrong_kind_is_refused_by_its_missing_columns(call):
    with pytest.raises(SchemaMismatch, match="need the columns"):
        call(pl.DataFrame({"colour": ["red"]}))


def test_no_figure_draws_interpolated_steps():
    assert not glyphs(plots.rates(rates()), Step)


def test_scale_has_latency_and_cost_with_units_and_marks_extrapolations():
    sizes = [1e9, 1e12, 1e15, 1e18]
    rows = pl.DataFrame(
        {
            "name": ["pruned"] * 4,
            "table_bytes": sizes,
            "milliseconds": [10.0, 20.0, 50.0, 900.0],
            "low_ms": [5.0, 10.0, 25.0, 450.0],
            "high_ms": [20.0, 40.0, 99.0, 1800.0],
            "cost": [1e-6, 1e-5, 1e-4, 1e-2],
        }
    )
    page = plots.to_html(plots.scale(rows, measured_bytes=1e10))

    for words in ("table (bytes)", "latency (s)", "(USD)", "extrapolated"):
        assert words in page


def chips(count):
    """Return one point in two bands of each of `count` sets of chips, and a limit."""
    rows = [
        {
            "time": T0 + timedelta(days=day),
            "since_s": 86400.0 * day,
            "observatory": "chandra",
            "instrument": f"ACIS-{day}7",
            "band": band,
            "value": 0.02,
            "unit": "count / s",
        }
        for day in range(count)
        for band in ("2-4 keV", "4-8 keV")
    ]
    return pl.DataFrame(rows, schema_overrides={"time": NS})


def test_sets_of_chips_are_one_series_in_each_band():
    drawn = plots.light_curve(chips(5))
    (legend,) = drawn.select({"type": Legend})

    assert ["chandra ACIS 2-4 keV", "chandra ACIS 4-8 keV"] == sorted(
        item.label.value for item in legend.items
    )


def test_a_legend_of_many_rows_takes_no_height_from_the_axes():
    many = pl.concat(
        chips(1).with_columns(
            pl.lit(f"filter number {k} of the telescope").alias("band")
        )
        for k in range(12)
    )
    drawn = plots.light_curve(many)
    (legend,) = drawn.select({"type": Legend})
    rows = -(-12 // legend.ncols)

    assert rows > 2
    assert plots.theme.HEIGHT + (rows - 1) * plots.theme.LEGEND_ROW_PX == drawn.height


@pytest.mark.parametrize(
    ("unit", "label"),
    [
        ("count / s", "0.3–10 keV rate (counts s⁻¹)"),  # noqa: RUF001
        ("erg / (cm2 s)", "0.3–10 keV flux (erg cm⁻² s⁻¹)"),  # noqa: RUF001
        ("Jy", "0.3–10 keV flux density (Jy)"),  # noqa: RUF001
    ],
)
def test_the_flux_axis_says_what_is_drawn(unit, label):
    rows = chips(2).with_columns(
        pl.lit(unit).alias("unit"),
        pl.lit(0.3).alias("band_low_kev"),
        pl.lit(10.0).alias("band_high_kev"),
    )
    several = rows.drop("band_low_kev", "band_high_kev")

    assert label == plots.light_curve(rows).yaxis[0].axis_label
    assert (
        label.removeprefix("0.3–10 keV ")  # noqa: RUF001
        == plots.light_curve(several).yaxis[0].axis_label
    )


def marks_of_limits(rows):
    """Return what draws the triangles of upper limits."""
    figure = plots.light_curve(rows)
    (marks,) = (
        r
        for r in figure.renderers
        if isinstance(r.glyph, Scatter) and "inverted_triangle" == r.glyph.marker
    )
    return marks


def test_a_crowd_of_limits_is_fainter_than_a_few():
    few = chips(2).filter(pl.col("band") == "2-4 keV")
    few = few.with_columns(pl.lit(value=True).alias("is_limit"))
    of_few, of_many = (
        marks_of_limits(rows).glyph for rows in (few, pl.concat([few] * 200))
    )

    assert of_many.size < of_few.size
    assert of_many.line_alpha < of_few.line_alpha


@pytest.mark.parametrize(("unit", "sign"), [("mag(AB)", 1), ("Jy", -1)])
def test_the_arrow_of_a_limit_points_to_what_is_fainter(unit, sign):
    rows = chips(2).filter(pl.col("band") == "2-4 keV")
    rows = rows.with_columns(
        pl.lit(value=True).alias("is_limit"),
        pl.lit(unit).alias("unit"),
        pl.lit(20.0).alias("value"),
    )
    data = marks_of_limits(rows).data_source.data

    assert (sign * (data["arrow"] - data["y"]) > 0).all()
