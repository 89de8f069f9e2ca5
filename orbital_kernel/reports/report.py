"""Reports and their parameters.

A report is a notebook with one cell tagged `parameters` and a YAML file of the same name
that gives each parameter a type, a description and a default. Parameters with an unknown
name or a wrong type are refused before the notebook runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from orbital_kernel.errors import ReportError


def _folder() -> Path:
    """Return the folder of notebooks: in the installed package, or next to it in a checkout."""
    package = Path(str(files("orbital_kernel"))).resolve()
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


NOTEBOOKS = _folder()
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a report.

    Parameters
    ----------
    name : str
        Name of the variable in the notebook's parameters cell.
    type : {'string', 'number', 'integer', 'boolean'}
        Type that values must have.
    description : str
        Meaning and unit, in one sentence.
    default : object
        Value if the parameter is not set.
    """

    name: str
    type: str
    description: str
    default: Any


@dataclass(frozen=True)
class Report:
    """A report: a notebook and the parameters that can be set.

    Parameters
    ----------
    name : str
        Name, that of the notebook's file without its ending.
    title : str
        Title of the page.
    notebook : pathlib.Path
        The notebook.
    parameters : tuple of Parameter
        Its parameters, in the order of the YAML file.
    """

    name: str
    title: str
    notebook: Path
    parameters: tuple[Parameter, ...]


def reports(folder: Path = NOTEBOOKS) -> dict[str, Report]:
    """Return all reports by name, tutorials first.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of notebooks with their YAML files. The default is Orbital's own.

    Returns
    -------
    dict of str to Report
        Every notebook that has a YAML file of the same name.

    Examples
    --------
    >>> from orbital_kernel import reports
    >>> "01_start_here" in reports.reports()
    True
    """
    by_name = {}
    for sidecar in sorted(folder.glob("*.yaml")) + sorted(
        folder.glob("reports/*.yaml")
    ):
        declared = yaml.safe_load(sidecar.read_text())
        by_name[sidecar.stem] = Report(
            sidecar.stem,
            declared["title"],
            sidecar.with_suffix(".ipynb"),
            tuple(
                Parameter(name, **spec)
                for name, spec in (declared.get("parameters") or {}).items()
            ),
        )
    return by_name


def find(name: str, folder: Path = NOTEBOOKS) -> Report:
    """Return the report of a name.

    Parameters
    ----------
    name : str
        Name of the report, for example '04_monitor_bursts'.
    folder : pathlib.Path
        Folder of notebooks with their YAML files. The default is Orbital's own.

    Returns
    -------
    Report
        Its notebook, title and parameters.

    Raises
    ------
    ReportError
        If the folder has no such report; the message lists all names.

    Examples
    --------
    >>> from orbital_kernel import reports
    >>> [parameter.name for parameter in reports.find("01_start_here").parameters]
    ['archive', 'radius_arcmin']
    """
    by_name = reports(folder)
    if name not in by_name:
        raise ReportError(
            f"there is no report {name!r}; choose one of {', '.join(by_name)}"
        )
    return by_name[name]


def check(report: Report, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values to set, if names and types are correct.

    Parameters
    ----------
    report : Report
        The report that will run.
    given : mapping of str to object
        Values by name of parameter.

    Returns
    -------
    dict of str to object
        The same values.

    Raises
    ------
    ReportError
        If the report has no such parameter, or a value has another type than declared.

    Examples
    --------
    >>> from orbital_kernel import reports
    >>> reports.check(reports.find("01_start_here"), {"radius_arcmin": 8.0})
    {'radius_arcmin': 8.0}
    """
    declared = {parameter.name: parameter for parameter in report.parameters}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise ReportError(
            f"report {report.name!r} has no parameter {', '.join(unknown)}; "
            f"it has {', '.join(declared) or 'none'}"
        )
    return {
        name: _typed(report, declared[name], value) for name, value in given.items()
    }


def parse(report: Report, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return texts of a shell as values of the types that a report declares.

    Parameters
    ----------
    report : Report
        The report that will run.
    pairs : sequence of (str, str)
        Name and text of each parameter, as after `-p`.

    Returns
    -------
    dict of str to object
        Values by name. Names and types are not checked here; `run` does that.

    Examples
    --------
    >>> from orbital_kernel import reports
    >>> reports.parse(reports.find("01_start_here"), [("radius_arcmin", "8")])
    {'radius_arcmin': 8}
    """
    kinds = {parameter.name: parameter.type for parameter in report.parameters}
    return {
        key: value if kinds.get(key) == "string" else yaml.safe_load(value)
        for key, value in pairs
    }


def _typed(report: Report, parameter: Parameter, value: Any) -> Any:
    kind = TYPES[parameter.type]
    if not isinstance(value, kind) or (
        isinstance(value, bool) and parameter.type != "boolean"
    ):
        raise ReportError(
            f"report {report.name!r} needs {parameter.name} as {parameter.type} "
            f"({parameter.description}), not {value!r}"
        )
    return value
