"""Reports are made again only if something changed; what failed is kept and listed."""

import json

import nbformat
import polars as pl
import pytest
import yaml
from bs4 import BeautifulSoup
from click.testing import CliRunner

from orbital_kernel import reports
from orbital_kernel.__main__ import cli
from orbital_kernel.errors import ReportError
from orbital_kernel.reports import cache, markup, page, provenance
from orbital_kernel.reports.report import NOTEBOOKS


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a report that fails for n = 3."""
    cells = [
        nbformat.v4.new_code_cell("n: int = 2", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print('square', n * n)"),
        nbformat.v4.new_code_cell("1 / (n - 3)"),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"square-{number}"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "square.ipynb")
    spec = {"type": "integer", "description": "a number", "default": 2, "maximum": 9}
    declared = {"title": "<Squares>", "authors": ["A. B."], "parameters": {"n": spec}}
    (tmp_path / "square.yaml").write_text(yaml.dump(declared))
    return tmp_path


@pytest.fixture
def square(folder):
    return reports.find("square", folder)


def report_with(**spec):
    """Return a report with one parameter `value`."""
    parameter = reports.Parameter("value", description="a value", **spec)
    return reports.Report("name", "Title", NOTEBOOKS / "name.ipynb", (parameter,))


@pytest.mark.parametrize(
    ("spec", "value", "words"),
    [
        ({"type": "number", "default": 1.0, "minimum": 0.5}, 0.1, "minimum is 0.5"),
        ({"type": "number", "default": 1.0, "minimum": 0.5}, float("nan"), "minimum"),
        ({"type": "integer", "default": 1, "maximum": 9}, 10, "maximum is 9"),
        ({"type": "string", "default": "a", "choices": ("a", "b")}, "c", "'a', 'b'"),
        ({"type": "string", "default": "", "format": "utc"}, "soon", "2026-01-15T"),
        ({"type": "string", "default": "1", "format": "obs_id"}, "12x", "11 digits"),
    ],
)
def test_a_value_outside_is_refused_in_words(spec, value, words):
    with pytest.raises(ReportError, match="cannot take value") as error:
        reports.check(report_with(**spec), {"value": value})

    assert words in str(error.value)


def test_a_value_inside_is_taken_and_an_empty_default_stays_allowed():
    utc = report_with(type="string", default="", format="utc")

    for value in ("", "2026-01-15T00:00:00"):
        assert {"value": value} == reports.check(utc, {"value": value})


def test_an_unknown_format_of_a_sidecar_is_an_error_that_names_it(folder):
    text = (folder / "square.yaml").read_text().replace("maximum: 9", "format: iso")
    (folder / "square.yaml").write_text(text)

    with pytest.raises(ReportError, match=r"square\.yaml: parameter n .* 'iso'"):
        reports.reports(folder)


def test_a_page_is_made_again_only_if_parameters_or_code_changed(square, tmp_path):
    out = tmp_path / "out"
    first = reports.ensure(square, out, {"n": 4})
    again = reports.ensure(square, out, {"n": 4})
    with square.notebook.open("a") as file:
        file.write("\n")

    assert first.unchanged_since is None
    assert again.unchanged_since == cache.records(out)[0].date_utc
    assert cache.unchanged_since(square, "square", out, {"n": 5}) is None
    assert cache.unchanged_since(square, "square", out, {"n": 4}) is None


def test_a_page_holds_as_long_as_the_rows_that_it_used(
    stocked, square, tmp_path, monkeypatch
):
    monkeypatch.setenv("ORBITAL_HOME", str(stocked.home))
    snapshot = provenance.snapshot(stocked)
    fewer = snapshot | {"content_sha256": "0" * 64}
    (tmp_path / "square.html").write_text("page")

    cache.new(square, "square", {}, data=[snapshot]).write(tmp_path)
    assert cache.unchanged_since(square, "square", tmp_path, {}) is not None
    cache.new(square, "square", {}, data=[fewer]).write(tmp_path)
    assert cache.unchanged_since(square, "square", tmp_path, {}) is None


def test_files_that_a_parameter_names_are_part_of_the_data(tmp_path):
    (tmp_path / "a").write_text("1")
    before = cache.files_of({"archive": str(tmp_path)})
    (tmp_path / "b").write_text("2")

    assert before != cache.files_of({"archive": str(tmp_path)})


def test_each_value_has_a_page_the_failed_one_a_partial_page_and_all_are_listed(
    square, tmp_path
):
    out = tmp_path / "out"
    outcomes = reports.each(square, out, "n", [2, 3, 2], workers=2)
    partial = BeautifulSoup((out / "square-3.html").read_text(), "html.parser")
    index = BeautifulSoup((out / "index.html").read_text(), "html.parser")
    rows = [[c.text for c in r.find_all("td")] for r in index.tbody.find_all("tr")]
    again = reports.each(square, out, "n", [2, 3], workers=2)

    assert ["square-2", "square-3"] == [outcome.stem for outcome in outcomes]
    assert ["", True] == [outcomes[0].error, "ZeroDivision" in outcomes[1].error]
    assert "square 9" in partial.main.text
    assert "incomplete: it failed in cell" in partial.find(role="alert").text
    assert ["<Squares>", "n = 2"] == rows[0][:2]
    assert f"{outcomes[0].page.stat().st_size / 1e6:.2f}" == rows[0][3]
    assert ["done", "failed: "] == [rows[0][4], rows[1][4][:8]]
    assert [True, False] == [bool(outcome.unchanged_since) for outcome in again]


def test_a_wrong_value_of_each_stops_before_any_report_runs(square, tmp_path):
    with pytest.raises(ReportError, match="maximum is 9"):
        reports.each(square, tmp_path / "out", "n", [2, 10])

    assert not (tmp_path / "out").exists()


def test_two_runs_are_compared_by_their_values(square, tmp_path):
    pages = [
        reports.run(square, tmp_path / "out", {"n": n}, stem=f"n{n}") for n in (2, 4)
    ]
    rows = reports.compare(*pages)

    assert [
        ("parameter", "n", "2", "4"),
        ("cell square-1", "line 1", "square 4", "square 16"),
    ] == [tuple(row.values()) for row in rows if row["name"] != "line 2"][:2]
    assert [] == reports.compare(pages[0], pages[0])
    with pytest.raises(ReportError, match="cannot be read"):
        reports.compare(pages[0], tmp_path / "missing.html")


def test_the_command_says_since_when_a_page_is_unchanged(folder, tmp_path, monkeypatch):
    real = reports.find
    monkeypatch.setattr(reports, "find", lambda name: real(name, folder))
    words = ["report", "square", "-p", "n", "5", "--out", str(tmp_path / "out")]
    replies = [
        CliRunner().invoke(cli, [*words, *more], catch_exceptions=False).output
        for more in ((), (), ("--fresh",))
    ]

    assert [False, True, False] == ["unchanged since" in reply for reply in replies]


@pytest.mark.parametrize("name", ["burst", "source", "joint", "storage", "quality"])
def test_a_report_has_at_most_ten_cells_of_code_and_states_its_parameters(name):
    report = reports.find(name)
    notebook = nbformat.read(report.notebook, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert len(code) <= 10
    assert report.authors
    assert all(json.dumps(p.default) and p.description for p in report.parameters)


@pytest.mark.parametrize("name", reports.reports())
def test_a_sidecar_names_its_authors_and_bounds_its_numbers(name):
    report = reports.find(name)
    numbers = [p for p in report.parameters if p.type in {"number", "integer"}]

    assert report.authors
    assert [] == [p.name for p in numbers if p.minimum is None]
    assert (
        reports.check(report, {p.name: p.default for p in report.parameters})
        is not None
    )


def test_a_frame_on_a_page_has_plain_texts_and_no_types(monkeypatch):
    monkeypatch.setenv("POLARS_FMT_MAX_ROWS", "4")
    names = ['<b>"x"</b>', "y", None]
    short = pl.DataFrame({"name": names, "flux": [1.5, 2.0, None]})
    long = pl.DataFrame({"n": range(9)})
    pages = [
        BeautifulSoup(markup.clean(frame._repr_html_()), "html.parser")
        for frame in (short, long, short.clear())
    ]
    cells = [[c.get_text() for c in row.select("td")] for row in pages[0].select("tr")]

    assert [[], ['<b>"x"</b>', "1.5"], ["y", "2.0"], ["—", "—"]] == cells
    assert "shape" not in pages[0].get_text()
    assert "9 rows, 4 of them shown" in pages[1].get_text()
    assert "no rows" in pages[2].get_text()


def test_code_cells_without_output_share_the_disclosure_of_the_next():
    cells = [
        nbformat.v4.new_code_cell("import a"),
        nbformat.v4.new_code_cell("x = 1"),
        nbformat.v4.new_code_cell(
            "x", outputs=[nbformat.v4.new_output("stream", text="1")]
        ),
        nbformat.v4.new_code_cell("y = 2"),
        nbformat.v4.new_markdown_cell("prose"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    page._join_silent(notebook)

    assert ["import a\n\nx = 1\n\nx", "y = 2", "prose"] == [
        cell.source for cell in notebook.cells
    ]
    assert [1, 0] == [len(cell.outputs) for cell in notebook.cells[:2]]
