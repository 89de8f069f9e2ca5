"""From a control to the redrawn plot in a real browser, and the memory of its tab.

    python benchmarks/bench_lab.py [--rows 100000] [--repeats 20] [--settle 120] [--write]

Each size has a platform of its own with so many light-curve points and so many sources
(question_tables.py), a JupyterLab, and a Chromium tab with an Explorer and a
LightCurveExplorer. A control is changed in the page as a reader changes it; the clock runs
in the page, from that event until the figure has new data and has painted twice. Cone,
time and name are controls of the Explorer, unit one of the LightCurveExplorer. Pan and zoom
are those of the sky map whose sources are counted by the store (`density`): until the
counts, or the dots, of the new view are drawn. `--write` puts the table into RESULTS.md.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

import nbformat
import numpy as np
import question_tables as tables
from playwright.sync_api import sync_playwright
from recorded import record

from orbital_kernel import connect, embedded

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
from conftest import ARGUMENTS, LOOPBACK, SIZE
from lab import Lab, open_notebook, run_all

FIND = "[...Bokeh.index.roots].find(v => v.el.isConnected && v.model.renderers && v.el.closest(%r))"
CELLS = (
    "import orbital_widgets\nfrom orbital_kernel import connect\norbital = connect()",
    "orbital_widgets.setup()",
    (
        "explorer = orbital_widgets.Explorer(orbital, table='photometry',"
        " observatories=('swift',), ra={ra!r}, dec={dec!r}, limit=1000)\nexplorer"
    ),
    "orbital_widgets.LightCurveExplorer(orbital, {name!r})",
)
WAIT_MS = 120_000
JS = """
window.lab = {
  view: part => [...Bokeh.index.roots].find(
    v => v.el.isConnected && v.model.renderers && v.el.closest(part)),
  data: (part, at) => {
    const view = lab.view(part);
    return view && [view.model.id, ...at.map(i => view.model.renderers[i].data_source.data)];
  },
  same: (a, b) => a && b && a.length === b.length && a.every((x, i) => x === b[i]),
  redrawn: async (part, at, act) => {
    const before = lab.data(part, at), start = performance.now();
    act();
    while (true) {
      await new Promise(requestAnimationFrame);
      const now = lab.data(part, at);
      if (now && !lab.same(before, now)) break;
      if (performance.now() - start > 110000) throw new Error('not redrawn: ' + part);
    }
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
  },
  type: (name, text) => {
    const entry = document.querySelector(`.orbital-${name} input`);
    entry.value = text;
    entry.dispatchEvent(new Event('input', {bubbles: true}));
    entry.dispatchEvent(new Event('change', {bubbles: true}));
  },
  choose: (part, start) => {
    const menus = [...document.querySelectorAll(`${part} select`)];
    const at = menu => [...menu.options]
      .findIndex(o => o.text.replace(/\u00a0/g, ' ').startsWith(start));
    const menu = menus.find(m => at(m) >= 0);
    if (!menu) throw new Error(`no ${start} in ${menus.length} menus of ${part}`);
    menu.selectedIndex = at(menu);
    menu.dispatchEvent(new Event('change', {bubbles: true}));
  },
  look: (x, y, wide) => {
    const view = lab.view('.orbital-sky');
    view.model.x_range.setv({start: x - wide, end: x + wide});
    view.model.y_range.setv({start: y - wide / 2, end: y + wide / 2});
    view.trigger_ranges_update_event();
  },
}
"""
CURVE = ("'.orbital-light-curve'", "[0]")
COUNTS = ("'.orbital-sky'", "[0]")
PLOT, SKY = ("'.orbital-plot'", "[0]"), ("'.orbital-sky'", "[0, 3]")


def main():
    arguments = _arguments()
    lines = []
    for rows in arguments.rows:
        folder = Path(mkdtemp(prefix=f"lab-{rows}-"))
        try:
            lines += measured(folder, rows, arguments)
        finally:
            embedded.stop(folder / "platform")
            shutil.rmtree(folder)
    text = table(lines)
    print(text)
    if arguments.write:
        record("lab", "The lab in a browser", f"{ABOUT}\n\n{text}")


ABOUT = (
    "`make bench-lab`: milliseconds from the change of a control in a Chromium tab to the "
    "painted plot, over the embedded platform, kernel and JupyterLab on the same machine; "
    "so many light-curve points and so many sources; `tab` is the JavaScript heap of the "
    "tab after all changes, in MB."
)


def measured(folder, rows, arguments):
    """Return lines of one size: name, p50, p95 and changes; the tab's memory last."""
    home = folder / "platform"
    orbital = connect(home)
    orbital.storage.apply()
    scene = tables.fill(orbital.store, rows)
    orbital.names.rebuild()
    tables.settle(orbital.store, arguments.settle)
    notebooks, server = folder / "notebooks", folder / "lab"
    server.mkdir()
    write(notebooks, scene)
    lab = Lab(notebooks, server, {"ORBITAL_HOME": str(home)}).start()
    try:
        with sync_playwright() as playwright:
            root = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=[*ARGUMENTS, *root, "--enable-precise-memory-info"],
            )
            page = browser.new_context(viewport=SIZE).new_page()
            page.route(
                lambda url: not url.startswith(LOOPBACK), lambda route: route.abort()
            )
            page.set_default_timeout(WAIT_MS)
            open_notebook(page, lab, "lab.ipynb")
            run_all(page)
            page.evaluate(JS)
            page.wait_for_function("() => lab.data('.orbital-plot', [0])")
            page.wait_for_function("() => lab.data('.orbital-light-curve', [0])")
            spent = controls(page, scene, arguments.repeats)
            spent |= sky(page, rows, arguments.repeats)
            heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
            browser.close()
    finally:
        lab.stop()
    lines = [
        (rows, name, *np.percentile(values, (50, 95)), len(values))
        for name, values in spent.items()
    ]
    return [*lines, (rows, "tab, MB", heap, heap, 1)]


def write(folder, scene):
    """Write the notebook about the first object."""
    folder.mkdir()
    place = {"ra": float(scene.ra[0]), "dec": float(scene.dec[0])}
    cells = [cell.format(name=scene.names[0], **place) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel
    )
    nbformat.write(notebook, folder / "lab.ipynb")


def controls(page, scene, repeats):
    """Return the times, ms, from a control to the redrawn plot, by control."""
    spent = {"cone": [], "time": [], "name": [], "unit": []}
    for turn in range(repeats):
        at = 1 + turn % (len(scene.names) - 1)
        spent["cone"].append(
            _timed(page, PLOT, f"lab.type('radius-arcmin', '{3 + turn}')")
        )
        day = f"20{16 + turn % 6}-0{1 + turn % 9}-01"
        spent["time"].append(_timed(page, PLOT, f"lab.type('start', '{day}')"))
        _timed(page, PLOT, "lab.type('start', '')")
        spent["name"].append(
            _timed(page, PLOT, f"lab.type('object', '{scene.names[at]}')")
        )
        if turn:  # own units are shown first
            unit = ("own units", "photon flux")[turn % 2]
            act = f"lab.choose('.orbital-light-curve', '{unit}')"
            spent["unit"].append(_timed(page, CURVE, act))
    return spent


def sky(page, rows, repeats):
    """Return the times, ms, from a pan or zoom of the counted sky to its new counts."""
    _timed(page, PLOT, "lab.choose('.orbital-table', 'sources')")
    page.evaluate(
        "() => [...document.querySelectorAll('.orbital-observatories button')]"
        ".filter(b => ['swift', 'chandra'].includes(b.innerText.trim()))"
        ".forEach(b => b.click())"
    )
    page.get_by_role("button", name="Query the whole sky").click()
    page.get_by_text(f"{rows:,} rows counted").first.wait_for(timeout=WAIT_MS)
    spent = {"zoom": [], "pan": [], "zoom to a field": []}
    dice = np.random.default_rng(1)
    for _ in range(repeats):
        x, y = dice.uniform(-80, 80), dice.uniform(-30, 30)
        for wide in (100.0, 60.0):
            spent["zoom"].append(
                _timed(page, SKY, f"lab.look({x:.2f}, {y:.2f}, {wide})")
            )
        spent["pan"].append(_timed(page, SKY, f"lab.look({x + 8:.2f}, {y:.2f}, 60)"))
        spent["zoom"].append(_timed(page, SKY, "lab.look(0, 0, 165)"))
        spent["zoom to a field"].append(
            _timed(page, COUNTS, f"lab.look({x:.2f}, {y:.2f}, 3)")
        )
        _timed(page, COUNTS, "lab.look(0, 0, 165)")
    return spent


def _timed(page, part, act):
    spent = page.evaluate(f"() => lab.redrawn({part[0]}, {part[1]}, () => {{ {act} }})")
    page.wait_for_timeout(50)
    return spent


def table(lines):
    """Return the lines as Markdown."""
    head = "| rows | from | p50 ms | p95 ms | changes |\n| ---: | --- | ---: | ---: | ---: |"
    cells = (
        f"| {rows:,} | {name} | {p50:.0f} | {p95:.0f} | {changes} |"
        for rows, name, p50, p95, changes in lines
    )
    return "\n".join([head, *cells])


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--settle", type=float, default=120.0)
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
