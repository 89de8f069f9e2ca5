"""Rows as marks on the sky: a DS9 region file, and a MOC of the cells they lie in."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import polars as pl

from orbital_kernel.questions.exports.columns import CONTROL, FileColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARK_ARCSEC = 2.0
"""Radius of a row without a stated error."""
MOC_ORDER = 12
"""Cells of 51 arcsec."""
SHIFT = 2 * (29 - MOC_ORDER)
NAMES = ("source_id", "name", "object", "obs_id", "burst_id")


class RegionRows:
    """A circle per row, of its error radius, with its name: DS9, CIAO and Aladin open it."""

    def __init__(self, path: Path, columns: Sequence[FileColumn], table: str) -> None:
        named = [c.name for c in columns if c.name in NAMES]
        self._name = named[0] if named else None
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self._file.write(f"# Region file format: DS9\n# rows of {table}\nicrs\n")

    def write(self, frame: pl.DataFrame) -> None:
        """Add the rows of a slice that have a position."""
        rows = frame.drop_nulls(["ra", "dec"])
        radius = pl.lit(MARK_ARCSEC)
        if "error_radius_arcsec" in rows.columns:
            radius = pl.coalesce("error_radius_arcsec", radius)
        name = pl.lit("") if self._name is None else pl.col(self._name)
        text = name.cast(pl.String).fill_null("").str.replace_all(r"[{}\r\n]", " ")
        line = pl.format(
            'circle({},{},{}") # text={{}}', pl.col("ra") % 360, "dec", radius
        )
        lines = rows.select(
            line.alias("line"), text.str.replace_all(CONTROL, "").alias("t")
        )
        self._file.writelines(
            f"{mark[:-2]}{{{text}}}\n" for mark, text in lines.iter_rows()
        )

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def drop(self) -> None:
        """Release what is open, without finishing the file."""
        self._file.close()


class MocRows:
    """The cells of order 12 that hold a row, as a MOC in FITS: Aladin and TOPCAT open it."""

    def __init__(self, path: Path, columns: Sequence[FileColumn], table: str) -> None:
        self._path, self._cells = path, [np.empty(0, np.uint64)]
        self._about = (len(columns), table)

    def write(self, frame: pl.DataFrame) -> None:
        """Add the cells of a slice."""
        cells = frame["healpix"].drop_nulls().to_numpy()
        inside: NDArray[np.uint64] = (cells[cells >= 0] >> SHIFT).astype(np.uint64)
        self._cells = [np.union1d(self._cells[0], inside)]

    def close(self) -> None:
        """Write the file."""
        from mocpy import MOC  # noqa: PLC0415 - slow

        depth = np.full(len(self._cells[0]), MOC_ORDER, np.uint8)
        moc = MOC.from_healpix_cells(self._cells[0], depth, MOC_ORDER)
        moc.save(str(self._path), format="fits", overwrite=True)

    def drop(self) -> None:
        """Release what is open, without finishing the file."""
        self._cells.clear()
