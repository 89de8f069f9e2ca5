"""Report parameters are checked against the sidecar before anything runs."""

import nbformat
import pytest
import yaml

from orbital_kernel import reports
from orbital_kernel.errors import ReportError


@pytest.fixture
def folder(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("n: int = 2", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print('square', n * n)\n1 / (n - 3)"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, tmp_path / "square.ipynb")
    spec = {"n": {"type": "integer", "description": "a number", "default": 2}}
    (tmp_path / "square.yaml").write_text(yaml.dump({"title": "S", "parameters": spec}))
    return tmp_path


def test_a_report_runs_with_its_parameters_and_becomes_html(folder, tmp_path):
    report = reports.find("square", folder)

    page = reports.run(report, tmp_path / "out", {"n": 5})

    assert "square 25" in page.read_text()


def test_a_failing_report_names_the_cell_and_its_error(folder, tmp_path):
    with pytest.raises(ReportError, match="ZeroDivisionError"):
        reports.run(reports.find("square", folder), tmp_path / "out", {"n": 3})


def test_unknown_reports_parameters_and_types_are_refused(folder):
    report = reports.find("square", folder)

    with pytest.raises(ReportError, match="there are square"):
        reports.find("cube", folder)
    with pytest.raises(ReportError, match=r"no parameter m; it has n"):
        reports.check(report, {"m": 1})
    with pytest.raises(ReportError, match="as integer"):
        reports.check(report, {"n": "two"})


def test_shell_pairs_become_typed_values(folder):
    report = reports.find("square", folder)

    assert {"n": 7} == reports.parse(report, [("n", "7")])


def test_every_notebook_has_a_sidecar_that_agrees_with_its_parameters_cell():
    inspect = pytest.importorskip("papermill").inspect_notebook

    for report in reports.reports().values():
        declared = {p.name: p.default for p in report.parameters}
        found = inspect(str(report.notebook))
        assert declared.keys() == found.keys(), report.name
