"""The notebooks' comparison: what must fail fails, and rounding alone passes."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbval.plugin import get_sanitize_patterns
from notebook_mutants import (
    Nudged,
    figures,
    redrawn,
    redrawn_page,
    relabelled,
    renamed,
    rounded_otherwise,
)
from notebook_values.outputs import differences
from notebook_values.tolerance import Tolerance
from notebook_values.trees import Comparison, Printed
from orbital_widgets import HealthPanel
from orbital_widgets.results import Outcome
from orbital_widgets.selection import Selection
from orbital_widgets.static import twin_html, twin_text

from orbital_kernel.storage.health.checks import health_of

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = {path.stem: path for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}
SANITIZE = ROOT / "notebooks" / "nbval_sanitize.cfg"


def sanitize(text):
    for pattern, replacement in get_sanitize_patterns(SANITIZE.read_text()):
        text = re.sub(pattern, replacement, text)
    return text


def differ(committed, fresh, tolerance=None):
    return differences(committed, fresh, tolerance or Tolerance(), sanitize)


def outputs(name, source):
    """Return the outputs of a notebook's first cell whose source holds a text."""
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    return next(
        cell.outputs
        for cell in cells
        if cell.cell_type == "code" and source in cell.source
    )


def drawn(name):
    """Return the outputs of each cell of a notebook that draws a figure."""
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    return [c.outputs for c in cells if c.cell_type == "code" and figures(c.outputs)]


DRAWING = [name for name in NOTEBOOKS if drawn(name)]


@pytest.fixture
def figure():
    return outputs("05_build_light_curves", "show(")


@pytest.fixture
def explorer():
    return outputs("06_explore", "Explorer(")


@pytest.fixture
def panel():
    return outputs("07_watch_storage", "HealthPanel(\n")


@pytest.mark.parametrize("name", DRAWING)
def test_rounding_compression_ids_and_the_order_of_keys_do_not_count(name):
    for committed in drawn(name):
        fresh = renamed(redrawn(committed, rounded_otherwise))

        assert fresh != committed
        assert [] == differ(committed, fresh)


@pytest.mark.parametrize("name", DRAWING)
def test_a_thousandth_in_any_plotted_array_counts(name):
    for committed in drawn(name):
        nudged = Nudged()
        fresh = redrawn(committed, nudged)

        assert nudged.arrays == len(differ(committed, fresh))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("text", "another title"),
        ("axis_label", "flux (Jy)"),
        ("value", "another entry"),
        ("tooltips", [["", "@nothing"]]),
        ("name", "AnotherModel"),
        ("height", 431),
    ],
)
def test_a_changed_label_or_size_counts(figure, key, text):
    assert [] != differ(figure, redrawn(figure, relabelled(key, text)))


def test_an_array_of_another_length_or_type_counts():
    comparison = Comparison(Tolerance(), sanitize)
    three = np.array([1.0, 2.0, 3.0])

    assert [] == comparison.differences(three, three.copy())
    assert [] != comparison.differences(three, three[:2])
    assert [] != comparison.differences(three, three.astype("float32"))


def test_nan_and_infinity_equal_only_themselves():
    comparison = Comparison(Tolerance(), sanitize)
    array = np.array([np.nan, np.inf, 1.0])

    assert [] == comparison.differences(array, array.copy())
    assert [] != comparison.differences(array, np.array([0.0, np.inf, 1.0]))
    assert [] != comparison.differences(array, np.array([np.nan, -np.inf, 1.0]))
    assert [] != comparison.differences(array, np.array([np.nan, 1e300, 1.0]))


def test_a_leap_second_counts_in_an_array_of_dates():
    comparison = Comparison(Tolerance(), sanitize)
    dates_ms = 1.4e12 + np.arange(0.0, 600_000.0, 1000.0)

    assert [] == comparison.differences(dates_ms, np.nextafter(dates_ms, np.inf))
    assert [] != comparison.differences(dates_ms, dates_ms + 1000.0)


def test_rounding_near_zero_does_not_count():
    comparison = Comparison(Tolerance(), sanitize)

    assert [] == comparison.differences([0.0, 1.0], [1e-16, 1.0])
    assert [] != comparison.differences([0.0, 1.0], [1e-9, 1.0])


def test_a_deleted_figure_and_an_additional_output_count(figure):
    more = [*figure, nbformat.v4.new_output("stream", text="more")]

    assert [] != differ(figure, [])
    assert [] != differ(figure, figure[:1])
    assert [] != differ(figure, [*figure, *figure])
    assert [] != differ(figure, more)
    assert [] != differ(more, figure)


@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
def test_a_changed_cell_of_a_table_counts(kind):
    table = outputs("06_explore", "explorer.wait().frame")
    fresh = copy.deepcopy(table)
    fresh[0]["data"][kind] = fresh[0]["data"][kind].replace("321", "322")

    assert 1 == len(differ(table, fresh))


@pytest.mark.parametrize(
    ("committed", "fresh", "agrees"),
    [
        ("T90 0.30000000000000004 s", "T90 0.3 s", True),
        ("T90 1.5e-3 s", "T90 0.0015 s", True),
        ("T90 12.31 s", "T90 12.32 s", False),
        ("T90 12.31 s", "T50 12.31 s", False),
        ("T90 12.31 s", "T90 12.31 ms", False),
        ("T90 12.31 s", "T90  12.31 s", False),
        ("1 of 3", "1 of 4", False),
        ("20260101120000001", "20260101120000002", False),
        ("0x1 53529e8f65", "0x1 53529e8f66", False),
        ("nan", "0.0", False),
    ],
)
def test_numbers_in_a_text_count_by_value_and_all_else_exactly(
    committed, fresh, agrees
):
    comparison = Comparison(Tolerance(), sanitize)

    lines = comparison.differences(Printed(committed), Printed(fresh))

    assert agrees == (lines == [])


def test_an_explorer_that_only_ran_at_another_speed_agrees(explorer):
    fresh = copy.deepcopy(explorer)
    for kind, text in fresh[0]["data"].items():
        fresh[0]["data"][kind] = sanitize(text).replace("MILLISECONDS", "98765 ms")

    assert fresh != explorer
    assert [] == differ(explorer, fresh)


def test_an_emptied_explorer_counts(explorer):
    selection, nothing = Selection(), Outcome("sources")
    fresh = copy.deepcopy(explorer)
    fresh[0]["data"] = {
        "text/plain": twin_text(selection, nothing),
        "text/html": twin_html(selection, nothing),
    }

    assert [] != differ(explorer, fresh)


@pytest.mark.parametrize("part", ["iframe", "table"])
def test_an_explorer_without_figure_or_without_rows_counts(explorer, part):
    fresh = copy.deepcopy(explorer)
    html = fresh[0]["data"]["text/html"]
    end = f"</{part}>"
    start, stop = html.index(f"<{part}"), html.rindex(end) + len(end)
    fresh[0]["data"]["text/html"] = html[:start] + html[stop:]

    assert [] != differ(explorer, fresh)


def test_a_thousandth_in_the_explorers_figure_counts_and_rounding_does_not(explorer):
    html, nudged = explorer[0]["data"]["text/html"], Nudged()
    fresh, rounded = copy.deepcopy(explorer), copy.deepcopy(explorer)
    fresh[0]["data"]["text/html"] = redrawn_page(html, nudged)
    rounded[0]["data"]["text/html"] = redrawn_page(html, rounded_otherwise)

    assert 4 < nudged.arrays == len(differ(explorer, fresh))
    assert [] == differ(explorer, rounded)


def test_an_emptied_panel_counts(panel):
    emptied = HealthPanel(lambda: health_of([]), static=True)
    fresh = copy.deepcopy(panel)
    fresh[0]["data"] = emptied._repr_mimebundle_()
    emptied.close()

    assert [] != differ(panel, fresh)


def test_a_live_widget_never_agrees_with_a_static_twin(panel):
    live = HealthPanel(lambda: health_of([]), static=False)
    fresh = copy.deepcopy(panel)
    fresh[0]["data"] |= live._repr_mimebundle_()
    live.close()

    assert [] != differ(panel, fresh)


def test_a_cell_may_loosen_its_tolerance_with_a_reason():
    figure = outputs("13_capacity_cost_scale", "plots.scale(")
    loose = Tolerance.of({"orbital": {"rtol": 1e-6, "reason": "a flat likelihood"}})

    fresh = redrawn(figure, Nudged(1e-8))

    strict = differ(figure, fresh)
    loosened = differ(figure, fresh, loose)
    assert len(loosened) <= len(strict) / 2  # those left are constant in their array


@pytest.mark.parametrize(
    "entry",
    [
        {"rtol": 1e-6},
        {"rtol": 1e-6, "reason": " "},
        {"rtol": 1e-3, "reason": "a flat likelihood"},
        {"rtol": 1e-6, "reason": "a flat likelihood", "atol": 1.0},
    ],
)
def test_a_tolerance_too_loose_or_without_a_reason_is_refused(entry):
    with pytest.raises(ValueError, match="a cell"):
        Tolerance.of({"orbital": entry})


PREPARE = """
import numpy as np
from bokeh.io import output_notebook, show
from bokeh.plotting import figure
output_notebook(hide_banner=True)
"""
DRAW = """
drawn = figure(title="Rates")
curve = drawn.line(np.arange(9.0), np.sin(np.arange(9.0)))
show(drawn)
"""
PRINT = "print(f'{np.sin(1.0):.6f} rad')"


@pytest.fixture
def notebook():
    """Return a small notebook that draws and prints, run by a real kernel."""
    sources = (PREPARE, DRAW, DRAW, DRAW, PRINT, PRINT)
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    cells[0].metadata["tags"] = ["nbval-ignore-output"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook


def test_pytest_reports_each_cell_under_nbvals_id(notebook, tmp_path):
    _, rounded, nudged, deleted, _, printed = notebook.cells
    rounded.outputs = renamed(redrawn(rounded.outputs, rounded_otherwise))
    nudged.outputs = redrawn(nudged.outputs, Nudged())
    deleted.outputs = []
    printed.outputs[0]["text"] = "0.851471 rad\n"
    nbformat.write(notebook, tmp_path / "mutants.ipynb")

    options = ("--nbval", "--nbval-current-env", "--nbval-sanitize-with", SANITIZE)
    reply = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.notebook_values",
            *options,
            tmp_path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    failed = re.findall(
        r"^FAILED \S*mutants.ipynb::(Cell \d)", reply.stdout, re.MULTILINE
    )
    assert ["Cell 2", "Cell 3", "Cell 5"] == failed, reply.stdout + reply.stderr
    assert "3 failed, 3 passed" in reply.stdout
