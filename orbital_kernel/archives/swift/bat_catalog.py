"""The Swift/BAT GRB catalogue's text tables: summary, durations, redshifts.

'|'-separated under '##' comments, of which the last one with '|' names the columns.
Source: swift.gsfc.nasa.gov/results/batgrbcat; position errors are 90 % (Sakamoto et al.
2008, ApJS 175, 179).

Traps handled: 'N/A' and blank cells, trailing '|', '-inf' errors, padded numbers; some
dates without dashes ('20200809T15:41:26.928'); redshifts such as '0.076 or 0.459',
'0.228?' or '<3.2' stay text; an ObsID follows from the trigger as '00' + id + '000',
or the trigger column is the whole ObsID. Trigger times in UTC are taken as written,
and UTCF follows from MET and UTC together.
"""

import math

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.redshifts import agreed_redshifts
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.archives.swift.grb_table import burst_name
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import GRBS

FIRST = "GRBname"
SUMMARY = {
    FIRST,
    "Trig_ID",
    "Trig_time_met",
    "Trig_time_UTC",
    "RA_ground",
    "DEC_ground",
}
DURATIONS = {FIRST, "Trig_ID", "Trig_time_met", "T90_start", "T90_stop"}
REDSHIFTS = {FIRST, "z", "Method"}


def recognises(source: Source) -> bool:
    """Recognise the file by the '##' line that names the columns."""
    columns = set(_columns(text.head_lines(source, 100)))
    return any(kind <= columns for kind in (SUMMARY, DURATIONS, REDSHIFTS))


def read(source: Source, account: Account) -> Batches:
    """Yield `grbs`, one row per burst, each table as a catalogue of its own."""
    account.observatory = "swift"
    simulated = text.says_simulated(source)
    columns = set(_columns(text.head_lines(source, 100)))
    for batch in text.batches(_records(source)):
        if columns >= SUMMARY:
            yield _summary(batch, simulated=simulated)
        elif columns >= DURATIONS:
            yield _durations(batch, simulated=simulated)
        else:
            yield _redshifts(batch, account, simulated=simulated)


def trigger_obs_id(trigger: str | None) -> str | None:
    """Return the 11-digit ObsID of a trigger number, or of what is one already."""
    if trigger is None or not trigger.isdigit():
        return None
    return trigger.zfill(11) if len(trigger) > 8 else trigger.zfill(8) + "000"


def _columns(head: list[str]) -> list[str]:
    named = [
        line.lstrip("# ")
        for line in head
        if line.startswith("##") and "|" in line and line.lstrip("# ").startswith(FIRST)
    ]
    return [cell.strip() for cell in named[-1].split("|")] if named else []


def _records(source: Source):  # type: ignore[no-untyped-def]  # noqa: ANN202
    columns = _columns(text.head_lines(source, 100))
    row = 0
    for number, line in enumerate(text.lines(source.path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("|")]
        while len(cells) > len(columns) and cells[-1] in {"", "N/A"}:
            cells.pop()
        if len(cells) > len(columns) or len(cells) < len(columns) - 1:
            raise ArchiveError(
                f"line {number} has {len(cells)} cells, the header {len(columns)}"
            )
        yield Record(row, number, dict(zip(columns, cells, strict=False)))
        row += 1


def _finite(record: Record, column: str) -> float:
    value = record.real(column)
    return value if math.isfinite(value) else math.nan


def _others(record: Record, *used: str) -> str | None:
    return extra({k: record.text(k) for k in record.cells if k not in used})


def _clock(batch: list[Record], utc: times.Instants):  # type: ignore[no-untyped-def]  # noqa: ANN202
    met = np.array([record.real("Trig_time_met") for record in batch])
    valid = ~np.isnan(met) & ~np.isnat(utc)
    utcf = [
        times.met_utcf(m, u) if ok else math.nan
        for m, u, ok in zip(met, utc, valid, strict=True)
    ]
    return met, utcf


def _summary(batch: list[Record], *, simulated: bool) -> tuple[str, pa.Table]:
    dates = [r.text("Trig_time_UTC") or "" for r in batch]
    met, utcf = _clock(batch, np.array([times.parse_utc(date) for date in dates]))
    error = [60 * _finite(r, "Image_position_err") for r in batch]
    return rows(
        GRBS,
        len(batch),
        catalog="bat-catalog-summary",
        name=[burst_name(r.cells[FIRST]) for r in batch],
        trigger_id=[r.text("Trig_ID") for r in batch],
        obs_id=[trigger_obs_id(r.text("Trig_ID")) for r in batch],
        time=times.tt_from_utc(dates),
        met_s=met,
        utcf_s=utcf,
        time_rule="utc",
        **position(
            [r.real("RA_ground") for r in batch], [r.real("DEC_ground") for r in batch]
        ),
        error_radius_arcsec=error,
        error_confidence=[None if math.isnan(e) else 0.9 for e in error],
        t90_s=[r.real("T90") for r in batch],
        t90_err_s=[_finite(r, "T90_err") for r in batch],
        t50_s=[r.real("T50") for r in batch],
        snr=[_finite(r, "Image_SNR") for r in batch],
        extra=[
            _others(r, *SUMMARY, "Image_position_err", "T90", "T90_err", "T50")
            for r in batch
        ],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


def _durations(batch: list[Record], *, simulated: bool) -> tuple[str, pa.Table]:
    start = np.array([r.real("T90_start") for r in batch])
    stop = np.array([r.real("T90_stop") for r in batch])
    t50 = [r.real("T50_stop") - r.real("T50_start") for r in batch]
    return rows(
        GRBS,
        len(batch),
        catalog="bat-catalog-durations",
        name=[burst_name(r.cells[FIRST]) for r in batch],
        trigger_id=[r.text("Trig_ID") for r in batch],
        obs_id=[trigger_obs_id(r.text("Trig_ID")) for r in batch],
        met_s=[r.real("Trig_time_met") for r in batch],
        t90_s=stop - start,
        t90_start_s=start,
        t90_stop_s=stop,
        t50_s=t50,
        extra=[_others(r, *DURATIONS) for r in batch],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


def _redshifts(
    batch: list[Record], account: Account, *, simulated: bool
) -> tuple[str, pa.Table]:
    z = [r.text("z") for r in batch]
    return rows(
        GRBS,
        len(batch),
        catalog="bat-catalog-redshift",
        name=[burst_name(r.cells[FIRST]) for r in batch],
        redshift=agreed_redshifts(z, account),
        redshift_text=z,
        extra=[_others(r, FIRST, "z") for r in batch],
        simulated=simulated,
        file_row=[r.row for r in batch],
    )


READER = Reader(
    "swift-bat-catalog", recognises, read, "BAT GRB catalogue, text tables", version=3
)
