"""The query explorer in a real JupyterLab: every control changes what is shown."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from explorer_page import SEEN_MS, ExplorerPage
from lab import open_notebook, run_all

TESTS = Path(__file__).resolve().parents[1]
CELLS = (
    "import orbital_widgets\nfrom sky_in_memory import fetch, resolve",
    "orbital_widgets.setup()",
    "explorer = orbital_widgets.Explorer(fetch, resolve)\nexplorer",
)
EVERYTHING = 240
SENT_BACK = """() => {
  window.sentBack = [];
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  kernel.anyMessage.connect((_, {msg, direction}) => {
    const change = msg.content?.data?.content;
    if (direction === "send" && change?.event === "jsevent")
      window.sentBack.push(change.attr ?? change.kind);
  });
}"""


@pytest.fixture(scope="module")
def notebook(lab, tab, tmp_path_factory):
    """Open a notebook with an explorer over the sky in memory."""
    folder = write_notebook(tmp_path_factory.mktemp("explorer") / "notebooks", CELLS)
    paths = os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))
    open_notebook(tab, lab(folder, PYTHONPATH=paths), "explorer.ipynb")
    return tab


@pytest.fixture
def shown(notebook, page):
    """Show the explorer of that notebook, after all cells have run again."""
    run_all(page)
    explorer = ExplorerPage(page)
    explorer.wait_points(EVERYTHING)
    return explorer


def write_notebook(folder, cells):
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "explorer.ipynb")
    return folder


def test_every_control_changes_rows_and_plot(shown, tmp_path):
    shown.wait_rows(EVERYTHING)
    full = shown.pixels("plot")

    shown.press("chandra")
    shown.wait_points(120)
    shown.wait_rows(120)
    assert full != shown.pixels("plot")

    shown.press("hard")
    shown.wait_points(60)
    shown.wait_rows(60)

    shown.press("hard")
    shown.press("chandra")
    shown.wait_points(EVERYTHING)

    shown.type("limit", "30")
    shown.wait_points(60)
    shown.wait_status("there may be more")
    shown.type("limit", "1000")
    shown.wait_points(EVERYTHING)

    shown.type("object", "Crab")
    shown.wait_status("swift.sources: 4 rows")
    shown.wait_value("ra", "83.63308")
    shown.wait_value("dec", "22.0145")
    few = shown.pixels("sky")

    shown.type("radius-arcmin", "60")
    shown.wait_points(EVERYTHING)
    assert few != shown.pixels("sky")

    shown.type("ra", "05:38:00")
    shown.wait_status("swift.sources: 84 rows")
    shown.wait_value("object", "")

    shown.type("dec", "21.5")
    shown.wait_status("swift.sources: 65 rows")

    shown.press("Query the whole sky")
    shown.wait_points(EVERYTHING)

    shown.choose("table", "photometry")
    shown.wait_points(180)
    shown.wait_rows(EVERYTHING)
    shown.wait_axis_label("value (erg cm⁻² s⁻¹)")

    shown.choose("unit", "count / s")
    shown.wait_points(60)
    shown.wait_axis_label("value (counts s⁻¹)")

    shown.press("XRT")
    shown.wait_rows(120)
    shown.press("XRT")
    shown.wait_rows(EVERYTHING)

    shown.type("start", "2013-05-01")
    shown.wait_rows(50)
    shown.type("stop", "2013-05-10")
    shown.wait_rows(28)


def test_the_sky_map_and_the_plot_are_for_clicking_and_dragging(shown):
    shown.settle()
    shown.click_sky(83.633, 22.0)
    shown.wait_status("swift.sources: ")
    shown.wait_value("ra", re.compile(r"8[234]\."))
    shown.settle()

    x, y = shown.sky_pixel(83.633, 22.0)
    shown.drag((x, y), (x + 12, y + 12))
    shown.wait_points(EVERYTHING)
    assert 60 < float(shown.value("radius-arcmin"))
    wide = shown.pixels("sky")

    shown.press("Zoom to cone")
    shown.page.wait_for_timeout(500)
    assert wide != shown.pixels("sky")

    shown.drag(*shown.plot_corners())
    shown.page.get_by_text("picked in the plot").wait_for()
    shown.press("Show all rows")
    shown.wait_rows(EVERYTHING)

    shown.press("Next")
    shown.page.get_by_text("page 2 of 12").wait_for()


def test_a_problem_is_shown_in_place(shown):
    shown.type("dec", "95")
    complaint = shown.page.locator(".orbital-explorer").get_by_text("95")
    complaint.first.wait_for()
    shown.wait_points(EVERYTHING)

    shown.type("object", "Vulcan")
    shown.wait_status("no position of 'Vulcan' is known")
    shown.wait_points(0)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            {"radius-arcmin": "0"},
            "radius is a number from 0.0001 to 10800 arcmin, not 0",
        ),
        ({"radius-arcmin": "1e9"}, "radius is a number from 0.0001 to 10800 arcmin"),
        ({"ra": "12h", "dec": "80"}, "is within 5′ of RA 180.00000°, Dec +80.00000°"),  # noqa: RUF001
        ({"ra": "twelve"}, "RA is degrees or hours, such as"),
        ({"start": "2020-01-02", "stop": "2019-01-01"}, "starts 2020-01-02, after its"),
        ({"object": "NGC 1068"}, "no position of 'NGC 1068' is known"),
        ({"object": "<script>alert(1)</script>"}, "<script>alert(1)</script>"),
    ],
)
def test_whatever_is_typed_is_answered_in_a_sentence(shown, typed, words):
    for trait, text in typed.items():
        shown.type(trait, text)
    explorer = shown.page.locator(".orbital-explorer")
    explorer.get_by_text(words).first.wait_for(timeout=SEEN_MS)
    shown.settle()

    assert not re.search(r"Traceback|Error\b|numpy|None", explorer.inner_text())


def test_the_page_sends_no_columns_back_to_the_kernel(shown):
    shown.page.evaluate(SENT_BACK)
    shown.type("limit", "50")
    shown.wait_points(100)
    shown.settle()

    assert [] == [
        a for a in shown.page.evaluate("() => window.sentBack") if a == "data"
    ]


def test_the_explanation_and_the_code_are_shown(shown):
    shown.page.get_by_role("tab", name="Explain").click()
    shown.page.locator(".orbital-explain").get_by_text("rows read").first.wait_for()

    shown.page.get_by_role("tab", name="Copy as code").click()
    shown.press("Copy")
    code = shown.page.locator(".orbital-code pre").inner_text()
    assert "Query('swift.sources', limit=1000)" in code
    shown.page.get_by_role("button", name="Copied").wait_for()


def test_shown_again_it_has_its_present_state(shown):
    shown.press("chandra")
    shown.wait_points(120)
    shown.page.evaluate(
        "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
    )
    shown.wait_points(EVERYTHING)


def test_a_picture_is_taken_where_asked(shown, tmp_path):
    shown.page.set_viewport_size({"width": 1500, "height": 2200})
    shown.type("object", "Crab")
    shown.type("radius-arcmin", "30")
    shown.wait_points(200)
    shown.press("Zoom to cone")
    shown.settle()
    picture = Path(os.environ.get("ORBITAL_SCREENSHOT", tmp_path / "explorer.png"))
    shown.page.locator(".orbital-explorer").first.screenshot(path=picture)

    assert 20_000 < picture.stat().st_size
