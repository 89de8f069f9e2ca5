"""Reports and their parameters.

A report is a notebook with one cell tagged `parameters` and a YAML file of the same name
that gives each parameter a type, a description and a default, and where it helps a
minimum, a maximum, choices or a format. Parameters with an unknown name, a wrong type or
a value outside are refused before the notebook runs and before papermill is imported.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
    minimum, maximum : float, optional
        Smallest and largest number, in the unit of the description.
    choices : tuple, optional
        All values that are allowed.
    format : {'utc', 'obs_id'}, optional
        What a text must be; an empty text is allowed if it is the default.
    """

    name: str
    type: str
    description: str
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    format: str | None = None


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
    authors : tuple of str
        Who wrote it.
    valid_hours : float, optional
        How long its page holds if data and code stay the same, hours: for a report that
        reads the clock or the state of the platform. By default without an end.
    """

    name: str
    title: str
    notebook: Path
    parameters: tuple[Parameter, ...]
    authors: tuple[str, ...] = field(default=())
    valid_hours: float | None = None


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
                _declared(sidecar, name, spec)
                for name, spec in (declared.get("parameters") or {}).items()
            ),
            tuple(declared.get("authors") or ()),
            declared.get("valid_hours"),
        )
    return by_name


def _declared(sidecar: Path, name: str, spec: Mapping[str, Any]) -> Parameter:
    """Return a parameter of a YAML file; ReportError if it cannot be one."""
    try:
        choices = tuple(spec.get("choices") or ())
        parameter = Parameter(name, **{**spec, "choices": choices})
    except TypeError as error:
        raise ReportError(f"{sidecar.name}: parameter {name}: {error}") from None
    for what, value, allowed in (
        ("type", parameter.type, TYPES),
        ("format", parameter.format or "utc", FORMATS),
    ):
        if value not in allowed:
            raise ReportError(
                f"{sidecar.name}: parameter {name} has the {what} {value!r}; choose one "
                f"of {', '.join(allowed)}"
            )
    return parameter


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
    reason = _refused(parameter, value)
    if reason:
        raise ReportError(
            f"report {report.name!r} cannot take {parameter.name} = {value!r} "
            f"({parameter.description}): {reason}"
        )
    return value


def _refused(parameter: Parameter, value: Any) -> str | None:
    """Return why a value of the right type is not allowed; None if it is."""
    low, high = parameter.minimum, parameter.maximum
    if low is not None and not value >= low:
        return f"the minimum is {low:g}"
    if high is not None and not value <= high:
        return f"the maximum is {high:g}"
    if parameter.choices and value not in parameter.choices:
        return f"choose one of {', '.join(map(repr, parameter.choices))}"
    if parameter.format and not (value == "" == parameter.default):
        is_valid, text = FORMATS[parameter.format]
        return None if is_valid(value) else f"it must be {text}"
    return None


def _is_utc(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() is None
    except ValueError:
        return False


FORMATS: dict[str, tuple[Callable[[str], bool], str]] = {
    "utc": (_is_utc, "a UTC time such as 2026-01-15T00:00:00"),
    "obs_id": (
        lambda text: bool(re.fullmatch(r"[0-9]{1,11}", text)),
        "an ObsID: 1 to 11 digits",
    ),
}
"""Formats of texts: a test, and the words for what passes it."""
