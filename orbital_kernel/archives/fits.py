"""FITS structure, headers and binary tables, read in bounded pieces.

astropy parses the headers; the rows come straight from the stream, some tens of
thousands at a time, so that a 2 GB event list, gzipped or not, needs no 2 GB. Before
any row is given out the whole file is checked: structure, length, DATASUM. One wrong
DATASUM is damage. When every table's is wrong, or only a CHECKSUM is, a tool cut or
edited the file without renewing them, which public files show: noted, not refused.
Standard: FITS 4.0, fits.gsfc.nasa.gov.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from orbital_kernel.archives.bounded import open_bounded, skip
from orbital_kernel.archives.reading import Account, Source
from orbital_kernel.errors import ArchiveError

BLOCK = 2880
HEADER_BLOCKS = 2000
HDUS = 500
BATCH_ROWS = 50_000
BATCH_BYTES = 16 << 20
CHUNK = BLOCK * 1024
ALL_ONES = 0xFFFFFFFF

_FORMATS = {
    "L": "S1",
    "B": "u1",
    "I": ">i2",
    "J": ">i4",
    "K": ">i8",
    "E": ">f4",
    "D": ">f8",
    "C": ">c8",
    "M": ">c16",
    "P": ">i8",
    "Q": ">i8",
}
_TFORM = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """One column of a binary table: name, unit, shape in the row, scaling, null."""

    name: str
    code: str
    repeat: int
    unit: str
    scale: float
    zero: float
    null: int | None

    @property
    def dtype(self) -> tuple[str, tuple[int, ...]] | str:
        """The numpy type of one row's worth of this column."""
        if self.code == "A":
            return f"S{self.repeat}"
        if self.code == "X":
            return ("u1", ((self.repeat + 7) // 8,))
        count = self.repeat * (2 if self.code == "Q" else 1)
        return (_FORMATS[self.code], (count,)) if count != 1 else _FORMATS[self.code]


@dataclass(frozen=True)
class Hdu:
    """One header and where its data lie; `fields` is empty but for binary tables."""

    header: fits.Header
    start: int
    size: int
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """EXTNAME, upper case; '' where there is none."""
        return text(self.header, "EXTNAME").upper()

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return int(self.header.get("NAXIS2", 0)) if self.fields else 0

    def has(self, *names: str) -> bool:
        """Tell whether the table has all these columns, whatever their case."""
        return {n.upper() for n in names} <= {f.name.upper() for f in self.fields}

    def field(self, name: str) -> Field:
        """Return the column of that name, whatever its case; ArchiveError if absent."""
        for field in self.fields:
            if field.name.upper() == name.upper():
                return field
        raise ArchiveError(
            f"HDU {self.name or 'without name'} has no column {name}; "
            f"it has {', '.join(f.name for f in self.fields)}"
        )


@dataclass(frozen=True)
class Block:
    """Some rows of a table as they stand in the file; `first` is their row number."""

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

    def whole(self, name: str) -> np.ma.MaskedArray[Any, np.dtype[np.int64]]:
        """Return an integer column as int64, masked where null."""
        field = self.hdu.field(name)
        stored = self._stored(field)
        if stored.dtype.kind not in "iu":
            raise ArchiveError(f"column {name} holds {field.code}, not whole numbers")
        values = stored.astype(np.int64) * int(field.scale) + int(field.zero)
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
        return self.raw[field.name]


@dataclass(frozen=True)
class FitsFile:
    """A checked FITS file and its HDUs."""

    path: Path
    hdus: tuple[Hdu, ...]

    @property
    def primary(self) -> fits.Header:
        """The primary header."""
        return self.hdus[0].header

    def find(self, *names: str) -> list[Hdu]:
        """Return the tables with one of these EXTNAMEs, in file order."""
        return [hdu for hdu in self.hdus if hdu.fields and hdu.name in names]

    def blocks(self, hdu: Hdu, *, rows: int = BATCH_ROWS) -> Iterator[Block]:
        """Yield the table's rows in pieces of at most `rows`."""
        kind = np.dtype([(f.name, f.dtype) for f in hdu.fields])
        count = max(1, min(rows, BATCH_BYTES // kind.itemsize))
        with open_bounded(self.path) as file:
            skip(file, hdu.start)
            for first in range(0, hdu.rows, count):
                wanted = min(count, hdu.rows - first)
                data = file.read(wanted * kind.itemsize)
                yield Block(hdu, first, np.frombuffer(data, dtype=kind))


def open_fits(source: Source, account: Account) -> FitsFile:
    """Check the whole file and return its HDUs; oddities go into the account.

    Raises ArchiveError for a file that is cut, swells, or whose DATASUM is wrong.
    """
    with open_bounded(source.path) as file:
        checked = list(_hdus(file, check=True))
    hdus = tuple(hdu for hdu, _ in checked)
    account.understood.extend(_judge(checked))
    return FitsFile(source.path, hdus)


def is_fits(source: Source) -> bool:
    """Tell whether the first bytes are a FITS primary header's."""
    return source.head.startswith(b"SIMPLE  =")


def peek(source: Source) -> tuple[Hdu, ...]:
    """Return the HDUs up to the first table, unchecked; () where there are none."""
    if not is_fits(source):
        return ()
    stat = source.path.stat()
    try:
        return _peek(source.path, stat.st_size, stat.st_mtime_ns)
    except ArchiveError:
        return ()


def checked_headers(file: BinaryIO) -> list[Hdu]:
    """Return every HDU of an open file; raises ArchiveError where one is damaged."""
    return [hdu for hdu, _ in _hdus(file, check=True)]


def first_table(source: Source) -> Hdu | None:
    """Return the first binary table, unchecked; None where there is none."""
    tables = [hdu for hdu in peek(source) if hdu.fields]
    return tables[0] if tables else None


def keyword(hdus: tuple[Hdu, ...] | list[Hdu], name: str) -> str:
    """Return the first non-blank value of a keyword in these headers, as text."""
    for hdu in hdus:
        if value := text(hdu.header, name):
            return value
    return ""


def text(header: fits.Header, name: str) -> str:
    """Return a keyword as stripped text; '' where absent, undefined or unreadable."""
    value = header.get(name, "")
    return "" if isinstance(value, fits.card.Undefined) else str(value).strip()


def number(header: fits.Header, name: str) -> float | None:
    """Return a keyword as a number; None where absent, undefined or text."""
    value = header.get(name)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def is_simulated(file: FitsFile) -> bool:
    """Tell whether the primary header says so: SIMULATE = T."""
    return file.primary.get("SIMULATE") is True


@lru_cache(maxsize=8)
def _peek(path: Path, _size: int, _changed: int) -> tuple[Hdu, ...]:
    found = []
    with open_bounded(path) as file:
        for hdu, _ in _hdus(file, check=False):
            found.append(hdu)
            if hdu.fields or len(found) == 3:
                break
    return tuple(found)


@dataclass(frozen=True)
class _Sums:
    """Whether DATASUM and CHECKSUM fit; None where the header has none."""

    data: bool | None
    whole: bool | None


def _judge(checked: list[tuple[Hdu, _Sums]]) -> list[str]:
    tables = [
        (hdu, sums) for hdu, sums in checked if hdu.size and sums.data is not None
    ]
    wrong = [hdu for hdu, sums in tables if sums.data is False]
    if wrong and (len(tables) == 1 or len(wrong) < len(tables)):
        raise ArchiveError(
            f"DATASUM of {wrong[0].name or 'an HDU'} does not fit its data: damaged "
            "since it was written",
            offset=wrong[0].start,
        )
    if wrong:
        return ["every DATASUM is stale: cut by a tool that did not renew them"]
    edited = [hdu.name or "PRIMARY" for hdu, sums in checked if sums.whole is False]
    return [f"header of {name} edited after its CHECKSUM" for name in edited]


def _hdus(file: BinaryIO, *, check: bool) -> Iterator[tuple[Hdu, _Sums]]:
    offset = 0
    for place in range(HDUS):
        raw = _header_bytes(file, offset, first=place == 0)
        if raw is None:
            return
        header = _parse_header(raw, offset)
        start = offset + len(raw)
        size = _data_size(header, start)
        fields = _fields(header) if _is_table(header) else ()
        padded = -(-size // BLOCK) * BLOCK
        total = _sum_of(file, padded, size, start) if check else _pass(file, padded)
        yield Hdu(header, start, size, fields), _sums(header, raw, total)
        offset = start + padded
    raise ArchiveError(f"more than {HDUS} HDUs", offset=offset)


def _header_bytes(file: BinaryIO, offset: int, *, first: bool) -> bytes | None:
    raw = bytearray()
    for _ in range(HEADER_BLOCKS):
        block = file.read(BLOCK)
        if not raw and not first and not block.startswith(b"XTENSION"):
            if block.strip(b"\0 "):
                raise ArchiveError("bytes that are no FITS extension", offset=offset)
            return None
        if len(block) < BLOCK:
            raise ArchiveError(
                "the file ends inside a header", offset=offset + len(raw) + len(block)
            )
        raw += block
        if any(block[at : at + 8] == b"END     " for at in range(0, BLOCK, 80)):
            return bytes(raw)
    raise ArchiveError(f"a header without END in {len(raw):,} bytes", offset=offset)


def _parse_header(raw: bytes, offset: int) -> fits.Header:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fits.Header.fromstring(raw.decode("ascii"))
    except (UnicodeDecodeError, fits.VerifyError, ValueError) as error:
        raise ArchiveError(f"a damaged header: {error}", offset=offset) from error


def _is_table(header: fits.Header) -> bool:
    return str(header.get("XTENSION", "")).strip() == "BINTABLE"


def _data_size(header: fits.Header, offset: int) -> int:
    axes = _count(header, "NAXIS", offset, at_most=999)
    lengths = [_count(header, f"NAXIS{n}", offset) for n in range(1, axes + 1)]
    if axes == 0:
        return 0
    width = abs(int(header.get("BITPIX", 8))) // 8
    extra = _count(header, "PCOUNT", offset, default=0)
    groups = _count(header, "GCOUNT", offset, default=1)
    size = width * groups
    cells = 1
    for length in lengths:
        cells *= length
    return size * (extra + cells)


def _count(
    header: fits.Header,
    name: str,
    offset: int,
    *,
    default: int | None = None,
    at_most: int = 1 << 48,
) -> int:
    value = header.get(name, default)
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not 0 <= value <= at_most
    ):
        raise ArchiveError(f"{name} = {value!r} is no count", offset=offset)
    return value


def _fields(header: fits.Header) -> tuple[Field, ...]:
    fields: list[Field] = []
    for n in range(1, int(header.get("TFIELDS", 0)) + 1):
        match = _TFORM.match(str(header.get(f"TFORM{n}", "")))
        if match is None:
            raise ArchiveError(f"TFORM{n} = {header.get(f'TFORM{n}')!r} is no format")
        name = str(header.get(f"TTYPE{n}", f"col{n}")).strip()
        taken = {field.name for field in fields}
        null = header.get(f"TNULL{n}")
        fields.append(
            Field(
                name=name if name not in taken else f"{name}#{n}",
                code=match[2],
                repeat=int(match[1] or 1),
                unit=str(header.get(f"TUNIT{n}", "")).strip(),
                scale=float(header.get(f"TSCAL{n}", 1.0)),
                zero=float(header.get(f"TZERO{n}", 0.0)),
                null=null if isinstance(null, int) else None,
            )
        )
    kind = np.dtype([(f.name, f.dtype) for f in fields])
    if kind.itemsize != header.get("NAXIS1"):
        raise ArchiveError(
            f"the columns are {kind.itemsize} bytes wide, NAXIS1 says "
            f"{header.get('NAXIS1')!r}"
        )
    return tuple(fields)


def _sum_of(file: BinaryIO, padded: int, size: int, start: int) -> int:
    """Read the data through and return their ones'-complement sum."""
    total = done = 0
    while done < padded:
        chunk = file.read(min(CHUNK, padded - done))
        if not chunk:
            break
        done += len(chunk)
        words = np.frombuffer(chunk + b"\0" * (-len(chunk) % 4), dtype=">u4")
        total = _fold(total + int(words.sum(dtype=np.uint64)))
    if done < size:
        raise ArchiveError(
            f"cut short: {done:,} of {size:,} data bytes are there", offset=start + done
        )
    return total


def _pass(file: BinaryIO, padded: int) -> int:
    skip(file, padded)
    return 0


def _fold(total: int) -> int:
    while total > ALL_ONES:
        total = (total & ALL_ONES) + (total >> 32)
    return total


def _sums(header: fits.Header, raw: bytes, total: int) -> _Sums:
    claimed = text(header, "DATASUM")
    data = int(claimed) % ALL_ONES == total % ALL_ONES if claimed.isdecimal() else None
    words = np.frombuffer(raw, dtype=">u4")
    whole = _fold(total + int(words.sum(dtype=np.uint64)))
    return _Sums(data, whole % ALL_ONES == 0 if "CHECKSUM" in header else None)
