"""Rows as a VOTable that TOPCAT and Aladin open, slice after slice."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from orbital_kernel.questions.exports.columns import CONTROL, FileColumn, in_days

TYPES = {"text": "char", "flag": "boolean", "number": "long"}
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
<COOSYS ID="icrs" system="ICRS"/>
<TIMESYS ID="tt" timeorigin="MJD-origin" timescale="TT" refposition="UNKNOWN"/>
<TABLE name={name}>
<DESCRIPTION>{about}</DESCRIPTION>
{fields}
<DATA><TABLEDATA>
"""
TAIL = "</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


class VotableRows:
    """A VOTable: positions ICRS, times MJD (TT), an empty cell where a value is missing."""

    def __init__(self, path: Path, columns: Sequence[FileColumn], table: str) -> None:
        self._columns = tuple(columns)
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n")
        fields = "\n".join(map(_field, self._columns))
        about = escape(f"rows of {table}, written by Orbital; times are MJD (TT)")
        self._file.write(HEAD.format(name=quoteattr(table), about=about, fields=fields))

    def write(self, frame: pl.DataFrame) -> None:
        """Add the rows of a slice."""
        cells = [_cell(column) for column in self._columns]
        line = pl.concat_str(
            pl.lit("<TR><TD>"),
            *[part for cell in cells for part in (cell, pl.lit("</TD><TD>"))][:-1],
            pl.lit("</TD></TR>"),
        )
        lines = frame.select(line.alias("row"))["row"]
        self._file.writelines(f"{text}\n" for text in lines)

    def close(self) -> None:
        """Finish the file."""
        self._file.write(TAIL)
        self._file.close()

    def drop(self) -> None:
        """Release what is open, without finishing the file."""
        self._file.close()


def _field(column: FileColumn) -> str:
    kind = TYPES.get(column.kind, "double")
    unit = "d" if column.kind == "time" else column.unit
    parts = {"name": column.name, "datatype": kind, "unit": unit, "ucd": column.ucd}
    if kind == "char":
        parts |= {"datatype": "unicodeChar", "arraysize": "*"}
    if column.name in ("ra", "dec"):
        parts["ref"] = "icrs"
    if column.kind == "time":
        parts["ref"] = "tt"
    given = " ".join(f"{k}={quoteattr(v)}" for k, v in parts.items() if v)
    return f"<FIELD {given}><DESCRIPTION>{escape(column.doc)}</DESCRIPTION></FIELD>"


def _cell(column: FileColumn) -> pl.Expr:
    text = in_days(column).cast(pl.String)
    if column.kind == "flag":
        text = text.replace({"true": "T", "false": "F"})
    if column.kind == "text":
        text = text.str.replace_all(CONTROL, "")
        for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.str.replace_all(mark, entity, literal=True)
    return text.fill_null("")
