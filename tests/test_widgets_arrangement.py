"""Rows in an order that the store makes: sorted, filtered, turned page by page."""

import polars as pl
import pytest
from orbital_widgets import Explorer, Selection, controls, views
from sky_in_memory import fetch, frame_of, resolve

from orbital_kernel.errors import QueryError
from orbital_kernel.query import Largest, Smallest


@pytest.fixture
def explorer():
    explorer = Explorer(fetch, resolve).wait()
    yield explorer
    explorer.close()


def fluxes(*, descending=True):
    every = pl.concat(frame_of(f"{name}.sources") for name in ("chandra", "swift"))
    return every["flux"].sort(descending=descending).to_list()


def test_the_store_sorts_all_rows_not_only_those_fetched(explorer):
    order = controls.Arrangement(explorer.selection, explorer.results)
    explorer.selection.limit = 30
    order.sort.value = "flux"
    explorer.wait()
    first = explorer.frame["flux"].to_list()
    order.later.click()
    explorer.wait()
    second = explorer.frame["flux"].to_list()
    order.descending.value = False
    explorer.wait()

    assert fluxes()[:60] == first + second
    assert fluxes(descending=False)[:30] == explorer.frame["flux"].to_list()
    assert 0 == explorer.selection.page
    assert "rows 1 to 30 in the order of flux" == order.note.value


def test_the_last_page_is_the_last(explorer):
    order = controls.Arrangement(explorer.selection, explorer.results)
    with explorer.selection.hold_trait_notifications():
        explorer.selection.sort, explorer.selection.limit = "flux", 200
    explorer.wait()
    enabled = (order.earlier.disabled, order.later.disabled)
    order.later.click()
    explorer.wait()

    assert ((True, False), 40) == (enabled, len(explorer.frame))
    assert (False, True) == (order.earlier.disabled, order.later.disabled)


def test_rows_are_filtered_by_text_in_the_query(explorer):
    order = controls.Arrangement(explorer.selection, explorer.results)
    order.column.value = "source_id"
    order.text.value = "<7"
    explorer.wait()

    assert {"source_id": "<7"} == explorer.selection.contains
    assert 22 == len(explorer.frame)
    assert explorer.frame["source_id"].str.contains("<7", literal=True).all()


def test_columns_are_those_of_the_query_the_table_and_the_files(explorer, tmp_path):
    order = controls.Arrangement(explorer.selection, explorer.results)
    rows = views.RowsView(explorer.results)
    plot = views.PlotView(explorer.selection, explorer.results)
    order.columns.value = ("source_id", "flux")
    explorer.wait()
    path = explorer.save(tmp_path / "rows.csv")

    assert ["observatory", "source_id", "flux"] == rows.frame.columns
    assert "observatory,source_id,flux" == path.read_text().splitlines()[0]
    assert ("source_id", "flux") == explorer.selection.query("swift").columns
    assert "columns=('source_id', 'flux')" in explorer.selection.code()
    assert len(explorer.frame) == len(plot.source.data["x"]) + plot.shown.left_out


@pytest.mark.parametrize(("descending", "end"), [(True, Largest), (False, Smallest)])
def test_a_page_is_part_of_the_query_and_its_code(descending, end):
    selection = Selection(sort="flux", descending=descending, page=2, limit=50)

    assert end("flux", 150) == selection.query("swift").largest
    assert f"from orbital_kernel.query import {end.__name__}" in selection.code()
    assert "page 3" in selection.parameters()["limit"]


def test_a_page_beyond_the_cap_and_an_unknown_column_are_refused_in_words():
    with pytest.raises(QueryError, match="100,000 rows are sorted at most"):
        Selection(sort="flux", page=100, limit=1000).query("swift")
    with pytest.raises(QueryError, match="did you mean flux"):
        Selection(sort="fluxx").query("swift")


def test_any_other_change_returns_to_the_first_page(explorer):
    selection = explorer.selection
    selection.sort = "flux"
    selection.page = 3
    selection.columns = ("flux",)
    kept = selection.page
    selection.ranges = {"flux": (0.0, None)}

    assert (3, 0) == (kept, selection.page)


def test_another_table_forgets_order_columns_and_text(explorer):
    selection = explorer.selection
    selection.sort, selection.columns = "flux", ("flux",)
    selection.contains = {"source_id": "swift"}
    selection.table = "photometry"
    explorer.wait()

    assert ("", (), {}) == (selection.sort, selection.columns, selection.contains)
    assert () == explorer.results.outcome.problems


def test_order_page_and_columns_are_saved_shared_and_restored(tmp_path):
    selection = Selection(
        sort="flux", page=2, columns=("flux", "ra"), contains={"source_id": "2CXO"}
    )
    other = Selection()
    other.become(Selection.load(selection.save(tmp_path / "crab.json")))

    assert selection.values() == other.values()


def test_a_click_on_a_row_or_on_the_name_of_a_column_is_one_in_the_lists(explorer):
    rows = views.RowsView(explorer.results)
    explorer.results.picked = (3,)
    html = rows._table.value

    assert 1 == html.count("<tr data-row=")
    assert 'data-column="flux"' in html
    assert 1 == html.count('aria-selected="true"')
