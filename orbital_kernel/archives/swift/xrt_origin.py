"""Whether a QDP file is a Swift-XRT light curve: QDP is a format of every X-ray mission.

A file is one if it says so: Swift, XRT or UKSSDC in its comments, rows with ::ObsID=,
blocks named for read-out modes (WT, PC), UKSSDC's own column names (T_+ve), or,
with nothing inside that says otherwise, a file name of an object and its curve as
UKSSDC's are ('GRB130427A_flux.qdp'). Others are refused with what they seem to be.
"""

import re

from orbital_kernel.archives.formats.qdp import Points, Preamble
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

STRANGERS = (
    *("NICER", "XTI", "XMM", "EPIC", "NuSTAR", "RXTE", "Suzaku", "XIS", "ASCA", "GIS"),
    *("Chandra", "ACIS", "MAXI", "INTEGRAL", "IBIS", "JEM-X", "Fermi", "GBM", "HXMT"),
    *("Insight", "AstroSat", "LAXPC", "SXT", "eROSITA", "Einstein Probe", "EP-WXT"),
    *("EP-FXT", "WXT", "FXT", "IXPE", "XRISM", "ROSAT", "PSPC", "BeppoSAX", "Ginga"),
    *("SVOM", "Hitomi", "Konus", "HETE", "EXOSAT", "Einstein", "XSPEC", "UVOT"),
)
_STRANGER = re.compile(rf"(?<![A-Za-z])({'|'.join(STRANGERS)})(?![a-z])", re.IGNORECASE)
_SWIFT = re.compile(
    r"(?<![A-Za-z])(?:Swift|UKSSDC|XRT)(?![a-z])|swift\.ac\.uk|xrt(?:pc|wt)|T_\+ve",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"(?:xrt)?(?:WT|PC)(?:SLEW|UL|HARD|SOFT|HR|flux|gamma|data|$|(?=[\s_-]))"
    r"|bat(?:SNR|flux|$|(?=[\s_-]))|.*(?<![A-Za-z])(?:WT|PC)(?![A-Za-z])",
    re.IGNORECASE,
)
_SPECTRUM = re.compile(
    r"^\s*(?:la\w*\s+x\s.*(?:energy|channel|wavelength|keV|angstrom)"
    r"|la\w*\s+y\s.*(?:normali[sz]ed|keV\\u|channel)"
    r"|(?:energy|channel|wavelength)\b.*\b(?:err|counts|rate|flux|model))",
    re.IGNORECASE | re.MULTILINE,
)
OBJECT = re.compile(
    r"GRB[ _]?(?P<grb>\d{6}[A-Z]?)|(?:AT|SN)[ _]?\d{4}[A-Za-z]{1,4}|nova_[^_.]+"
)
_CURVE = re.compile(
    r"(?<![A-Za-z])(?:flux|fluxlc|count_rate|rate|curve|lc|hr|density)", re.IGNORECASE
)


def require_xrt(source: Source, preamble: Preamble, blocks: list[Points]) -> bool:
    """Raise ArchiveError unless the file is an XRT light curve.

    Return whether the file itself says so; False if only its name does.
    """
    words = preamble.words
    if _SPECTRUM.search(words):
        raise ArchiveError(
            "a spectrum plotted as QDP (its axis is an energy or a channel), not a light "
            "curve: Orbital has no table for spectra"
        )
    columns = "\n".join({block.columns for block in blocks})
    if _SWIFT.search(words + columns) or any(any(block.obs) for block in blocks):
        return True
    stranger = _STRANGER.search(words) or _STRANGER.search(source.stem)
    if stranger is None and any(_BLOCK.match(block.heading) for block in blocks):
        return True
    name = OBJECT.search(source.stem)
    if stranger is None and name and _CURVE.search(source.stem):
        return False
    seems = f"of {stranger[1]}" if stranger else "that names no instrument"
    raise ArchiveError(
        f"a QDP file {seems}, not a Swift-XRT light curve (no word of Swift, XRT or "
        "UKSSDC, no ::ObsID=, no WT or PC block): needs a mapping (--mapping FILE)"
    )


def stranger_of(heading: str) -> str | None:
    """Return the other instrument that a block names, None if it names none."""
    match = None if _SWIFT.search(heading) else _STRANGER.search(heading)
    return match[1] if match else None
