"""An executed notebook as one self-contained HTML file.

Style, BokehJS and data are inside, so that the page requests no address. A content
security policy lets the browser run only the scripts written here. TeX is shown as source,
except in titles and axis labels of figures, which Bokeh draws with its own MathJax.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nbconvert import HTMLExporter
from traitlets.config import Config

from orbital_kernel.reports import figures, markup, record

if TYPE_CHECKING:
    from orbital_kernel.reports.report import Report

ORIGINS = {
    "simulated": "All data in the database are SIMULATED.",
    "real": "All data in the database are real.",
    "both": "The database contains SIMULATED and real data.",
    "apart": "One database has only SIMULATED data, another only real data.",
    "not marked": "The database does not record whether its data are simulated.",
    "unfinished": "The notebook failed before the origin of its data was recorded.",
    "none": "The notebook does not connect to a database; the origin of its data is not recorded.",
}


def html(
    notebook: Any, report: "Report", values: Mapping[str, Any], *, failure: str = ""
) -> str:
    """Return an executed notebook as a page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed notebook; its last cell is that of `record`.
    report : Report
        Source of title and of the parameters' descriptions and defaults.
    values : mapping of str to object
        Parameters that were set.
    failure : str
        Which cell failed, if the notebook did not run to its end.
    """
    facts = _unrecorded() if failure else record.of(notebook)
    lifted, drawn = figures.lift(notebook)
    lifted.cells = [c for c in lifted.cells if record.TAG not in _tags(c)]
    _drop_title(lifted)
    _join_silent(lifted)
    documents = figures.documents(drawn)
    written = figures.scripts(documents)
    resources = {
        "title": report.title,
        "policy": policy(written, compile_code=figures.compile_code(documents)),
        "parameters": [
            (
                p.name,
                str(values.get(p.name, p.default)) or "empty",
                p.name in values,
                p.description,
            )
            for p in report.parameters
        ],
        "facts": facts,
        "authors": ", ".join(report.authors),
        "failure": f"This report is incomplete: it {failure}" if failure else "",
        "origin": ORIGINS["unfinished" if failure else origin(facts)],
        "simulated": origin(facts) in {"simulated", "both", "apart"},
        "figures": [figure.data() for figure in drawn],
        "scripts": written,
    }
    body, _ = _exporter().from_notebook_node(lifted, {"report": resources})
    return str(body)


def policy(scripts: Iterable[str], *, compile_code: bool) -> str:
    """Return a content security policy under which only these scripts run.

    `compile_code` lets them compile text as code, which BokehJS needs for CustomJS.
    """
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'"
        for s in scripts
    ]
    sources = [*hashes, *(["'unsafe-eval'"] if compile_code else [])] or ["'none'"]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(sources)}",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def origin(facts: Mapping[str, Any]) -> str:
    """Return the origin of all rows: a key of ORIGINS."""
    if not facts["snapshots"]:
        return "none"
    by_database = [_marks(snapshot) for snapshot in facts["snapshots"]]
    marks = set().union(*by_database)
    if len(marks) == 2:
        return "both" if marks in by_database else "apart"
    return marks.pop() if marks else "not marked"


def _unrecorded() -> dict[str, Any]:
    """Return date and versions, without data: those of a notebook that failed."""
    from orbital_kernel.reports import provenance

    return provenance.collect({})


def _marks(snapshot: Mapping[str, Any]) -> set[str]:
    """Return whether the rows of one database are simulated, real or both."""
    tables = snapshot.get("tables", {}).values()
    marks = {word for table in tables for word in table["origin"].split(" and ")}
    return marks - {"not marked"}


def _exporter() -> HTMLExporter:
    config = Config()
    config.NbConvertBase.display_data_priority = list(figures.SHOWN)
    config.CSSHTMLHeaderPreprocessor.style = "default"
    return HTMLExporter(
        config=config,
        template_name="orbital",
        extra_template_basedirs=[str(figures.TEMPLATES)],
        filters={
            "clean": markup.clean,
            "prose": markup.prose,
            "answer": markup.answer,
        },
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )


def _drop_title(notebook: Any) -> None:
    """Drop the title at the notebook's start: the page shows the report's title."""
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        first, _, remainder = notebook.cells[0].source.partition("\n")
        if first.startswith("# "):
            notebook.cells[0].source = remainder.lstrip()


def _join_silent(notebook: Any) -> None:
    """Join code cells without output to the code cell that follows: one [Code] for all."""
    joined: list[Any] = []
    for cell in notebook.cells:
        before = joined[-1] if joined else None
        if before is not None and _is_silent(before) and cell.cell_type == "code":
            joined[-1] = type(cell)(cell, source=f"{before.source}\n\n{cell.source}")
        else:
            joined.append(cell)
    notebook.cells = joined


def _is_silent(cell: Any) -> bool:
    """Return whether a code cell shows nothing on a page."""
    return cell.cell_type == "code" and not cell.outputs


def _tags(cell: Any) -> list[str]:
    tags: list[str] = cell.metadata.get("tags", [])
    return tags
