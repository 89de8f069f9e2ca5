"""Pages of reports, read by axe-core as screen readers would, in light and in dark."""

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from orbital_kernel import plots, reports
from orbital_kernel.reports import NOTEBOOKS, cache, page

READY_MS = 60_000
IDLE = "() => window.Bokeh && Bokeh.documents.every((each) => each.is_idle)"
FILTER = (
    """() => getComputedStyle(document.querySelector("[data-root-id] > *")).filter"""
)
NAMES = ("04_monitor_bursts", "05_build_light_curves")


@pytest.fixture
def opened(chromium):
    """Open pages in a browser."""
    shown = chromium.new_page(viewport={"width": 1300, "height": 1000})
    yield shown
    shown.close()


def complaints(shown):
    """Return what axe-core finds on a page as it is."""
    return [
        (violation["id"], node["html"])
        for violation in Axe().run(shown).response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_to_complain_about_in_a_report(opened, tmp_path, name):
    path = tmp_path / "report.html"
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    text = page.html(notebook, reports.find(name), {}, failure="as committed")
    path.write_text(text, encoding="utf-8")
    opened.goto(path.as_uri())
    opened.wait_for_function(IDLE, timeout=READY_MS)
    light, filter_in_light = complaints(opened), opened.evaluate(FILTER)
    opened.emulate_media(color_scheme="dark")

    assert [] == light
    assert [] == complaints(opened)
    assert "none" == filter_in_light
    assert "invert(0.93)" in opened.evaluate(FILTER)


def test_a_figure_as_a_page_follows_the_readers_choice(opened, tmp_path):
    path = tmp_path / "figure.html"
    path.write_text(plots.to_html(plots.theme.canvas("one"), title="one"), "utf-8")
    opened.goto(path.as_uri())
    opened.wait_for_function(IDLE, timeout=READY_MS)
    light, filter_in_light = complaints(opened), opened.evaluate(FILTER)
    opened.emulate_media(color_scheme="dark")

    assert ([], "none") == (light, filter_in_light)
    assert [] == complaints(opened)
    assert "invert(0.93)" in opened.evaluate(FILTER)


def test_the_index_of_a_folder_can_be_read_in_either(opened, tmp_path):
    for stem, error in (("whole", ""), ("half", "a cell failed")):
        (tmp_path / f"{stem}.html").write_text("<p>a report</p>", encoding="utf-8")
        report = reports.find("burst")
        cache.new(report, stem, {"days": 2.0}, data=[], error=error).write(tmp_path)
    opened.goto(reports.write_index(tmp_path).as_uri())
    light = complaints(opened)
    opened.emulate_media(color_scheme="dark")

    assert 2 == opened.locator("tbody tr").count()
    assert [] == light
    assert [] == complaints(opened)
