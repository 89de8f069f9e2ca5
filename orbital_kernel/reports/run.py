"""A report is run by papermill and written as a page."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orbital_kernel.errors import ReportError
from orbital_kernel.reports.report import Report, check

CELL_SECONDS = 600
STATIC_VARIABLE = "ORBITAL_STATIC"
WHOLE_TABLES = {"POLARS_FMT_MAX_ROWS": "40", "POLARS_FMT_STR_LEN": "300"}
"""How much of a frame the cells of a report show."""


def run(
    report: Report,
    out: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    progress: bool = False,
    stem: str | None = None,
) -> Path:
    """Run a report; write OUT/NAME.ipynb, OUT/NAME.html and its record.

    Parameters
    ----------
    report : Report
        The report to run, from `find`.
    out : pathlib.Path
        Folder of the executed notebook and the page; created if missing.
    parameters : mapping of str to object, optional
        Values by name of parameter; the others keep their defaults.
    progress : bool
        Show a progress bar of the cells on stderr.
    stem : str, optional
        Name of the files without ending; by default that of the report.

    Returns
    -------
    pathlib.Path
        The HTML page, which needs no other file and no network.

    Raises
    ------
    ReportError
        If a parameter is wrong, or a cell fails: then with the cell's own error. What was
        executed so far is in OUT/NAME.ipynb and OUT/NAME.html, which name the cell.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel import reports
    >>> reports.run(reports.find("01_start_here"), Path("reports"))  # doctest: +SKIP
    PosixPath('reports/01_start_here.html')
    """
    values = check(report, parameters or {})
    import nbformat
    import papermill

    from orbital_kernel.reports import cache, page, record

    out.mkdir(parents=True, exist_ok=True)
    stem = stem or report.name
    executed = out / f"{stem}.ipynb"
    notebook = nbformat.read(report.notebook, as_version=4)
    notebook.cells.append(
        nbformat.v4.new_code_cell(record.SOURCE, metadata={"tags": [record.TAG]})
    )
    try:
        with _static_widgets():
            papermill.execute_notebook(
                notebook,
                str(executed),
                parameters=values,
                kernel_name="python3",
                language="python",
                progress_bar=progress,
                execution_timeout=CELL_SECONDS,
                extra_arguments=["--IPKernelApp.log_level=50"],
                cwd=str(out),
            )
    except papermill.exceptions.PapermillExecutionError as error:
        reason = f"failed in cell {error.exec_count}: {error.ename}: {error.evalue}"
        partial = nbformat.read(executed, as_version=4)
        _write(executed, page.html(partial, report, values, failure=reason))
        cache.new(report, stem, values, data=[], error=reason).write(out)
        raise ReportError(f"report {report.name!r} {reason} (see {executed})") from None
    finished = nbformat.read(executed, as_version=4)
    data = record.of(finished)["snapshots"]
    written = _write(executed, page.html(finished, report, values))
    cache.new(report, stem, values, data=data).write(out)
    return written


def _write(executed: Path, text: str) -> Path:
    path = executed.with_suffix(".html")
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def _static_widgets() -> Iterator[None]:
    """Let cells show what a page without a kernel can: static widgets, whole tables."""
    settings = {STATIC_VARIABLE: "1", **WHOLE_TABLES}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
