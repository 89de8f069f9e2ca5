"""A page of a report as PDF, printed by the browser that is installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from orbital_kernel.errors import ReportError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRAW_MS = 15_000
"""Time of the page's own clock within which its figures are drawn."""
LIMIT_S = 120


def write_pdf(page: Path) -> Path:
    """Print a page into a PDF file beside it.

    Parameters
    ----------
    page : pathlib.Path
        The HTML page of a report. Its figures are drawn before it is printed.

    Returns
    -------
    pathlib.Path
        The file, of the same name with the ending .pdf.

    Raises
    ------
    ReportError
        If no browser is installed, or it writes no file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel import reports
    >>> reports.write_pdf(Path("reports/demonstration.html"))  # doctest: +SKIP
    PosixPath('reports/demonstration.pdf')
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise ReportError(
            f"a browser prints {page.name} as PDF, and none of {', '.join(BROWSERS)} is "
            "installed: install Chromium (Debian: apt-get install chromium)"
        )
    page = page.resolve()
    target = page.with_suffix(".pdf")
    target.unlink(missing_ok=True)
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory() as profile:
        words = _run(
            [
                *(browser, "--headless", "--disable-gpu", *as_root),
                *("--disable-background-networking", "--disable-component-update"),
                f"--user-data-dir={profile}",
                f"--virtual-time-budget={DRAW_MS}",
                *("--no-pdf-header-footer", f"--print-to-pdf={target}"),
                page.as_uri(),
            ]
        )
    if not target.is_file():
        last = (words.strip().splitlines() or ["it printed nothing"])[-1]
        raise ReportError(f"{browser} did not print {page.name} as PDF: {last}")
    return target


def _run(command: list[str]) -> str:
    """Run the browser; return what it printed."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {LIMIT_S} s"
    return done.stderr
