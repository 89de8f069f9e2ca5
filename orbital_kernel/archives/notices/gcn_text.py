"""GCN Classic notices as text, as sent by mail and by Kafka's gcn.classic.text topics.

A notice is lines of 'NAME: value', from TITLE on; a file may hold several. Source:
gcn.nasa.gov/docs/missions; gcn.gsfc.nasa.gov/swift.html and fermi.html, samples.

Traps handled: coordinates are given for J2000, the current epoch and 1950, in this
order, or are 'Undefined'; dates are truncated Julian days (MJD - 40000) beside yy/mm/dd,
and a notice where they differ is refused; times are seconds of the day, UT; error radii
are in deg, arcmin or arcsec; their confidence is stated in words, or is that of the
instrument; test notices keep their role. XRT and UVOT give no GRB_DATE but IMG_START_DATE:
`time` is the start of their observation.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.notices.confidence import usual_confidence
from orbital_kernel.archives.notices.gcn_json import OBSERVATION_START
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import NOTICES

ARCSEC = {"deg": 3600.0, "arcmin": 60.0, "arcsec": 1.0}
SHORT = {"position": "pos", "flight": "flt", "ground": "gnd"}
"""Words of notice types as the names of VOEvent streams shorten them."""
SIGNIFICANCES = (
    "IMAGE_SIGNIF",
    "RATE_SIGNIF",
    "DATA_SIGNIF",
    "TRIGGER_SIGNIF",
    "GRB_SIGNIF",
    "SIGNIFICANCE",
)
MJD_OF_TJD = 40_000
_LINE = re.compile(r"([A-Z][A-Z0-9_]*):\s*(.*?)\s*")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_TYPE = re.compile(r"(Swift|Fermi)-(\w.*)", re.IGNORECASE)
_DATE = re.compile(r"(\d+)\s*TJD;.*?(\d\d)/(\d\d)/(\d\d)")
_SENT = re.compile(r"\w{3}\s+(\d+)\s+(\w{3})\s+(\d\d)\s+([\d:.]+)\s*UT")
_ERROR = re.compile(r"([\d.]+)\s*\[(deg|arcmin|arcsec)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"

Notice = Mapping[str, str]


def recognises(source: Source) -> bool:
    """Recognise the file by its first lines."""
    names = [m[1] for line in text.head_lines(source, 40) if (m := _LINE.match(line))]
    return names[:1] == ["TITLE"] and "NOTICE_TYPE" in names


def read(source: Source, account: Account) -> Batches:
    """Yield one row of `notices` per notice."""
    simulated = text.says_simulated(source)
    for number, (notice, payload) in enumerate(_notices(source)):
        match = _TYPE.fullmatch(notice.get("NOTICE_TYPE", ""))
        if match is None:
            raise ArchiveError(
                f"a GCN notice of type {notice.get('NOTICE_TYPE')!r}; notices of Swift and "
                "Fermi are read as text: subscribe to its VOEvent or JSON topic"
            )
        owner = match[1].lower()
        if number == 0:
            account.observatory = owner
        role = "test" if re.search(r"\btest\b", _remarks(notice)) else "observation"
        if role == "test":
            account.understood.append("role is 'test': no burst")
        trigger = notice.get("TRIGGER_NUM", "").split(",")[0].strip() or None
        kind = f"{owner}.{_stream(match[2])}"
        radius = _radius_arcsec(notice)
        time = _instant(notice, "GRB")
        if np.isnat(time[0]) and "IMG_START_DATE" in notice:
            time = _instant(notice, "IMG_START")
            account.understood.append(OBSERVATION_START)
        yield (
            f"{owner}.notices",
            rows(
                NOTICES,
                1,
                notice_id=f"gcn.classic.text#{kind}_{trigger}-{_revision(notice)}",
                kind=kind,
                role=role,
                alert_type=_alert(notice),
                trigger_id=trigger,
                time=time,
                time_sent=_sent(notice),
                **position(_degrees(notice, "GRB_RA"), _degrees(notice, "GRB_DEC")),
                error_radius_arcsec=[radius],
                error_confidence=None
                if math.isnan(radius)
                else _confidence(notice, kind),
                significance=[_significance(notice)],
                payload=payload,
                simulated=simulated,
                file_row=number,
            )[1],
        )


def _notices(source: Source) -> Iterator[tuple[Notice, str]]:
    """Yield the lines of each notice by name, the first of a name, and its text."""
    fields: dict[str, str] = {}
    written: list[str] = []
    for line in text.lines(source.path):
        match = _LINE.fullmatch(line)
        if match and match[1] == "TITLE" and fields:
            yield fields, "\n".join(written)
            fields, written = {}, []
        if match and match[1] == "COMMENTS":
            fields["COMMENTS"] = f"{fields.get('COMMENTS', '')} {match[2]}".strip()
        elif match:
            fields.setdefault(match[1], match[2])
        written.append(line)
    yield fields, "\n".join(written)


def _stream(words: str) -> str:
    """Return 'bat_grb_pos' of 'BAT GRB Position'."""
    parts = re.findall(r"[a-z0-9]+", words.lower())
    return "_".join(SHORT.get(part, part) for part in parts)


def _remarks(notice: Notice) -> str:
    return f"{notice.get('NOTICE_TYPE', '')} {notice.get('COMMENTS', '')}".lower()


def _alert(notice: Notice) -> str:
    remarks = _remarks(notice)
    if "retract" in remarks:
        return "retraction"
    return "update" if "update" in remarks else "initial"


def _revision(notice: Notice) -> str:
    """Return the number of the record or segment, which parts notices of one trigger."""
    segment = re.search(r"Seg_Num:\s*(\d+)", notice.get("TRIGGER_NUM", ""))
    return notice.get("RECORD_NUM") or (segment[1] if segment else "0")


def _degrees(notice: Notice, name: str) -> float:
    match = re.match(r"([-+]?\d+(?:\.\d*)?)d\b.*\(J2000\)", notice.get(name, ""))
    return float(match[1]) if match else math.nan


def _radius_arcsec(notice: Notice) -> float:
    match = _ERROR.match(notice.get("GRB_ERROR", ""))
    return float(match[1]) * ARCSEC[match[2]] if match else math.nan


def _confidence(notice: Notice, kind: str) -> float | None:
    match = _PERCENT.search(notice.get("GRB_ERROR", ""))
    return float(match[1]) / 100 if match else usual_confidence(kind)


def _significance(notice: Notice) -> float:
    """Return the first that is given; an image trigger has a RATE_SIGNIF of 0.00."""
    matches = (_NUMBER.match(notice.get(name, "")) for name in SIGNIFICANCES)
    values = (float(match[0]) for match in matches if match)
    return next((value for value in values if value > 0), math.nan)


def _instant(notice: Notice, of: str) -> Any:
    """Return the TT of a date and the seconds of its day, NaT if the notice has none.

    The seconds are 86400 and more within a leap second.
    """
    date = _DATE.match(notice.get(f"{of}_DATE", ""))
    clock = _NUMBER.match(notice.get(f"{of}_TIME", ""))
    if date is None or clock is None:
        return np.array(["NaT"], "datetime64[ns]")
    day = np.datetime64("1858-11-17", "ns") + np.timedelta64(
        int(date[1]) + MJD_OF_TJD, "D"
    )
    written = np.datetime64(f"20{date[2]}-{date[3]}-{date[4]}")
    if day != written:
        raise ArchiveError(
            f"{of}_DATE: TJD {date[1]} is {day.astype('datetime64[D]')}, not {written}"
        )
    elapsed = np.timedelta64(round(float(clock[0]) * 1e9), "ns")
    return times.tt_from_utc(day) + elapsed


def _sent(notice: Notice) -> Any:
    """Return the TT at which the notice was sent, NaT if it does not say."""
    match = _SENT.match(notice.get("NOTICE_DATE", ""))
    if match is None or match[2] not in MONTHS:
        return np.array(["NaT"], "datetime64[ns]")
    month = MONTHS.index(match[2]) // 3 + 1
    date = f"20{match[3]}-{month:02d}-{int(match[1]):02d}T{match[4]}"
    return times.tt_from_utc([date])


READER = Reader("gcn-text", recognises, read, "GCN Classic notice, text", version=2)
