"""GCN notices as JSON, as its Kafka topics send them (Swift BAT, BAT-GUANO and kin).

Source: gcn.nasa.gov/docs/schema; schemas in nasa-gcn/gcn-schema.

Traps handled: older versions keep their values in groups ('alert_info', 'event_info',
'localization', …); `id` is a list in one schema version, text in another, numbers in a
third; positions and errors are null in scaled-map notices; errors are a radius or an
ellipse, in degrees, 90 % unless containment_probability says else; longitudes may be
-325; FITS light curves come inside as base64 and are read into `rates`, while 'place
holder' stands for them elsewhere (other embedded files are counted as skipped); older notices name no schema; `payload` keeps the
notice without its binary. alert_tense 'test' or 'injection' becomes the role; notices of XRT and UVOT
give no trigger_time: `time` is the start of their observation.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from orbital_kernel.archives.formats import documents, text
from orbital_kernel.archives.formats.documents import Document
from orbital_kernel.archives.reading import (
    Account,
    Batches,
    Reader,
    Source,
    open_source,
)
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.archives.swift import tdrss as swift_tdrss
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import NOTICES

BINARY_OVER = 1000
OBSERVATION_START = "no trigger time: time is the start of the observation"
GROUPS = (
    "alert_reporter",
    "alert_info",
    "reporter",
    "alert",
    "event_info",
    "event",
    "datetime",
    "date_time",
    "localization",
    "statistics",
    "identifiers",
)
LIGHT_CURVES = ("lightcurve_fits_file", "lightcurve_fits_files")
_FILES = re.compile(r"\w+_fits_files?")
NOT_OBSERVED = {"test", "injection", "commanded"}
SIGNIFICANCES = ("image_snr", "rate_snr", "net_snr")
_SCHEMA = re.compile(r"/notices/(?P<path>.+?)\.schema\.json$")
_FITS_NAME = re.compile(r"[\w.\-]+\.fits?(\.gz)?")


def recognises(source: Source) -> bool:
    """Recognise the file by the keys every notice has."""
    if not documents.is_object(source) or b"json-schema.org" in source.head:
        return False
    if b"gcn/notices/" in source.head and documents.shows(source, "$schema"):
        return True
    return documents.shows(source, "mission", "instrument", "trigger_time")


def read(source: Source, account: Account) -> Batches:
    """Yield one row of `notices`, and `rates` of light curves inside it."""
    notice = _flat(documents.document(source))
    account.observatory = str(notice.get("mission") or "swift").lower()
    kind, trigger = _kind(notice), _trigger(notice)
    time = _tt(notice, "trigger_time")
    if np.isnat(time[0]) and notice.get("observation_start") is not None:
        time = _tt(notice, "observation_start")
        account.understood.append(OBSERVATION_START)
    role = _role(notice)
    if role != "observation":
        account.understood.append(f"role is '{role}': no burst")
    yield rows(
        NOTICES,
        1,
        notice_id=_identity(notice, kind, trigger),
        kind=kind,
        role=role,
        alert_type=notice.get("alert_type"),
        trigger_id=trigger,
        time=time,
        time_sent=_tt(notice, "alert_datetime"),
        **position(_real(notice, "ra"), _real(notice, "dec")),
        error_radius_arcsec=[_radius(notice) * 3600],
        error_confidence=_confidence(notice),
        significance=[_significance(notice)],
        classification=_classification(notice),
        payload=json.dumps(_light(notice), ensure_ascii=False),
        simulated=notice.get("simulated") is True or text.says_simulated(source),
        file_row=0,
    )
    yield from _curves(notice, trigger, account)


def _flat(notice: Document) -> Document:
    """Return the notice with the values of its groups beside its own."""
    groups = [v for k, v in notice.items() if k in GROUPS and isinstance(v, dict)]
    inside = {key: value for group in groups for key, value in group.items()}
    return {**inside, **notice}


def _kind(notice: Document) -> str:
    """Return 'swift.bat.guano' of a schema's address, else mission and instrument."""
    match = _SCHEMA.search(str(notice.get("$schema", "")))
    if match:
        return ".".join(match["path"].split("/")[:3])
    product = ".lightcurve" if "lightcurve_fits_file" in notice else ""
    return f"{notice.get('mission')}.{notice.get('instrument')}".lower() + product


def _trigger(notice: Document) -> str | None:
    given = notice.get("id", notice.get("event_id", notice.get("event_name")))
    first = given[0] if isinstance(given, list) and given else given
    return None if first in (None, []) else str(first)


def _identity(notice: Document, kind: str, trigger: str | None) -> str:
    mark = notice.get("record_number") or notice.get("alert_datetime") or "0"
    return f"{kind}/{trigger}/{notice.get('alert_type')}/{mark}"


def _role(notice: Document) -> str:
    tense = str(notice.get("alert_tense", "current"))
    return tense if tense in NOT_OBSERVED else "observation"


def _tt(notice: Document, key: str) -> times.Instants:
    value = notice.get(key)
    return times.tt_from_utc(["" if value is None else str(value)])


def _real(notice: Document, key: str) -> float:
    value = notice.get(key)
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArchiveError(f"{key} is {value!r}, which is not a number")
    return float(value)


def _radius(notice: Document) -> float:
    for key in ("ra_dec_error", "ra_uncertainty"):
        value = notice.get(key)
        if isinstance(value, list) and value:
            return float(value[0])
        if value is not None:
            return _real(notice, key)
    return float("nan")


def _confidence(notice: Document) -> float | None:
    if np.isnan(_radius(notice)):
        return None
    return float(notice.get("containment_probability") or 0.9)


def _significance(notice: Document) -> float:
    significances = [
        v for key in SIGNIFICANCES if not np.isnan(v := _real(notice, key))
    ]
    return next((value for value in significances if value > 0), float("nan"))


def _classification(notice: Document) -> str | None:
    given = notice.get("classification")
    if isinstance(given, dict):
        return str(max(given, key=lambda k: given[k])) if given else None
    return None if given is None else str(given)


def _light(value: Any) -> Any:
    """Return the notice with long text, which is binary, replaced by its length."""
    if isinstance(value, dict):
        return {key: _light(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_light(inner) for inner in value]
    if isinstance(value, str) and len(value) > BINARY_OVER:
        return f"<{len(value)} characters left out>"
    return value


def _embedded(notice: Document) -> Iterator[tuple[str, str, Any]]:
    """Yield key, file name and content of each file inside the notice."""
    for key, files in notice.items():
        if _FILES.fullmatch(key) and isinstance(files, dict):
            yield from ((key, name, content) for name, content in files.items())


def _curves(notice: Document, trigger: str | None, account: Account) -> Batches:
    for key, name, content in _embedded(notice):
        if not isinstance(content, str) or len(content) <= BINARY_OVER:
            account.skip("embedded files that are place holders")
            continue
        if key not in LIGHT_CURVES:
            account.skip(f"embedded {name}: no light curve")
            continue
        try:
            raw = base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise ArchiveError(f"embedded {name} is not base64: {error}") from error
        if not _FITS_NAME.fullmatch(name):
            raise ArchiveError(f"embedded file has the name {name!r}")
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(raw)
            inner = open_source(path)
            yield from swift_tdrss.embedded(
                inner, f"trigger_{trigger}_{inner.stem}", account
            )


READER = Reader("gcn-json", recognises, read, "GCN notice, JSON", version=3)
