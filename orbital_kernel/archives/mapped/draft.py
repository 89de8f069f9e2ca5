"""A mapping drafted from a table: what can be read off it, and blanks for the rest.

Each guess stands beside a comment with its reason. What the file does not say is a blank
(`FILL IN`) with its choices: a mapping with blanks is refused when it is read.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from orbital_kernel.archives.mapped import (
    draft_clock,
    draft_series,
    missing_codes,
    notation,
    toml_text,
)
from orbital_kernel.archives.mapped.blanks import BLANK
from orbital_kernel.archives.mapped.draft_series import Drafted, series_of
from orbital_kernel.archives.mapped.draft_units import (
    band_lines,
    series_units,
    unit_lines,
)
from orbital_kernel.archives.mapped.guesses import (
    Guess,
    guesses,
    is_exposure,
    plain_name,
    shared_words,
)
from orbital_kernel.archives.mapped.layout import Layout, first, layout
from orbital_kernel.archives.mapped.mapping import MEANINGS, NEEDED
from orbital_kernel.errors import MappingError
from orbital_kernel.model.observatory import observatories

_BLANK = toml_text.text(BLANK)
_OBJECT = re.compile(
    r"(GRB ?\d{6}[A-Z]?|(?:SN|AT)[ _]?\d{4}[A-Za-z]{1,4}|GW\d{6}|NGC ?\d+)",
    re.IGNORECASE,
)
_LIMIT_NAME = re.compile(r".*(\bul\b|upper ?lim|limit|\blim\b|uplim).*")
_OWNER_WORDS = {
    "swift": ("swift", "xrt", "uvot", "bat"),
    "chandra": ("chandra", "cxo", "acis", "hrc"),
}


def draft(path: Path, table: str | None = None) -> str:
    """Return the text of a mapping (TOML) for a table.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    table : str, optional
        Target table, one of `MEANINGS`; by default the one that its columns fit.

    Returns
    -------
    str
        The mapping, with comments and blanks.

    Raises
    ------
    MappingError
        If the file does not hold a table, or there is no such target table.
    """
    if table is not None and table not in MEANINGS:
        raise MappingError(f"table is {table!r}; choose of {', '.join(MEANINGS)}")
    shown = layout(path)
    series = series_of(shown)
    target, why = (table, "as asked for") if table else _target(shown, series)
    series = series if target == "photometry" else []
    columns = _without(series, guesses(shown, MEANINGS[target]))
    clock, constants = draft_clock.lines(
        shown, columns, needed="time" in NEEDED[target]
    )
    lines = [
        f"# Mapping for {path.name}, drafted from its first {len(shown.rows)} rows.",
        "# Comments give the reason of each guess: check them. Replace every FILL IN,",
        f"# then see the result: orbital mapping check MAPPING {path.name}",
        f"table = {toml_text.text(target)}  # {why}",
        *_top(path, shown),
        *_columns(shown, target, columns, series),
        *_constants(path, target, columns, constants),
        *clock,
        *unit_lines(shown, columns),
        *series_units(shown, series),
        *band_lines(path, shown, columns),
        *_limit(shown, columns),
        *_owners(shown),
        *draft_series.lines(shown, series),
    ]
    return "\n".join(lines) + "\n"


def _without(series: list[Drafted], columns: list[Guess]) -> list[Guess]:
    """Return the guesses whose columns and meanings are of no series."""
    taken = {column for entry in series for column in entry.columns.values()}
    meanings = {m for m in MEANINGS["photometry"] if m.startswith("value")}
    return [
        replace(guess, others=tuple(c for c in guess.others if c not in taken))
        for guess in columns
        if not series or (guess.meaning not in meanings and guess.column not in taken)
    ]


def _target(shown: Layout, series: list[Drafted]) -> tuple[str, str]:
    """Return the table that the columns fit, and why."""
    fits = {
        name: {guess.meaning for guess in guesses(shown, meanings)}
        for name, meanings in MEANINGS.items()
    }
    points, log = fits["photometry"], fits["observations"]
    dated = bool({"time", "time_start"} & points)
    if dated and ("value" in points or series):
        return "photometry", "it has times and fluxes, rates or magnitudes"
    if dated and {"time", "energy_ev"} <= fits["events"]:
        return "events", "it has times and energies"
    if "obs_id" in log and dated:
        return "observations", "it has ObsIDs and times, and no fluxes"
    if set(NEEDED["sources"]) <= fits["sources"]:
        return "sources", f"it has {', '.join(NEEDED['sources'])}"
    best = max(fits, key=lambda name: len(fits[name] & set(NEEDED[name])))
    return best, f"its columns fit no table wholly; choose of {', '.join(MEANINGS)}"


def _top(path: Path, shown: Layout) -> Iterator[str]:
    owner = _owner_of(path.name)
    if _owner_column(shown) is not None:
        pass  # [rows] says it, row by row
    elif owner:
        yield f"observatory = {toml_text.text(owner)}  # by the file's name"
    elif (of_clock := draft_clock.observatory_of(shown.words))[0]:
        yield f"observatory = {toml_text.text(of_clock[0])}  # {of_clock[1]}"
    else:
        yield (f"observatory = {_BLANK}  # whose data: {', '.join(observatories())}")
    yield f"format = {toml_text.text(shown.format)}  # {shown.reason}"
    if shown.delimiter:
        yield f"delimiter = {toml_text.text(shown.delimiter)}"
    if shown.comment:
        yield f"comment = {toml_text.text(shown.comment)}  # the rest of a line after it is ignored"
    if shown.skip_lines:
        yield f"skip_lines = {shown.skip_lines}  # lines above the table"
    if codes := _codes(shown):
        yield f"missing = {json.dumps(codes)}  # codes of missing values in its cells"
    if shown.names:
        yield f"names = {json.dumps(shown.names, ensure_ascii=False)}"


def _codes(shown: Layout) -> list[int]:
    """Return the usual codes of missing values that cells hold."""
    cells = {cell for column in shown.header for cell in shown.cells(column)}
    return [
        code
        for code in missing_codes.USUAL
        if cells & {str(code), f"{code}.0", f"{code:.3E}"}
    ]


def _columns(
    shown: Layout, target: str, columns: list[Guess], series: list[Drafted]
) -> Iterator[str]:
    yield "\n[columns]"
    clocks = {g.column: c for g in columns if (c := draft_clock.time_of_day(shown, g))}
    for guess in columns:
        if guess.column in clocks:
            joined = f"{{{guess.column}}} {{{clocks[guess.column]}}}"
            yield f"{guess.meaning} = {toml_text.text(joined)}  # date and time of day"
            continue
        yield f"{guess.meaning} = {toml_text.text(guess.column)}  # {guess.reason}"
        for other in guess.others:
            yield f"# {guess.meaning} = {toml_text.text(other)}  # or this column"
    meanings = {guess.meaning for guess in columns} | {"value" for _ in series[:1]}
    missing = [m for m in NEEDED[target] if not _given(m, meanings)]
    for name in [m for m in missing if m != "object"]:
        yield f"{name} = {_BLANK}  # one of the columns below"
    taken = {guess.column for guess in columns} | {*clocks.values()}
    taken |= {column for entry in series for column in entry.columns.values()}
    unused = [c for c in shown.header if c not in taken]
    if unused:
        yield "# Not mapped, kept as JSON in `extra`:"
    for column in unused:
        note = "; exposure_s is in s" if is_exposure(column) else ""
        yield f"#   {column}: {first(shown.cells(column)) or 'no values'}{note}"
    several = next((g for g in columns if g.meaning == "value" and g.others), None)
    if several is not None:
        yield "# Several columns could be the value: write a [[series]] for each to store."


def _constants(
    path: Path, target: str, columns: list[Guess], of_clock: list[str]
) -> Iterator[str]:
    """Yield [constants]: the object's name if no column has it, and what the clock needs."""
    lines = [*of_clock]
    if "object" in NEEDED[target] and not any(g.meaning == "object" for g in columns):
        named = _OBJECT.search(path.name)
        lines.append(
            f"object = {toml_text.text(named[1])}  # by the file's name"
            if named
            else f"object = {_BLANK}  # the object's name; no column has it"
        )
    if lines:
        yield "\n[constants]"
        yield from lines


def _given(meaning: str, meanings: set[str]) -> bool:
    return meaning in meanings or (
        meaning == "time" and {"time_start", "time_stop"} <= meanings
    )


def _limit(shown: Layout, columns: list[Guess]) -> Iterator[str]:
    mapped = {g.meaning: g.column for g in columns}
    value = mapped.get("value")
    if value is None:
        return
    signs = sum(notation.plain(c).startswith(("<", ">")) for c in shown.cells(value))
    if signs:
        yield f"\n# {signs} of the first cells of {value!r} are limits by their sign < or >:"
        yield "# they are read as limits without [limit]"
        return
    names = [c for c in shown.header if _LIMIT_NAME.fullmatch(plain_name(c))]
    if len(names) > 1:
        shared = {c: shared_words(plain_name(c), plain_name(value)) for c in names}
        names = [c for c in names if shared[c] == max(shared.values()) > 0]
    for column in names:
        words = set(shown.cells(column))
        yield "\n[limit]"
        if words <= {
            "0",
            "1",
            "True",
            "False",
            "T",
            "F",
            "0.0",
            "1.0",
            "true",
            "false",
        }:
            yield f'convention = "flag"\ncolumn = {toml_text.text(column)}  # by its name; its cells are {first(sorted(words))}'
            return
        yield f'convention = "zero-value"\ncolumn = {toml_text.text(column)}  # by its name; check that values of 0 stand beside limits'
        return
    error = mapped.get("value_err") or mapped.get("value_err_plus")
    values = [notation.measured(c).value for c in shown.cells(error)] if error else []
    if values and (min(values) < 0 < max(values) or 0.0 in values):
        yield "\n[limit]"
        rule = "negative-error" if min(values) < 0 else "zero-error"
        yield f"convention = {_BLANK}  # {rule} or none: some cells of {error!r} are so"


def _owners(shown: Layout) -> Iterator[str]:
    column = _owner_column(shown)
    if column is None:
        return
    words = list(dict.fromkeys(shown.cells(column)))
    pairs = {word: owner for word in words if (owner := _owner_of(word))}
    others = [word for word in words if word not in pairs]
    yield f"\n[rows]\ncolumn = {toml_text.text(column)}  # it names the observatory of each row"
    yield f"values = {toml_text.table(pairs)}"
    if others:
        yield f"# not stored, and counted: {first(others, 20)}"


def _owner_column(shown: Layout) -> str | None:
    name = r"instrument|inst|telescope|tel|facility|mission|observatory|col\d+"
    return next(
        (
            column
            for column in shown.header
            if re.fullmatch(name, plain_name(column))
            and any(_owner_of(word) for word in shown.cells(column))
        ),
        None,
    )


def _owner_of(word: str) -> str | None:
    words = set(re.split(r"[^a-z]+", word.lower()))
    owned = [o for o, names in _OWNER_WORDS.items() if words & set(names)]
    return owned[0] if len(owned) == 1 else None
