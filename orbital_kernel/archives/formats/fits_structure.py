"""FITS structure: headers, where data lie, checksums.

The file is read through once, in order, plain or gzipped. Before any row is given out
the whole of it is checked: structure, length, DATASUM. One wrong DATASUM is damage, or
the mark of a tool that wrote other rows and did not renew it (astropy does so): refused,
unless the user accepts it. When every table's is wrong, or only a CHECKSUM is, a tool cut
or edited the file without renewing them, which public files show: noted, not refused.
Standard: FITS 4.0, fits.gsfc.nasa.gov.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from orbital_kernel.archives.formats.bounded import skip
from orbital_kernel.archives.formats.keywords import text
from orbital_kernel.errors import ArchiveError

if TYPE_CHECKING:
    from astropy.io import fits

BLOCK = 2880
HEADER_BLOCKS = 2000
HEADER_BYTES = 32 << 20
HDUS = 500
COLUMNS = 999
"""The most that a table can have by the standard."""
ROW_BYTES = 16 << 20
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

    header: "fits.Header"
    start: int
    size: int
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """EXTNAME, upper case; '' if absent."""
        return text(self.header, "EXTNAME").upper()

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return int(self.header.get("NAXIS2", 0)) if self.fields else 0

    def has(self, *names: str) -> bool:
        """Return whether the table has all these columns, whatever their case."""
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
class Sums:
    """Whether DATASUM and CHECKSUM fit; None where the header has none."""

    data: bool | None
    intact: bool | None


def judge(checked: list[tuple[Hdu, Sums]], *, accept: bool = False) -> list[str]:
    """Return remarks on checksums that do not fit.

    Raises ArchiveError for one wrong DATASUM among several, or the only one, unless the
    user accepts it.
    """
    tables = [
        (hdu, sums) for hdu, sums in checked if hdu.size and sums.data is not None
    ]
    wrong = [hdu for hdu, sums in tables if sums.data is False]
    if wrong and (len(tables) == 1 or len(wrong) < len(tables)):
        names = ", ".join(hdu.name or "an HDU" for hdu in wrong)
        if accept:
            return [f"DATASUM of {names} does not fit the data: accepted as requested"]
        raise ArchiveError(
            f"DATASUM of {names} does not fit the data: rewritten by a tool that did "
            "not renew it, or damaged; if you trust the file, use --accept-checksums",
            offset=wrong[0].start,
        )
    if wrong:
        return ["every DATASUM is stale: cut by a tool that did not renew them"]
    edited = [hdu.name or "PRIMARY" for hdu, sums in checked if sums.intact is False]
    return [f"header of {name} edited after its CHECKSUM" for name in edited]


def scan(file: BinaryIO, *, check: bool) -> Iterator[tuple[Hdu, Sums]]:
    """Yield each HDU of an open file in order; with `check` its data are read through.

    Raises ArchiveError, with the offset, where the structure breaks.
    """
    offset = headers = 0
    for place in range(HDUS):
        raw = _header_bytes(file, offset, first=place == 0)
        if raw is None:
            return
        headers += len(raw)
        if headers > HEADER_BYTES:
            raise ArchiveError(f"headers of more than {HEADER_BYTES:,} bytes")
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
                raise ArchiveError("bytes that are not a FITS extension", offset=offset)
            return None
        if len(block) < BLOCK:
            raise ArchiveError(
                "the file ends inside a header", offset=offset + len(raw) + len(block)
            )
        raw += block
        if any(block[at : at + 8] == b"END     " for at in range(0, BLOCK, 80)):
            return bytes(raw)
    raise ArchiveError(f"a header without END in {len(raw):,} bytes", offset=offset)


@lru_cache(maxsize=8)
def _parse_header(raw: bytes, offset: int) -> "fits.Header":
    """Return a header; a file's are parsed once, to recognise it and to read it."""
    from astropy.io import fits  # noqa: PLC0415 - only files in FITS need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fits.Header.fromstring(raw.decode("ascii"))
    except (UnicodeDecodeError, fits.VerifyError, ValueError) as error:
        raise ArchiveError(f"a damaged header: {error}", offset=offset) from error


def _is_table(header: "fits.Header") -> bool:
    return str(header.get("XTENSION", "")).strip() == "BINTABLE"


def _data_size(header: "fits.Header", offset: int) -> int:
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
    header: "fits.Header",
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
        raise ArchiveError(f"{name} = {value!r} is not a count", offset=offset)
    return value


def _fields(header: "fits.Header") -> tuple[Field, ...]:
    fields: list[Field] = []
    columns = _count(header, "TFIELDS", 0, default=0, at_most=COLUMNS)
    for n in range(1, columns + 1):
        match = _TFORM.match(str(header.get(f"TFORM{n}", "")))
        if match is None:
            raise ArchiveError(
                f"TFORM{n} = {header.get(f'TFORM{n}')!r} is not a format"
            )
        if int(match[1] or 1) > ROW_BYTES:
            raise ArchiveError(
                f"TFORM{n} = {match[0]!r}: over {ROW_BYTES:,} cells in a row"
            )
        name = str(header.get(f"TTYPE{n}", f"col{n}")).strip()
        names = {field.name for field in fields}
        null = header.get(f"TNULL{n}")
        fields.append(
            Field(
                name=name if name not in names else f"{name}#{n}",
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
    if kind.itemsize > ROW_BYTES:
        raise ArchiveError(f"rows of {kind.itemsize:,} bytes, over {ROW_BYTES:,}")
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


def _sums(header: "fits.Header", raw: bytes, total: int) -> Sums:
    claimed = text(header, "DATASUM")
    data = int(claimed) % ALL_ONES == total % ALL_ONES if claimed.isdecimal() else None
    words = np.frombuffer(raw, dtype=">u4")
    folded = _fold(total + int(words.sum(dtype=np.uint64)))
    return Sums(data, folded % ALL_ONES == 0 if "CHECKSUM" in header else None)
