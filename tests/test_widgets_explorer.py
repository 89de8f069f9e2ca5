"""The explorer without a browser: controls write, views read, answers arrive in order."""

import re
import threading
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from astropy.table import Table
from orbital_widgets import (
    Explorer,
    Outcome,
    Results,
    Selection,
    controls,
    frame_files,
    views,
)
from orbital_widgets.angle_text import dec_of, ra_of
from orbital_widgets.latest import Latest
from orbital_widgets.points import points, units
from orbital_widgets.results import joined
from orbital_widgets.table_html import table_html
from sky_in_memory import CRAB, fetch, frame_of, resolve

from orbital_kernel.errors import QueryError, StoreError
from orbital_kernel.plots import theme
from orbital_kernel.query import Query

READ = {"csv": {"format": "ascii.csv"}, "ecsv": {"format": "ascii.ecsv"}}
COLORS = theme.colors(("chandra", "swift"))


@pytest.fixture
def explorer():
    explorer = Explorer(fetch, resolve).wait()
    yield explorer
    explorer.close()


def outcome_of(table, *observatories):
    answers = [fetch(Query(f"{name}.{table}")) for name in observatories]
    return Outcome(table, joined(answers), tuple(a.how for a in answers))


def test_rows_of_all_observatories_arrive_with_their_observatory(explorer):
    assert {"chandra", "swift"} == set(explorer.frame["observatory"])
    assert 240 == len(explorer.frame)
    assert not explorer.results.busy


@pytest.mark.parametrize("table", ["swift.sources", "swift.photometry"])
def test_rows_are_in_the_same_order_however_the_database_returns_them(table):
    answer = fetch(Query(table))
    shuffled = replace(answer, frame=answer.frame.sample(fraction=1, shuffle=True))

    assert not shuffled.frame.equals(answer.frame)
    assert joined([answer]).equals(joined([shuffled]))


def test_a_session_answers_queries_and_finds_positions():
    session = SimpleNamespace(query=fetch, objects=SimpleNamespace(position=resolve))
    explorer = Explorer(session, object="Crab").wait()
    explorer.close()

    assert CRAB == (explorer.selection.ra, explorer.selection.dec)
    assert 0 < len(explorer.frame) < 240


def test_a_changed_selection_is_asked_and_answered(explorer):
    explorer.selection.point(*CRAB, 10)
    explorer.wait()

    expected = frame_of("swift.sources").filter(
        (pl.col("ra") - CRAB[0]).abs() < 0.2, (pl.col("dec") - CRAB[1]).abs() < 0.17
    )
    assert 0 < len(explorer.frame) < 2 * len(expected) + 5


def test_a_name_is_looked_up_and_its_place_asked(explorer):
    explorer.selection.object = "Crab"
    explorer.wait()

    assert CRAB == (explorer.selection.ra, explorer.selection.dec)
    assert "Crab" == explorer.selection.object
    assert () == explorer.results.outcome.problems
    assert len(explorer.frame) < 240


def test_an_unknown_name_is_a_problem_in_words_and_no_rows(explorer):
    explorer.selection.object = "Vulcan"
    explorer.wait()

    assert "'Vulcan'" in explorer.results.outcome.problems[0]
    assert explorer.frame.is_empty()


def test_a_contradiction_is_a_problem_in_words(explorer):
    explorer.selection.observatories = ()
    explorer.wait()

    assert "choose an observatory" in explorer.results.outcome.problems[0]


def test_one_observatory_that_fails_does_not_hide_the_other():
    def half(query):
        if query.table.startswith("chandra"):
            raise StoreError("the database went away")
        return fetch(query)

    explorer = Explorer(half).wait()
    explorer.close()

    assert ("chandra.sources: the database went away",) == (
        explorer.results.outcome.problems
    )
    assert {"swift"} == set(explorer.frame["observatory"])


def test_an_error_nobody_foresaw_is_shown_too(caplog):
    def broken(_query):
        raise ZeroDivisionError("a bug")

    explorer = Explorer(broken).wait()
    explorer.close()

    problem = explorer.results.outcome.problems[0]
    assert "for a reason that Orbital did not foresee" in problem
    assert "ZeroDivisionError" not in problem
    assert "a bug" in caplog.text


def test_a_lost_platform_offers_to_reconnect_and_an_answer_hides_the_button():
    replies = [StoreError("the database does not answer")]

    def gone(query):
        if replies:
            raise replies.pop()
        return fetch(query)

    explorer = Explorer(gone, observatories=("swift",)).wait()
    status = views.StatusView(explorer.results, explorer.reconnect, explorer._latest)
    assert explorer.results.outcome.lost
    assert not status.reconnect.layout.display
    status.reconnect.click()
    explorer.wait()
    explorer.close()

    assert "none" == status.reconnect.layout.display
    assert {"swift"} == set(explorer.frame["observatory"])


def test_tables_of_a_replaced_question_are_not_queried():
    begun, go = threading.Event(), threading.Event()
    queried = []

    def slow(query):
        queried.append(query)
        begun.set()
        go.wait(30)
        return fetch(query)

    explorer = Explorer(slow)
    begun.wait(30)
    explorer.selection.limit = 7
    go.set()
    explorer.wait()
    explorer.close()

    assert [1000] == [query.limit for query in queried if query.limit != 7]


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("12h", 180.0),
        ("5h34m31.9s", 83.6329166667),
        ("5h 34.5m", 83.625),
        ("83.63 deg", 83.63),
        ("05:34:31.9", 83.6329166667),
    ],
)
def test_an_ra_is_understood_as_people_write_it(text, degrees):
    assert ra_of(text) == pytest.approx(degrees)


@pytest.mark.parametrize(("text", "degrees"), [("-41d30m", -41.5), ("+22°", 22.0)])
def test_a_dec_is_understood_as_people_write_it(text, degrees):
    assert dec_of(text) == pytest.approx(degrees)


def test_an_angle_that_is_none_is_answered_in_words(explorer):
    ra, dec, _ = controls.position(explorer.selection)
    ra.entry.value, dec.entry.value = "noon", "12h"

    assert "RA is degrees or hours, such as 83.63308" in ra.problem.value
    assert "could not convert" not in ra.problem.value
    assert "Dec is in degrees" in dec.problem.value
    assert explorer.selection.ra is None


def test_an_answer_no_longer_asked_for_is_dropped():
    let_go, started = threading.Event(), threading.Event()

    def slow_first(query):
        if query.cone is None:
            started.set()
            let_go.wait(30)
        return fetch(query)

    explorer = Explorer(slow_first)
    arrived = []
    explorer.results.observe(lambda change: arrived.append(change["new"]), "outcome")
    started.wait(30)
    explorer.selection.point(*CRAB, 1)
    let_go.set()
    explorer.wait()
    explorer.close()

    assert 1 == len(arrived)
    assert len(explorer.frame) < 10


def test_queries_run_off_the_thread_that_asks():
    threads = []

    def note(query):
        threads.append(threading.current_thread())
        return fetch(query)

    Explorer(note).wait().close()

    assert threading.current_thread() not in threads
    assert 1 == len(set(threads))


def test_without_a_loop_nothing_arrives_until_waited_for():
    latest, came = Latest(threading.RLock()), []
    latest.ask(lambda: 1, lambda future: came.append(future.result()))

    before = list(came)
    latest.wait(30)
    latest.wait(30)
    latest.close()

    assert ([], [1]) == (before, came)


def test_waiting_too_long_is_a_timeout():
    latest, let_go = Latest(threading.RLock()), threading.Event()
    latest.ask(lambda: let_go.wait(30), Future.result)

    with pytest.raises(TimeoutError, match=r"no answer after 0\.01 s"):
        latest.wait(0.01)

    let_go.set()
    latest.close()


def test_a_selection_and_its_traits_are_not_given_together():
    with pytest.raises(TypeError, match="not both"):
        Explorer(fetch, selection=Selection(), ra=3.0)


def test_a_misspelt_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="radius_armcin"):
        Explorer(fetch, radius_armcin=3)


def test_live_it_is_a_widget_with_its_parameters_beside_it(explorer):
    bundle = explorer._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "cone: whole sky" in bundle["text/plain"]


def test_static_it_is_parameters_rows_and_figure_without_a_widget():
    cone = {"ra": CRAB[0], "dec": CRAB[1], "radius_arcmin": 20}
    explorer = Explorer(fetch, static=True, observatories=("swift",), **cone)
    bundle = explorer._repr_mimebundle_()
    explorer.close()

    assert {"text/plain", "text/html"} == set(bundle)
    assert "20 arcmin around RA 83.63308" in bundle["text/plain"]
    assert "swift &lt;" in bundle["text/html"]
    assert "Bokeh" in bundle["text/html"]
    assert [] == re.findall(
        r"&lt;(?:script|link)[^&]* (?:src|href)=", bundle["text/html"]
    )


@pytest.mark.parametrize(("value", "is_live"), [("1", False), ("0", True), ("", True)])
def test_the_environment_chooses_the_twin(monkeypatch, explorer, value, is_live):
    monkeypatch.setenv("ORBITAL_STATIC", value)

    bundle = explorer._repr_mimebundle_()

    assert is_live == ("application/vnd.jupyter.widget-view+json" in bundle)


def test_a_field_writes_what_is_typed_and_shows_what_is_set():
    selection = Selection()
    ra, _dec, radius = controls.position(selection)

    ra.entry.value = "05:34:31.9392"
    selection.radius_arcmin = 12.5

    assert pytest.approx(83.63308) == selection.ra
    assert "12.5" == radius.entry.value


def test_a_field_shows_what_is_wrong_and_leaves_the_selection():
    selection = Selection(dec=10.0)
    _ra, dec, _radius = controls.position(selection)

    dec.entry.value = "91<"

    assert 10.0 == selection.dec
    assert "91&lt;" in dec.problem.value

    dec.entry.value = "11"

    assert ("", 11.0) == (dec.problem.value, selection.dec)


def test_a_blank_position_is_the_whole_sky():
    selection = Selection(ra=10.0, dec=10.0)
    ra, dec, _radius = controls.position(selection)

    ra.entry.value = dec.entry.value = ""

    assert selection.cone is None


def test_toggles_put_names_in_and_take_them_out():
    selection = Selection()
    toggles = controls.Toggles(selection, "observatories", "", selection.available)

    toggles.buttons["chandra"].value = False

    assert "chandra" not in selection.observatories

    selection.observatories = ("chandra",)

    assert ["chandra"] == [n for n, button in toggles.buttons.items() if button.value]


def test_bands_are_offered_as_rows_have_them(explorer):
    toggles = controls.Toggles(explorer.selection, "bands", "Bands")
    toggles.offer(("0.3-10", "hard"))
    toggles.buttons["hard"].value = True
    explorer.wait()

    assert {"hard"} == set(explorer.frame["band"])


def test_a_click_and_a_drag_on_the_map_set_the_cone():
    selection, results = Selection(), Results()
    sky = controls.SkyMap(selection, results)

    sky.click(83.0, 60.0)
    clicked = selection.cone
    sky.drag(83.0, 60.0, 0.5)

    assert (83.0, 60.0, 5.0) == (clicked.ra, clicked.dec, clicked.radius_arcmin)
    assert pytest.approx(30.0) == selection.radius_arcmin
    assert pytest.approx(60.5) == np.nanmax(sky.cone.data["dec"])


def test_a_click_beside_the_sky_changes_nothing():
    selection = Selection()
    controls.SkyMap(selection, Results()).click(-3.0, 0.0)

    assert selection.cone is None


def test_the_map_shows_where_rows_are(explorer):
    sky = controls.SkyMap(explorer.selection, explorer.results)

    assert 240 == len(sky.rows.data["ra"])


def test_the_plot_keeps_its_figure_while_the_data_change(explorer):
    plot = views.PlotView(explorer.selection, explorer.results)
    figure = plot.figure
    explorer.selection.point(*CRAB, 15)
    explorer.wait()

    assert figure is plot.figure
    assert len(explorer.frame) == len(plot.source.data["y"]) + plot.shown.left_out


def test_units_never_share_an_axis(explorer):
    plot = views.PlotView(explorer.selection, explorer.results)
    explorer.selection.table = "photometry"
    explorer.wait()

    counts = explorer.frame["unit"].value_counts()
    shown = len(plot.source.data["y"])
    plot._unit.value = "count / s"

    assert {"erg / (cm2 s)": 180, "count / s": 60} == dict(counts.iter_rows())
    assert (180, 60) == (shown, len(plot.source.data["y"]))
    assert "180 rows" in plot._note.value


def test_what_is_selected_in_the_plot_is_picked_in_the_table(explorer):
    plot = views.PlotView(explorer.selection, explorer.results)
    rows = views.RowsView(explorer.results)
    plot.source.selected.indices = [3, 5]

    picked = explorer.frame[list(explorer.results.picked)]
    assert 2 == len(rows.frame)
    assert plot.source.data["name"][3] == picked["source_id"][0]


def test_pages_turn_within_what_there_is(explorer):
    rows = views.RowsView(explorer.results)

    rows.turn(1)
    second = rows.page
    rows.turn(100)

    assert (12, 1, 11) == (rows.pages, second, rows.page)


@pytest.mark.parametrize("table", ["sources", "photometry", "rates"])
def test_points_keep_every_row_they_can_and_count_the_rest(table):
    outcome = outcome_of(table, "swift", "chandra")
    drawn = points(outcome, units(outcome)[0], COLORS)

    assert len(outcome.frame) == len(drawn.data["x"]) + drawn.left_out
    assert {len(drawn.data["x"])} == {len(column) for column in drawn.data.values()}


def test_times_are_drawn_and_written_in_utc():
    frame = outcome_of("rates", "swift").frame.head(1)
    drawn = points(Outcome("rates", frame), "count / s", COLORS)

    utc_ms = 1367048692816
    assert pytest.approx(utc_ms, abs=1) == drawn.data["x"][0]
    assert "2013-04-27T07:44:52.816" in table_html(frame, "rates")


def test_headers_carry_units_and_text_of_strangers_is_escaped():
    html = table_html(outcome_of("sources", "swift").frame, "sources")

    assert "<small>deg</small>" in html
    assert "swift &lt;0&gt;" in html
    assert "<0>" not in html


@pytest.mark.parametrize("table", ["sources", "grbs", "events", "notices", "intervals"])
def test_a_table_without_rows_still_makes_a_figure(table):
    results = Results()
    plot = views.PlotView(Selection(table=table), results)
    results.arrive(
        outcome_of(table) if table == "sources" else outcome_of(table, "swift")
    )

    assert 0 == len(plot.source.data["x"])


def test_simulated_rows_are_called_so(explorer):
    status = views.StatusView(explorer.results, explorer.reconnect, explorer._latest)
    plot = views.PlotView(explorer.selection, explorer.results)

    assert "sample sky" in status.text.value
    assert plot.figure.title.text.startswith("SIMULATED")


def test_rows_can_be_limited_to_ranges_in_the_query_and_its_code(explorer):
    fields = controls.RangeFields(explorer.selection)
    fields.fields["significance"].value = "5 to"
    explorer.wait()

    assert {"significance": (5.0, None)} == explorer.selection.ranges
    assert "ranges={'significance': (5.0, None)}" in explorer.selection.code()
    assert "5 to" == explorer.selection.parameters()["ranges"].partition(" ")[2]


def test_a_range_that_is_none_is_answered_in_words(explorer):
    fields = controls.RangeFields(explorer.selection)
    fields.fields["significance"].value = "bright"
    assert "5 to 100" in fields._problem.value
    fields.fields["significance"].value = "9 to 5"

    assert "from low to high" in fields._problem.value
    assert {} == explorer.selection.ranges


def test_only_columns_of_the_table_can_be_limited(explorer):
    fields = controls.RangeFields(explorer.selection)
    explorer.selection.table = "photometry"

    shown = [n for n, entry in fields.fields.items() if entry.layout.display != "none"]
    assert "value" in shown
    assert "significance" not in shown


def test_earlier_selections_can_be_gone_back_to_and_forward_again(explorer):
    explorer.selection.object = "Crab"
    explorer.wait()
    explorer.selection.table = "photometry"
    explorer.wait()
    explorer.go(-1)
    explorer.wait()
    assert ("sources", "Crab") == (explorer.selection.table, explorer.selection.object)
    assert CRAB == (explorer.selection.ra, explorer.selection.dec)
    explorer.go(-1)
    explorer.wait()
    assert explorer.selection.ra is None
    explorer.go(-1)
    explorer.go(2)
    explorer.wait()

    assert ("photometry", "Crab") == (
        explorer.selection.table,
        explorer.selection.object,
    )


@pytest.mark.parametrize("table", ["sources", "photometry"])
@pytest.mark.parametrize("ending", ["csv", "ecsv", "vot", "fits"])
def test_rows_are_saved_for_other_programs(explorer, tmp_path, ending, table):
    explorer.selection.table = table
    explorer.wait()
    path = explorer.save(tmp_path / f"sources.{ending}")

    assert len(explorer.frame) == len(Table.read(path, **READ.get(ending, {})))


def test_formulas_in_saved_rows_are_disarmed(tmp_path):
    frame = pl.DataFrame({"object": ["=1+1", "Crab"]})
    path = frame_files.write(frame, "sources", tmp_path / "rows.csv")

    assert ["object", "'=1+1", "Crab"] == path.read_text().split()


def test_letters_that_fits_lacks_are_written_as_their_code(tmp_path):
    frame = pl.DataFrame({"object": ["André", None]})
    path = frame_files.write(frame, "sources", tmp_path / "rows.fits")

    assert [r"Andr\xe9", ""] == Table.read(path)["object"].tolist()


def test_an_unknown_ending_is_refused_in_words(explorer, tmp_path):
    with pytest.raises(QueryError, match=r"\.csv, \.ecsv, \.vot, \.fits"):
        explorer.save(tmp_path / "rows.xls")


def test_rows_picked_in_the_table_are_highlighted_in_plot_and_sky(explorer):
    rows = views.RowsView(explorer.results)
    plot = views.PlotView(explorer.selection, explorer.results)
    sky = controls.SkyMap(explorer.selection, explorer.results)
    rows._list.value = (2, 5)

    assert (2, 5) == explorer.results.picked
    assert [2, 5] == [int(sky.rows.data["row"][i]) for i in sky.rows.selected.indices]
    shown = plot.shown.data["row"]
    assert [2, 5] == [int(shown[i]) for i in plot.source.selected.indices]
    assert 240 == len(rows.frame)
    assert "2 of them picked" in rows._label.value


def test_rows_picked_in_the_sky_are_those_of_the_table_and_the_plot(explorer):
    rows = views.RowsView(explorer.results)
    sky = controls.SkyMap(explorer.selection, explorer.results)
    ra, dec = (explorer.frame[name][7] for name in ("ra", "dec"))
    sky.picks.value = True
    x, y = sky.map.view.forward(ra, dec)
    sky._tapped(SimpleNamespace(x=x, y=y))

    assert 7 in explorer.results.picked
    assert explorer.frame[list(explorer.results.picked)].equals(rows.frame)
    assert explorer.selection.ra is None


def test_a_picked_row_of_another_unit_stays_picked(explorer):
    explorer.selection.table = "photometry"
    explorer.wait()
    rows = views.RowsView(explorer.results)
    plot = views.PlotView(explorer.selection, explorer.results)
    drawn = {int(row) for row in plot.shown.data["row"]}
    other = next(row for row in range(len(explorer.frame)) if row not in drawn)
    explorer.results.picked = (min(drawn), other)

    assert (min(drawn), other) == explorer.results.picked
    assert 2 == len(rows.frame)


def test_a_saved_selection_is_restored_from_its_json(explorer):
    view = views.CodeView(explorer.selection)
    saved = Selection(table="photometry", limit=7, ranges={"value": (0.0, None)})
    view.saved.value = saved.to_json()
    view.restore.click()
    explorer.wait()
    assert saved.values() == explorer.selection.values()
    view.saved.value = '{"limit": 0}'
    view.restore.click()

    assert "limit" in view.problem.value
    assert 7 == explorer.selection.limit
