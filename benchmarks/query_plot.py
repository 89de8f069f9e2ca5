"""Latency against table size, from the kept lines of bench_queries.py; needs Chromium."""

import json
import shutil
import subprocess
import tempfile

from bokeh.embed import file_html
from bokeh.layouts import gridplot
from bokeh.models import NumeralTickFormatter
from bokeh.plotting import figure
from bokeh.resources import INLINE

COLOURS = {
    "Orbital": "#1f4e9c",
    "DuckDB sorted": "#d98200",
    "DuckDB unsorted": "#a33b2f",
    "Polars sorted": "#4d9a55",
    "Polars unsorted": "#8a8a8a",
}
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
BROWSER = "chromium"
WITH_LEGEND = "flux and time"
WIDTH, HEIGHT = 360, 270


def draw(folder, picture):
    """Draw p50 of one client by kind, a line an engine, and keep it as a PNG."""
    if shutil.which(BROWSER) is None:
        print(f"no picture is drawn: {BROWSER} is not installed")
        return
    lines = [
        one for path in folder.glob("*.json") for one in json.loads(path.read_text())
    ]
    kinds = list(dict.fromkeys(one["kind"] for one in lines))
    plots = [
        _one(kind, [x for x in lines if x["kind"] == kind], legend=kind == WITH_LEGEND)
        for kind in kinds
    ]
    page = gridplot(plots, ncols=3, toolbar_location=None)
    size = f"--window-size={3 * WIDTH + 30},{-(-len(plots) // 3) * HEIGHT + 20}"
    with tempfile.NamedTemporaryFile("w", suffix=".html") as file:
        file.write(file_html(page, INLINE))
        file.flush()
        screenshot = f"--screenshot={picture.resolve()}"
        command = [BROWSER, *FLAGS, screenshot, size, f"file://{file.name}"]
        subprocess.run(command, check=True, capture_output=True)


def _one(kind, lines, *, legend):
    plot = figure(
        title=kind,
        width=WIDTH,
        height=HEIGHT,
        x_axis_type="log",
        y_axis_type="log",
        x_axis_label="rows (m: million)",
        y_axis_label="p50, ms",
        y_range=(3, 2_000),
    )
    plot.xaxis.ticker = sorted({x["rows"] for x in lines})
    plot.xaxis.formatter = NumeralTickFormatter(format="0 a")
    plot.yaxis.ticker = [3, 10, 30, 100, 300, 1_000]
    plot.yaxis.formatter = NumeralTickFormatter(format="0")
    for name, colour in COLOURS.items():
        mine = sorted(
            (x["rows"], x["p50_ms"])
            for x in lines
            if x["engine"] == name and x["clients"] == 1
        )
        if mine:
            x, y = zip(*mine, strict=True)
            options = {"color": colour}
            options |= {"legend_label": name} if legend else {}
            plot.line(x, y, line_width=2, **options)
            plot.scatter(x, y, size=6, **options)
    if legend:
        plot.legend.label_text_font_size = "8pt"
        plot.legend.padding = plot.legend.spacing = 0
        plot.legend.glyph_height = 14
        plot.legend.border_line_color = None
        plot.legend.background_fill_alpha = 0.0
        plot.legend.location = "top_left"
    return plot
