"""Texts of strangers in every text column of figures and explorer: shown, never run."""

import os
from pathlib import Path

import polars as pl
import pytest
import test_plots as frames
import test_quality_plots as quality
from bokeh.layouts import column
from explorer_page import ExplorerPage
from hostile_texts import HOSTILE
from lab import listen, open_notebook, run_all
from test_explorer_in_lab import write_notebook

from orbital_kernel import plots
from orbital_kernel.science import population

TESTS = Path(__file__).resolve().parents[1]
READY_MS = 60_000
IDLE = (
    "() => window.Bokeh && Bokeh.documents.length"
    " && Bokeh.documents.every((each) => each.is_idle)"
)
TARGETS = """
() => {
  const figures = [];
  const visit = (view) => {
    if (view.frame && view.renderer_views) figures.push(view);
    for (const child of view.child_views ?? []) visit(child);
  };
  for (const root of Bokeh.index.roots) visit(root);
  window.figures = figures;
  return figures.length;
}
"""
POINTS = """
(number) => {
  const view = window.figures[number];
  view.el.scrollIntoView({block: "center"});
  const box = view.canvas_view.el.getBoundingClientRect(), frame = view.frame.bbox;
  const points = [];
  const hovers = view.model.toolbar.tools.filter((t) => t.type === "HoverTool");
  for (const renderer of view.renderer_views.values()) {
    const glyph = renderer.glyph;
    const on = hovers.some((tool) =>
      tool.renderers === "auto" || tool.renderers.includes(renderer.model));
    if (!on || !glyph?.scenterxy) continue;
    for (let i = 0, inside = 0; i < (glyph.data_size ?? 0) && inside < 3; i++) {
      const [x, y] = glyph.scenterxy(i, 0, 0);
      if (x > frame.left && x < frame.right && y > frame.top && y < frame.bottom) {
        points.push([box.x + x, box.y + y]);
        inside++;
      }
    }
  }
  return [hovers.length, points];
}
"""
TOOLTIPS = """
() => new Promise((resolve) => {
  const found = {texts: [], elements: 0};
  const visit = (root) => {
    for (const tip of root.querySelectorAll(".bk-tooltip-content")) {
      found.texts.push(tip.innerText);
      found.elements += tip.querySelectorAll("script,img,svg,iframe,b,a").length;
    }
    for (const each of root.querySelectorAll("*"))
      if (each.shadowRoot) visit(each.shadowRoot);
  };
  const look = () => { visit(document); resolve(found); };
  requestAnimationFrame(() => requestAnimationFrame(look));
})
"""


def hostile(frame, exact=("unit",)):
    """Put hostile texts into every text column of a frame."""
    return frame.with_columns(
        pl.Series(name, [HOSTILE[i % len(HOSTILE)] for i in range(len(frame))])
        for name, kind in frame.schema.items()
        if kind == pl.String and name not in exact
    )


def curve():
    rows = pl.concat(
        frames.points(object=HOSTILE[0], instrument=text) for text in HOSTILE[:3]
    )
    return frames.joint(
        frames.gather({"swift": rows, "chandra": rows}), model=frames.PowerLaw()
    )


def rates():
    return frames.rates(200).with_columns(series=pl.lit(HOSTILE[0]))


def bursts():
    rows = hostile(frames.burst())
    return rows.with_columns(matches=pl.lit(f'[{{"name": "{HOSTILE[1]}"}}]'))


def board():
    size = len(HOSTILE)
    rows = pl.concat([quality.board()] * size)
    samples = quality.samples(step=6.0)
    return hostile(rows, ("state", "since_utc")), pl.concat(
        samples.with_columns(name=pl.lit(text), subject=pl.lit(text))
        for text in HOSTILE[:2]
    )


def grbs():
    return hostile(frames.grbs())


DRAWN = {
    "burst_view": lambda: plots.burst_view(
        "hardness", population.views(grbs())["hardness"]
    ),
    "burst_views": lambda: plots.burst_views(population.views(grbs())),
    "control_chart": lambda: plots.control_chart(
        board()[1].head(60), title=HOSTILE[0], unit=HOSTILE[1]
    ),
    "detection": lambda: plots.detection(rates(), bursts()),
    "false_alarms": lambda: plots.false_alarms(
        frames.alarms(kind=HOSTILE[0]), title=HOSTILE[0]
    ),
    "latency": lambda: plots.latency(hostile(frames.queries()), title=HOSTILE[0]),
    "latency_course": lambda: plots.latency_course(frames.periods(), title=HOSTILE[0]),
    "light_curve": lambda: plots.light_curve(curve()),
    "match_separations": lambda: plots.match_separations(
        frames.matches(), title=HOSTILE[0]
    ),
    "population": lambda: plots.population(grbs()),
    "quality_board": lambda: plots.quality_board(*board()),
    "rates": lambda: plots.rates(rates(), bursts=bursts()),
    "row_agreement": lambda: plots.row_agreement(hostile(frames.totals())),
    "scale": lambda: plots.scale(
        frames.predictions(name=HOSTILE[1]), currency=HOSTILE[0]
    ),
    "sky_map": lambda: plots.sky_map(hostile(frames.sky())),
    "storage": lambda: plots.storage(hostile(frames.capacity())),
    "time_agreement": lambda: plots.time_agreement(hostile(frames.comparisons())),
    "visibility": lambda: plots.visibility(frames.followed(), title=HOSTILE[0]),
}


@pytest.fixture
def watched(chromium):
    """Open a page that counts dialogs and minds errors."""
    page = chromium.new_page(viewport={"width": 1300, "height": 1000})
    page.errors, page.dialogs = listen(page), []

    def dismiss(dialog):
        page.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    yield page
    page.close()


def test_every_figure_of_plots_is_hovered_here():
    assert set(plots.__all__) - {"to_html"} == set(DRAWN)


def test_no_text_of_a_hovered_figure_runs(watched, tmp_path):
    path = tmp_path / "figures.html"
    figures = [draw() for draw in DRAWN.values()]
    page_text = plots.to_html(column(*figures), title=HOSTILE[0])
    path.write_text(page_text, "utf-8")
    watched.goto(path.as_uri())
    watched.wait_for_function(IDLE, timeout=READY_MS)
    silent, shown = [], ""  # figures with a tool whose tooltip was not seen
    for number in range(watched.evaluate(TARGETS)):
        hovers, points = watched.evaluate(POINTS, number)
        texts = []
        for x, y in points:
            watched.mouse.move(x, y)
            tips = watched.evaluate(TOOLTIPS)
            texts += tips["texts"]
            assert 0 == tips["elements"], tips
        shown += "".join(texts)
        if hovers and not texts:
            silent.append(number)

    assert [] == silent
    assert [] == [text for text in HOSTILE if text not in shown]
    assert [] == watched.dialogs
    assert None is watched.evaluate("() => window.hacked ?? null")
    assert HOSTILE[0] == watched.title()
    assert [] == watched.errors


HOSTILE_SKY = """
import orbital_widgets, sky_in_memory
from test_hostile_strings import hostile
frame_of = sky_in_memory.frame_of
exact = ("unit", "flux_unit")
sky_in_memory.frame_of = lambda table: hostile(frame_of(table), exact)
"""
EXPLORER = """
explorer = orbital_widgets.Explorer(sky_in_memory.fetch, sky_in_memory.resolve)
explorer
"""
CELLS = (HOSTILE_SKY, "orbital_widgets.setup()", EXPLORER)


def test_no_text_of_the_explorer_runs(lab, watched, tmp_path):
    folder = write_notebook(tmp_path / "notebooks", CELLS)
    paths = os.pathsep.join((str(TESTS), str(TESTS / "browser")))
    open_notebook(watched, lab(folder, PYTHONPATH=paths), "explorer.ipynb")
    run_all(watched)
    explorer = ExplorerPage(watched)
    shown = ""
    for table, rows in (("sources", 240), ("photometry", 240), ("rates", 240)):
        explorer.choose("table", table)
        explorer.wait_rows(rows)
        explorer.settle()
        for number in range(watched.evaluate(TARGETS)):
            _, points = watched.evaluate(POINTS, number)
            for x, y in points[:4]:
                watched.mouse.move(x, y)
                shown += "".join(watched.evaluate(TOOLTIPS)["texts"])
        shown += watched.locator(".orbital-explorer").inner_text()

    assert [] == [text for text in HOSTILE[:3] if text not in shown]
    assert [] == watched.dialogs
    assert None is watched.evaluate("() => window.hacked ?? null")
    assert [] == watched.errors
