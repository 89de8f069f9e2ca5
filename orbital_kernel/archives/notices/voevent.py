"""VOEvents: GCN notices as XML, versions 1.1 and 2.0.

Source: ivoa.net/documents/VOEvent; parameter names of gcn.gsfc.nasa.gov.

Traps handled: role 'test' (GCN sends one every hour, TrigID 99999) is kept as role, so
it is never taken for a burst; citations mark updates and retractions; error radii are
degrees, and their confidence is that of the instrument; notices without a place say that
theirs is 'unavailable/inappropriate', or write 0, 0; version 1.1 keeps time and place in STC's namespace; entities, DTDs and other tricks of hostile XML are refused unread.
"""

import math
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from defusedxml import ElementTree

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.notices.confidence import usual_confidence
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times
from orbital_kernel.model.schema import NOTICES

MOST_BYTES = 4 << 20
TRIGGERS = ("TrigID", "TrigId", "GraceID", "event_id")
SIGNIFICANCES = (
    "Image_Signif",
    "Rate_Signif",
    "Data_Signif",
    "Trigger_Signif",
    "Det_Signif",
)
NO_PLACE = "the coordinates are not those of a source: no position"
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
    kind = f"{account.observatory}.{_stream_name(local)}"
    ra, dec, radius = (
        _number(_words(root, tag)) for tag in ("C1", "C2", "Error2Radius")
    )
    if "unavailable" in (params.get("Coords_String") or "") or ra == dec == radius == 0:
        ra, dec, radius = math.nan, math.nan, math.nan
        account.understood.append(NO_PLACE)
    yield rows(
        NOTICES,
        1,
        notice_id=ivorn,
        kind=kind,
        role=role,
        alert_type=_alert(_every(root, "EventIVORN")),
        trigger_id=_first(params, TRIGGERS),
        time=times.tt_from_utc([_words(root, "ISOTime") or ""]),
        time_sent=times.tt_from_utc([_words(root, "Date") or ""]),
        **position(ra, dec),
        error_radius_arcsec=[radius * 3600],
        error_confidence=None if math.isnan(radius) else usual_confidence(kind),
        significance=[_significance(params)],
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


def _significance(params: dict[str | None, str | None]) -> float:
    """Return the first that is given; an image trigger has a Rate_Signif of 0.00."""
    values = (_number(params.get(name)) for name in SIGNIFICANCES)
    return next((value for value in values if value > 0), math.nan)


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


READER = Reader("voevent", recognises, read, "VOEvent notice, XML", version=2)
