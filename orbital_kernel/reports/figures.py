"""Bokeh figures of a notebook as data, so that no text of a table becomes a script.

`show()` writes a script with the figure's JSON into the notebook. The JSON is taken out
and written to the page as data; a single script draws all figures.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.embed.bundle import bundle_for_objs_and_resources
from bokeh.resources import INLINE
from bs4 import BeautifulSoup

from orbital_kernel.errors import ReportError

TEMPLATES = Path(__file__).parent / "templates"
DRAW = TEMPLATES / "orbital" / "draw.js"
LOAD_MIME = "application/vnd.bokehjs_load.v0+json"
FIGURE_MIME = "application/vnd.bokehjs_exec.v0+json"
SCRIPT_MIME = "application/javascript"
HTML_MIME = "text/html"
SHOWN = (
    *(HTML_MIME, "text/markdown", "image/svg+xml", "image/png", "image/jpeg"),
    *("text/plain", "text/latex"),
)
"""Types of output that a page shows, in order of preference."""


@dataclass(frozen=True)
class Figure:
    """Bokeh documents by id, and which of their roots goes into which element."""

    documents: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]

    def data(self) -> str:
        """Return the figure as JSON that cannot end the script element it is put in."""
        text = json.dumps({"documents": self.documents, "items": self.items})
        return text.replace("<", "\\u003c")

    def places(self) -> str:
        """Return the elements the figure is drawn into."""
        return "".join(
            f'<div id="{escape(element)}" data-root-id="{escape(root)}"></div>'
            for item in self.items
            for root, element in item["roots"].items()
        )


def lift(notebook: Any) -> tuple[Any, list[Figure]]:
    """Return a notebook without scripts, and the figures that the scripts drew.

    An output that a page cannot show is replaced by a line that says so.
    """
    lifted = copy.deepcopy(notebook)
    figures: list[Figure] = []
    for cell in lifted.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                output for output in cell.outputs if _is_shown(output, figures)
            ]
    return lifted, figures


def documents(figures: Sequence[Figure]) -> list[Document]:
    """Return the Bokeh documents of figures."""
    return [
        Document.from_json(document)
        for figure in figures
        for document in figure.documents.values()
    ]


def scripts(documents: Sequence[Document]) -> list[str]:
    """Return the scripts that draw documents: the parts of BokehJS they need, and ours."""
    if not documents:
        return []
    bundle = bundle_for_objs_and_resources(documents, INLINE)
    return [*bundle.js_raw, DRAW.read_text(encoding="utf-8")]


def compile_code(documents: Sequence[Document]) -> bool:
    """Return whether a document has code as text (CustomJS) that BokehJS compiles."""
    return any(
        type(model).__name__.startswith("CustomJS")
        for document in documents
        for model in document.models
    )


def _is_shown(output: Any, figures: list[Figure]) -> bool:
    """Return whether the page shows an output; move its figures to `figures`."""
    data = output.get("data")
    if data is None:
        return True
    if LOAD_MIME in data:
        return False
    if FIGURE_MIME in data:
        figures.append(_from_script(data[SCRIPT_MIME]))
        return False
    if "<iframe" in data.get(HTML_MIME, ""):
        data[HTML_MIME] = _without_frames(data[HTML_MIME], figures)
    if not any(mime in data for mime in SHOWN):
        data["text/plain"] = f"(not shown in a report: output of {', '.join(data)})"
    return True


def _from_script(script: str) -> Figure:
    documents, end = _assigned(script, "docs_json", 0)
    items, _ = _assigned(script, "render_items", end)
    return Figure(documents, items)


def _assigned(script: str, name: str, start: int) -> tuple[Any, int]:
    """Return the JSON value that Bokeh's script assigns to a name, and its end."""
    mark = f"const {name} = "
    at = script.find(mark, start)
    if at < 0:
        raise ReportError(
            f"a figure's script does not assign {name}: this version of Bokeh writes "
            "figures in a form that reports cannot read; install the locked version"
        )
    return json.JSONDecoder().raw_decode(script, at + len(mark))


def _without_frames(html: str, figures: list[Figure]) -> str:
    """Return HTML in which figures replace the frames that held them."""
    soup = BeautifulSoup(html, "html.parser")
    for frame in soup.find_all("iframe"):
        page = BeautifulSoup(str(frame.get("srcdoc", "")), "html.parser")
        block = page.find("script", type="application/json")
        if block is None:
            frame.replace_with("(not shown in a report: a frame)")
            continue
        items, _ = _assigned(page.find_all("script")[-1].text, "render_items", 0)
        figure = Figure(json.loads(unescape(block.text)), items)
        figures.append(figure)
        frame.replace_with(BeautifulSoup(figure.places(), "html.parser"))
    return str(soup)
