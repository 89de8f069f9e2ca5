"""Notebooks are as they ran: whole, in order, with nothing of the machine in them."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from notebook_values.tolerance import Tolerance

FOLDER = Path(__file__).parent.parent / "notebooks"
LOOSENED = {}  # (notebook, number of the cell) -> rtol; the reason is in the cell
WIDGET = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = sorted(
    path
    for path in FOLDER.rglob("[0-9]*.ipynb")
    if path.parent.name != ".ipynb_checkpoints"  # JupyterLab's copies
)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def test_there_are_notebooks():
    assert 5 <= len(NOTEBOOKS)


def test_every_cell_ran_in_order_so_that_outputs_are_compared(notebook):
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]

    assert list(range(1, len(counts) + 1)) == counts


def test_no_cell_ends_in_an_error_or_warns(notebook):
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]

    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


def test_metadata_hold_nothing_of_the_machine(notebook):
    assert {"kernelspec"} == notebook.metadata.keys()
    assert all(c.metadata.keys() <= {"tags", "orbital"} for c in notebook.cells)
    assert "python3" == notebook.metadata.kernelspec.name


def test_the_cells_whose_numbers_may_differ_more_are_listed():
    loosened = {
        (path.stem, number): Tolerance.of(cell.metadata).rtol
        for path in NOTEBOOKS
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells)
        if "orbital" in cell.metadata
    }

    assert LOOSENED == loosened


def test_widgets_are_kept_as_their_static_twins_without_bokehs_code(notebook):
    data = [o.data for c in notebook.cells for o in c.get("outputs", []) if "data" in o]

    assert not [kinds for kinds in data if WIDGET in kinds]
    assert not [kinds for kinds in data if "Copyright (c) Anaconda" in str(kinds)]


def test_the_first_cell_says_what_it_is_for(notebook):
    first = notebook.cells[0].source

    assert first.startswith("# ")
    for promise in ("What you'll do", "What you'll learn", "What you'll need"):
        assert promise in first


def test_the_first_cell_states_what_a_run_was_measured_to_take(notebook):
    measured = r"\*\*Measured\.\*\* \d+ s .* [\d,]+ MB of memory"

    assert re.search(measured, notebook.cells[0].source)


def test_a_notebook_has_at_most_15_cells_of_code(notebook):
    assert 15 >= sum(cell.cell_type == "code" for cell in notebook.cells)


def test_the_list_of_notebooks_has_each_one():
    text = (FOLDER / "README.md").read_text()

    assert [] == [path.stem for path in NOTEBOOKS if f"]({path.name})" not in text]


def test_code_cells_are_short_and_define_no_functions(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert 15 >= len(cell.source.splitlines())
            assert "\ndef " not in f"\n{cell.source}"


def test_every_notebook_has_a_sidecar_with_a_title():
    for path in NOTEBOOKS:
        assert yaml.safe_load(path.with_suffix(".yaml").read_text())["title"]
