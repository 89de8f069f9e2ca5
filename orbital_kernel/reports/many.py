"""One report for each of several values, side by side, with an index page of the folder."""

import hashlib
import html
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from orbital_kernel.errors import OrbitalError, ReportError
from orbital_kernel.reports import cache
from orbital_kernel.reports.report import Report, check
from orbital_kernel.reports.run import run

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;"
    "padding:0 1rem;color:#1b1b1b;background:#fff}table{border-collapse:collapse;"
    "width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccc;"
    "vertical-align:top}.failed{color:#a40000;font-weight:bold}"
    "@media screen and (prefers-color-scheme:dark){body{color:#e5e7eb;"
    "background:#16181d}a{color:#78c0ee}a:visited{color:#c9a7f5}"
    ".failed{color:#ff9a91}}"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one report.

    Parameters
    ----------
    stem : str
        Name of its files without ending.
    page : pathlib.Path, optional
        The page; None if the report failed before it wrote one.
    unchanged_since : str, optional
        When the page was made, UTC, if it was not made again.
    error : str
        Why it failed; empty if it did not.
    """

    stem: str
    page: Path | None
    unchanged_since: str | None = None
    error: str = ""


def ensure(
    report: Report,
    out: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    fresh: bool = False,
    stem: str | None = None,
) -> Outcome:
    """Run a report unless its page in OUT still holds, and write OUT/index.html.

    Parameters
    ----------
    report : Report
        The report, from `find`.
    out : pathlib.Path
        Folder of the page.
    parameters : mapping of str to object, optional
        Values by name of parameter; the others keep their defaults.
    fresh : bool
        Run it in any case.
    stem : str, optional
        Name of the files without ending; by default that of the report.

    Returns
    -------
    Outcome
        The page, and since when it is unchanged.

    Raises
    ------
    ReportError
        If a parameter is wrong, or a cell fails.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel import reports
    >>> reports.ensure(reports.find("storage"), Path("out")).error  # doctest: +SKIP
    ''
    """
    values, name = check(report, parameters or {}), stem or report.name
    since = None if fresh else cache.unchanged_since(report, name, out, values)
    if since is not None:
        return Outcome(name, out / f"{name}.html", since)
    try:
        return Outcome(name, run(report, out, values, stem=name))
    finally:
        write_index(out)


def each(
    report: Report,
    out: Path,
    parameter: str,
    values: Sequence[Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    fresh: bool = False,
    workers: int | None = None,
    done: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Run a report for each value of a parameter, in parallel processes.

    A second call runs only what failed, is missing or no longer holds.

    Parameters
    ----------
    report : Report
        The report, from `find`.
    out : pathlib.Path
        Folder of the pages and of index.html.
    parameter : str
        The parameter that takes each value.
    values : sequence
        Its values; equal ones once.
    parameters : mapping of str to object, optional
        Values of other parameters.
    fresh : bool
        Run all of them.
    workers : int, optional
        Number of processes; by default one per core, four at most.
    done : callable
        Called with each outcome as it comes.

    Returns
    -------
    list of Outcome
        In the order of the values; those that failed have an error.

    Raises
    ------
    ReportError
        If a value is wrong: before any report runs.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel import reports
    >>> source, names = reports.find("source"), ["SIM AGN 1", "SIM GRB 120102S"]
    >>> len(reports.each(source, Path("out"), "object", names))  # doctest: +SKIP
    2
    """
    unique = list(dict.fromkeys(values))
    if not unique:
        raise ReportError(f"--each {parameter} has no value; separate values by commas")
    common = dict(parameters or {})
    checked = [check(report, common | {parameter: value}) for value in unique]
    stems = [f"{report.name}-{_slug(value)}" for value in unique]
    out.mkdir(parents=True, exist_ok=True)
    count = min(len(unique), workers or min(4, os.cpu_count() or 1))
    outcomes: dict[str, Outcome] = {}
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_attempt, report, out, given, fresh=fresh, stem=stem)
            for given, stem in zip(checked, stems, strict=True)
        ]
        for job in as_completed(jobs):
            outcome = job.result()
            outcomes[outcome.stem] = outcome
            done(outcome)
    write_index(out)
    return [outcomes[stem] for stem in stems]


def write_index(out: Path) -> Path:
    """Write OUT/index.html: title, parameters, date, size and state of every report in it."""
    rows = "\n".join(_row(record, out) for record in cache.records(out))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "index.html"
    partial = path.with_suffix(f".{os.getpid()}.part")
    partial.write_text(
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\"/><title>Reports</title>"
        f"<style>{STYLE}</style></head><body><main><h1>Reports</h1><table>"
        '<thead><tr><th scope="col">Title</th><th scope="col">Parameters</th>'
        '<th scope="col">Date (UTC)</th><th scope="col">Size (MB)</th>'
        '<th scope="col">State</th></tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></main></body></html>\n",
        encoding="utf-8",
    )
    partial.replace(path)
    return path


def _attempt(
    report: Report, out: Path, values: Mapping[str, Any], *, fresh: bool, stem: str
) -> Outcome:
    """Return the outcome of one report; an error of Orbital becomes a text."""
    try:
        return ensure(report, out, values, fresh=fresh, stem=stem)
    except OrbitalError as error:
        page = out / f"{stem}.html"
        return Outcome(stem, page if page.is_file() else None, error=str(error))


def _row(record: cache.Record, out: Path) -> str:
    page = out / f"{record.stem}.html"
    size = f"{page.stat().st_size / 1e6:.2f}" if page.is_file() else ""
    title, stem = html.escape(record.title), html.escape(record.stem, quote=True)
    parameters = ", ".join(
        f"{name} = {value}" for name, value in record.parameters.items() if value != ""
    )
    state = record.state if not record.error else f"{record.state}: {record.error}"
    return (
        f'<tr><td><a href="{stem}.html">{title}</a></td><td>{html.escape(parameters)}'
        f'</td><td>{record.date_utc}</td><td>{size}</td><td class="{record.state}">'
        f"{html.escape(state)}</td></tr>"
    )


def _slug(value: Any) -> str:
    """Return a name for files: readable, and different for different values."""
    text = str(value)
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "_", text).strip("_.")[:60]
    if plain == text:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}".lstrip("-")
