"""QDP files as UKSSDC writes them: comments, blocks parted by NO, rows of numbers.

QDP: heasarc.gsfc.nasa.gov/docs/software. What the numbers mean is xrt_qdp's matter.
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from orbital_kernel import times
from orbital_kernel.archives import text
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError

Reals = NDArray[np.float64]

FLUX, RATE = "erg / (cm2 s)", "count / s"

_READ = re.compile(r"\s*READ\s+(TERR|SERR)\b.*", re.IGNORECASE)
_BREAK = re.compile(r"\s*NO(?:[\s,]+NO)*\s*")
_T0 = re.compile(
    r"T0.*?MET\s*=\s*(?P<met>[\d.]+)\s*s?.*?=\s*(?P<year>\d{4})\s+(?P<month>[A-Z][a-z]{2})"
    r"\w*\s+(?P<day>\d{1,2})\s+at\s+(?P<clock>[\d:.]+)\s*UT"
)
_NAME = re.compile(r"name:\s*(?P<name>.+?)\s*$")
_TRIGGER = re.compile(r"of trigger:\s*(?P<trigger>\d+)")
_BAND = re.compile(r"(?P<low>\d*\.?\d+)\s*-\s*(?P<high>\d+\.?\d*)\s*keV")
_OBS = re.compile(r"::ObsID=(?P<obs>\d+)\s*$")
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True)
class Preamble:
    """What the comments before the rows say."""

    object: str | None = None
    trigger: str | None = None
    t0_met: float | None = None
    t0_utc: np.datetime64 | None = None
    band: tuple[float, float] | None = None
    errors: str = ""
    quantity: str = ""
    clock: str = ""
    simulated: bool = False


@dataclass
class Points:
    """Rows of one block under one heading."""

    heading: str = ""
    columns: str = ""
    lines: list[int] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)
    obs: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.values)


def is_qdp(head: list[str]) -> bool:
    """Tell whether the first lines have a READ line, or rows that name an ObsID."""
    filled = [line for line in head if line.strip()]
    if any(_READ.fullmatch(line) for line in filled):
        return True
    first = [line for line in filled if not line.lstrip().startswith("!")][:3]
    return bool(first) and all(_OBS.search(line) for line in first)


def parse(source: Source) -> tuple[Preamble, list[Points]]:
    """Return what the comments say, and the blocks; ArchiveError names a bad line."""
    preamble, blocks = Preamble(), [Points()]
    for number, line in enumerate(text.lines(source.path), start=1):
        bare = line.strip()
        if not bare:
            continue
        if match := _READ.fullmatch(line):
            preamble = replace(preamble, errors=match[1].upper())
        elif _BREAK.fullmatch(line):
            blocks.append(Points())
        elif bare.startswith("!"):
            preamble = _comment(bare.lstrip("! "), preamble, blocks[-1])
        else:
            _row(line, number, blocks[-1])
    if not any(block.values for block in blocks):
        raise ArchiveError("a QDP file without a single row")
    return preamble, blocks


def _comment(words: str, known: Preamble, block: Points) -> Preamble:
    if match := _T0.search(words):
        utc = times.parse_utc(
            f"{match['year']}-{MONTHS.index(match['month']) // 3 + 1:02d}-{int(match['day']):02d}"
            f"T{match['clock']}"
        )
        return replace(known, t0_met=float(match["met"]), t0_utc=utc)
    if match := _BAND.search(words):
        known = replace(known, band=(float(match["low"]), float(match["high"])))
    if match := _TRIGGER.search(words):
        known = replace(known, trigger=match["trigger"])
    if match := _NAME.search(words):
        return replace(known, object=match["name"])
    if match := re.match(r"(Time|MJD)\b", words):
        block.columns = words
        return replace(known, clock=match[1].lower())
    if not known.quantity and "source flux" in words:
        known = replace(known, quantity=FLUX)
    elif not known.quantity and re.search(r"source (count )?rate", words):
        known = replace(known, quantity=RATE)
    elif not block.values and len(words.split()) <= 4 and "http" not in words:
        block.heading = words
    return known


def _row(line: str, number: int, block: Points) -> None:
    obs = _OBS.search(line)
    cells = (line[: obs.start()] if obs else line).replace(",", " ").split()
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        raise ArchiveError(
            f"line {number} is no row of numbers: {line[:60]!r}"
        ) from None
    if not 3 <= len(values) <= 12:
        raise ArchiveError(f"line {number} has {len(values)} numbers, 3 to 12 expected")
    if block.values and len(values) < len(block.values[0]):
        raise ArchiveError(f"line {number} has {len(values)} numbers: cut short")
    block.values.append(values)
    block.lines.append(number)
    block.obs.append(obs["obs"] if obs else None)
