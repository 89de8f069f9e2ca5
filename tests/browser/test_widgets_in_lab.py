"""Every widget on one page of a real JupyterLab: clicked, read by axe-core, in the dark."""

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import open_notebook, run_all
from playwright.sync_api import expect

SEEN_MS = 30_000
CELLS = (
    "import orbital_widgets\nfrom orbital_kernel import connect\norbital = connect()",
    "orbital_widgets.setup()",
    "orbital_widgets.LightCurveExplorer(orbital, 'SIM AGN 1')",
    "orbital_widgets.BurstMonitor(orbital, every_s=3, by='Ada')",
    "orbital_widgets.Explorer(orbital)",
    "orbital_widgets.HealthPanel(orbital)",
    "orbital_widgets.QualityBoard(orbital)",
    "orbital_widgets.StorageDashboard(orbital)",
)
WIDGETS = len(CELLS) - 2
THEME = "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
FILTERS = """() => [...document.querySelectorAll("[data-root-id] > *")]
  .map((figure) => getComputedStyle(figure).filter)"""
UNREACHABLE = """() => [...document.querySelectorAll(
    ".orbital-widget :is(button, input, select, textarea, [role=slider])")]
  .filter((control) => control.checkVisibility() && control.tabIndex < 0)
  .map((control) => control.outerHTML)"""

CLIPPED = """() => [...document.querySelectorAll(
    ".orbital-widget :is(button, label, .widget-label)")]
  .filter((text) => text.checkVisibility() && text.innerText.trim()
    && text.scrollWidth > text.clientWidth + 1)
  .map((text) => `${text.innerText}: ${text.scrollWidth} px in ${text.clientWidth}`)"""
BARS = """() => {
  const view = [...Bokeh.index.roots].find(
    (v) => v.el.isConnected && v.model.renderers && v.el.closest(".orbital-histogram"));
  const {left, right, top} = view?.model.renderers[0].data_source.data ?? {left: []};
  const {x_range, y_range} = view?.model ?? {};
  return left.length > 1 && Math.min(...left) >= x_range.start
    && Math.max(...right) <= x_range.end && Math.max(...top) <= y_range.end; }"""


@pytest.fixture(scope="module")
def notebook(lab, tab, stocked, home, tmp_path_factory):
    """Open a notebook with all widgets over the sample sky."""
    folder = tmp_path_factory.mktemp("widgets") / "notebooks"
    folder.mkdir()
    cells = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(cells, folder / "widgets.ipynb")
    open_notebook(tab, lab(folder, ORBITAL_HOME=str(home)), "widgets.ipynb")
    run_all(tab)
    return tab


def test_a_light_curve_follows_its_controls(notebook, page):
    curve = page.locator(".orbital-light-curve")
    curve.locator("canvas").first.wait_for(timeout=SEEN_MS)
    expect(curve).to_contain_text("points shown", timeout=SEEN_MS)

    curve.get_by_label("Unit").select_option("energy flux (erg / (cm2 s))")
    curve.get_by_label("Object").fill("GRB 12")
    option = curve.locator("datalist option[value='GRB 120102S']")
    option.wait_for(state="attached", timeout=SEEN_MS)
    curve.get_by_label("Object").fill("GRB 120102S")
    expect(curve).to_contain_text("bat-catalog-summary", timeout=SEEN_MS)
    curve.locator("canvas").first.wait_for(timeout=SEEN_MS)

    limits = curve.locator(".widget-checkbox", has_text="upper limits")
    limits.locator("input").click()
    expect(curve).to_contain_text("hidden by the controls", timeout=SEEN_MS)


def test_a_burst_is_followed_up_and_acknowledged_by_clicking(notebook, page):
    monitor = page.locator(".orbital-bursts")
    monitor.locator("canvas").first.wait_for(timeout=SEEN_MS)
    expect(monitor).to_contain_text("not acknowledged", timeout=SEEN_MS)

    monitor.get_by_label("Cause").select_option("burst")
    expect(monitor.get_by_label("Selected")).to_contain_text("burst", timeout=SEEN_MS)
    monitor.get_by_role("button", name="Follow up").click()
    expect(monitor).to_contain_text("Follow-up", timeout=SEEN_MS)
    monitor.get_by_role("button", name="Acknowledge").click()
    expect(monitor.get_by_label("Selected")).to_contain_text("✓", timeout=SEEN_MS)

    monitor.get_by_label("Speed").select_option("10,000 times")
    monitor.get_by_role("button", name="Replay").click()
    expect(monitor).to_contain_text("the series has ended", timeout=SEEN_MS)


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_axe_finds_nothing_to_complain_about_in_either_theme(notebook, page, theme):
    page.evaluate(THEME, theme)
    dark = str(theme != "JupyterLab Dark").lower()
    page.locator(f"body[data-jp-theme-light={dark}]").wait_for(
        state="attached", timeout=SEEN_MS
    )
    ra = page.locator(".orbital-ra input")
    ra.fill("noon")
    ra.press("Enter")
    expect(page.locator(".orbital-explorer")).to_contain_text("not 'noon'")
    filters = page.evaluate(FILTERS)
    report = Axe().run(page, context=".orbital-widget")

    assert WIDGETS == page.locator(".orbital-widget").count()
    assert [] == [
        (violation["id"], node["html"])
        for violation in report.response["violations"]
        for node in violation["nodes"]
    ]
    assert 4 <= len(filters)
    assert {theme == "JupyterLab Dark"} == {"invert" in text for text in filters}
    assert [] == page.evaluate(UNREACHABLE)


def test_the_values_of_a_figure_are_in_a_table_that_keys_turn(notebook, page):
    curve = page.locator(".orbital-light-curve")
    curve.get_by_label("Object").fill("SIM AGN 1")
    curve.get_by_role("button", name="Show", exact=True).click()
    tables = curve.locator(".widget-tab-contents")
    expect(tables).to_contain_text("sim_AGN_1", timeout=SEEN_MS)
    expect(tables).to_contain_text("rows 1 to 20 of", timeout=SEEN_MS)
    following = tables.get_by_role("button", name="Next").first
    following.focus()
    following.press("Enter")
    expect(tables).to_contain_text("rows 21 to", timeout=SEEN_MS)


@pytest.mark.parametrize("width", [1440, 1100])
def test_no_button_or_label_is_clipped(notebook, page, width):
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": before["height"]})
    try:
        page.wait_for_timeout(1000)
        assert [] == page.evaluate(CLIPPED)
    finally:
        page.set_viewport_size(before)


def test_the_browser_shows_every_bar_of_the_histogram(notebook, page):
    page.locator(".orbital-histogram").scroll_into_view_if_needed()
    page.wait_for_function(BARS, timeout=SEEN_MS)
