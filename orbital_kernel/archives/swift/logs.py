"""Swift observation logs: the master log (swiftmastr) of any export.

Comma-, tab-, ';'- or '|'-separated with a header line, or W3Browse text; names in either
case, the target number perhaps only within the ObsID.
Source: heasarc.gsfc.nasa.gov/W3Browse/swift/swiftmastr.html.

Traps handled: dates are ISO, MJD, or in one export dd/mm/yyyy without time (a date that cannot
be so, month over 12, is refused rather than guessed); then `time` is the start of the
first day and `time_stop` the end of the last. ObsIDs have lost their leading zeros and
get them back (11 digits). Exposure 0 is kept as 0. RA is 0-360 across the seam.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.archives.formats import text, text_columns, votable, w3browse
from orbital_kernel.archives.formats.angle_columns import (
    declinations,
    right_ascensions,
)
from orbital_kernel.archives.formats.log_dates import EUROPEAN, log_dates
from orbital_kernel.archives.formats.text_columns import TextColumns, extras
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.model import times
from orbital_kernel.model.schema import OBSERVATIONS

NEEDED = {"name", "obsid", "ra", "dec", "start_time", "xrt_exposure"}
USED = NEEDED | {"target_id", "stop_time"}
VOTABLE_NEEDS = {"obsid", "ra", "dec", "start_time"}
"""Of an answer whose query, or table, names swiftmastr."""
DELIMITERS = (",", "\t", "|", ";")
OBS_ID_DIGITS = 11
ONE_DAY = np.timedelta64(1, "D")


def recognises(source: Source) -> bool:
    """Recognise the file by the column names."""
    if votable.is_votable(source):
        return votable.is_log(source, "swiftmastr", VOTABLE_NEEDS, NEEDED)
    return _delimiter(source) is not None or bool(w3browse.header(source, NEEDED))


def read(source: Source, account: Account) -> Batches:
    """Yield `observations`, one row per ObsID."""
    account.observatory = "swift"
    account.understood.append("exposure is XRT's; an ObsID is a bag of snapshots")
    simulated = text.says_simulated(source)
    rule = votable.log_rule(source, account)
    for some in _columns(source, account):
        yield _observations(some, rule, simulated=simulated)


def full_obs_id(cell: str | None) -> str | None:
    """Return an ObsID with its 11 digits."""
    return cell.zfill(OBS_ID_DIGITS) if cell and cell.isdigit() else cell


def _delimiter(source: Source) -> str | None:
    for delimiter in DELIMITERS:
        names = {cell.strip().lower() for cell in text.header_cells(source, delimiter)}
        if names >= NEEDED:
            return delimiter
    return None


def _columns(source: Source, account: Account) -> Iterator[TextColumns]:
    delimiter = _delimiter(source)
    if delimiter is not None and not votable.is_votable(source):
        some = text_columns.columns(source.path, delimiter)
        return (columns.lower() for columns in some)
    records = (
        map(text.lower, votable.records(source, account))
        if votable.is_votable(source)
        else w3browse.records(source, NEEDED)
    )
    return map(TextColumns.of, text.batches(records))


def _full_obs_ids(columns: TextColumns) -> pl.Series:
    cells = columns.texts("obsid")
    numbers = cells.str.contains(r"^\d+$").fill_null(value=False)
    return cells.str.zfill(OBS_ID_DIGITS).zip_with(numbers, cells)


def _targets(columns: TextColumns) -> pl.Series:
    """Return targets' numbers: of their column, else the first 8 digits of the ObsID."""
    obs_ids = _full_obs_ids(columns)
    of_obs_ids = obs_ids.str.head(-3).str.strip_chars_start("0")
    targets = columns.texts("target_id").fill_null(of_obs_ids)
    return targets.set((targets == "").fill_null(value=False), None)


def _observations(
    columns: TextColumns, rule: str, *, simulated: bool
) -> tuple[str, pa.Table]:
    texts, lines = columns.texts, columns.lines
    start, days = log_dates(texts("start_time"), EUROPEAN, lines=lines)
    stop, last_days = log_dates(texts("stop_time"), EUROPEAN, lines=lines)
    next_day = times.tt_from_utc(times.utc_from_tt(stop) + ONE_DAY)
    return rows(
        OBSERVATIONS,
        len(columns),
        obs_id=_full_obs_ids(columns),
        target_id=_targets(columns),
        object=texts("name"),
        **position(right_ascensions(texts("ra")), declinations(texts("dec"))),
        time=start,
        time_stop=np.where(last_days, next_day, stop),
        time_rule=[rule if d else None for d in ~(np.isnat(start) & np.isnat(stop))],
        exposure_s=columns.reals("xrt_exposure"),
        roll_deg=columns.reals("roll_angle"),
        instrument="XRT",
        log="swiftmastr",
        extra=extras(
            columns.cells.drop(USED, strict=False).with_columns(
                pl.Series("times", ["days" if day else None for day in days], pl.String)
            )
        ),
        simulated=simulated,
        file_row=columns.rows,
    )


READER = Reader("swift-observations", recognises, read, "Swift master log", version=2)
