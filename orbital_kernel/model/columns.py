"""What a table consists of: its columns, and the groups of columns that many share.

Positions are ICRS degrees with a HEALPix index (nested, order 29). Time is one column
`time`, timestamp[ns] on the TT scale; `met_s` and `utcf_s` keep the original clock value
and its correction. UCDs follow UCD1+ 1.5 (IVOA, ivoa.net/documents/UCD1+).
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

TT = pa.timestamp("ns")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        Its name, the same in every table that has it.
    type : pyarrow.DataType
        Its Arrow type; times are timestamp[ns] on the TT scale.
    unit : str
        Its unit in FITS style; '' if it has none.
    ucd : str
        What it means, as a UCD1+ word of the IVOA.
    doc : str
        What it means, in words.

    References
    ----------
    UCD1+ 1.5, ivoa.net/documents/UCD1+; VOUnits 1.1, ivoa.net/documents/VOUnits.
    """

    name: str
    type: pa.DataType
    unit: str = ""
    ucd: str = ""
    doc: str = ""

    def field(self) -> pa.Field:
        """Return the Arrow field, with unit, UCD and meaning as metadata."""
        return self._field

    @cached_property
    def _field(self) -> pa.Field:
        notes = {"unit": self.unit, "ucd": self.ucd, "doc": self.doc}
        return pa.field(
            self.name, self.type, metadata={k: v for k, v in notes.items() if v}
        )


@dataclass(frozen=True)
class Projection:
    """A copy of all of a table's columns, sorted by `sort`."""

    name: str
    sort: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table of the database.

    Attributes
    ----------
    name : str
        Its name in its schema, such as 'rates'.
    columns : tuple of Column
        Its columns, in order.
    sort : tuple of str
        Columns that the server sorts it by.
    doc : str
        What one row is.
    key : tuple of str
        Columns that identify a row; if empty, the file and its row number do.
    projections : tuple of Projection
        Copies of some columns that are sorted otherwise.

    Examples
    --------
    >>> from orbital_kernel.model.schema import RATES
    >>> RATES.column("bin_s").unit
    's'
    """

    name: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ()
    doc: str = ""
    key: tuple[str, ...] = ()
    projections: tuple[Projection, ...] = ()

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, fields carrying their metadata."""
        return pa.schema([column.field() for column in self.columns])

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError names the table."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")


def text(name: str, doc: str = "", ucd: str = "") -> Column:
    """Return a column of text."""
    return Column(name, pa.string(), "", ucd, doc)


def real(name: str, unit: str = "", ucd: str = "", doc: str = "") -> Column:
    """Return a column of real numbers."""
    return Column(name, pa.float64(), unit, ucd, doc)


def count(name: str, doc: str = "", ucd: str = "") -> Column:
    """Return a column of integers."""
    return Column(name, pa.int64(), "", ucd, doc)


def flag(name: str, doc: str = "", ucd: str = "meta.code") -> Column:
    """Return a column of true or false."""
    return Column(name, pa.bool_(), "", ucd, doc)


def instant(name: str, doc: str, ucd: str = "time.epoch") -> Column:
    """Return a column of instants on the TT scale."""
    return Column(name, TT, "", ucd, f"{doc}, TT")


SKY = (
    real("ra", "deg", "pos.eq.ra;meta.main", "right ascension, ICRS"),
    real("dec", "deg", "pos.eq.dec;meta.main", "declination, ICRS"),
    count("healpix", "HEALPix index, nested, order 29", "pos.healpix"),
)
CLOCK = (
    real("met_s", "s", "time", "the observatory's own clock, as in the file"),
    real("utcf_s", "s", "arith.diff", "clock correction to UTC; null if none applies"),
    text("time_rule", "which rule of times.py made `time`", "meta.note"),
)
BAND = (
    text("band", "band as the source names it", "instr.bandpass"),
    real("band_low_kev", "keV", "em.energy;stat.min", "lower band edge"),
    real("band_high_kev", "keV", "em.energy;stat.max", "upper band edge"),
    real("band_low_nm", "nm", "em.wl;stat.min", "optical band's lower edge"),
    real("band_high_nm", "nm", "em.wl;stat.max", "optical band's upper edge"),
)
SIMULATED = flag(
    "simulated", "true for rows of the sample sky, never of an observatory"
)
PROVENANCE = (
    SIMULATED,
    text("file_sha256", "content of the file the row came from", "meta.id"),
    count("file_row", "row in that file, from 0", "meta.record"),
)
EXTRA = (text("extra", "JSON of the file's other columns, as written", "meta.note"),)
