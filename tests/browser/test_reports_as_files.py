"""Reports as their readers receive them: a file, opened without network or server.

Texts of tables come from others. Whatever they contain, a page shows them as text.
"""

import os
import re
from pathlib import Path

import nbformat
import polars as pl
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from lab import listen

from orbital_kernel import connect, embedded, plots, reports
from orbital_kernel.model import schema
from orbital_kernel.reports import demo

TESTS = Path(__file__).resolve().parents[1]
READY_MS = 60_000
IDLE = (
    "() => window.Bokeh && Bokeh.documents.length"
    " && Bokeh.documents.every((each) => each.is_idle)"
)
HOSTILE = (
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "<!--<script>window.hacked=1",
    "[link](javascript:window.hacked=1)",
    "\"'><svg onload=window.hacked=1>",
    "</style><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "${window.hacked=1}`;window.hacked=1//",
    "<a href='javascript:window.hacked=1'>&lt;b&gt;</a>",
    "<meta http-equiv=refresh content='0;url=http://example.org/'>",
)
TEX = r"$$\href{javascript:window.hacked=1}{x^2}$$"
SHORT = ("<img src=x onerror=hacked=1>", "</script><script>hacked=1//")
CELLS = {
    "figures": """
import sys
sys.path.insert(0, {tests!r})
import polars as pl
from bokeh.io import output_notebook, show
from bokeh.plotting import figure
from bokeh.resources import INLINE
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display
from orbital_widgets.table_html import table_html
from orbital_kernel import plots
from orbital_kernel.model import schema
import test_plots as frames
HOSTILE = {hostile!r}
TEX = {tex!r}
three = list(HOSTILE[:3])
output_notebook(INLINE, hide_banner=True)
""",
    "parameters": "note: str = ''",
    "tables": """
pl.Config(tbl_cols=100, tbl_rows=100, fmt_str_lengths=1000)
for name, table in schema.tables(("swift",)).items():
    texts = [c.name for c in table.columns if c.type == schema.pa.string()]
    frame = pl.DataFrame(dict.fromkeys(texts, HOSTILE))
    display(frame)
    if name.startswith("swift."):
        display(HTML(table_html(frame, name.removeprefix("swift."))))
""",
    "own figures": """
for drawn in (
    plots.sky_map(frames.sky(source_id=three), title=HOSTILE[0]),
    plots.sky_map(frames.sky(source_id=three), projection="hammer", title=HOSTILE[1]),
    plots.light_curve(frames.curve(object=HOSTILE[0], instrument=HOSTILE[1])),
    plots.rates(frames.rates(series=HOSTILE[0]), bursts=frames.burst(cause="burst")),
    plots.population(frames.grbs(name=HOSTILE[1], catalog=HOSTILE[0])),
    plots.latency(frames.queries(kind=[*three, HOSTILE[4]])),
    plots.storage(frames.capacity(name=HOSTILE[0], state=HOSTILE[1])),
):
    show(drawn)
""",
    "TeX": """
formula = figure(title=TEX, x_axis_label=TEX, height=300)
formula.scatter([1.0], [1.0], legend_label=TEX)
show(formula)
""",
    "any figure": """
drawn = figure(
    title=HOSTILE[0], x_axis_label=HOSTILE[1], y_axis_label=HOSTILE[2],
    y_range=list(HOSTILE), tooltips=[(HOSTILE[1], "@name"), ("", "@x")], name="any",
    width=900, height=400,
)
drawn.scatter("x", "y", size=400, legend_field="name", source=dict(
    x=[1.0], y=[HOSTILE[4]], name=[HOSTILE[0] + HOSTILE[1]]))
show(drawn)
""",
    "outputs": """
import sys
for text in HOSTILE:
    print(text)
    print(text, file=sys.stderr)
    for kind in (Markdown, HTML, Latex):
        display(kind(text))
    display({{"text/vnd.mermaid": text}}, raw=True)
    display({{"text/plain": text}}, raw=True)
    display({{"text/markdown": f"> {{text}}\\n\\n    {{text}}\\n\\n- `{{text}}`"}}, raw=True)
display(Javascript("window.hacked=1"))
display({{"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=1'/>"}}, raw=True)
""",
    "traceback": """
import traceback
try:
    raise ValueError(HOSTILE[0] + HOSTILE[1])
except ValueError:
    traceback.print_exc()
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the demo's reports, of a table with hostile names."""
    out = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORBITAL_HOME", str(out / "home"))
        orbital = connect()
        orbital.prepare()
        best = orbital.table("chandra.sources").sort("significance", nulls_last=True)
        rows = pl.concat(
            best.filter(pl.col("significance").is_not_null())
            .tail(1)
            .with_columns(
                pl.lit(text).alias("source_id"), pl.lit(1e6).alias("significance")
            )
            for text in SHORT
        )
        orbital.store.insert("chandra.sources", rows.to_arrow())
        for name in demo.TUTORIALS:
            reports.run(reports.find(name), out)
        yield out
        embedded.stop(Path(os.environ["ORBITAL_HOME"]))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return the report of a notebook that shows hostile texts in all kinds of output."""
    out = tmp_path_factory.mktemp("hostile")
    cells = [
        nbformat.v4.new_code_cell(
            source.format(tests=str(TESTS), hostile=HOSTILE, tex=TEX).strip(),
            metadata={"tags": ["parameters"] if name == "parameters" else []},
        )
        for name, source in CELLS.items()
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), out / "texts.ipynb")
    note = {"type": "string", "description": HOSTILE[1], "default": ""}
    spec = {"title": HOSTILE[0], "parameters": {"note": note}}
    (out / "texts.yaml").write_text(yaml.dump(spec))
    report = reports.find("texts", out)
    return reports.run(
        report, out / "run", reports.parse(report, [("note", HOSTILE[0])])
    )


@pytest.fixture
def opened(sealed):
    """Open files; at the end only they were requested, and no error was reported."""
    context = sealed.new_context(viewport={"width": 1300, "height": 1000})
    page = context.new_page()
    errors, requested, allowed = listen(page), [], []
    context.on("request", lambda request: requested.append(request.url))

    def open_file(path):
        allowed.append(path.as_uri())
        page.goto(path.as_uri())
        return page

    yield open_file
    context.close()

    assert allowed == requested
    assert [] == errors


def shown(page):
    """Return all text of a page, including code and the tables of figures."""
    return page.evaluate("() => document.querySelector('main').textContent")


def complaints(page):
    """Return what axe-core finds on a page as it is."""
    return [
        (violation["id"], node["html"])
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]


def hacked(page):
    return page.evaluate("() => window.hacked ?? null")


@pytest.mark.parametrize("name", demo.TUTORIALS)
def test_a_report_opens_from_its_file_alone_and_draws_its_figures(folder, opened, name):
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    drawing = sum(
        "application/vnd.bokehjs_exec.v0+json" in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )

    page = opened(folder / f"{name}.html")
    if drawing:
        page.wait_for_function(IDLE, timeout=READY_MS)

    assert reports.find(name).title == page.title()
    assert drawing <= page.evaluate("() => window.Bokeh?.documents.length ?? 0")
    assert drawing <= page.locator(".bk-Figure").count()
    assert drawing <= page.locator(".bk-Figure canvas").count()
    assert hacked(page) is None
    assert [] == complaints(page)
    page.emulate_media(color_scheme="dark")
    assert [] == complaints(page)


def test_the_header_of_a_report_shows_its_data_and_software(folder, opened):
    head = opened(folder / "01_start_here.html").locator("header").inner_text()

    assert "SIMULATED" in head
    assert "radius_arcmin" in head
    assert "6.0 (default)" in head
    assert "UTC" in head
    assert "database orbital, embedded: 21 files ingested" in head
    assert re.search(r"content \(SHA-256\) [0-9a-f]{64}", head)
    assert "swift.rates 118,864 rows (simulated)" in head
    assert "orbital 0." in head
    assert "python 3." in head


def test_a_report_shows_names_of_sources_as_text(folder, opened):
    page = opened(folder / "01_start_here.html")
    page.wait_for_function(IDLE, timeout=READY_MS)

    assert all(text in shown(page) for text in SHORT)
    assert hacked(page) is None


def test_hostile_texts_are_shown_as_text_everywhere(hostile, opened):
    page = opened(hostile)
    page.wait_for_function(IDLE, timeout=READY_MS)

    assert HOSTILE[0] == page.title()
    assert 9 == page.evaluate("() => Bokeh.documents.length")
    assert [] == [text for text in HOSTILE if text not in shown(page)]
    assert 0 == page.locator("main img:not([src^='data:'])").count()
    assert 0 == page.locator("[href^='javascript' i], main script, iframe").count()
    assert hacked(page) is None


def test_a_hostile_parameter_is_shown_as_text_in_the_header(hostile, opened):
    cells = opened(hostile).locator("header .parameters td").all_inner_texts()

    assert [HOSTILE[0], HOSTILE[1]] == cells


def test_a_tooltip_shows_hostile_texts_as_text(hostile, opened):
    page = opened(hostile)
    page.wait_for_function(IDLE, timeout=READY_MS)
    page.locator("main [data-root-id]").last.locator(".bk-Figure").hover()
    values = page.locator(".bk-tooltip-row-value")
    values.first.wait_for(timeout=READY_MS)

    assert [HOSTILE[0] + HOSTILE[1], "1"] == values.all_inner_texts()
    assert hacked(page) is None


def test_a_figure_as_a_page_shows_hostile_texts_as_text(tmp_path, opened):
    rows = pl.DataFrame({"ra": 1.0, "dec": 2.0, "source_id": HOSTILE})
    path = tmp_path / "figure.html"
    path.write_text(plots.to_html(plots.sky_map(rows), title=HOSTILE[0]), "utf-8")
    page = opened(path)
    page.wait_for_function(IDLE, timeout=READY_MS)

    assert HOSTILE[0] == page.title()
    assert hacked(page) is None


@pytest.mark.parametrize(
    "injected",
    ["<script>window.hacked=1</script>", "<svg onload='window.hacked=1'></svg>"],
)
def test_the_policy_stops_scripts_that_the_page_did_not_write(
    hostile, sealed, tmp_path, injected
):
    text = hostile.read_text("utf-8").replace("</main>", f"{injected}</main>")
    policy = re.compile(r'<meta content="default-src[^>]*>')
    page = sealed.new_page()

    (tmp_path / "with.html").write_text(text, "utf-8")
    page.goto((tmp_path / "with.html").as_uri())
    stopped = hacked(page)
    (tmp_path / "without.html").write_text(policy.sub("", text), "utf-8")
    page.goto((tmp_path / "without.html").as_uri())
    ran = hacked(page)
    page.close()

    assert (None, 1) == (stopped, ran)


def test_every_table_with_texts_is_in_the_hostile_notebook(hostile, opened):
    text = shown(opened(hostile))

    assert [] == [
        column.name
        for table in schema.tables(("swift",)).values()
        for column in table.columns
        if column.type == schema.pa.string() and column.name not in text
    ]
