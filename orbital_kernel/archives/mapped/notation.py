r"""Numbers, limits, units and dates as published tables write them.

Pure functions of text. They read `4.67 ± 0.81`, `4.67 +0.81 -0.5`, `4.67^{+0.81}_{-0.5}`,
`4.67 (4.1, 5.2)`, `<1.2e-14`, `(4.67 ± 0.81) × 10⁻¹³`, `1.2x10^-13`, `2010 Nov 5–20`,
`13 9 48.05 −23 22 52.8` and `Flux (10^-13 erg cm^-2 s^-1)`; minus signs and dashes of any
kind, LaTeX and superscripts are accepted. Text of another form raises ValueError: nothing
is read in part.

Traps handled: copied from a page, `× 10⁻¹³` becomes `× 10−13` and `× 10⁴¹` becomes
`× 1041`: after a times sign, 10 and the digits behind it are a power of ten. `...`, dashes,
`N/A` and `\nodata` are missing values, never zero.
"""

# ruff: noqa: RUF001, RUF002  published tables have signs where ASCII has none

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from orbital_kernel.archives.formats import free_dates
from orbital_kernel.model.angles import parse_dec, parse_ra

MISSING = frozenset(
    [
        "",
        "n/a",
        "na",
        "nan",
        "null",
        "none",
        "nodata",
        "-",
        "--",
        "---",
        "...",
        "\u2026",
    ]
)
"""Cells that hold no value, in lower case, after `plain`."""

_SIGNS = str.maketrans(
    "\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63\uff0d\u00a0\u2009\u202f\u2264\u2265\u2272\u2273",
    "---------   <><>",
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LATEX = (
    (r"\\nodata|\\ldots|\\dots|\\cdots|\\nodat", "..."),
    (r"\\pm|\+/-|\+-", "±"),
    (r"\\times|\\cdot|×|∗", "×"),
    (r"\\lesssim|\\leq?|\\lt\b", "<"),
    (r"\\gtrsim|\\geq?|\\gt\b", ">"),
    (r"\\(?:rm|mathrm|text|phn|phs|phantom|textrm)\b", ""),
    (r"\\[,;:! ]|\$|~(?=\s*[<>])", " "),
)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?"
_UNSIGNED = _NUMBER.removeprefix("[-+]?")
_TIMES = r"(?:\s*[×x*]\s*10(?:\s*(?:\^|\*\*)\s*\{?\s*([-+]?\d{1,3})\s*\}?|([-+]\d{1,3})|([1-9]\d?)))"
_ERRORS = (
    rf"\s*±\s*(?P<both>{_UNSIGNED})",
    rf"\s*\^?\s*\{{?\s*\+\s*(?P<plus>{_UNSIGNED})\s*\}}?\s*[,/_]?\s*\{{?\s*-\s*(?P<minus>{_UNSIGNED})\s*\}}?",
    rf"\s*_\s*\{{?\s*-\s*(?P<minus2>{_UNSIGNED})\s*\}}?\s*\^\s*\{{?\s*\+\s*(?P<plus2>{_UNSIGNED})\s*\}}?",
    rf"\s*[(\[]\s*(?P<low>{_NUMBER})\s*(?:,|;|:|\.\.|to|\s-\s)\s*(?P<high>{_NUMBER})\s*[)\]]",
)
_BODY = rf"(?P<value>{_NUMBER})(?:{'|'.join(_ERRORS)})?"
_MEASURED = re.compile(rf"\(?\s*{_BODY}\s*\)?(?P<times>{_TIMES})?")
_POWER_OF_TEN = re.compile(r"10\s*(?:\^|\*\*)\s*\{?\s*([-+]?\d{1,3})\s*\}?")
_BOUNDS = re.compile(rf"[(\[]\s*({_NUMBER})\s*[,;]\s*({_NUMBER})\s*[)\]]")


@dataclass(frozen=True)
class Measured:
    """A value with its errors, both at least 0, or a limit.

    Attributes
    ----------
    value : float
        The value, or the limit itself.
    plus, minus : float
        Upper and lower error; NaN if the cell gives none.
    limit : str
        "<" for an upper limit, ">" for a lower limit, else "".
    """

    value: float
    plus: float = math.nan
    minus: float = math.nan
    limit: str = ""


NOTHING = Measured(math.nan)


def plain(text: str) -> str:
    """Return the text with ASCII signs, `±` and `×`, powers after `^`, no LaTeX."""
    text = _POWER.sub(lambda match: "^" + match[0].translate(_RAISED), text)
    text = text.translate(_SIGNS)
    for pattern, sign in _LATEX:
        text = re.sub(pattern, sign, text)
    return " ".join(text.split())


def is_missing(text: str) -> bool:
    """Return whether a cell says that there is no value."""
    word = plain(text).lower().strip("{}")
    return word in MISSING or set(word) <= {".", "-", " "}


def is_value(text: str) -> bool:
    """Return whether a cell holds a number, a limit or a date, as no name of a column does."""
    try:
        return not is_missing(text) and measured(text) is not None
    except ValueError:
        return bool(re.match(r"\d{4}[-/ ]|\d{1,2}:\d{2}", text))


def number(text: str) -> float:
    """Return a number without errors; NaN for a missing value."""
    cell = measured(text)
    if cell.limit or not math.isnan(cell.plus):
        raise ValueError(f"{text!r} is not one number")
    return cell.value


def measured(text: str) -> Measured:
    """Return value, errors and limit of a cell; `NOTHING` for a missing value."""
    if is_missing(text):
        return NOTHING
    cell = plain(text)
    limit = cell[0] if cell[0] in "<>" else ""
    body = cell[1:].lstrip(" =") if limit else cell
    if match := _POWER_OF_TEN.fullmatch(body):
        return Measured(float(Decimal(1).scaleb(int(match[1]))), limit=limit)
    match = _MEASURED.fullmatch(body)
    if match is None or body.count("(") != body.count(")"):
        raise ValueError(f"{text!r} is not a number, a value with errors or a limit")
    value, plus, minus = _with_errors(match)
    if limit and plus is not None:
        raise ValueError(f"{text!r} is both a limit and a value with errors")
    power = next((int(p) for p in match.groups()[-3:] if p), 0)
    return Measured(
        float(value.scaleb(power)), _scaled(plus, power), _scaled(minus, power), limit
    )


def _with_errors(
    match: re.Match[str],
) -> tuple[Decimal, Decimal | None, Decimal | None]:
    value = _exact(match["value"])
    if match["both"]:
        return value, _exact(match["both"]), _exact(match["both"])
    plus, minus = match["plus"] or match["plus2"], match["minus"] or match["minus2"]
    if plus:
        return value, _exact(plus), _exact(minus)
    if match["low"]:
        low, high = _exact(match["low"]), _exact(match["high"])
        if not low <= value <= high:
            raise ValueError(f"{match[0]!r}: the value is outside its interval")
        return value, high - value, value - low
    return value, None, None


def _scaled(error: Decimal | None, power: int) -> float:
    return math.nan if error is None else float(error.scaleb(power))


def bounds(text: str) -> tuple[float, float]:
    """Return the ends of an interval `(a, b)` or `[a, b]`."""
    match = _BOUNDS.fullmatch(plain(text))
    if match is None:
        raise ValueError(f"{text!r} is not an interval such as (1.2, 3.4)")
    return float(_exact(match[1])), float(_exact(match[2]))


def place(text: str) -> tuple[float, float]:
    """Return RA and dec (deg) of one cell with both, sexagesimal or in degrees."""
    cell = " ".join(plain(text).replace(",", " ").split())
    parts = re.fullmatch(r"(\S+(?: \d+(?: [\d.]+)?)?) ?([-+].*)|(\S+) (\S+)", cell)
    if parts is None:
        raise ValueError(f"{text!r} is not a position such as 13 9 48.05 -23 22 52.8")
    ra, dec = (parts[1], parts[2]) if parts[1] else (parts[3], parts[4])
    return parse_ra(ra), parse_dec(dec)


def cells(line: str) -> list[str]:
    """Return the cells of a line that is separated by blanks only.

    A date or range of dates, a value with its errors and power of ten, and words joined by
    commas are one cell each, blanks within them included.
    """
    text = plain(line)
    row, start = [], 0
    while start < len(text):
        match = _CELL.match(text, start)
        if match is None:
            raise ValueError(f"{text[start:]!r} does not begin with a cell")
        row.append(match[0].strip())
        start = match.end()
    return row


def latex_cells(line: str) -> list[str]:
    r"""Return the cells of a row of a LaTeX table, cut at `&` but not at `\\&`."""
    row = re.sub(r"\\\\\s*(\\hline|\\\w*rule)?\s*$", "", line.strip())
    return [cell.strip().replace(r"\&", "&") for cell in re.split(r"(?<!\\)&", row)]


_PLAIN_BODY = re.sub(r"\(\?P<\w+>", "(?:", _BODY)
_CELL = re.compile(
    rf"\s*(?:{free_dates.PATTERN}|[<>]?\s*\(\s*{_PLAIN_BODY}\s*\){_TIMES}?"
    rf"|[<>]?\s*{_PLAIN_BODY}{_TIMES}?|\S+,(?:\s\S+,)*\s\S+|\S+)(?=\s|$)"
)


def _exact(text: str) -> Decimal:
    return Decimal(text.lower().replace("d", "e"))
