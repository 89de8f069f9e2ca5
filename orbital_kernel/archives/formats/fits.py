"""FITS files, their headers and binary tables, read in bounded pieces.

astropy parses the headers; the rows come straight from the stream, some tens of
thousands at a time, so that a 2 GB event list, gzipped or not, needs no 2 GB. Before any row is
given out the whole file is checked (fits_structure).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives.formats.bounded import open_bounded, skip
from orbital_kernel.archives.formats.fits_structure import Field, Hdu, judge, scan
from orbital_kernel.archives.formats.keywords import is_true, number, text
from orbital_kernel.archives.reading import Account, Source
from orbital_kernel.errors import ArchiveError

if TYPE_CHECKING:
    from astropy.io import fits

__all__ = [
    "BATCH_ROWS",
    "Block",
    "FitsFile",
    "Hdu",
    "checked_headers",
    "first_table",
    "is_events",
    "is_fits",
    "is_gti",
    "is_simulated",
    "keyword",
    "number",
    "open_fits",
    "peek",
    "text",
]

BATCH_ROWS = 65_536
BATCH_BYTES = 16 << 20
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Some rows of a table as they are in the file; `first` is their row number."""

    hdu: Hdu
    first: int
    raw: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.raw)

    def reals(self, name: str) -> Reals:
        """Return a numeric column as float64, scaled, NaN where null."""
        field = self.hdu.field(name)
        stored = self._stored(field)
        if stored.dtype.kind not in "iuf":
            raise ArchiveError(f"column {name} holds {field.code}, not numbers")
        values = stored.astype(np.float64)
        if field.scale != 1.0 or field.zero != 0.0:
            values = values * field.scale + field.zero
        if field.null is not None and stored.dtype.kind in "iu":
            values[stored == field.null] = np.nan
        return values

    def integers(self, name: str) -> np.ma.MaskedArray[Any, np.dtype[np.int64]]:
        """Return an integer column as int64, masked where null."""
        field = self.hdu.field(name)
        stored = self._stored(field)
        if stored.dtype.kind not in "iu":
            raise ArchiveError(f"column {name} holds {field.code}, not whole numbers")
        scaled = self.reals(name) if field.scale % 1 or field.zero % 1 else None
        if scaled is not None and not (np.isnan(scaled) | (scaled % 1 == 0)).all():
            raise ArchiveError(f"column {name} holds fractions, not whole numbers")
        values = (
            stored.astype(np.int64) * int(field.scale) + int(field.zero)
            if scaled is None
            else np.nan_to_num(scaled).astype(np.int64)
        )
        nulls = False if field.null is None else stored == field.null
        return np.ma.MaskedArray(values, mask=nulls)

    def bits(self, name: str) -> NDArray[np.int64]:
        """Return a bit column of up to 63 bits as one number, first bit highest."""
        octets = self._stored(self.hdu.field(name))
        number = np.zeros(len(octets), dtype=np.int64)
        for place in range(octets.shape[1]):
            number = (number << 8) | octets[:, place]
        return number

    def texts(self, name: str) -> list[str | None]:
        """Return a column as stripped text, None where blank."""
        stored = self._stored(self.hdu.field(name))
        if stored.dtype.kind != "S":
            return [None if v is np.ma.masked else str(v) for v in stored.tolist()]
        cells = [v.decode("latin-1").split("\0")[0].strip() for v in stored.tolist()]
        return [cell or None for cell in cells]

    def _stored(self, field: Field) -> NDArray[Any]:
        if field.code in "PQ":
            raise ArchiveError(
                f"column {field.name} is of variable length, which is not read: write it "
                "with one value a row"
            )
        return self.raw[field.name]


@dataclass(frozen=True)
class FitsFile:
    """A checked FITS file and its HDUs."""

    path: Path
    hdus: tuple[Hdu, ...]

    @property
    def primary(self) -> "fits.Header":
        """The primary header."""
        return self.hdus[0].header

    def find(self, *names: str) -> list[Hdu]:
        """Return the tables with one of these EXTNAMEs, in file order."""
        return [hdu for hdu in self.hdus if hdu.fields and hdu.name in names]

    def good_times(self) -> list[Hdu]:
        """Return the tables of good time intervals: GTI, GTI7, STDGTI, …, in file order."""
        return [hdu for hdu in self.hdus if is_gti(hdu)]

    def blocks(self, hdu: Hdu, *, rows: int = BATCH_ROWS) -> Iterator[Block]:
        """Yield the table's rows in pieces of at most `rows`."""
        kind = np.dtype([(f.name, f.dtype) for f in hdu.fields])
        count = max(1, min(rows, BATCH_BYTES // kind.itemsize))
        with open_bounded(self.path) as file:
            skip(file, hdu.start)
            for first in range(0, hdu.rows, count):
                length = min(count, hdu.rows - first)
                data = file.read(length * kind.itemsize)
                yield Block(hdu, first, np.frombuffer(data, dtype=kind))


def open_fits(source: Source, account: Account) -> FitsFile:
    """Check the whole file and return its HDUs; oddities go into the account.

    Raises ArchiveError for a file that is cut, swells, or whose DATASUM is wrong.
    """
    with open_bounded(source.path) as file:
        checked = list(scan(file, check=True))
    hdus = tuple(hdu for hdu, _ in checked)
    account.understood.extend(judge(checked, accept=account.accept_checksums))
    return FitsFile(source.path, hdus)


def is_fits(source: Source) -> bool:
    """Return whether the first bytes are a FITS primary header's."""
    return source.head.startswith(b"SIMPLE  =")


def peek(source: Source) -> tuple[Hdu, ...]:
    """Return the HDUs up to the first table that is not of good times, unchecked."""
    if not is_fits(source):
        return ()
    stat = source.path.stat()
    try:
        return _peek(source.path, stat.st_size, stat.st_mtime_ns)
    except ArchiveError:
        return ()


def checked_headers(file: BinaryIO) -> list[Hdu]:
    """Return every HDU of an open file; raises ArchiveError where one is damaged."""
    return [hdu for hdu, _ in scan(file, check=True)]


def first_table(source: Source) -> Hdu | None:
    """Return the first binary table, unchecked, good times last; None without a table."""
    tables = [hdu for hdu in peek(source) if hdu.fields]
    return min(tables, key=is_gti, default=None)


def is_gti(hdu: Hdu) -> bool:
    """Return whether a table holds good time intervals."""
    return hdu.has("START", "STOP") and (
        "GTI" in hdu.name or text(hdu.header, "HDUCLAS1").upper() == "GTI"
    )


def is_events(hdu: Hdu) -> bool:
    """Return whether a table holds photons, by its name or by its class."""
    return bool(hdu.fields) and "EVENTS" in {
        hdu.name,
        text(hdu.header, "HDUCLAS1").upper(),
    }


def keyword(hdus: tuple[Hdu, ...] | list[Hdu], name: str) -> str:
    """Return the first non-blank value of a keyword in these headers, as text."""
    for hdu in hdus:
        if value := text(hdu.header, name):
            return value
    return ""


def is_simulated(file: FitsFile) -> bool:
    """Return whether the primary header says so: SIMULATE = T."""
    return is_true(file.primary.get("SIMULATE"))


@lru_cache(maxsize=8)
def _peek(path: Path, _size: int, _changed: int) -> tuple[Hdu, ...]:
    extensions = []
    with open_bounded(path) as file:
        for hdu, _ in scan(file, check=False):
            extensions.append(hdu)
            others = [other for other in extensions if not is_gti(other)]
            if others[-1:] == [hdu] and (hdu.fields or len(others) == 3):
                break
    return tuple(extensions)
