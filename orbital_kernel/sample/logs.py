"""Observation logs: chanmaster (US dates) and swiftmastr (day first, date only)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orbital_kernel.sample import clock
from orbital_kernel.sample.acis import Observation
from orbital_kernel.sample.field import sexagesimal
from orbital_kernel.sample.text import write_text
from orbital_kernel.sample.truth import Ledger

CHANMASTER = (
    "satellite\tra\tdec\tobsid\ttime\texposure\tcategory\tname\tstatus\tdetector\t"
    "grating\ttype\tpi\tpublic_date\tbii\tclass\tcycle\tdata_mode\tlii\tproposal\t"
    "sequence_number"
)
SWIFTMASTR = (
    "NAME,ORIG_TARGET_ID,TARGET_ID,RA,DEC,START_TIME,STOP_TIME,ORIG_OBS_SEGM,"
    "OBS_SEGMENT,ORIG_OBSID,OBSID,XRT_EXPOSURE,XRT_EXPO_PC,ARCHIVE_DATE,"
    "PROCESSING_DA,PROCESSING_DATE,PROCESSING_VE"
)


@dataclass(frozen=True)
class Pointing:
    """One Swift pointing for the log: who, where (deg), when (UTC s since 2001)."""

    object: str
    target_id: int
    segment: int
    ra_deg: float
    dec_deg: float
    start_utc_s: float
    stop_utc_s: float
    exposure_s: int


def write_chanmaster(
    path: Path, observations: Sequence[Observation], ledger: Ledger
) -> int:
    """Write the Chandra log: m/d/yyyy, exposure in s, one row still to be observed."""
    lines = [CHANMASTER]
    lines.extend(_chandra_row(observation) for observation in observations)
    last = observations[-1]
    planned = _cells(last) | {
        "obsid": str(last.obs_id + 1000),
        "time": "",
        "status": "unobserved",
        "public_date": "",
        "data_mode": "",
    }
    lines.append("\t".join(planned.values()))
    return write_text(path, lines, "chandra log", len(lines) - 1, ledger)


def _chandra_row(observation: Observation) -> str:
    return "\t".join(_cells(observation).values())


def _cells(observation: Observation) -> dict[str, str]:
    start = clock.EPOCH + timedelta(seconds=clock.chandra_utc_s(observation.start_s))
    public = start + timedelta(days=365)
    return {
        "satellite": "chandra",
        "ra": sexagesimal(observation.ra_deg, hours=True, digits=2),
        "dec": sexagesimal(observation.dec_deg, hours=False, digits=1),
        "obsid": f" {observation.obs_id}",
        "time": f"{start.month}/{start.day}/{start.year} {start.hour}:{start:%M:%S}",
        "exposure": f"{observation.exposure_s:.0f}",
        "category": "SIMULATED",
        "name": observation.object,
        "status": "archived",
        "detector": "ACIS-I",
        "grating": "NONE",
        "type": "GO",
        "pi": "Sample",
        "public_date": f"{public.month}/{public.day}/{public.year}",
        "bii": "0",
        "class": "UNIDENTIFIED",
        "cycle": "0",
        "data_mode": "TE_SIM",
        "lii": "0",
        "proposal": "0",
        "sequence_number": "999999",
    }


def write_swiftmastr(path: Path, pointings: Sequence[Pointing], ledger: Ledger) -> int:
    """Write the Swift master log: dd/mm/yyyy, ids without leading zeros."""
    lines = [SWIFTMASTR]
    for pointing in pointings:
        obs_id = pointing.target_id * 1000 + pointing.segment
        start, stop = _date(pointing.start_utc_s), _date(pointing.stop_utc_s)
        later = _date(pointing.stop_utc_s + 7 * 86400)
        cells = (
            pointing.object,
            pointing.target_id,
            pointing.target_id,
            f"{pointing.ra_deg:.6f}",
            f"{pointing.dec_deg:.6f}",
            start,
            stop,
            pointing.segment,
            pointing.segment,
            obs_id,
            obs_id,
            pointing.exposure_s,
            pointing.exposure_s,
            later,
            "SIMULATED",
            later,
            "SIM",
        )
        lines.append(",".join(str(cell) for cell in cells))
    return write_text(path, lines, "swift log", len(pointings), ledger)


def _date(utc_s: float) -> str:
    moment = clock.EPOCH + timedelta(seconds=utc_s)
    return f"{moment.day}/{moment.month}/{moment.year}"
