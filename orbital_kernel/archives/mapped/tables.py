"""The file of a mapping as one astropy table, text kept as text.

Every text cell stays text, so that ids keep their zeros. Of a file with several tables the
mapping's `extension` is read, else the first, which is stated.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from astropy.io import ascii as text_tables
from astropy.io import fits
from astropy.io.votable import parse
from astropy.io.votable.tree import VOTableFile
from astropy.table import Table

from orbital_kernel.archives.formats import text
from orbital_kernel.archives.formats.bounded import open_bounded
from orbital_kernel.archives.mapped import notation
from orbital_kernel.archives.mapped.cells import TableFile
from orbital_kernel.archives.mapped.language import FORMATS, TableMapping
from orbital_kernel.archives.mapped.plain_columns import (
    mask_nulls,
    take_nulls,
    without_objects,
)
from orbital_kernel.archives.reading import Source
from orbital_kernel.errors import ArchiveError, MappingError
from orbital_kernel.model import scales

NO_COMMENT = r"(?!)"
ASTROPY: Mapping[str, tuple[str, dict[str, Any]]] = {
    "csv": ("basic", {"delimiter": ",", "comment": NO_COMMENT}),
    "tab": ("tab", {"comment": NO_COMMENT}),
    "basic": ("basic", {"comment": NO_COMMENT}),
    "no_header": ("no_header", {"comment": NO_COMMENT}),
    "ecsv": ("ecsv", {}),
}
"""astropy's own CSV reader fills short rows up: a cut file would pass."""
SPLIT: Mapping[str, Callable[[str], list[str]]] = {
    "latex": notation.latex_cells,
    "pasted": notation.cells,
}


def read_table(mapping: TableMapping, source: Source) -> TableFile:
    """Return the file's table in the mapping's format.

    Raises ArchiveError, which names the format, for a file that is not of it.
    """
    try:
        with scales.offline(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(mapping, source)
    except ArchiveError:
        raise
    except (OSError, ValueError, LookupError) as error:
        raise not_of_format(mapping, error) from error


def not_of_format(mapping: TableMapping, error: Exception) -> ArchiveError:
    """Return the refusal of a file that is not a table of the mapping's format."""
    return ArchiveError(
        f"damaged, or not a table of `format` {mapping.format!r}: "
        f"{' '.join(str(error).split())}; formats are {', '.join(FORMATS)}; "
        "`comment` and `skip_lines` name lines that are not of the table"
    )


def _read(mapping: TableMapping, source: Source) -> TableFile:
    if mapping.format == "fits":
        with open_bounded(source.path) as file:
            return _fits_table(file, mapping)
    if mapping.format == "votable":
        with open_bounded(source.path) as file:
            return _votable(file, mapping)
    if mapping.format == "ecsv":
        lines = list(text.lines(source.path))
        table, words = without_objects(
            text_tables.read(lines, format="ecsv", guess=False)
        )
        return TableFile(table, (words, dict(table.meta)))
    table = _text_table(mapping, source)
    return TableFile(table, (dict(table.meta),))


def _fits_table(file: BinaryIO, mapping: TableMapping) -> TableFile:
    with fits.open(file, memmap=False) as hdus:
        tables = [h for h in hdus if isinstance(h, fits.BinTableHDU | fits.TableHDU)]
        names = [h.name or f"table {n}" for n, h in enumerate(tables, start=1)]
        index, notes = _choice(names, mapping)
        nulls = take_nulls(tables[index])
        table = Table.read(tables[index])
        mask_nulls(table, nulls)
        headers = (dict(tables[index].header), dict(hdus[0].header))
    return TableFile(table, headers, notes=notes)


def _votable(file: BinaryIO, mapping: TableMapping) -> TableFile:
    document = parse(file, verify="ignore")
    tables = list(document.iter_tables())
    names = [t.name or t.ID or f"table {n}" for n, t in enumerate(tables, start=1)]
    index, notes = _choice(names, mapping)
    votable = tables[index]
    table = votable.to_table(use_names_over_ids=True)
    ids = {
        f.ID: name
        for f, name in zip(votable.fields, table.colnames, strict=True)
        if f.ID
    }
    params = {p.name: p.value for p in votable.params}
    words = {**_clock(document), **_frame(document, votable.fields, mapping)}
    return TableFile(table, (params, words), ids, notes)


def _clock(document: VOTableFile) -> dict[str, str]:
    """Return scale and place of the times as keywords of FITS, by TIMESYS if all agree."""
    systems = {
        (s.timescale, s.refposition, s.timeorigin) for s in document.iter_timesys()
    }
    if len(systems) != 1:
        return {}
    ((scale, place, origin),) = systems
    origin = "" if origin is None else str(origin)
    return {"TIMESYS": scale or "", "TREFPOS": place or "", "TIMEORIGIN": origin}


def _frame(
    document: VOTableFile, fields: Sequence[Any], mapping: TableMapping
) -> dict[str, str]:
    """Return the frame of positions as keywords of FITS, by the column of RA or if all agree."""
    named = {c for c in (mapping.columns.get(n) for n in ("ra", "dec")) if c}
    own = [f for f in fields if f.name in named or f.ID in named]
    if any(str(f.ucd).startswith("pos.galactic") for f in own):
        return {"RADESYS": "galactic"}
    systems = list(document.iter_coosys())
    referred = [s for s in systems if s.ID in {f.ref for f in own}]
    frames = {(s.system or "", s.equinox or "") for s in referred or systems}
    if len(frames) != 1:
        return {}
    ((system, equinox),) = frames
    return {"RADESYS": system, "EQUINOX": equinox}


def _choice(names: Sequence[str], mapping: TableMapping) -> tuple[int, tuple[str, ...]]:
    """Return which of a file's tables the mapping reads, and what to state about it."""
    if not names:
        raise MappingError(f"format is {mapping.format!r}, but the file has no table")
    chosen = mapping.extension
    if chosen is None:
        ignored = (
            f"first of {len(names)} tables, {names[0]}; not {', '.join(names[1:])}"
        )
        return 0, (ignored,) if len(names) > 1 else ()
    if isinstance(chosen, int) and 1 <= chosen <= len(names):
        return chosen - 1, ()
    if chosen in names:
        return names.index(chosen), ()
    raise MappingError(
        f"`extension` is {chosen!r}; the file has the tables {', '.join(names)} (from 1)"
    )


def _text_table(mapping: TableMapping, source: Source) -> Table:
    signs = mapping.comment or ()
    signs = (signs,) if isinstance(signs, str) else tuple(signs)
    lines = [_bare(line, signs) for line in text.lines(source.path)]
    lines = [line for line in lines[mapping.skip_lines :] if line.strip()]
    if mapping.format in SPLIT:
        return _split_table(lines, mapping)
    form, options = ASTROPY[mapping.format]
    if mapping.names and form != "no_header":
        _require_header(lines[:1], mapping)
    given = {"delimiter": mapping.delimiter, "names": list(mapping.names)}
    return text_tables.read(
        lines,
        format=form,
        guess=False,
        fast_reader=False,
        converters={"*": [text_tables.convert_numpy(str)]},
        fill_values=[],
        **{**options, **{name: value for name, value in given.items() if value}},
    )


def _require_header(first: list[str], mapping: TableMapping) -> None:
    """Raise MappingError if the line that `names` replace holds values."""
    sign = mapping.delimiter or ASTROPY[mapping.format][1].get("delimiter")
    sign = "\t" if mapping.format == "tab" else sign
    cells = [c for li in first for c in (text.split(li, sign) if sign else li.split())]
    values = [cell.strip() for cell in cells if notation.is_value(cell)]
    if values:
        raise MappingError(
            f"the first line holds values ({', '.join(values[:3])}), which `names` would "
            "replace: set format = 'no_header', with `delimiter`"
        )


def _split_table(lines: Sequence[str], mapping: TableMapping) -> Table:
    """Return a table whose lines `notation` cuts; MappingError for uneven rows."""
    try:
        cells = [SPLIT[mapping.format](line) for line in lines]
    except ValueError as error:
        raise MappingError(str(error)) from error
    header = mapping.format == "latex" and len(cells) > 0
    if header and mapping.names and any(map(notation.is_value, cells[0])):
        header = False  # `names` of a table without a header line
    names = list(mapping.names) or (cells[0] if header else [])
    body = cells[1:] if header else cells
    for number, row in enumerate(body):
        if len(row) != len(names):
            raise MappingError(
                f"row {number} has {len(row)} cells, `names` {len(names)}: {row}"
            )
    columns = [np.array([row[n] for row in body], str) for n in range(len(names))]
    return Table(columns, names=names)


def _bare(line: str, signs: tuple[str, ...]) -> str:
    """Return the line without its comment, where the mapping names their sign."""
    for sign in signs:
        line = line.split(sign, maxsplit=1)[0]
    return line
