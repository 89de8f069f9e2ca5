"""Plot of latency against table size from lines of bench_queries.py; needs Chromium."""

import shutil
import subprocess
import tempfile

from bokeh.layouts import gridplot

from orbital_kernel.plots import theme

ENGINES = (
    "Orbital",
    "DuckDB unsorted",
    "Polars sorted",
    "Polars unsorted",
    "DuckDB sorted",
)
COLOURS = dict(zip(ENGINES, theme.CYCLE, strict=False))
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
BROWSER = "chromium"
WITH_LEGEND = ("flux and time", "cone of sources")
WIDTH, HEIGHT = 360, 270


def draw(lines, picture):
    """Draw p50 of one client by kind, with one line per engine, and save it as PNG."""
    if shutil.which(BROWSER) is None:
        print(f"no picture was drawn, because {BROWSER} is not installed")
        return
    kinds = list(dict.fromkeys(row["kind"] for row in lines))
    sizes = sorted({row["rows"] for row in lines})
    plots = [
        _plot(kind, [x for x in lines if x["kind"] == kind], sizes) for kind in kinds
    ]
    page = gridplot(plots, ncols=3, toolbar_location=None)
    size = f"--window-size={3 * WIDTH + 30},{-(-len(plots) // 3) * HEIGHT + 20}"
    with tempfile.NamedTemporaryFile("w", suffix=".html") as file:
        file.write(theme.to_html(page))
        file.flush()
        screenshot = f"--screenshot={picture.resolve()}"
        command = [BROWSER, *FLAGS, screenshot, size, f"file://{file.name}"]
        subprocess.run(command, check=True, capture_output=True)


def _plot(kind, lines, sizes):
    plot = theme.canvas(
        kind,
        width=WIDTH,
        height=HEIGHT,
        sizing_mode=None,
        tools="",
        active_drag=None,
        x_axis_type="log",
        y_axis_type="log",
        x_axis_label="rows",
        y_axis_label="p50, ms",
        x_range=(0.7 * sizes[0], 1.5 * sizes[-1]),
        y_range=(3, 5_000),
    )
    for axis in plot.axis:
        theme.log_axis(axis)
    plot.xaxis.ticker = sizes
    for name, colour in COLOURS.items():
        points = sorted(
            (x["rows"], x["p50_ms"])
            for x in lines
            if x["engine"] == name and x["clients"] == 1
        )
        if points:
            x, y = zip(*points, strict=True)
            options = {"color": colour}
            options |= {"legend_label": name} if kind in WITH_LEGEND else {}
            plot.line(x, y, line_width=2, **options)
            plot.scatter(x, y, size=6, **options)
    if kind in WITH_LEGEND:
        plot.legend.label_text_font_size = "8pt"
        plot.legend.padding = plot.legend.spacing = 0
        plot.legend.glyph_height = 14
        plot.legend.border_line_color = None
        plot.legend.background_fill_alpha = 0.0
        plot.legend.location = "top_left"
    return plot
