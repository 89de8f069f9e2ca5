"""Rows as a FITS binary table: slices wait on disk until the width of texts is certain."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.questions.exports.columns import FileColumn, in_days

BLOCK = 2880
MISSING = np.iinfo(np.int64).min
CODES = {"flag": "L", "number": "K"}


class FitsRows:
    r"""A binary table; times are MJD (TT), text is ASCII: another letter is its code.

    A missing integer is TNULL, a missing number NaN, a missing text empty.
    """

    def __init__(self, path: Path, columns: Sequence[FileColumn], table: str) -> None:
        self._path, self._columns, self._table = path, tuple(columns), table
        self._widths = {c.name: 1 for c in self._columns if c.kind == "text"}
        self._rows = 0
        self._spool: IO[bytes] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115
        self._writer: Any = None

    def write(self, frame: pl.DataFrame) -> None:
        """Add the rows of a slice."""
        rows = frame.select(in_days(c).alias(c.name) for c in self._columns)
        rows = rows.with_columns(
            pl.Series(name, _ascii(rows[name]), dtype=pl.Binary)
            for name in self._widths
        )
        for name in self._widths:
            sizes = rows[name].bin.size("b").to_numpy()
            self._widths[name] = max(self._widths[name], int(sizes.max(initial=0)))
        batches = rows.to_arrow()
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._spool, batches.schema)
        self._writer.write_table(batches.cast(self._writer_schema(batches)))
        self._rows += len(rows)

    def close(self) -> None:
        """Write the file from the slices on disk."""
        with self._path.open("wb") as file:
            for header in self._headers():
                file.write(header)
            size = 0
            for batch in self._batches():
                size += file.write(self._packed(batch).tobytes())
            file.write(bytes(-size % BLOCK))
        self._spool.close()

    def drop(self) -> None:
        """Release what is open, without finishing the file."""
        self._spool.close()

    def _writer_schema(self, batches: pa.Table) -> pa.Schema:
        if not hasattr(self, "_schema"):
            self._schema = batches.schema
        return self._schema

    def _batches(self) -> Any:
        if self._writer is None:
            return
        self._writer.close()
        self._spool.seek(0)
        yield from pa.ipc.open_stream(self._spool)

    def _packed(self, batch: pa.RecordBatch) -> Any:
        """Return the rows as FITS has them: big-endian, one record after the other."""
        frame = pl.DataFrame(pl.from_arrow(batch))
        packed = np.zeros(len(frame), self._dtype())
        for column in self._columns:
            values = frame[column.name]
            if column.kind == "text":
                packed[column.name] = values.to_list()
            elif column.kind == "flag":
                letters = np.where(values.fill_null(value=False), ord("T"), ord("F"))
                letters[values.is_null().to_numpy()] = 0
                packed[column.name] = letters
            elif column.kind == "number":
                packed[column.name] = values.cast(pl.Int64).fill_null(MISSING)
            else:
                reals = values.cast(pl.Float64).fill_null(float("nan"))
                packed[column.name] = reals
        return packed

    def _dtype(self) -> Any:
        codes = {"flag": "u1", "number": ">i8"}
        return np.dtype(
            [
                (
                    c.name,
                    f"S{self._widths[c.name]}"
                    if c.kind == "text"
                    else codes.get(c.kind, ">f8"),
                )
                for c in self._columns
            ]
        )

    def _headers(self) -> list[bytes]:
        """Return the headers of the primary and of the table, padded to blocks."""
        from astropy.io import fits  # noqa: PLC0415 - slow

        columns = [
            fits.Column(
                c.name,
                f"{self._widths[c.name]}A"
                if c.kind == "text"
                else CODES.get(c.kind, "D"),
                unit=("d" if c.kind == "time" else c.unit) or None,
                null=MISSING if c.kind == "number" else None,
            )
            for c in self._columns
        ]
        table = fits.BinTableHDU.from_columns(columns, nrows=0)
        table.header["NAXIS2"] = self._rows
        table.header["EXTNAME"] = self._table.upper()
        table.header["TIMESYS"] = ("TT", "scale of times")
        table.header["RADESYS"] = ("ICRS", "frame of ra and dec")
        headers = (fits.PrimaryHDU().header, table.header)
        return [header.tostring().encode("ascii") for header in headers]


def _ascii(texts: pl.Series) -> list[bytes]:
    return [
        b"" if text is None else text.encode("ascii", "backslashreplace")
        for text in texts.cast(pl.String).to_list()
    ]
