"""Reports, their parameters, and running them: papermill, then a page.

A report is a notebook with one cell tagged `parameters` and a YAML file of the same name
that gives each parameter a type, a description and a default. Unknown or wrongly typed
parameters are refused before anything runs.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from orbital_kernel.errors import ReportError


def _folder() -> Path:
    """Return the folder of notebooks: in the installed package, beside it in a checkout."""
    package = Path(str(files("orbital_kernel"))).resolve()
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


NOTEBOOKS = _folder()
CELL_SECONDS = 600
STATIC_VARIABLE = "ORBITAL_STATIC"
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}


@dataclass(frozen=True)
class Parameter:
    """One parameter as the sidecar declares it."""

    name: str
    type: str
    description: str
    default: Any


@dataclass(frozen=True)
class Report:
    """One report: its notebook and what can be set."""

    name: str
    title: str
    notebook: Path
    parameters: tuple[Parameter, ...]


def reports(folder: Path = NOTEBOOKS) -> dict[str, Report]:
    """Return every notebook that has a sidecar, by name, tutorials first."""
    found = {}
    for sidecar in sorted(folder.glob("*.yaml")) + sorted(
        folder.glob("reports/*.yaml")
    ):
        declared = yaml.safe_load(sidecar.read_text())
        found[sidecar.stem] = Report(
            sidecar.stem,
            declared["title"],
            sidecar.with_suffix(".ipynb"),
            tuple(
                Parameter(name, **spec)
                for name, spec in (declared.get("parameters") or {}).items()
            ),
        )
    return found


def find(name: str, folder: Path = NOTEBOOKS) -> Report:
    """Return one report; ReportError lists those there are."""
    known = reports(folder)
    if name not in known:
        raise ReportError(f"there is no report {name!r}; there are {', '.join(known)}")
    return known[name]


def check(report: Report, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values to set; ReportError for unknown names and wrong types."""
    declared = {parameter.name: parameter for parameter in report.parameters}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise ReportError(
            f"report {report.name!r} has no parameter {', '.join(unknown)}; it has {', '.join(declared) or 'none'}"
        )
    return {
        name: _typed(report, declared[name], value) for name, value in given.items()
    }


def run(
    report: Report,
    out: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    progress: bool = False,
) -> Path:
    """Run a report and write OUT/name.ipynb and OUT/name.html; return the HTML.

    Raises ReportError with the failing cell's own error; the notebook run so far is kept.
    """
    import nbformat
    import papermill

    from orbital_kernel.reports import page, provenance

    values = check(report, parameters or {})
    out.mkdir(parents=True, exist_ok=True)
    executed = out / f"{report.name}.ipynb"
    notebook = nbformat.read(report.notebook, as_version=4)
    notebook.cells.append(
        nbformat.v4.new_code_cell(
            provenance.SOURCE, metadata={"tags": [provenance.TAG]}
        )
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
        raise ReportError(
            f"report {report.name!r} failed in cell {error.exec_count}: {error.ename}: {error.evalue} (see {executed})"
        ) from None
    text = page.html(nbformat.read(executed, as_version=4), report, values)
    written = executed.with_suffix(".html")
    written.write_text(text, encoding="utf-8")
    return written


def parse(report: Report, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return `-p KEY VALUE` pairs of a shell as typed values."""
    kinds = {parameter.name: parameter.type for parameter in report.parameters}
    return {
        key: value if kinds.get(key) == "string" else yaml.safe_load(value)
        for key, value in pairs
    }


@contextmanager
def _static_widgets() -> Iterator[None]:
    """Let widgets show themselves as figure and table: a report has no kernel."""
    before = os.environ.get(STATIC_VARIABLE)
    os.environ[STATIC_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[STATIC_VARIABLE]
        else:
            os.environ[STATIC_VARIABLE] = before


def _typed(report: Report, parameter: Parameter, value: Any) -> Any:
    kind = TYPES[parameter.type]
    if not isinstance(value, kind) or (
        isinstance(value, bool) and parameter.type != "boolean"
    ):
        raise ReportError(
            f"report {report.name!r} needs {parameter.name} as {parameter.type} ({parameter.description}), not {value!r}"
        )
    return value
