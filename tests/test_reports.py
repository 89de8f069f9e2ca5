"""Parameters of a report are checked before it runs; pages hold data, never scripts."""

import base64
import hashlib
import json
import re
from pathlib import Path

import nbformat
import polars as pl
import pytest
import yaml
from bokeh.embed.notebook import notebook_content
from bokeh.plotting import figure
from bs4 import BeautifulSoup
from orbital_widgets import Explorer
from sky_in_memory import fetch, resolve

from orbital_kernel import reports
from orbital_kernel.errors import ReportError
from orbital_kernel.reports import figures, page, provenance, record

HOSTILE = "</script><script>window.hacked=1</script>"


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

    written = reports.run(report, tmp_path / "out", {"n": 5})

    assert "square 25" in written.read_text()


def test_a_failing_report_names_the_cell_and_its_error(folder, tmp_path):
    with pytest.raises(ReportError, match="ZeroDivisionError"):
        reports.run(reports.find("square", folder), tmp_path / "out", {"n": 3})


def test_unknown_reports_parameters_and_types_are_refused(folder):
    report = reports.find("square", folder)

    with pytest.raises(ReportError, match="choose one of square"):
        reports.find("cube", folder)
    with pytest.raises(ReportError, match=r"no parameter m; it has n"):
        reports.check(report, {"m": 1})
    with pytest.raises(ReportError, match="as integer"):
        reports.check(report, {"n": "two"})


def test_shell_pairs_become_typed_values(folder):
    report = reports.find("square", folder)

    assert {"n": 7} == reports.parse(report, [("n", "7")])


def test_every_notebook_has_a_yaml_file_that_agrees_with_its_parameters_cell():
    inspect = pytest.importorskip("papermill").inspect_notebook

    for report in reports.reports().values():
        declared = {p.name: p.default for p in report.parameters}
        inferred = inspect(str(report.notebook))
        assert declared.keys() == inferred.keys(), report.name


def executed(*outputs):
    """Return an executed notebook with these outputs and its provenance."""
    facts = {record.MIME: provenance.collect({})}
    output = nbformat.v4.new_output
    cells = [
        nbformat.v4.new_markdown_cell("# A title of its own\n\nSee [it](other.ipynb)."),
        nbformat.v4.new_code_cell("run()", outputs=list(outputs)),
        nbformat.v4.new_code_cell(
            record.SOURCE,
            metadata={"tags": [record.TAG]},
            outputs=[output("display_data", data=facts)],
        ),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def shown(*outputs):
    """Return the page of such a notebook, parsed."""
    report = reports.Report("name", "The report's title", Path("name.ipynb"), ())
    return BeautifulSoup(page.html(executed(*outputs), report, {}), "html.parser")


def output(**data):
    return nbformat.v4.new_output(
        "display_data", data={k.replace("_", "/", 1): v for k, v in data.items()}
    )


def bokeh_outputs(title):
    drawn = figure(title=title, height=100)
    drawn.scatter([1.0], [2.0])
    script, place, _ = notebook_content(drawn)
    return (
        output(text_html=place),
        nbformat.v4.new_output(
            "display_data",
            data={"application/javascript": script, figures.FIGURE_MIME: ""},
        ),
    )


def test_a_page_has_only_the_title_of_its_yaml_file():
    soup = shown()

    assert "The report's title" == soup.title.text
    assert ["The report's title"] == [each.text for each in soup.find_all("h1")]
    assert ["other.html"] == [each["href"] for each in soup.main.find_all("a")]


def test_a_page_without_figures_runs_no_script():
    soup = shown(output(text_html="<b>bold</b>"))
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})

    assert "script-src 'none'" in policy["content"]
    assert [] == soup.find_all("script")


def test_figures_share_one_bokehjs_and_are_data():
    soup = shown(*bokeh_outputs(HOSTILE), *bokeh_outputs("second"))
    scripts = soup.find_all("script", type=None)
    blocks = soup.find_all("script", type="application/json")

    assert 1 == sum("Anaconda" in script.text for script in scripts)
    assert 2 == len(blocks)
    assert "<" not in blocks[0].text
    assert HOSTILE in json.dumps(json.loads(blocks[0].text))
    assert 2 == len(soup.select("main [data-root-id]"))


def test_the_policy_names_the_page_s_scripts_and_compiles_only_for_those_that_need_it():
    soup = shown(*bokeh_outputs("plain"))
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(each.text.encode()).digest()).decode()}'"
        for each in soup.find_all("script", type=None)
    }

    assert hashes == set(re.findall(r"'sha256-[^']+'", policy["content"]))
    assert "unsafe-eval" not in policy["content"]
    assert "unsafe-inline" not in policy["content"].replace(
        "style-src 'unsafe-inline'", ""
    )


def test_the_explorer_s_figure_shares_the_page_s_bokehjs(monkeypatch):
    monkeypatch.setenv("ORBITAL_STATIC", "1")
    explorer = Explorer(fetch, resolve).wait()
    html = explorer._repr_mimebundle_()["text/html"]
    explorer.close()

    soup = shown(output(text_html=html))

    assert "<iframe" in html
    assert 1 == len(soup.find_all("script", type="application/json"))
    assert [] == soup.find_all("iframe")
    assert 1 == len(soup.select("main [data-root-id]"))


def test_a_traceback_is_shown_as_text():
    soup = shown(
        nbformat.v4.new_output(
            "error", ename="E", evalue=HOSTILE, traceback=[f"\x1b[31m{HOSTILE}\x1b[0m"]
        )
    )

    assert HOSTILE in soup.main.text
    assert [] == soup.main.find_all("script")


def test_a_page_names_each_output_that_it_does_not_show():
    soup = shown(
        output(application_javascript="run()"),
        output(text_html="<iframe src='http://example.org'></iframe>"),
        output(text_html="<img src='http://example.org/i.png'>"),
    )

    assert "not shown in a report: output of application/javascript" in soup.main.text
    assert "not shown in a report: a frame" in soup.main.text
    assert "not shown in a report: the image http://example.org/i.png" in soup.main.text


def test_a_figure_that_cannot_be_read_is_an_error():
    changed = nbformat.v4.new_output(
        "display_data",
        data={"application/javascript": "draw()", figures.FIGURE_MIME: ""},
    )

    with pytest.raises(ReportError, match="install the locked version"):
        shown(changed)


def test_a_notebook_that_was_not_run_as_a_report_has_no_page():
    report = reports.Report("name", "title", Path("name.ipynb"), ())

    with pytest.raises(ReportError, match="no record of its data"):
        page.html(nbformat.v4.new_notebook(), report, {})


def test_a_snapshot_names_tables_origin_and_content(stocked):
    facts = provenance.snapshot(stocked)
    stored = stocked.table("ops.files").filter(pl.col("state") == "ingested")
    content = "\n".join(sorted(stored["sha256"])).encode()

    assert "embedded" == facts["engine"]
    assert stored.height == facts["files"]
    assert hashlib.sha256(content).hexdigest() == facts["content_sha256"]
    assert stocked.tables()["swift.rates"] == facts["tables"]["swift.rates"]["rows"]
    assert "simulated" == facts["tables"]["swift.rates"]["origin"]
    assert not [name for name in facts["tables"] if name.startswith("ops.")]


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        (("real", "real"), "real"),
        (("simulated", "not marked"), "simulated"),
        (("real", "simulated"), "both"),
        (("simulated and real",), "both"),
        (("not marked",), "not marked"),
    ],
)
def test_a_report_shows_whether_its_data_are_simulated(origins, expected):
    tables = {str(n): {"rows": 1, "origin": each} for n, each in enumerate(origins)}

    assert expected == page.origin({"snapshots": [{"tables": tables}]})


def test_simulated_and_real_data_in_two_databases_are_not_said_to_share_one():
    snapshots = [
        {"tables": {"t": {"rows": 1, "origin": origin}}}
        for origin in ("simulated", "real")
    ]

    assert "apart" == page.origin({"snapshots": snapshots})
