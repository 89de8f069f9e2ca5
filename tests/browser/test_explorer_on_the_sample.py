"""The explorer's main path on the sample sky: sky, row, light curve, order, file."""

import re

import nbformat
import pytest
from astropy.table import Table
from explorer_page import SEEN_MS, ExplorerPage
from lab import open_notebook, run_all
from playwright.sync_api import expect

CELLS = (
    "import orbital_widgets\nfrom orbital_kernel import connect\norbital = connect()",
    "orbital_widgets.setup()",
    (
        "explorer = orbital_widgets.Explorer(\n"
        "    orbital, table='photometry', object='SIM AGN 1', limit=15)\nexplorer"
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a notebook with an explorer over the platform."""
    folder = tmp_path_factory.mktemp("main") / "notebooks"
    folder.mkdir()
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "main.ipynb"
    )
    return folder


def test_a_tap_picks_a_row_draws_its_curve_and_all_rows_are_sorted_and_exported(
    lab, tab, page, stocked, home, folder
):
    open_notebook(tab, lab(folder, ORBITAL_HOME=str(home)), "main.ipynb")
    run_all(tab)
    shown = ExplorerPage(page)
    shown.wait_status("photometry")
    shown.press("Zoom to cone")
    shown.press("Click and drag pick rows")
    shown.settle()
    shown.click_sky(*stocked.objects.position("SIM AGN 1")[:2])
    page.get_by_text("picked in the plot").wait_for(timeout=SEEN_MS)
    curve = page.locator(".orbital-curve")
    expect(curve).to_contain_text("points of SIM AGN 1", timeout=SEEN_MS)
    curve.locator("canvas").first.wait_for(timeout=SEEN_MS)
    shown.press("Show all rows")

    rows = page.locator(".orbital-rows")
    rows.locator("th[data-column=value]").click()
    order = page.locator(".orbital-arrangement")
    expect(order).to_contain_text("rows 1 to 15 in the order of value", timeout=SEEN_MS)
    order.get_by_role("button", name="Later rows").click()
    expect(order).to_contain_text("rows 16 to 30", timeout=SEEN_MS)
    rows.locator("tr[data-row='2']").click()
    expect(rows).to_contain_text("1 of them picked", timeout=SEEN_MS)
    expect(rows.locator("tr[aria-selected=true]")).to_have_count(1)

    files = page.locator(".orbital-files")
    files.locator("select").select_option("VOTable (TOPCAT, Aladin)")
    files.get_by_role("button", name="Export all selected").click()
    expect(files).to_contain_text(
        re.compile(r"[\d,]+ rows written to photometry\.vot"), timeout=SEEN_MS
    )
    table = Table.read(folder / "photometry.vot", format="votable")
    assert 30 < len(table)
    assert {"SIM AGN 1"} <= set(table["object"])
