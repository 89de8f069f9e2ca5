"""Two runs of a report: the values that differ.

Printed values are compared cell by cell, and parameters, rows of tables and versions of
packages by name. Figures are not compared.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from orbital_kernel.errors import ReportError
from orbital_kernel.reports import cache, record

COLUMNS = ("where", "name", "first", "second")
INJECTED = {"injected-parameters", record.TAG}
ABSENT = "-"


def compare(first: Path, second: Path) -> list[dict[str, str]]:
    """Return what differs between two executed reports.

    Parameters
    ----------
    first, second : pathlib.Path
        Pages or executed notebooks, A.html or A.ipynb; the notebook is read.

    Returns
    -------
    list of dict of str to str
        where ('parameter', 'data', 'version' or 'cell ID'), name (of the value, or
        'line N' of the cell's text), first and second. Empty if nothing differs.

    Raises
    ------
    ReportError
        If a notebook is missing or cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel import reports
    >>> reports.compare(Path("a.html"), Path("b.html"))  # doctest: +SKIP
    []
    """
    sides = [_read(path) for path in (first, second)]
    differences = []
    for where in ("parameter", "data", "version"):
        one, other = (side[where] for side in sides)
        differences += list(_by_name(where, one, other))
    texts, others = (side["cells"] for side in sides)
    for cell in dict.fromkeys((*texts, *others)):
        differences += list(
            _by_line(f"cell {cell}", texts.get(cell, ""), others.get(cell, ""))
        )
    return differences


def _read(path: Path) -> dict[str, Any]:
    import nbformat

    notebook_path = path.with_suffix(".ipynb")
    try:
        notebook = nbformat.read(notebook_path, as_version=4)
    except (OSError, ValueError) as error:
        raise ReportError(
            f"the executed notebook {notebook_path} cannot be read: {error}; run the "
            "report again with `orbital report`"
        ) from None
    runs = {run.stem: run for run in cache.records(path.parent)}
    run = runs.get(path.stem)
    try:
        facts = record.of(notebook)
    except ReportError:  # a report that failed has no record: its cells are compared
        facts = {"snapshots": [], "versions": {}}
    return {
        "parameter": {} if run is None else run.parameters,
        "data": dict(_tables(facts["snapshots"])),
        "version": facts["versions"],
        "cells": {
            cell.get("id", str(number)): _text(cell)
            for number, cell in enumerate(notebook.cells)
            if cell.cell_type == "code"
            and not INJECTED & set(cell.metadata.get("tags", ()))
        },
    }


def _tables(snapshots: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for snapshot in snapshots:
        name = snapshot["database"]
        yield f"{name} content (SHA-256)", snapshot.get("content_sha256", ABSENT)
        for table, facts in snapshot.get("tables", {}).items():
            yield f"{name} {table} rows", facts["rows"]


def _text(cell: Any) -> str:
    """Return what a cell printed and its value as text; figures and memory addresses not."""
    parts = []
    for output in cell.get("outputs", ()):
        parts.append(output.get("text", "") or output.get("evalue", ""))
        data = output.get("data", {})
        if "application/javascript" not in data:
            parts.append(data.get("text/plain", ""))
    return re.sub(r" at 0x[0-9a-f]+", "", "\n".join(filter(None, parts)))


def _by_name(
    where: str, first: Mapping[str, Any], second: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    for name in dict.fromkeys((*first, *second)):
        values = (first.get(name, ABSENT), second.get(name, ABSENT))
        if values[0] != values[1]:
            yield _difference(where, name, *values)


def _by_line(where: str, first: str, second: str) -> Iterator[dict[str, str]]:
    lines = zip_longest(first.splitlines(), second.splitlines(), fillvalue=ABSENT)
    for number, (one, other) in enumerate(lines, start=1):
        if one != other:
            yield _difference(where, f"line {number}", one.strip(), other.strip())


def _difference(where: str, name: str, *values: Any) -> dict[str, str]:
    return dict(zip(COLUMNS, (where, name, *map(str, values)), strict=True))
