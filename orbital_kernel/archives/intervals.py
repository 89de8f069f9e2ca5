"""Good time intervals of either observatory as rows of `intervals`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import fits_time
from orbital_kernel.archives.formats.fits import FitsFile, Hdu, Reals
from orbital_kernel.archives.rows import rows
from orbital_kernel.model import times
from orbital_kernel.model.schema import INTERVALS
from orbital_kernel.model.spans import in_words

if TYPE_CHECKING:
    from astropy.io import fits


def gti_rows(
    file: FitsFile,
    hdu: Hdu,
    *,
    rule: str,
    utcf_s: float | None = None,
    zero_s: float = 0.0,
    live_fraction: float | None = None,
    at_met_s: float | None = None,
    **columns: Any,
) -> Iterator[tuple[str, pa.Table]]:
    """Yield a GTI table's rows; `columns` are the same for all (obs_id, instrument…).

    `live_fraction` is what the dead time of the detector leaves of an interval; None if
    the file does not say. `at_met_s` is the clock value at which Swift's `utcf_s` holds.
    """
    live = np.nan if live_fraction is None else live_fraction
    zero = fits_time.zero_s(hdu, otherwise=zero_s)
    for block in file.blocks(hdu):
        start, stop = (fits_time.seconds(block, n) + zero for n in ("START", "STOP"))
        yield rows(
            INTERVALS,
            len(block),
            time=_tt(rule, start, utcf_s, at_met_s),
            time_stop=_tt(rule, stop, utcf_s, at_met_s),
            met_start_s=start,
            met_stop_s=stop,
            utcf_s=utcf_s,
            time_rule=rule,
            kind="gti",
            live_s=(stop - start) * live,
            file_row=range(block.first, block.first + len(block)),
            **columns,
        )


def header_span(
    header: "fits.Header", *, rule: str, utcf_s: float | None, at_met_s: float | None
) -> str | None:
    """Return the words that state the header's first start and last stop, if it has both."""
    edges = [fits_time.keyword_s(header, name) for name in ("TSTART", "TSTOP")]
    start, stop = (np.array([edge], dtype=np.float64) for edge in edges)
    if not start < stop:  # also where one is missing, which is NaN here
        return None
    return in_words(*(_tt(rule, edge, utcf_s, at_met_s) for edge in (start, stop)))


def _tt(
    rule: str, met: Reals, utcf_s: float | None, at_met_s: float | None
) -> times.Instants:
    if utcf_s is None or at_met_s is None:
        return times.to_tt(rule, met, utcf_s=0.0 if utcf_s is None else utcf_s)
    return times.swift_elapsed(met, utcf_s=utcf_s, at_met_s=at_met_s)[0]
