"""Notebooks as parameterised, reproducible reports: run by papermill, shown as HTML."""

from orbital_kernel.reports.run import (
    NOTEBOOKS,
    STATIC_VARIABLE,
    Parameter,
    Report,
    check,
    find,
    parse,
    reports,
    run,
)

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
