"""From a control to the redrawn plot in a real browser, and the memory of its tab.

    python benchmarks/bench_lab.py [--rows 100000] [--repeats 20] [--settle 120] [--write]

Each size has a platform of its own with so many light-curve points and so many sources
(question_tables.py), a JupyterLab, and a Chromium tab with an Explorer and a
LightCurveExplorer. A control is changed in the page as a reader changes it; the clock runs
in the page, from that event until the figure has new data and has painted twice. Cone,
time and name are controls of the Explorer, unit and the zoom of a curve (until its points
are drawn) of the LightCurveExplorer. Pan and zoom
are those of the sky map whose sources are counted by the store (`density`): until the
counts, or the dots, of the new view are drawn. Beside the times is the CPU time of kernel,
JupyterLab server, database and browser, mean of the changes: it shows which part a time is of,
also on a machine that has other work. `--write` puts the table into RESULTS.md.
"""

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

import nbformat
import numpy as np
import question_tables as tables
from lab_cpu import PARTS, Parts, quiet
from recorded import record

from orbital_kernel import connect, embedded

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
from installed_chromium import LOOPBACK, SIZE, started
from lab import Lab, open_notebook, run_all

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
  spread: (part, from, to) => {
    const view = lab.view(part), range = view.model.x_range;
    const start = range.reset_start, wide = range.reset_end - start;
    range.setv({start: start + from * wide, end: start + to * wide});
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
    "so many light-curve points and so many sources, once the database has merged what was "
    "written; unit and `zoom of a curve` are of a light curve of up to 49,000 points, of "
    "which a view draws the extent; CPU is the mean CPU time of that part "
    "in a change, ms; `tab, MB` is the JavaScript heap of the tab after all changes."
)


def measured(folder, rows, arguments):
    """Return lines of one size: name, p50, p95 and changes; the tab's memory last."""
    home = folder / "platform"
    orbital = connect(home)
    orbital.storage.apply()
    scene = tables.fill(orbital.store, rows)
    orbital.names.rebuild()
    tables.settle(orbital.store, arguments.settle)
    if quiet(home, arguments.settle) is None:
        print(f"{rows:,} rows: the database still merges", file=sys.stderr)
    notebooks, server = folder / "notebooks", folder / "lab"
    server.mkdir()
    write(notebooks, scene)
    lab = Lab(notebooks, server, {"ORBITAL_HOME": str(home)}).start()
    try:
        with started("--enable-precise-memory-info") as browser:
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
            clock = Clock(page, Parts(lab.process.pid, home))
            controls(clock, scene, arguments.repeats)
            sky(clock, rows, arguments.repeats)
            heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
    finally:
        lab.stop()
    return [*clock.lines(rows), (rows, "tab, MB", heap, heap, *len(PARTS) * ("",), 1)]


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


class Clock:
    """Changes of controls in a page: how long each took, and the CPU time of each part."""

    def __init__(self, page, parts):
        self.page, self._parts = page, parts
        self._spent = {}

    def timed(self, part, act, name=None):
        """Change a control and wait for the redrawn figure; note it under a name."""
        before = self._parts.cpu_ms()
        code = f"() => lab.redrawn({part[0]}, {part[1]}, () => {{ {act} }})"
        spent = self.page.evaluate(code)
        if name is not None:
            cpu = np.subtract(self._parts.cpu_ms(), before)
            self._spent.setdefault(name, []).append((spent, *cpu))
        self.page.wait_for_timeout(50)

    def lines(self, rows):
        """Return a line for each name: p50, p95, mean CPU of each part, and changes."""
        for name, changes in self._spent.items():
            values = np.array(changes)
            times = np.percentile(values[:, 0], (50, 95))
            yield (rows, name, *times, *values[:, 1:].mean(axis=0), len(values))


def controls(clock, scene, repeats):
    """Change cone, time and name of the Explorer, and the unit of the light curve."""
    for turn in range(repeats):
        at = 1 + turn % (len(scene.names) - 1)
        clock.timed(PLOT, f"lab.type('radius-arcmin', '{3 + turn}')", "cone")
        day = f"20{16 + turn % 6}-0{1 + turn % 9}-01"
        clock.timed(PLOT, f"lab.type('start', '{day}')", "time")
        clock.timed(PLOT, "lab.type('start', '')")
        clock.timed(PLOT, f"lab.type('object', '{scene.names[at]}')", "name")
        if turn:  # own units are shown first
            unit = ("own units", "photon flux")[turn % 2]
            act = f"lab.choose('.orbital-light-curve', '{unit}')"
            clock.timed(CURVE, act, "unit")
        low = 0.05 + 0.9 * turn / repeats
        for ends in (f"{low}, {low + 0.05}", "-0.1, 1.1"):
            act = f"lab.spread({CURVE[0]}, {ends})"
            clock.timed(CURVE, act, "zoom of a curve")


def sky(clock, rows, repeats):
    """Pan and zoom the sky map whose sources the store has counted."""
    page = clock.page
    clock.timed(PLOT, "lab.choose('.orbital-table', 'sources')")
    page.evaluate(
        "() => [...document.querySelectorAll('.orbital-observatories button')]"
        ".filter(b => ['swift', 'chandra'].includes(b.innerText.trim()))"
        ".forEach(b => b.click())"
    )
    page.get_by_role("button", name="Query the whole sky").click()
    page.get_by_text(f"{rows:,} rows counted").first.wait_for(timeout=WAIT_MS)
    dice = np.random.default_rng(1)
    for _ in range(repeats):
        x, y = dice.uniform(-80, 80), dice.uniform(-30, 30)
        for wide in (100.0, 60.0):
            clock.timed(SKY, f"lab.look({x:.2f}, {y:.2f}, {wide})", "zoom")
        clock.timed(SKY, f"lab.look({x + 8:.2f}, {y:.2f}, 60)", "pan")
        clock.timed(SKY, "lab.look(0, 0, 165)", "zoom")
        clock.timed(COUNTS, f"lab.look({x:.2f}, {y:.2f}, 3)", "zoom to a field")
        clock.timed(COUNTS, "lab.look(0, 0, 165)")


def table(lines):
    """Return the lines as Markdown."""
    parts = " | ".join(f"{part} CPU" for part in PARTS)
    head = f"| rows | from | p50 ms | p95 ms | {parts} | changes |"
    rule = f"| ---: | --- | ---: | ---: |{' ---: |' * len(PARTS)} ---: |"
    cells = (
        f"| {rows:,} | {name} | {p50:.0f} | {p95:.0f} | {_numbers(cpu)} | {changes} |"
        for rows, name, p50, p95, *cpu, changes in lines
    )
    return "\n".join([head, rule, *cells])


def _numbers(values):
    return " | ".join(value if value == "" else f"{value:.0f}" for value in values)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--settle", type=float, default=120.0)
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
