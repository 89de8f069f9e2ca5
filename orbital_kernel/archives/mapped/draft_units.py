"""Units and bands of the one value column of a drafted mapping."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orbital_kernel.archives.mapped import toml_text
from orbital_kernel.archives.mapped.bands import FILTERS_NM
from orbital_kernel.archives.mapped.blanks import BLANK
from orbital_kernel.archives.mapped.draft_series import Drafted, own_unit
from orbital_kernel.archives.mapped.guesses import Guess, in_kiloseconds, plain_name
from orbital_kernel.archives.mapped.headings import band, heading, unit
from orbital_kernel.archives.mapped.layout import Layout, first
from orbital_kernel.archives.mapped.units import is_kept

MOST_WORDS = 40
CHOICES = "erg / (cm2 s), 1e-13 erg / (cm2 s), ph / (cm2 s), count / s, mJy, mag(AB), …"
_BLANK = toml_text.text(BLANK)


def unit_lines(shown: Layout, columns: list[Guess]) -> Iterator[str]:
    """Yield [unit]: that of the value, and of exposures that are not in s."""
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
        yield f"value = {toml_text.text(unit(shown.units[value]) or shown.units[value])}  # the file's own"
    elif read and is_kept(read):
        yield f"value = {toml_text.text(read)}  # by the heading {value!r}"
    elif named:
        yield f"column = {toml_text.text(named)}  # it names a unit in each row"
        pairs = {w: unit(w) or BLANK for w in dict.fromkeys(shown.cells(named))}
        yield f"values = {toml_text.table(pairs)}"
    elif "mag" in plain_name(value):
        yield f"value = {_BLANK}  # mag(AB) or mag(Vega)"
    else:
        said = f"the heading says {read}; " if read else ""
        yield f"value = {_BLANK}  # {said}with its factor: {CHOICES}"


def series_units(shown: Layout, series: list[Drafted]) -> Iterator[str]:
    """Yield [unit] for the series whose columns do not state theirs."""
    unstated = [s for s in series if not own_unit(shown, s.columns["value"])]
    if not unstated:
        return
    yield "\n[unit]"
    if all("filter" in s.band and s.quantity in {"", "mag"} for s in unstated):
        yield f"value = {_BLANK}  # of all series: mag(AB) or mag(Vega), or mJy if fluxes"
    else:
        yield f"value = {_BLANK}  # of all series that have no unit, with its factor: {CHOICES}"


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


def band_lines(path: Path, shown: Layout, columns: list[Guess]) -> Iterator[str]:
    """Yield [band]: of a column that names bands, of the heading, or a blank."""
    value = next((g.column for g in columns if g.meaning == "value"), None)
    if value is None:
        return
    yield "\n[band]"
    name = r"band|filter|filters|energy ?(range|band)?|bandpass"
    column = next((c for c in shown.header if re.fullmatch(name, plain_name(c))), None)
    if column:
        words = list(dict.fromkeys(shown.cells(column)))
        yield f"column = {toml_text.text(column)}  # by its name; its cells are {first(words, 6)}"
        yield f"values = {toml_text.table({word: _edges(word) for word in words[:MOST_WORDS]})}"
        yield "# bands without edges: add {kev = [low, high]} or {nm = [low, high]}"
        return
    for written in (value, path.name):
        if edges := band(written):
            yield f"kev = [{edges[0]:g}, {edges[1]:g}]  # by {written!r}"
            return
    if "mag" in plain_name(value):
        yield f"filter = {_BLANK}  # {', '.join(FILTERS_NM)}; or nm = [low, high]"
    else:
        yield f"kev = {_BLANK}  # [low, high], such as [0.3, 10.0]"


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
