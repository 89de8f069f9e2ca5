"""Colours of text in widgets: they follow JupyterLab's theme, and can be read in both."""

import re
from html import escape

from orbital_kernel.plots import theme

LIGHT_INK = ("absent",)
"""States whose ground is dark; black is read on the others with contrast above 4.5."""
LINE = "var(--jp-border-color2, #ddd)"
TRACK = "var(--jp-layout-color3, #e5e7eb)"
INK = "var(--jp-ui-font-color1, #111)"
PICKED = "background:#fde68a;color:#111827"
CODE = re.compile(r"`([^`]+)`")
PROBLEM = "var(--jp-error-color1, #b00020)"


def problem(text: str, *, mark: str = "Problem:") -> str:
    """Return a text in red after a mark in words; nothing of no text."""
    if not text:
        return ""
    before = f"<b>{escape(mark)}</b> " if mark else ""
    return f'<span style="color:{PROBLEM}">{before}{escape(text)}</span>'


def with_code(text: str) -> str:
    """Return a text as HTML, what it has between backticks as code."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def badge(state: str) -> str:
    """Return a state as a coloured word."""
    ground, ink = theme.STATES[state], "white" if state in LIGHT_INK else "black"
    return (
        f'<b style="color:{ink};background:{ground};padding:1px 8px;'
        f'border-radius:3px">{state}</b>'
    )
