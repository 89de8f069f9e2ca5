"""UKSSDC XRT count-rate light curves as JSON of columns: {"Time": {"0": …}, …}.

Source: the column names are those of www.swift.ac.uk/xrt_curves/docs.php.

Traps handled: rows are keyed by text ('0', '1', '10' sort wrongly), and a key missing
from one column is a missing value; negative errors come with their sign; T0 is not in
the file, so `time` is null and `since_t0_s` kept; the object is in the file's
name only, the mode there or in its folder's ('PC_incbad'); a curve may have no point at
all; errors of 0 on both sides mark an upper limit.
"""

from typing import Any

import numpy as np

from orbital_kernel.archives.formats import documents, text
from orbital_kernel.archives.formats.qdp import FLUX, RATE
from orbital_kernel.archives.naming import object_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, rows
from orbital_kernel.archives.swift.xrt_qdp import (
    LIMIT_CONFIDENCE,
    XRT_BAND,
    mode_of,
)
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import PHOTOMETRY

QUANTITIES = {"Rate": RATE, "Flux": FLUX}
USED = {"Time", "TimePos", "TimeNeg", "Exposure"}


def recognises(source: Source) -> bool:
    """Recognise the file by a first column Time keyed by row."""
    start = b"".join(source.head.split())
    return start.startswith((b'{"Time":{"', b'{"Time":{},"TimePos"'))


def read(source: Source, account: Account) -> Batches:
    """Yield `photometry`, one row per point."""
    account.observatory = "swift"
    columns = documents.document(source)
    quantity = next((name for name in QUANTITIES if name in columns), None)
    if quantity is None:
        raise ArchiveError(f"no Rate or Flux among the columns {', '.join(columns)}")
    keys = sorted({k for column in columns.values() for k in column}, key=int)
    account.understood.append("no T0 in the file: times are relative only")

    def reals(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        column = columns.get(name, {})
        return np.array(
            [np.nan if (v := column.get(k)) is None else v for k in keys], float
        )

    plus, minus = np.abs(reals(f"{quantity}Pos")), np.abs(reals(f"{quantity}Neg"))
    limit = (plus == 0) & (minus == 0)
    others = [n for n in columns if n not in USED and not n.startswith(quantity)]
    low, high = XRT_BAND
    yield rows(
        PHOTOMETRY,
        len(keys),
        object=object_of(source, account),
        time_err_plus_s=np.abs(reals("TimePos")),
        time_err_minus_s=np.abs(reals("TimeNeg")),
        since_t0_s=reals("Time"),
        value=reals(quantity),
        value_err_plus=np.where(limit, np.nan, plus),
        value_err_minus=np.where(limit, np.nan, minus),
        is_limit=limit,
        limit_confidence=np.where(limit, LIMIT_CONFIDENCE, np.nan),
        unit=QUANTITIES[quantity],
        band=f"{low:g}-{high:g} keV",
        band_low_kev=low,
        band_high_kev=high,
        instrument="XRT",
        mode=mode_of(source.stem.replace("_", " "))
        or mode_of(source.path.parent.name.replace("_", " ")),
        exposure_s=reals("Exposure"),
        extra=[extra({name: columns[name].get(k) for name in others}) for k in keys],
        simulated=text.says_simulated(source),
        file_row=[int(key) for key in keys],
    )


READER = Reader(
    "swift-xrt-json", recognises, read, "UKSSDC XRT light curve, JSON", version=2
)
