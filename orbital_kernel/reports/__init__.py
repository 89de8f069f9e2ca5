"""Reports: notebooks with parameters, run by papermill and written as HTML pages."""

from orbital_kernel.reports.report import (
    NOTEBOOKS,
    Parameter,
    Report,
    check,
    find,
    parse,
    reports,
)
from orbital_kernel.reports.run import STATIC_VARIABLE, run

__all__ = [
    "NOTEBOOKS",
    "STATIC_VARIABLE",
    "Parameter",
    "Report",
    "check",
    "find",
    "parse",
    "reports",
    "run",
]
