"""The Swift GRB table, tab-separated, as swift.gsfc.nasa.gov/archive/grb_table exports.

Which columns there are is the choice of who exported it: only the name must be there.

Traps handled: UTF-8 and latin-1 mixed; quotes are inch signs, not quoting; rows end
where their last filled column does; the date is only in the burst's name (YYMMDD)
beside a time of day such as '4:00:27' or 'n/a'; fluences are in 1e-7 erg/cm2; numbers
come as '>300', '~60', '~1.3 to ~3', 'n/a1.5', '1.26, PL'; the trigger number may be
'Fermi' or 'BAT/GUANO'; the redshift is text of several telescopes (redshifts.py); RA may be sexagesimal in a degree column.
The best position is taken: UVOT, else XRT, else BAT. What is not taken as written
stays in `extra`.
"""

import math
import re
from typing import Any

import numpy as np
import pyarrow as pa

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.redshifts import agreed_redshifts
from orbital_kernel.archives.formats.text import Record
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.model import times
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.schema import GRBS

NAME, TIME, TRIGGER = "GRB", "Time [UT]", "Trigger Number"
T90 = "BAT T90 [sec]"
FLUENCE = "BAT Fluence (15-150 keV) [10^-7 erg/cm^2]"
FLUENCE_ERR = "BAT Fluence 90% Error (15-150 keV) [10^-7 erg/cm^2]"
PEAK = "BAT 1-sec Peak Photon Flux (15-150 keV) [ph/cm^2/sec]"
PEAK_ERR = "BAT 1-sec Peak Photon Flux 90% Error (15-150 keV) [ph/cm^2/sec]"
INDEX = "BAT Photon Index (15-150 keV) (PL = simple power-law, CPL = cutoff power-law)"
REDSHIFT = "Redshift"
POSITIONS = (
    (
        "UVOT",
        "UVOT RA (J2000)",
        "UVOT Dec (J2000)",
        "UVOT 90% Error Radius [arcsec]",
        1,
    ),
    ("XRT", "XRT RA (J2000)", "XRT Dec (J2000)", "XRT 90% Error Radius [arcsec]", 1),
    ("BAT", "BAT RA (J2000)", "BAT Dec (J2000)", "BAT 90% Error Radius [arcmin]", 60),
)
USED = {NAME, FLUENCE_ERR, PEAK_ERR}

_COLUMN = re.compile(r"Time \[UT\]|(?:BAT|XRT|UVOT) .*(?:\[|\(J2000\)|Magnitude)")
_BURST = re.compile(r"(?:GRB\s*)?(\d{2})(\d{2})(\d{2})([A-Z]?[\w-]*)")
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}(\.\d*)?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def recognises(source: Source) -> bool:
    """Recognise the file by the column names of the first line."""
    names = text.header_cells(source, "\t")
    return NAME in names and any(map(_COLUMN.match, names))


def read(source: Source, account: Account) -> Batches:
    """Yield `grbs`, one row per burst."""
    account.observatory = "swift"
    simulated = text.says_simulated(source)
    table = text.records(source.path, "\t", quoted=False, ragged=True)
    for batch in text.batches(table):
        yield _grbs(batch, account, simulated=simulated)


def burst_date(name: str, clock: str | None) -> str:
    """Return the date of '130427A' and '07:47:57'; '' where no time of day is given."""
    match = _BURST.fullmatch(name.strip())
    if match is None or clock is None or not _CLOCK.fullmatch(clock.strip()):
        return ""
    year, month, day, _ = match.groups()
    return f"20{year}-{month}-{day}T{clock.strip().rstrip('.')}"


def burst_name(name: str) -> str:
    """Return 'GRB 130427A' of '130427A' or 'GRB130427A'; other names as they are."""
    match = _BURST.fullmatch(name.strip())
    return f"GRB {''.join(match.groups())}" if match else name.strip()


def marked_number(cell: str | None) -> tuple[float, str | None]:
    """Return the number and mark ('<', '>', '~') of '>300', '~60', '1.26, PL'.

    Ranges ('~1.3 to ~3') and text with a number in it ('n/a1.5') give NaN.
    """
    if cell is None:
        return math.nan, None
    bare = cell.split(",")[0].split("(")[0].strip()
    mark = bare[0] if bare[:1] in {"<", ">", "~"} else None
    number = _NUMBER.fullmatch(bare.lstrip("<>~ "))
    return (float(number[0]), mark) if number else (math.nan, None)


def _grbs(
    batch: list[Record], account: Account, *, simulated: bool
) -> tuple[str, pa.Table]:
    tt = times.tt_from_utc([burst_date(r.cells[NAME], r.text(TIME)) for r in batch])
    untimed = int(np.isnat(tt).sum())
    if untimed:
        account.understood.append(f"{untimed} bursts without a time of day: time null")
    places = [_best_position(record) for record in batch]
    t90 = [marked_number(record.text(T90)) for record in batch]

    quoted = [record.text(REDSHIFT) for record in batch]

    def numbers(column: str) -> np.ndarray[Any, Any]:
        marked = [marked_number(record.text(column)) for record in batch]
        exact = [value if mark is None else math.nan for value, mark in marked]
        return np.array(exact)

    return rows(
        GRBS,
        len(batch),
        catalog="swift-grb-table",
        name=[burst_name(record.cells[NAME]) for record in batch],
        trigger_id=[record.text(TRIGGER) for record in batch],
        time=tt,
        time_rule="utc",
        **position([p[0] for p in places], [p[1] for p in places]),
        error_radius_arcsec=[p[2] for p in places],
        error_confidence=[None if math.isnan(p[2]) else 0.9 for p in places],
        t90_s=[value for value, _ in t90],
        t90_limit=[mark for _, mark in t90],
        fluence_erg_cm2=numbers(FLUENCE) / 1e7,
        fluence_err_erg_cm2=np.abs(numbers(FLUENCE_ERR)) / 1e7,
        peak_flux_ph_cm2_s=numbers(PEAK),
        peak_flux_err_ph_cm2_s=np.abs(numbers(PEAK_ERR)),
        photon_index=numbers(INDEX),
        redshift=agreed_redshifts(quoted, account),
        redshift_text=quoted,
        extra=[_extra(record, p[3]) for record, p in zip(batch, places, strict=True)],
        simulated=simulated,
        file_row=[record.row for record in batch],
    )


def _best_position(record: Record) -> tuple[float, float, float, str | None]:
    """Return RA, dec (deg), 90 % error (arcsec) and instrument of the best position."""
    for instrument, ra, dec, error, scale in POSITIONS:
        try:
            degrees = parse_ra(record.text(ra) or ""), parse_dec(record.text(dec) or "")
        except ValueError:
            continue
        if not any(math.isnan(angle) for angle in degrees):
            radius, _ = marked_number(record.text(error))
            return *degrees, radius * scale, instrument
    return math.nan, math.nan, math.nan, None


def _extra(record: Record, instrument: str | None) -> str | None:
    others = {
        column: value
        for column in record.cells
        if column not in USED and (value := record.text(column)) is not None
    }
    return extra({"position from": instrument, **others})


READER = Reader(
    "swift-grb-table", recognises, read, "Swift GRB table, tab-separated", version=3
)
