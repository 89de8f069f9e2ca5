"""The cell at the end of a report that records its provenance: tag, source, content."""

from typing import Any

from orbital_kernel.errors import ReportError

MIME = "application/vnd.orbital.provenance+json"
TAG = "orbital-provenance"
SOURCE = "from orbital_kernel.reports import provenance\n\nprovenance.show(globals())"


def of(notebook: Any) -> dict[str, Any]:
    """Return what `show` displayed in a notebook; ReportError if it did not run."""
    for cell in reversed(notebook.cells):
        for output in cell.get("outputs", ()):
            facts: dict[str, Any] | None = output.get("data", {}).get(MIME)
            if facts is not None:
                return facts
    raise ReportError(
        "the notebook has no record of its data and software: "
        "run it with `orbital report`"
    )
