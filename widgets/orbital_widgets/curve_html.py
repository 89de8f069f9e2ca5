"""What to say about a light curve: sentences, problems first."""

from html import escape

from orbital_widgets.curve_look import CurveLook
from orbital_widgets.paint import problem


def status(answer: CurveLook) -> str:
    """Return what to say about the points, and names that begin alike."""
    lines = [escape(text) for text in answer.words]
    if answer.problem:
        lines.insert(0, problem(answer.problem))
    if answer.near:
        lines.append(f"Names that begin alike: {escape(', '.join(answer.near))}.")
    return "<br>".join(lines)
