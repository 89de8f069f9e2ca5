"""Colours of text in widgets: they follow JupyterLab's theme, and can be read in both."""

from html import escape

STATES = {
    "ok": ("#009E73", "black"),
    "absent": ("#6B7280", "white"),
    "unknown": ("#CC79A7", "black"),
    "warn": ("#E69F00", "black"),
    "bad": ("#D55E00", "black"),
}
"""Ground and ink of each state: Okabe & Ito's colours, contrast above 4.5."""
LINE = "var(--jp-border-color2, #ddd)"
TRACK = "var(--jp-layout-color3, #e5e7eb)"
INK = "var(--jp-ui-font-color1, #111)"
PROBLEM = "var(--jp-error-color1, #b00020)"


def problem(text: str, *, mark: str = "Problem:") -> str:
    """Return a text in red after a mark in words; nothing of no text."""
    if not text:
        return ""
    before = f"<b>{escape(mark)}</b> " if mark else ""
    return f'<span style="color:{PROBLEM}">{before}{escape(text)}</span>'


def badge(state: str) -> str:
    """Return a state as a coloured word."""
    ground, ink = STATES[state]
    return (
        f'<b style="color:{ink};background:{ground};padding:1px 8px;'
        f'border-radius:3px">{state}</b>'
    )
