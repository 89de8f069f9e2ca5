"""Reports: notebooks with parameters, run by papermill and written as HTML pages."""

from orbital_kernel.reports.compare import compare
from orbital_kernel.reports.many import Outcome, each, ensure, write_index
from orbital_kernel.reports.pdf import write_pdf
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
    "Outcome",
    "Parameter",
    "Report",
    "check",
    "compare",
    "each",
    "ensure",
    "find",
    "parse",
    "reports",
    "run",
    "write_index",
    "write_pdf",
]
