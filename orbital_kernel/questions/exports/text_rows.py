"""Rows as CSV and ECSV, slice after slice."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import polars as pl

from orbital_kernel.questions.exports.columns import FORMULA, FileColumn

ECSV = {"text": "string", "flag": "bool", "number": "int64", "real": "float64"}
ISO = "%Y-%m-%dT%H:%M:%S%.9f"


class CsvRows:
    """CSV: times as ISO text (TT), formulas of spreadsheets disarmed."""

    def __init__(self, path: Path, columns: Sequence[FileColumn], table: str) -> None:
        self._columns, self._table = tuple(columns), table
        self._file: IO[bytes] = path.open("wb")
        self._file.write(self._header().encode())

    def write(self, frame: pl.DataFrame) -> None:
        """Add the rows of a slice."""
        rows = frame.select(self._cell(column) for column in self._columns)
        rows.write_csv(self._file, include_header=False, datetime_format=ISO)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def drop(self) -> None:
        """Release what is open, without finishing the file."""
        self._file.close()

    def _header(self) -> str:
        return ",".join(column.name for column in self._columns) + "\n"

    def _cell(self, column: FileColumn) -> pl.Expr:
        value = pl.col(column.name)
        if column.kind == "text":
            return value.cast(pl.String).str.replace(FORMULA, "'$1")
        return value


class EcsvRows(CsvRows):
    """ECSV: units and meanings in a header that astropy and TOPCAT read."""

    def _header(self) -> str:
        lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
        lines += [f"- {json.dumps(_described(column))}" for column in self._columns]
        lines += [f"meta: !!omap\n# - {{table: {self._table}}}", "schema: astropy-2.0"]
        return "".join(f"# {line}\n" for line in lines) + super()._header()

    def _cell(self, column: FileColumn) -> pl.Expr:
        value = pl.col(column.name)
        if column.kind == "flag":
            return value.cast(pl.String).replace({"true": "True", "false": "False"})
        if column.kind == "text":
            return value.cast(pl.String).str.replace_all(r"[\r\n]+", " ")
        return value


def _described(column: FileColumn) -> dict[str, str]:
    scale = "TT, " if column.kind == "time" else ""
    parts = {
        "name": column.name,
        "unit": column.unit,
        "datatype": ECSV.get(column.kind, "string"),
        "description": f"{scale}{column.doc}",
    }
    return {key: value for key, value in parts.items() if value}
