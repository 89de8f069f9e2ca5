"""What a table's columns mean, read off their names and cells; each with its reason.

Names decide and cells confirm: a column is a time only if its cells are times. Of several
columns that could mean the same, the first is taken and the others are named.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from orbital_kernel.archives.formats import free_intervals
from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.mapped.headings import Heading, heading, without_scale
from orbital_kernel.archives.mapped.layout import Layout, first
from orbital_kernel.model.angles import parse_dec, parse_ra
from orbital_kernel.model.times import parse_utc

VALUE = r"(?:f|fx|flux|fluxes|src flux|nufnu|rate|rates|count ?rates?|cr|mag|mags|magnitude|ab mag|flux density)"
ERROR = r"(?:e|err|error|errors|unc|uncertainty|sigma|sig|1sig error|1 ?sigma|std)"
PLUS = r"(?:plus|pos|upper|up|sup|hi|high|\+)"
MINUS = r"(?:minus|neg|lower|lo|inf|low|-)"
NAMES: Mapping[str, str] = {
    "time": r"mjd( mid)?|hjd|bjd|jd|t|time|times|date|date obs|obs date( iso)?|obs start|t mid|days?|phase|epoch|time since .*|days? ?\(?since.*|date time|datetime|met|age",
    "time_start": r"(mjd|t|time|obs|utc|date|begin)? ?(start|begin|beg)( mjd| time| utc)?|tstart|begin time|mjd start",
    "time_stop": r"(mjd|t|time|obs|utc|date|end)? ?(stop|end|fin)( mjd| time| utc)?|tstop|end time|mjd stop",
    "time_err": r"dt|dtime|t err|time err(or)?|mjd err",
    "value": rf"{VALUE}( {VALUE})?( [\d.]+ ?-? ?[\d.]* ?k?ev| [bshmuw]| unabs\w*| abs\w*| obs\w*)*|.*(flux|count ?rate|rate)s?( avg| mean| aper \w)?",
    "value_err_plus": rf"(.* )?({ERROR} ?{PLUS}|{PLUS} ?{ERROR})( .*)?|eplus",
    "value_err_minus": rf"(.* )?({ERROR} ?{MINUS}|{MINUS} ?{ERROR})( .*)?|eminus",
    "value_err": rf"{ERROR}|(.* )?{VALUE}( .*)? {ERROR}( .*)?|{ERROR} {VALUE}( .*)?|[de]{VALUE}|(mag|flux|rate)err",
    "value_low": rf"({VALUE} )?(low|lo|lolim|lower|min)( bound| lim(it)?)?",
    "value_high": rf"({VALUE} )?(high|hi|hilim|upper|max)( bound)?",
    "object": r"object( name)?|target( name)?|source( name)?|name|tde name|grb( name)?|sn|src",
    "source_id": r"source( ?id| name)?|name|id|src ?id|obj ?id|object( name)?|iau name|csc name|\w*name",
    "obs_id": r"obs ?ids?|observation( ?id| number)|obsnum|target ?id|seq( ?num)?",
    "ra": r"ra|ra ?(deg|j2000|icrs)|raj2000|right ascen\w*( \(?j2000\)?)?|alpha",
    "dec": r"dec|de|dec? ?(deg|j2000|icrs)|dej2000|decj2000|declination( \(?j2000\)?)?|delta",
    "error_radius_arcsec": r"(pos(ition)? )?(err|error)( radius)?( arcsec)?|e pos|pos ?err|r(95|90|68)|err90",
    "significance": r"snr|s/?n|significance|signif|sigma|src sign|det(ection)? sig(nificance)?",
    "exposure_s": r"exp|exp\.|expos|exposure( time)?( s| ks)?|livetime|ontime|integration",
    "instrument": r"instrument|inst|instr|telescope|tel|detector|facility|mission|observatory",
    "mode": r"mode|data ?mode|read ?mode",
    "kind": r"class|type|kind|otype|main type|classification|master class",
    "utcf_s": r"utcf( s)?|utcfinit|utc corr\w*",
    "energy_ev": r"energy( ev)?", "pi": r"pi|pha", "status": r"status",
}  # fmt: skip
"""Names of columns in plain lower case, by meaning; earlier meanings take theirs first."""
NUMBERS = (
    *("value", "value_err", "value_err_plus", "value_err_minus", "value_low"),
    *("value_high", "time_err", "significance", "error_radius_arcsec"),
)
PARSERS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(NUMBERS, notation.measured),
    "exposure_s": notation.number,
    "ra": parse_ra,
    "dec": parse_dec,
}
"""What must read the cells of a column for it to have that meaning."""
ERRORS = ("value_err", "value_err_plus", "value_err_minus")
TIMES = frozenset(["time", "time_start", "time_stop"])


@dataclass(frozen=True)
class Guess:
    """A column's meaning, why, and the columns that could have been it as well."""

    meaning: str
    column: str
    reason: str
    others: tuple[str, ...] = ()


def guesses(layout: Layout, meanings: Iterable[str]) -> list[Guess]:
    """Return what the columns mean, of these meanings."""
    offered = frozenset(meanings)
    taken: dict[str, str] = {}
    result = []
    for meaning in (name for name in NAMES if name in offered):
        if meaning == "value_err" and {"value_err_plus", "value_err_minus"} <= set(
            taken
        ):
            continue
        free = [c for c in layout.header if c not in taken.values()]
        matches = [c for c in free if _fits(layout, meaning, c)]
        if matches:
            value = taken.get("value", "")
            best = min(matches, key=lambda c: _rank(layout, meaning, c, value))
            taken[meaning] = best
            others = tuple(c for c in matches if c != best)
            result.append(Guess(meaning, best, _reason(layout, best), others))
    return result


def plain_name(column: str) -> str:
    """Return a column's name for comparing: lower case, words apart, without its unit."""
    name = without_scale(heading(column).name)
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.sub(r"[_*]+", " ", name).lower().split())


def _fits(layout: Layout, meaning: str, column: str) -> bool:
    name, cells = plain_name(column), layout.cells(column)[:50]
    if re.fullmatch(r"col\d+", name):
        return meaning == "time" and _is_dated(cells, column)
    named = bool(cells) and bool(re.fullmatch(NAMES[meaning], name))
    if not named or (meaning == "exposure_s" and not has_unit(layout, column)):
        return False
    if meaning in TIMES:
        return time_format(cells, heading(column)) is not None
    if meaning == "value" and any(re.fullmatch(NAMES[m], name) for m in ERRORS):
        return False
    return meaning not in PARSERS or _all(PARSERS[meaning], cells)


def _is_dated(cells: list[str], column: str) -> bool:
    """Return whether a column without a name holds dates."""
    form = time_format(cells, heading(column)) if cells else None
    return form is not None and form[0] in {"iso", "interval"}


def _all(parse: Callable[[str], object], cells: list[str]) -> bool:
    try:
        for cell in cells:
            parse(cell)
    except ValueError:
        return False
    return True


def _rank(layout: Layout, meaning: str, column: str, value: str) -> tuple[float, ...]:
    """Return the place of a column among those of one meaning; the first is taken.

    Dates go before elapsed times, broad bands before narrow ones, errors of the value
    before errors of anything else.
    """
    name = plain_name(column)
    if meaning == "time":
        return (_place(name, ("mjd", "jd", "date", "time")),)
    if meaning == "value":
        low, high = heading(column).kev or (0.0, 0.0)
        return (_place(name, ("flux", "rate", "mag")), low - high)
    negative = meaning == "value_err" and any(
        notation.measured(cell).value < 0 for cell in layout.cells(column)[:50]
    )
    return (negative, -shared_words(name, plain_name(value)), len(name))


def _place(name: str, words: tuple[str, ...]) -> int:
    return next((n for n, word in enumerate(words) if word in name), len(words))


def shared_words(name: str, other: str) -> float:
    """Return how much of the other name's words a name has."""
    words, theirs = set(name.split()), set(other.split())
    return len(words & theirs) + (other != "" and other in name.removeprefix("d"))


def has_unit(layout: Layout, column: str) -> bool:
    """Return whether the file says that a column is in seconds or kiloseconds."""
    said = layout.units.get(column) or heading(column).unit
    return said in {"s", "ks"} or plain_name(column).endswith((" s", " ks"))


def in_kiloseconds(column: str) -> bool:
    """Return whether a column's name ends in ks."""
    return heading(column).unit is None and plain_name(column).endswith(" ks")


def is_exposure(column: str) -> bool:
    """Return whether a column is an exposure by its name, in whatever unit."""
    return bool(re.fullmatch(NAMES["exposure_s"], plain_name(column)))


def _reason(layout: Layout, column: str) -> str:
    by = (
        "by its cells"
        if re.fullmatch(r"col\d+", column)
        else "by its name; its first cells are"
    )
    return f"{by} {first(layout.cells(column))}"


def time_format(cells: list[str], column: Heading) -> tuple[str, str] | None:
    """Return the time format of some cells in the mapping language, and why; or None."""
    if _all(parse_utc, cells):
        return "iso", f"its cells are dates such as {cells[0]}"
    if _all(free_intervals.interval, cells):
        return "interval", f"its cells are dates in words such as {cells[0]}"
    try:
        numbers = [notation.measured(cell).value for cell in cells]
    except ValueError:
        return None
    low, high = min(numbers), max(numbers)
    if low > 40_000 and high < 80_000 and not column.name.lower().startswith("time"):
        return (
            "mjd",
            f"{low:g} to {high:g} are Modified Julian Dates of {_years(low, high)}",
        )
    if low > 2_400_000 and high < 2_500_000:
        return "jd", f"{low:.1f} to {high:.1f} are Julian Dates"
    return "since", f"{low:g} to {high:g} are no dates: time since an event"


def _years(low: float, high: float) -> str:
    return "-".join(f"{int(1858.876 + day / 365.25)}" for day in (low, high))
