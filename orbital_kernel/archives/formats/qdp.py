"""QDP files as UKSSDC writes them: comments, blocks parted by NO, rows of numbers.

QDP: heasarc.gsfc.nasa.gov/docs/software. What the numbers mean is xrt_qdp's matter.

`READ TERR 1` and `READ SERR 2` may be in lines of their own, each for some vectors;
plot commands may precede the rows; a NO among numbers is a missing one. Everything
after '!' is a comment, in rows too. Some copies put '#' before every line that is not a
row, so that numpy can read them. A block without a line of column names has those of
the block before it.
"""

import math
import re
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model import times

Reals = NDArray[np.float64]

WORDS = 20_000
"""Characters of comments and labels that are kept."""

_READ = re.compile(r"READ\s+(TERR|SERR)\b([\d\s,]*)", re.IGNORECASE)
_BREAK = re.compile(r"NO(?:[\s,]+NO)*", re.IGNORECASE)
_T0 = re.compile(
    r"T0\b.*?(?:MET\s*[=:]?\s*(?P<met>\d[\d.]*)|(?P<before>\d[\d.]*)\s*s?\s*(?:Swift\s+)?MET\b)"
    r".*?(?P<year>\d{4})[\s-]+(?P<month>[A-Z][a-z]{2}|\d\d)\w*?[\s-]+(?P<day>\d{1,2})"
    r"(?:\s+at\s+|T|\s+)(?P<clock>\d+:[\d:.]+)"
)
_NAME = re.compile(r"name:\s*(?P<name>.+?)\s*$")
_TRIGGER = re.compile(r"of trigger:\s*(?P<trigger>\d+)")
_COLUMNS = re.compile(
    r"(Time|MJD|[BH]?JD|TDB|MET|T-T0|Days?|Date)(?![A-Za-z]).*"
    r"(rate|flux|density|err|T_\+ve|pos|neg|limit|HR|Jy)",
    re.IGNORECASE,
)
_OBS = re.compile(r"::ObsID=(?P<obs>\d+)\s*$")
_DECIMAL_COMMA = re.compile(r"\d,\d.*\s\S|\S\s.*\d,\d")
"""Commas may part columns, but not together with blanks alone."""
COLUMNS = 24
LINE_LENGTH = 4_000
COMMANDS = (
    *(
        "color",
        "cpd",
        "csize",
        "error",
        "font",
        "grid",
        "label",
        "line",
        "log",
        "lstyle",
    ),
    *("lwidth", "marker", "plot", "rescale", "screen", "skip", "time", "view"),
)
"""Plot commands, which may be cut to their first letters."""
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True)
class Preamble:
    """What the comments say; `words` are all of them and labels, `opening` those above rows."""

    object: str | None = None
    trigger: str | None = None
    t0_met: float | None = None
    t0_utc: np.datetime64 | None = None
    terr: frozenset[int] = frozenset()
    serr: frozenset[int] = frozenset()
    words: str = ""
    opening: str = ""
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
    """Return whether the first lines have a READ line, or rows that name an ObsID."""
    plain = [bare for line in head if not _is_comment(line) if (bare := _bare(line))]
    if any(_READ.fullmatch(line) for line in plain):
        return True
    return bool(plain) and all(_OBS.search(line) for line in plain[:3])


def parse(source: Source) -> tuple[Preamble, list[Points]]:
    """Return what the comments say, and the blocks; ArchiveError names a bad line."""
    preamble, blocks = Preamble(), [Points()]
    for number, line in enumerate(text.lines(source.path), start=1):
        if len(line) > LINE_LENGTH:
            raise ArchiveError(
                f"line {number} has more than {LINE_LENGTH:,} characters"
            )
        bare = _bare(line.strip().lstrip("#"))
        if not bare and not _is_comment(line):
            continue
        if match := _READ.fullmatch(bare):
            kind = match[1].lower()
            vectors = {int(v) for v in re.findall(r"\d+", match[2])}
            preamble = replace(preamble, **{kind: getattr(preamble, kind) | vectors})
        elif _BREAK.fullmatch(bare):
            blocks.append(Points(columns=blocks[-1].columns))
        elif _is_comment(line):
            words = line.strip().strip("#! \t")
            preamble = _with_words(preamble, words, blocks)
            preamble = _comment(words, preamble, blocks[-1])
        elif _is_command(bare):
            preamble = _with_words(preamble, bare, blocks)
        else:
            _row(bare, number, blocks[-1])
    if not any(block.values for block in blocks):
        raise ArchiveError("a QDP file without a single row")
    return preamble, blocks


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("!", "#"))


def _bare(line: str) -> str:
    """Return what is before the comment."""
    return line.partition("!")[0].strip()


def _is_command(bare: str) -> bool:
    word = bare.split(maxsplit=1)[0].lower()
    return word.startswith("@") or (
        word.isalpha() and word != "no" and any(c.startswith(word) for c in COMMANDS)
    )


def _with_words(preamble: Preamble, words: str, blocks: list[Points]) -> Preamble:
    if len(preamble.words) > WORDS:
        return preamble
    above = not any(block.values for block in blocks)
    return replace(
        preamble,
        words=f"{preamble.words}{words}\n",
        opening=f"{preamble.opening}{words}\n" if above else preamble.opening,
    )


def _comment(words: str, preamble: Preamble, block: Points) -> Preamble:
    if match := _T0.search(words):
        month = match["month"]
        number = int(month) if month.isdigit() else MONTHS.index(month) // 3 + 1
        day = f"{match['year']}-{number:02d}-{int(match['day']):02d}"
        utc = times.parse_utc(f"{day}T{match['clock'].rstrip('.')}")
        return replace(
            preamble, t0_met=float(match["met"] or match["before"]), t0_utc=utc
        )
    if match := _TRIGGER.search(words):
        preamble = replace(preamble, trigger=match["trigger"])
    if match := _NAME.search(words):
        return replace(preamble, object=match["name"])
    if _COLUMNS.match(words):
        block.columns = words
    elif not block.values and _is_heading(words):
        block.heading = words
    return preamble


def _is_heading(words: str) -> bool:
    """Return whether a comment names a block; sentences about the file do not."""
    short = 0 < len(words.split()) <= 8 and "http" not in words
    return short and re.search(r"\b(covers|columns?|labelled)\b", words) is None


def _row(line: str, number: int, block: Points) -> None:
    obs = _OBS.search(line)
    numbers = line[: obs.start()] if obs else line
    if "," in numbers and _DECIMAL_COMMA.search(numbers):
        raise ArchiveError(
            f"line {number} has commas within numbers and blanks between them: "
            f"{line[:60]!r}; write decimal points"
        )
    cells = numbers.replace(",", " ").split()
    try:
        values = [math.nan if c.upper() == "NO" else float(c) for c in cells]
    except ValueError:
        raise ArchiveError(
            f"line {number} is not a row of numbers: {line[:60]!r}"
        ) from None
    if not 3 <= len(values) <= COLUMNS:
        raise ArchiveError(
            f"line {number} has {len(values)} numbers, 3 to {COLUMNS} expected"
        )
    if block.values and len(values) < len(block.values[0]):
        raise ArchiveError(f"line {number} has {len(values)} numbers: cut short")
    block.values.append(values)
    block.lines.append(number)
    block.obs.append(obs["obs"] if obs else None)
