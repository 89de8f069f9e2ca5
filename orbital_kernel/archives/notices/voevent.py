"""VOEvents: GCN notices as XML, versions 1.1 and 2.0.

Source: ivoa.net/documents/VOEvent; parameter names of gcn.gsfc.nasa.gov.

Traps handled: role 'test' (GCN sends one every hour, TrigID 99999) is kept as role, so
it is never taken for a burst; citations mark updates and retractions; error radii are
degrees; version 1.1 keeps time and place in STC's namespace; entities, DTDs and other tricks of hostile XML are refused unread.
"""

import math
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from defusedxml import ElementTree

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import NOTICES

MOST_BYTES = 4 << 20
TRIGGERS = ("TrigID", "TrigId", "GraceID", "event_id")
SIGNIFICANCES = ("Image_Signif", "Rate_Signif", "Data_Signif")
ALERTS = {"followup": "update", "supersedes": "update", "retraction": "retraction"}


def recognises(source: Source) -> bool:
    """Recognise the file by the root element."""
    return source.head.lstrip()[:1] == b"<" and b"VOEvent" in source.head


def read(source: Source, account: Account) -> Batches:
    """Yield one row of `notices`."""
    raw = text.content(source.path, MOST_BYTES)
    root = ElementTree.fromstring(raw)
    if not root.tag.endswith("VOEvent"):
        raise ArchiveError(f"the root element is {root.tag}, not VOEvent")
    ivorn, role = root.get("ivorn"), root.get("role")
    if not ivorn or not role:
        raise ArchiveError("a VOEvent without ivorn or role")
    stream, _, local = ivorn.removeprefix("ivo://").partition("#")
    account.observatory = stream.rsplit("/", 1)[-1].lower()
    if role != "observation":
        account.understood.append(f"role is '{role}': no burst")
    params = {p.get("name"): p.get("value") for p in _every(root, "Param")}
    yield rows(
        NOTICES,
        1,
        notice_id=ivorn,
        kind=f"{account.observatory}.{_stream_name(local)}",
        role=role,
        alert_type=_alert(_every(root, "EventIVORN")),
        trigger_id=_first(params, TRIGGERS),
        time=times.tt_from_utc([_words(root, "ISOTime") or ""]),
        time_sent=times.tt_from_utc([_words(root, "Date") or ""]),
        **position(_number(_words(root, "C1")), _number(_words(root, "C2"))),
        error_radius_arcsec=[_number(_words(root, "Error2Radius")) * 3600],
        error_confidence=0.9 if _words(root, "Error2Radius") else None,
        significance=[_number(_first(params, SIGNIFICANCES))],
        classification=_concept(root),
        payload=text.decoded(raw),
        simulated=text.says_simulated(source),
        file_row=0,
    )


def _stream_name(local: str) -> str:
    """Return 'bat_grb_pos' of 'BAT_GRB_Pos_1125809-092'."""
    words = local.split("_")
    named = [w for w in words if w and not w[0].isdigit()]
    return "_".join(named).lower()


def _every(root: Element, tag: str) -> Iterator[Element]:
    """Yield elements by local name: some notices put all in a namespace."""
    return (e for e in root.iter() if str(e.tag).rpartition("}")[2] == tag)


def _words(root: Element, tag: str) -> str | None:
    element = next(_every(root, tag), None)
    return element.text.strip() if element is not None and element.text else None


def _first(params: dict[str | None, str | None], names: Iterable[str]) -> str | None:
    return next((params[name] for name in names if params.get(name)), None)


def _number(value: str | None) -> float:
    return math.nan if value is None else float(value)


def _alert(citations: Iterable[Element]) -> str:
    cites = [c.get("cite", "") for c in citations]
    alerts = [ALERTS[cite] for cite in cites if cite in ALERTS]
    return (
        "retraction" if "retraction" in alerts else (alerts[0] if alerts else "initial")
    )


def _concept(root: Element) -> str | None:
    return _words(root, "Concept") or _words(root, "Name")


READER = Reader("voevent", recognises, read, "VOEvent notice, XML")
