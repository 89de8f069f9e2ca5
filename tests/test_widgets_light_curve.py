"""The light-curve explorer without a browser: controls, words, code, and hostile text."""

import re

import numpy as np
import polars as pl
import pytest
from bokeh.events import RangesUpdate
from orbital_widgets import LightCurveExplorer
from orbital_widgets.curve_choice import CurveChoice, code
from orbital_widgets.curve_controls import CurveControls
from orbital_widgets.frame_html import frame_html

from orbital_kernel import PowerLaw
from orbital_kernel.errors import QueryError

BURST = "GRB 120102S"


@pytest.fixture
def explorer(stocked, tmp_path):
    shown = LightCurveExplorer(stocked, BURST, folder=tmp_path).wait()
    yield shown
    shown.close()


def status(explorer):
    return explorer._status.value


def table(explorer, name):
    return explorer.tables.html(name)


def test_points_and_excluded_points_of_an_object_are_counted(explorer, stocked):
    curve = stocked.light_curve(BURST)

    assert len(curve.points) == len(explorer.curve.points)
    assert f"{len(curve.points):,} points shown" in status(explorer)
    assert f"{len(curve.excluded):,} excluded" in status(explorer)
    assert curve.reasons["excluded"][0][:20] in table(explorer, "Excluded")


def test_the_menu_of_units_is_never_blank_and_offers_those_of_the_points(explorer):
    labels = [label for label, _ in explorer.controls.unit.options]
    units = explorer.curve.points["unit"].unique().to_list()

    assert (None, None) == explorer.controls.unit.value
    assert {"own units", "energy flux (erg / (cm2 s))"} <= set(labels)
    assert len(units) == sum(label.startswith("only ") for label in labels)
    explorer.controls.unit.value = ("erg / (cm2 s)", None)
    explorer.wait()
    assert 1 == explorer.curve.points["unit"].n_unique()
    assert labels == [label for label, _ in explorer.controls.unit.options]


def test_each_control_is_a_parameter_and_the_code_gives_the_same_points(
    explorer, stocked, monkeypatch
):
    controls = explorer.controls
    controls.unit.value = ("erg / (cm2 s)", None)
    controls.band.value = "0.5 - 8"
    controls.bins.value = 100.0
    controls.boxes["limits"].value = False
    controls.boxes["residual"].value = True
    controls.boxes["blocks"].value = True
    explorer.wait()
    monkeypatch.setattr("orbital_kernel.connect", lambda: stocked)
    names = {}
    exec(explorer.code, names)

    assert "band_kev=(0.5, 8.0), bins=100.0" in explorer.code
    assert names["points"].equals(explorer.curve.frame)
    assert 0 < len(names["blocks"])
    assert f"{len(names['blocks'])} Bayesian block" in status(explorer)
    assert [0.5] == explorer.curve.points["band_low_kev"].unique().to_list()


@pytest.fixture
def crowded(explorer, monkeypatch):
    """An explorer whose points are too many to draw each."""
    monkeypatch.setattr("orbital_widgets.curve_look.MOST_DRAWN", 20)
    monkeypatch.setattr("orbital_kernel.plots.curve_crowd.COLUMNS", 5)
    explorer.refresh()
    return explorer.wait()


def drawn(explorer):
    """Return the times of the detections drawn, and the line under the title."""
    figure = explorer._slot._shown
    figure = getattr(figure, "children", [figure])[0]
    marks = [r for r in figure.renderers if "plus" in r.data_source.data]
    times = np.concatenate([r.data_source.data["x"] for r in marks])
    words = next(part.text for part in figure.above if hasattr(part, "text"))
    return figure, np.sort(times), words


def test_a_crowded_curve_shows_its_extent_and_once_zoomed_each_point(crowded):
    crowded.controls.unit.value = ("erg / (cm2 s)", None)
    crowded.controls.time_axis.value = "elapsed"
    crowded.wait()
    figure, few, words = drawn(crowded)
    points = crowded.curve.points.filter(~crowded.curve.points["is_limit"])
    times = points["since_s"].sort().to_numpy()
    window = float(times[3]) - 1e-6, float(times[12]) + 1e-6
    figure._trigger_event(RangesUpdate(figure, x0=window[0], x1=window[1], y0=0, y1=1))
    crowded.wait()
    _, refined, _ = drawn(crowded)

    assert ["rangesupdate"] == list(figure.subscribed_events)
    assert len(few) < len(times)
    assert "drawn: the lowest, middle and highest of each 1/5 of the time axis" in words
    assert "Zoom in to see each point" in status(crowded)
    assert {times[0], times[-1]} <= set(few)
    inside = (refined >= window[0]) & (refined <= window[1])
    assert list(times[3:13]) == list(refined[inside])
    crowded.controls.unit.value = ("ph / (cm2 s)", None)
    crowded.wait()
    assert window == (figure.x_range.start, figure.x_range.end)
    assert list(times[3:13]) == [t for t in drawn(crowded)[1] if t in times[3:13]]


def test_another_unit_is_made_of_the_points_read_and_show_reads_them_again(
    explorer, stocked, monkeypatch
):
    asked = []
    query = stocked.query
    monkeypatch.setattr(
        type(stocked), "query", lambda _s, *a, **k: asked.append(a) or query(*a, **k)
    )
    explorer.controls.unit.value = ("erg / (cm2 s)", None)
    explorer.wait()
    shown = explorer.curve

    assert [] == asked
    assert "[Show] reads them again" in status(explorer)
    explorer.controls._submit.click()
    explorer.wait()
    assert asked
    assert "[Show]" not in status(explorer)
    assert shown.frame.equals(explorer.curve.frame)
    assert shown.frame.equals(stocked.light_curve(BURST, unit="erg / (cm2 s)").frame)


def test_a_part_of_a_curve_is_not_converted_as_if_it_were_all(stocked):
    with pytest.raises(QueryError, match="a part, an average"):
        stocked.light_curve(BURST).only(observatory="swift").converted(unit="Jy")


def test_code_states_only_what_differs_from_the_defaults():
    text = code(CurveChoice(BURST))

    assert f"orbital.light_curve({BURST!r})\n" in text
    assert "figure = plots.light_curve(curve.frame)\n" in text


def test_a_band_that_is_none_is_answered_in_words_and_nothing_is_asked(explorer):
    explorer.controls.band.value = "soft"

    assert "two energies in keV" in explorer.controls._problem.value
    assert explorer.choice.band_kev is None


def test_an_unknown_name_says_why_and_what_is_near(explorer):
    explorer.show(CurveChoice("GRB 120102SX"))
    explorer.wait()

    assert explorer.curve is None
    assert "Problem:" in status(explorer)
    assert BURST in status(explorer)


def test_names_are_offered_while_one_is_typed_and_a_chosen_one_is_shown(stocked):
    explorer = LightCurveExplorer(stocked)
    explorer.controls.object.value = "SIM AG"
    explorer.wait()
    assert "SIM AGN 1" in explorer.controls.object.options
    explorer.controls.object.value = "SIM AGN 1"
    explorer.wait()
    explorer.close()

    assert "SIM AGN 1" == explorer.choice.object
    assert 0 < len(explorer.curve.points)


def test_a_lag_between_two_series_is_measured_by_a_button(stocked, monkeypatch):
    monkeypatch.setattr("orbital_widgets.curve_lag.SIMULATIONS", 20)
    explorer = LightCurveExplorer(stocked, "SIM AGN 1").wait()
    explorer.lag.of.value = explorer.lag.against.value = "swift/XRT:0.3-10"
    explorer.lag.method.value = "dcf"
    explorer.lag.measure.click()
    explorer.wait()
    explorer.close()

    assert re.search(r"lag .*\bs\b", explorer.lag.text.value)
    assert (
        "lag = orbital.lag('SIM AGN 1', of='swift/XRT:0.3-10', "
        "against='swift/XRT:0.3-10', method='dcf')" in explorer.code
    )


def test_series_and_method_of_a_lag_are_parameters_too(stocked):
    series = "swift/XRT:0.3-10"
    explorer = LightCurveExplorer(
        stocked, "SIM AGN 1", lag_of=series, lag_against=series, lag_method="zdcf"
    ).wait()
    shown = (explorer.lag.of.value, explorer.lag.against.value)
    explorer.close()

    assert ((series, series), "zdcf") == (shown, explorer.lag.method.value)
    assert "method='zdcf'" in explorer.code


def test_the_photon_index_converts_bands_and_is_part_of_the_code(explorer, stocked):
    explorer.controls.band.value = "2-10"
    explorer.wait()
    own = explorer.curve.points["value"].sum()
    explorer.controls.index.value = "3.5"
    explorer.wait()
    expected = stocked.light_curve(BURST, band_kev=(2, 10), model=PowerLaw(3.5))

    assert expected.frame.equals(explorer.curve.frame)
    assert own != explorer.curve.points["value"].sum()
    assert "model=PowerLaw(3.5)" in explorer.code
    explorer.controls.index.value = "steep"
    assert "a photon index is a number" in explorer.controls._problem.value


def test_the_bands_of_the_hardness_are_menus_of_the_bands_that_occur():
    controls = CurveControls(CurveChoice(BURST))
    seen = []
    controls.on_choice(seen.append)
    controls.show(controls.choice, (), ("0.3-2 keV", "2-10 keV"))
    controls.soft.value = "0.3-2 keV"
    controls.hard.value = "2-10 keV"

    assert ("automatic", "") == controls.soft.options[0]
    assert [("0.3-2 keV", "2-10 keV")] == [choice.hardness for choice in seen]


@pytest.mark.parametrize("ending", ["csv", "fits"])
def test_points_are_saved_into_the_working_folder(explorer, tmp_path, ending):
    explorer.saving.format.value = ending
    explorer.saving.button.click()

    assert (tmp_path / f"GRB_120102S.{ending}").is_file()
    assert "the points are written to" in explorer.saving.text.value


def test_in_a_report_it_is_html_without_a_kernel(stocked):
    explorer = LightCurveExplorer(stocked, BURST, static=True)
    page = explorer._repr_mimebundle_()["text/html"]
    explorer.close()

    assert "<iframe" in page
    assert "SIMULATED" in page
    for name in ("Points", "Excluded", "Neighbours", "Copy as code"):
        assert f"<h4>{name}</h4>" in page


def test_text_of_rows_is_never_markup():
    hostile = "<img src=x onerror=alert(1)>"
    page = frame_html(pl.DataFrame({hostile: [hostile]}))

    assert "<img" not in page
    assert 2 == page.count("&lt;img")


def test_every_control_has_a_label(explorer):
    controls = explorer.controls
    entries = (controls.object, controls.unit, controls.band, controls.bins)
    entries += (controls.index, controls.soft, controls.hard)

    assert all(entry.description for entry in entries)
    assert all(box.description for box in controls.boxes.values())
