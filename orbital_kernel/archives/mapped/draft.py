"""A mapping drafted from a table: what can be read off it, and blanks for the rest.

Each guess stands beside a comment with its reason. What the file does not say is a blank
(`FILL IN`) with its choices: a mapping with blanks is refused when it is read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.mapped.blanks import BLANK
from orbital_kernel.archives.mapped.guesses import (
    Guess,
    guesses,
    in_kiloseconds,
    is_exposure,
    plain_name,
    shared_words,
    time_format,
)
from orbital_kernel.archives.mapped.headings import band, heading, unit
from orbital_kernel.archives.mapped.layout import Layout, first, layout
from orbital_kernel.archives.mapped.mapping import MEANINGS, NEEDED
from orbital_kernel.archives.mapped.units import FILTERS_NM, is_kept
from orbital_kernel.errors import MappingError
from orbital_kernel.model.observatory import observatories

MOST_WORDS = 40
MISSING_CODES = (-999, -9999, -99, 999999)
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
    target, why = (table, "as asked for") if table else _target(shown)
    columns = guesses(shown, MEANINGS[target])
    lines = [
        f"# Mapping for {path.name}, drafted from its first {len(shown.rows)} rows.",
        "# Comments give the reason of each guess: check them. Replace every FILL IN,",
        f"# then see the result: orbital mapping check MAPPING {path.name}",
        f"table = {_text(target)}  # {why}",
        *_top(path, shown),
        *_columns(path, shown, target, columns),
        *_time(shown, target, columns),
        *_unit(shown, columns),
        *_band(path, shown, columns),
        *_limit(shown, columns),
        *_owners(shown),
    ]
    return "\n".join(lines) + "\n"


def _target(shown: Layout) -> tuple[str, str]:
    """Return the table that the columns fit, and why."""
    fits = {
        name: {guess.meaning for guess in guesses(shown, meanings)}
        for name, meanings in MEANINGS.items()
    }
    points, log = fits["photometry"], fits["observations"]
    dated = bool({"time", "time_start"} & points)
    if dated and "value" in points:
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
        yield f"observatory = {_text(owner)}  # by the file's name"
    else:
        yield (
            f"observatory = {_text(BLANK)}  # whose data: {', '.join(observatories())}"
        )
    yield f"format = {_text(shown.format)}  # {shown.reason}"
    if shown.delimiter:
        yield f"delimiter = {_text(shown.delimiter)}"
    if shown.comment:
        yield f"comment = {_text(shown.comment)}  # the rest of a line after it is ignored"
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
        for code in MISSING_CODES
        if cells & {str(code), f"{code}.0", f"{code:.3E}"}
    ]


def _columns(
    path: Path, shown: Layout, target: str, columns: list[Guess]
) -> Iterator[str]:
    yield "\n[columns]"
    for guess in columns:
        yield f"{guess.meaning} = {_text(guess.column)}  # {guess.reason}"
        for other in guess.others:
            yield f"# {guess.meaning} = {_text(other)}  # or this column"
    meanings = {guess.meaning for guess in columns}
    missing = [m for m in NEEDED[target] if not _given(m, meanings)]
    for name in [m for m in missing if m != "object"]:
        yield f"{name} = {_text(BLANK)}  # one of the columns below"
    unused = [c for c in shown.header if c not in {guess.column for guess in columns}]
    if unused:
        yield "# Not mapped, kept as JSON in `extra`:"
    for column in unused:
        note = "; exposure_s is in s" if is_exposure(column) else ""
        yield f"#   {column}: {first(shown.cells(column)) or 'no values'}{note}"
    if "object" in missing:
        named = _OBJECT.search(path.name)
        yield "\n[constants]"
        if named:
            yield f"object = {_text(named[1])}  # by the file's name"
        else:
            yield f"object = {_text(BLANK)}  # the object's name; no column has it"


def _given(meaning: str, meanings: set[str]) -> bool:
    return meaning in meanings or (
        meaning == "time" and {"time_start", "time_stop"} <= meanings
    )


def _time(shown: Layout, target: str, columns: list[Guess]) -> Iterator[str]:
    mapped = {g.meaning: g.column for g in columns}
    column = mapped.get("time") or mapped.get("time_start")
    if column is None:
        if "time" in NEEDED[target]:
            yield f'\n[time]\nformat = "{BLANK}"  # iso, mjd, jd, since or interval'
            yield f'scale = "{BLANK}"  # utc, tt or tdb'
        return
    form, why = time_format(shown.cells(column)[:50], heading(column)) or ("", "")
    yield f"\n[time]\nformat = {_text(form)}  # {why}"
    if form in {"iso", "interval"}:
        yield 'scale = "utc"  # dates are read as UTC'
        return
    yield f"scale = {_text(BLANK)}  # utc, tt or tdb: the file does not say"
    if form == "since":
        yield f"t0 = {_text(BLANK)}  # UTC of zero, such as 2013-04-27T07:47:06"
        yield from _elapsed_unit(shown, column)


def _elapsed_unit(shown: Layout, column: str) -> Iterator[str]:
    name = plain_name(column)
    named = next((c for c in shown.header if plain_name(c) == "time unit"), None)
    words = [
        heading(column).unit,
        *(shown.cells(named)[:1] if named else []),
        name.split()[0],
    ]
    for word in words:
        spelled = unit(word) if word else None
        if spelled in {"s", "min", "h", "d"}:
            yield f"unit = {_text(spelled)}  # by {word!r}"
            return
    yield f"unit = {_text(BLANK)}  # s, min, h or d"


def _unit(shown: Layout, columns: list[Guess]) -> Iterator[str]:
    mapped = {g.meaning: g.column for g in columns}
    value, exposure = mapped.get("value"), mapped.get("exposure_s")
    in_ks = exposure is not None and in_kiloseconds(exposure)
    if value is not None or in_ks:
        yield "\n[unit]"
    if in_ks:
        yield f'columns = {{exposure_s = "ks"}}  # by the name {exposure!r}'
    if value is not None:
        yield from _value_unit(shown, value)


def _value_unit(shown: Layout, value: str) -> Iterator[str]:
    read, named = heading(value).unit, _unit_column(shown, value)
    if value in shown.units:
        yield f"value = {_text(unit(shown.units[value]) or shown.units[value])}  # the file's own"
    elif read and is_kept(read):
        yield f"value = {_text(read)}  # by the heading {value!r}"
    elif named:
        yield f"column = {_text(named)}  # it names a unit in each row"
        pairs = {w: unit(w) or BLANK for w in dict.fromkeys(shown.cells(named))}
        yield f"values = {_table(pairs)}"
    elif "mag" in plain_name(value):
        yield f"value = {_text(BLANK)}  # mag(AB) or mag(Vega)"
    else:
        said = f"the heading says {read}; " if read else ""
        yield (
            f"value = {_text(BLANK)}  # {said}with its factor: erg / (cm2 s), "
            "1e-13 erg / (cm2 s), ph / (cm2 s), count / s, mJy, mag(AB), …"
        )


def _unit_column(shown: Layout, value: str) -> str | None:
    """Return the column whose name is the value's with the word unit, if any."""
    stem = plain_name(value)
    return next(
        (
            c
            for c in shown.header
            if re.fullmatch(rf"{re.escape(stem)}s? units?", plain_name(c))
        ),
        None,
    )


def _band(path: Path, shown: Layout, columns: list[Guess]) -> Iterator[str]:
    value = next((g.column for g in columns if g.meaning == "value"), None)
    if value is None:
        return
    yield "\n[band]"
    name = r"band|filter|filters|energy ?(range|band)?|bandpass"
    column = next((c for c in shown.header if re.fullmatch(name, plain_name(c))), None)
    if column:
        words = list(dict.fromkeys(shown.cells(column)))
        yield f"column = {_text(column)}  # by its name; its cells are {first(words, 6)}"
        yield f"values = {_table({word: _edges(word) for word in words[:MOST_WORDS]})}"
        yield "# bands without edges: add {kev = [low, high]} or {nm = [low, high]}"
        return
    for written in (value, path.name):
        if edges := band(written):
            yield f"kev = [{edges[0]:g}, {edges[1]:g}]  # by {written!r}"
            return
    if "mag" in plain_name(value):
        yield f"filter = {_text(BLANK)}  # {', '.join(FILTERS_NM)}; or nm = [low, high]"
    else:
        yield f"kev = {_text(BLANK)}  # [low, high], such as [0.3, 10.0]"


def _edges(word: str) -> dict[str, Any]:
    if edges := band(word):
        return {"kev": list(edges)}
    for spelled in (
        word,
        word.upper() if len(word) > 3 else word,
        f"UV{word}",
        word[2:],
    ):
        if spelled in FILTERS_NM:
            return {"filter": spelled}
    return {"name": word}


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
            yield f'convention = "flag"\ncolumn = {_text(column)}  # by its name; its cells are {first(sorted(words))}'
            return
        yield f'convention = "zero-value"\ncolumn = {_text(column)}  # by its name; check that values of 0 stand beside limits'
        return
    error = mapped.get("value_err") or mapped.get("value_err_plus")
    values = [notation.measured(c).value for c in shown.cells(error)] if error else []
    if values and (min(values) < 0 < max(values) or 0.0 in values):
        yield "\n[limit]"
        rule = "negative-error" if min(values) < 0 else "zero-error"
        yield f"convention = {_text(BLANK)}  # {rule} or none: some cells of {error!r} are so"


def _owners(shown: Layout) -> Iterator[str]:
    column = _owner_column(shown)
    if column is None:
        return
    words = list(dict.fromkeys(shown.cells(column)))
    pairs = {word: owner for word in words if (owner := _owner_of(word))}
    others = [word for word in words if word not in pairs]
    yield f"\n[rows]\ncolumn = {_text(column)}  # it names the observatory of each row"
    yield f"values = {_table(pairs)}"
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


def _text(value: str) -> str:
    """Return a TOML string."""
    return json.dumps(value, ensure_ascii=False)


def _table(pairs: Mapping[str, Any]) -> str:
    """Return an inline TOML table on one line."""
    cells = (f"{_key(key)} = {_inline(value)}" for key, value in pairs.items())
    return "{" + ", ".join(cells) + "}"


def _key(name: str) -> str:
    return name if name in {"kev", "nm", "filter", "name"} else _text(name)


def _inline(value: Any) -> str:
    return (
        _table(value)
        if isinstance(value, dict)
        else json.dumps(value, ensure_ascii=False)
    )
