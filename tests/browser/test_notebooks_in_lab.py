"""Every notebook as its reader meets it: opened in JupyterLab, all cells run."""

import json
import re
from pathlib import Path

import pytest
from explorer_page import ExplorerPage
from lab import open_notebook, run_all, working_copy

from orbital_kernel import embedded

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
BURST = "GRB 120102S"
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))


@pytest.fixture(scope="module")
def server(lab, tmp_path_factory):
    """Serve a working copy of the notebooks over a platform of its own."""
    folder = tmp_path_factory.mktemp("notebooks")
    home = folder / "home"
    yield lab(working_copy(NOTEBOOKS, folder / "copy"), ORBITAL_HOME=str(home))
    embedded.stop(home)


def drawing(name):
    """Return how many cells of a notebook draw a figure."""
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())["cells"]
    return sum("show(" in "".join(cell["source"]) for cell in cells)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_top_to_bottom_and_draws(server, page, name):
    open_notebook(page, server, f"{name}.ipynb")
    run_all(page)
    figures = page.locator(".jp-OutputArea .bk-Figure")  # also those within a layout
    if number := drawing(name):
        figures.nth(number - 1).wait_for(state="attached")


def test_the_explorer_works_over_the_sample_sky(server, page):
    open_notebook(page, server, "06_explore.ipynb")
    run_all(page)
    explorer = ExplorerPage(page)
    explorer.wait_status("photometry")

    explorer.choose("table", "sources")
    explorer.wait_status("chandra.sources")
    explorer.press("swift")
    explorer.wait_gone("swift.sources")

    explorer.choose("table", "grbs")
    explorer.press("swift")
    explorer.wait_status("swift.grbs")
    explorer.type("object", BURST)
    explorer.wait_value("ra", re.compile(r"238\.581"))
    explorer.wait_value("dec", re.compile(r"37\.38"))
