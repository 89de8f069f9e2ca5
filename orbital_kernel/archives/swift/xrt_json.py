"""UKSSDC XRT light curves as JSON of columns: {"Time": {"0": …}, …}.

Source: swifttools, data structures of `ukssdc`: Rate with RatePos and RateNeg, in hard
and soft bands with RateErr, UpperLimit in their stead, Flux of the burst analyser.

Traps handled: rows are keyed by text ('0', '1', '10' sort wrongly), and a key missing
from one column is a missing value; negative errors come with their sign; T0 is not in
the file, so `time` is null and `since_t0_s` kept; the object is in the file's
name only, the mode, band and kind of value there or in its folder's ('PC_incbad',
'PCHard', 'Density'): a column Flux of a file named Density is a flux density in Jy; a
curve may have no point at all; UpperLimit and errors of 0 on both sides mark limits.
Nothing says what Time is: numbers that cannot be seconds since T0 (an exposure longer
than its bin, all beyond 3 years) are kept in `extra` and no time is claimed.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives import limits
from orbital_kernel.archives.formats import documents, text
from orbital_kernel.archives.formats.documents import Document
from orbital_kernel.archives.naming import named_in, object_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, rows
from orbital_kernel.archives.swift.xrt_axis import MJD_YEARS
from orbital_kernel.archives.swift.xrt_quantity import (
    DENSITY,
    FLUX,
    LIMIT_CONFIDENCE,
    RATE,
    RATIO,
    Quantity,
    band_of,
    mode_of,
)
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import PHOTOMETRY

Reals = NDArray[np.float64]

VALUES = ("Rate", "UpperLimit", "Density", "Flux", "HR")
USED = {"Time", "TimePos", "TimeNeg", "Exposure"}
FIRST_MET = 1.2e8
"""Swift's clock at launch, s: fewer seconds are not its time."""
_WORDS = re.compile(r"[_.\s-]+")


def recognises(source: Source) -> bool:
    """Recognise the file by a first column Time keyed by row."""
    start = b"".join(source.head.split())
    return start.startswith((b'{"Time":{"', b'{"Time":{},"TimePos"'))


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per point or limit."""
    account.observatory = "swift"
    columns = documents.document(source)
    name = next((name for name in VALUES if name in columns), None)
    if name is None:
        raise ArchiveError(
            f"no {', '.join(VALUES)} among the columns {', '.join(columns)}"
        )
    keys = sorted({k for column in columns.values() for k in column}, key=int)
    heading = _heading(source)
    quantity = _quantity(name, columns, heading)
    if quantity.unit == RATIO:
        account.skip(f"'{name}' is neither a flux nor a rate", len(keys))
        return
    table = _Columns(columns, keys)
    stems = (name, "Flux" if "FluxPos" in columns else "Rate")
    points = limits.measured(
        table.reals(name),
        table.first(*(f"{stem}{end}" for stem in stems for end in ("Pos", "Err"))),
        table.first(*(f"{stem}{end}" for stem in stems for end in ("Neg", "Err"))),
        account=account,
        coding=limits.UKSSDC,
        flagged=limits.names_limits(name) or "UL" in heading.split() or None,
    )
    band = band_of(quantity, heading, "", of_bat=False)
    when = _times(source, table)
    relative = "since_t0_s" in when
    account.understood.append(_about(when, relative=relative))
    if quantity.unit == DENSITY:
        account.understood.append(f"flux density in mJy at {band.name}")
    written = table.reals("Time")
    others = [
        n for n in columns if n not in USED and not n.startswith((*stems, "RateErr"))
    ]
    yield rows(
        PHOTOMETRY,
        len(keys),
        object=object_of(source, account),
        **when,
        value=points.value * quantity.factor,
        value_err_plus=points.plus * quantity.factor,
        value_err_minus=points.minus * quantity.factor,
        is_limit=points.is_limit,
        limit_confidence=np.where(points.is_limit, LIMIT_CONFIDENCE, np.nan),
        unit=quantity.unit,
        band=band.name,
        band_low_kev=band.low,
        band_high_kev=band.high,
        instrument="XRT",
        mode=mode_of(heading),
        exposure_s=table.reals("Exposure"),
        extra=[
            extra(
                {"time as written": None if relative else at}
                | {n: columns[n].get(k) for n in others}
            )
            for k, at in zip(keys, written, strict=True)
        ],
        simulated=text.says_simulated(source),
        file_row=[int(key) for key in keys],
    )


class _Columns:
    """Numbers of a column in the order of the rows, NaN where a cell is missing."""

    def __init__(self, columns: Document, keys: list[str]) -> None:
        self.columns = columns
        self.keys = keys

    def reals(self, name: str) -> Reals:
        cells = self.columns.get(name, {})
        return np.array(
            [np.nan if (v := cells.get(k)) is None else v for k in self.keys], float
        )

    def first(self, *names: str) -> Reals:
        """Return the first of these columns that the file has; NaN without any."""
        return self.reals(next((n for n in names if n in self.columns), names[0]))


def _heading(source: Source) -> str:
    """Return what the names of file and folder say: 'PC incbad', 'PCUL' as 'PC UL'."""
    stem, folder = source.path.stem, source.path.parent.name
    words = f"{_WORDS.sub(' ', stem)} {_WORDS.sub(' ', folder)}"
    return re.sub(r"\b(WT|PC)(UL|Hard|Soft|HR|SLEW)\b", r"\1 \2", words)


def _quantity(name: str, columns: Document, heading: str) -> Quantity:
    """Return the kind of the values; a file of densities calls its column Flux."""
    if name == "HR":
        return Quantity(RATIO)
    density = name == "Density" or re.search(
        r"density\b|\bm?Jy\b", heading, re.IGNORECASE
    )
    if density and name != "Rate":
        return Quantity(DENSITY, 1.0 if re.search(r"\bmJy\b", heading) else 1e3)
    if name == "UpperLimit":
        return Quantity(FLUX if "FluxPos" in columns else RATE)
    return Quantity(FLUX if name == "Flux" else RATE)


def _times(source: Source, table: _Columns) -> dict[str, Any]:
    """Return the time columns; {} where the numbers are not seconds since T0."""
    time, exposure = table.reals("Time"), table.reals("Exposure")
    plus, minus = np.abs(table.reals("TimePos")), np.abs(table.reals("TimeNeg"))
    widths = {"time_err_plus_s": plus, "time_err_minus_s": minus}
    low, high = MJD_YEARS
    dates = bool(len(time)) and bool(((time > low) & (time < high)).all())
    of_burst = (named_in(source.path) or "").startswith("GRB")
    if dates and (not of_burst or bool((exposure > 1.1 * (plus + minus)).any())):
        return {}
    if len(time) and bool((time > FIRST_MET).all()) and not of_burst:
        return {"met_s": time, **widths}
    return {"since_t0_s": time, **widths}


def _about(when: dict[str, Any], *, relative: bool) -> str:
    if relative:
        return "no T0 in the file: times are relative only"
    if "met_s" in when:
        return "no correction of Swift's clock: time null, MET kept"
    return (
        "the times are days (MJD of UTC or TDB, which the file does not say): no time "
        "claimed"
    )


READER = Reader(
    "swift-xrt-json", recognises, read, "UKSSDC XRT light curve, JSON", version=2
)
