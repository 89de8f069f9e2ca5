"""Rows of a table as files that other programs read."""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.questions.curve_files import (
    write_csv,
    write_ecsv,
    write_fits,
    write_votable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = (("CSV", "csv"), ("ECSV", "ecsv"), ("VOTable", "vot"), ("FITS", "fits"))


def write(frame: pl.DataFrame, table: str, path: Path) -> Path:
    """Write rows in the format that the file's name ends with; QueryError if of none.

    Text that a spreadsheet would run as a formula gets a quote mark in CSV.
    """
    facts = {"table": table}
    writers: dict[str, Callable[[], Path]] = {
        ".csv": lambda: write_csv(frame, path),
        ".ecsv": lambda: write_ecsv(frame, path, facts),
        ".vot": lambda: write_votable(frame, path, facts),
        ".fits": lambda: _fits(frame, table, path),
    }
    if path.suffix not in writers:
        raise QueryError(
            f"{path.name}: rows are written as {', '.join(writers)}; end the name of the "
            "file with one of these"
        )
    return writers[path.suffix]()


def _fits(frame: pl.DataFrame, table: str, path: Path) -> Path:
    from astropy.io import fits  # noqa: PLC0415 - slow

    write_fits(frame, path, {})
    fits.setval(path, "EXTNAME", value=table.upper(), ext=1)
    return path
