"""A light curve as HTML: sentences, problems first, and a page without a kernel."""

from html import escape

from orbital_kernel.plots import theme
from orbital_widgets.curve_look import CurveLook
from orbital_widgets.paint import problem

FRAME_PX = 620
PANEL_PX = 220


def status(answer: CurveLook) -> str:
    """Return what to say about the points, and names that begin alike."""
    lines = [escape(text) for text in answer.words]
    if answer.problem:
        lines.insert(0, problem(answer.problem))
    if answer.near:
        lines.append(f"Names that begin alike: {escape(', '.join(answer.near))}.")
    return "<br>".join(lines)


def page(answer: CurveLook, tables: str) -> str:
    """Return a light curve as HTML that needs no kernel: sentences, figure and tables."""
    figure = ""
    if answer.figure is not None:
        drawn = theme.to_html(answer.figure, title="Light curve")
        height = FRAME_PX + PANEL_PX * len(answer.choice.panels)
        figure = (
            f'<iframe style="width:100%;height:{height}px;border:0" '
            f'title="light curve" srcdoc="{escape(drawn)}"></iframe>'
        )
    title = escape(answer.choice.object or "no object")
    return f"<h3>Light curve of {title}</h3>{status(answer)}{figure}{tables}"
