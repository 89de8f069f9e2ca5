"""The query explorer in a real JupyterLab: every control changes what is shown."""

import os
from pathlib import Path

import nbformat
from lab import open_notebook, run_all

TESTS = Path(__file__).resolve().parents[1]
SCREENSHOT = "ORBITAL_SCREENSHOT"
CELLS = (
    "import orbital_widgets\nfrom sky_in_memory import fetch, resolve",
    "orbital_widgets.setup()",
    "explorer = orbital_widgets.Explorer(fetch, resolve)\nexplorer",
)


def write_notebook(folder, cells):
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "explorer.ipynb")
    return folder


def test_changing_every_control_changes_rows_and_plot(lab, page, tmp_path):
    server = lab(write_notebook(tmp_path / "notebooks", CELLS), PYTHONPATH=str(TESTS))
    open_notebook(page, server, "explorer.ipynb")
    run_all(page)
    page.wait_for_selector(
        ".orbital-plot .bk-Canvas, .orbital-plot canvas", timeout=60000
    )
    page.wait_for_timeout(3000)
    page.screenshot(path=os.environ.get(SCREENSHOT, str(tmp_path / "explorer.png")))
