"""Source catalogues of any column names, each described by a form.

A form says which columns make the catalogue recognisable and which of them hold what.
Rules common to all: a flux of 0 is no flux; 0 or blank beside a positive upper bound
is an upper limit, and so is a value with a negative error (limits.py); the broadest
band that says anything is taken, with its own significance where the catalogue has one;
every other column goes to `extra` as written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from orbital_kernel.archives import limits
from orbital_kernel.archives.chandra.clock import bare_obs_ids
from orbital_kernel.archives.formats import text, text_columns, votable
from orbital_kernel.archives.formats.angle_columns import (
    declinations,
    right_ascensions,
)
from orbital_kernel.archives.formats.catalog_columns import BlockCells, Cells, Reals
from orbital_kernel.archives.formats.fits import first_table, is_simulated, open_fits
from orbital_kernel.archives.formats.text_columns import TextColumns
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import extra, position, rows
from orbital_kernel.errors import ArchiveError
from orbital_kernel.model.schema import SOURCES

DESCRIBED = b"#Column\t"
_MONTHS = re.compile(r"(?<!\d)(\d{2,3})[ _-]?m(?:onth|(?![a-z]))", re.IGNORECASE)
DELIMITERS = (",", "\t", ";", "|")
SLOT_DEG = 1e-4
"""Slots are at a round position, in 32 bits; a source so close to it is unlikely."""


@dataclass(frozen=True)
class FluxColumns:
    """Columns of one band's flux: value, bounds or errors; `scale` to `unit`.

    `significance` names the column of this band's own significance, if there is one.
    """

    value: str
    low: str = ""
    high: str = ""
    error: str = ""
    plus: str = ""
    minus: str = ""
    unit: str = "erg / (cm2 s)"
    scale: float = 1.0
    band: str = ""
    kev: tuple[float, float] | None = None
    significance: str = ""
    error_is_limit_at_zero: bool = False


@dataclass(frozen=True)
class Form:
    """One catalogue's columns; tuples are alternatives, the first present is taken.

    With `edition`, a number of months in the file's name gives the catalogue its name.
    `empty_slot` is the position (RA, dec) of places in a list that hold no source. A name
    that was given before in the file is followed by the column `number`, if there is one.
    """

    catalog: str
    observatory: str
    needs: frozenset[str]
    source_id: tuple[str, ...]
    ra: tuple[str, ...]
    dec: tuple[str, ...]
    fluxes: tuple[FluxColumns, ...] = ()
    prefix: str = ""
    edition: str = ""
    words: tuple[str, ...] = ()
    obs_id: tuple[str, ...] = ()
    error_radius: tuple[str, ...] = ()
    error_scale: float = 1.0
    ellipse: tuple[str, str, str] | None = None
    error_confidence: float | None = None
    significance: tuple[str, ...] = ()
    exposure: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    missing: tuple[float, ...] = ()
    zero_is_missing: frozenset[str] = field(default_factory=frozenset)
    empty_slot: tuple[float, float] | None = None
    number: str = ""


def form_of(source: Source, forms: Iterable[Form]) -> Form | None:
    """Return the first form whose columns (and words) the file shows; else None."""
    table = first_table(source)
    if table is not None or votable.is_votable(source):
        names = (
            {f.name.lower() for f in table.fields} if table else votable.columns(source)
        )
        return next((f for f in forms if _has(source, f, names)), None)
    head = "\n".join(text.head_lines(source, 1000))
    for form in forms:
        described = source.head.startswith(DESCRIBED) or all(
            w in head for w in form.words
        )
        if described and _delimiter(source, form):
            return form
    return None


def _has(source: Source, form: Form, names: set[str]) -> bool:
    """Return whether a table has a form's columns, and its words or one of its fluxes.

    Logs have names, ObsIDs and positions too.
    """
    shown = all(word.encode() in source.head for word in form.words)
    return form.needs <= names and (
        shown or any(flux.value in names for flux in form.fluxes)
    )


def catalog_reader(
    name: str, forms: Sequence[Form], doc: str, *, version: int = 2
) -> Reader:
    """Return a reader of catalogues in any of these forms, recognised by column names."""

    def recognises(source: Source) -> bool:
        return form_of(source, forms) is not None

    def read(source: Source, account: Account) -> Batches:
        form = form_of(source, forms)
        if form is not None:
            yield from read_catalog(source, account, form)

    return Reader(name, recognises, read, doc, version)


def read_catalog(source: Source, account: Account, form: Form) -> Batches:
    """Yield `sources`, one row per entry of the catalogue."""
    account.observatory = form.observatory
    if form.edition and (months := _MONTHS.search(source.path.name)):
        form = replace(form, catalog=form.edition.format(months=months[1]))
    account.understood.append(f"catalogue {form.catalog}")
    if first_table(source) is not None:
        file = open_fits(source, account)
        simulated = is_simulated(file)
        table = next(hdu for hdu in file.hdus if hdu.fields)
        cells: Iterator[Cells] = (
            BlockCells(b) for b in file.blocks(table, rows=20_000)
        )
    else:
        simulated = text.says_simulated(source)
        cells = (
            map(TextColumns.of, text.batches(votable.records(source, account)))
            if votable.is_votable(source)
            else text_columns.columns(source.path, _delimiter(source, form) or ",")
        )
    names: set[str | None] = set()
    for some in cells:
        table_name, entries = _sources(some, form, account, simulated=simulated)
        if form.number:
            entries = _numbered(entries, some, form, names)
        yield table_name, _without_slots(entries, form, account)


def _delimiter(source: Source, form: Form) -> str | None:
    for delimiter in DELIMITERS:
        names = {n.lower() for n in text.unique(_header(source, delimiter))}
        if form.needs <= names:
            return delimiter
    return None


def _header(source: Source, delimiter: str) -> list[str]:
    """Return the cells of the header line; cscli puts it under pages of '#Column'."""
    if not source.head.startswith(DESCRIBED):
        return text.header_cells(source, delimiter)
    for line in islice(text.lines(source.path), 2000):
        if line.strip() and not line.startswith("#"):
            return text.unique(line.split(delimiter))
    return []


def _sources(
    cells: Cells, form: Form, account: Account, *, simulated: bool
) -> tuple[str, pa.Table]:
    column = {name.lower(): name for name in cells.names}
    if not form.needs <= column.keys():
        lacking = sorted(form.needs - column.keys())
        raise ArchiveError(f"the table lacks {', '.join(lacking)} of {form.catalog}")

    def pick(alternatives: tuple[str, ...]) -> str | None:
        return next((column[a] for a in alternatives if a in column), None)

    def reals(alternatives: tuple[str, ...]) -> Reals:
        name = pick(alternatives)
        return np.full(len(cells), np.nan) if name is None else _real(cells, name, form)

    radius = reals(form.error_radius) * form.error_scale
    return rows(
        SOURCES,
        len(cells),
        catalog=form.catalog,
        source_id=_names(cells, form, pick),
        obs_id=_obs_ids(cells, form, pick(form.obs_id)),
        **position(
            _angles(cells, pick(form.ra), right_ascensions),
            _angles(cells, pick(form.dec), declinations),
        ),
        error_radius_arcsec=radius,
        **_ellipse(form, reals),
        error_confidence=np.where(
            np.isnan(radius), np.nan, form.error_confidence or np.nan
        ),
        **_fluxes(cells, form, column, account),
        exposure_s=reals(form.exposure),
        kind=cells.texts(kind) if (kind := pick(form.kind)) else None,
        extra=_extra(cells, form),
        simulated=simulated,
        file_row=np.arange(cells.first, cells.first + len(cells)),
    )


def _numbered(
    entries: pa.Table, cells: Cells, form: Form, names: set[str | None]
) -> pa.Table:
    """Return the entries with names of their own; adds them to `names`."""
    column = next(name for name in cells.names if name.lower() == form.number)
    different = []
    pairs = zip(entries["source_id"].to_pylist(), cells.texts(column), strict=True)
    for name, number in pairs:
        different.append(f"{name} {number}" if name in names else name)
        names.add(name)
    place = entries.schema.get_field_index("source_id")
    return entries.set_column(place, "source_id", pa.array(different, pa.string()))


def _without_slots(entries: pa.Table, form: Form, account: Account) -> pa.Table:
    """Return the entries that are sources; the account counts the empty slots."""
    if form.empty_slot is None:
        return entries
    ra, dec = (entries[name].to_numpy() for name in ("ra", "dec"))
    apart = np.hypot(ra - form.empty_slot[0], dec - form.empty_slot[1])
    empty = apart < SLOT_DEG
    if empty.any():
        account.skip("empty slots of the on-board list, no sources", int(empty.sum()))
    return entries.filter(pa.array(~empty))


def _real(cells: Cells, name: str, form: Form) -> Reals:
    values = cells.reals(name)
    absent = ~np.isfinite(values) | np.isin(values, form.missing)
    return np.where(absent, np.nan, values)


def _obs_ids(cells: Cells, form: Form, name: str | None) -> pl.Series | None:
    texts = None if name is None else cells.texts(name)
    if texts is None or form.observatory != "chandra":
        return texts
    return bare_obs_ids(texts)


def _names(cells: Cells, form: Form, pick: Any) -> pl.Series:
    parts = pl.DataFrame([cells.texts(pick((name,))) for name in form.source_id])
    joined = pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)
    named = joined.str.starts_with(form.prefix)
    prefixed = pl.when(named).then(joined).otherwise(pl.lit(form.prefix) + joined)
    return parts.select(prefixed.alias("source_id")).to_series()


def _angles(cells: Cells, name: str | None, parse: Any) -> Reals:
    if name is None:
        return np.full(len(cells), np.nan)
    if isinstance(cells, BlockCells) and cells.block.hdu.field(name).code != "A":
        return cells.reals(name)
    angles: Reals = parse(cells.texts(name))
    return angles


def _ellipse(form: Form, reals: Any) -> Mapping[str, Reals]:
    if form.ellipse is None:
        return {}
    major, minor, angle = form.ellipse
    return {
        "error_major_arcsec": reals((major,)),
        "error_minor_arcsec": reals((minor,)),
        "error_angle_deg": reals((angle,)),
    }


def _fluxes(
    cells: Cells, form: Form, column: Mapping[str, str], account: Account
) -> dict[str, Any]:
    """Take each row's flux or limit, and significance, from the first band that has one."""
    count = len(cells)
    flux, low, high = (np.full(count, np.nan) for _ in range(3))
    chosen = np.full(count, -1)
    own = [band for band in form.fluxes if band.significance in column]
    general = next((column[s] for s in form.significance if s in column), None)
    significance = np.full(count, np.nan)
    if general is not None and not own:
        significance = _real(cells, general, form)
    for place, band in enumerate(form.fluxes):
        if band.value not in column:
            continue
        measured = _band(cells, form, band, column, account)
        new = (chosen < 0) & (np.isfinite(measured[0]) | np.isfinite(measured[2]))
        chosen[new] = place
        for target, values in zip((flux, low, high), measured, strict=True):
            target[new] = values[new]
        if band in own:
            significance[new] = _real(cells, column[band.significance], form)[new]
    return {
        "flux": flux,
        "flux_low": low,
        "flux_high": high,
        "is_limit": np.isnan(flux) & np.isfinite(high),
        "significance": significance,
        **{name: pl.Series(values)[chosen] for name, values in _words(form).items()},
    }


def _words(form: Form) -> dict[str, list[Any]]:
    """Return unit and band of each of a form's fluxes, and nulls at the end for none."""
    kev = [band.kev or (None, None) for band in form.fluxes]
    return {
        "flux_unit": [*(band.unit for band in form.fluxes), None],
        "band": [*(band.band for band in form.fluxes), None],
        "band_low_kev": [*(low for low, _ in kev), None],
        "band_high_kev": [*(high for _, high in kev), None],
    }


def _band(
    cells: Cells,
    form: Form,
    band: FluxColumns,
    column: Mapping[str, str],
    account: Account,
) -> tuple[Reals, Reals, Reals]:
    """Return flux, lower and upper bound; a limit is an upper bound without a flux."""

    def get(name: str) -> Reals:
        if name not in column:
            return np.full(len(cells), np.nan)
        return _real(cells, column[name], form) * band.scale

    value, low, high = get(band.value), get(band.low), get(band.high)
    plus, minus = (get(name or band.error) for name in (band.plus, band.minus))
    seen = value > 0
    errors = limits.measured(
        np.where(seen, value, np.nan), plus, minus, account=account
    )
    low = np.where(np.isnan(low), value - errors.minus, low)
    bound = np.where(np.isnan(high), value + errors.plus, high)
    if band.error_is_limit_at_zero or band.plus:
        bound = np.where(seen | np.isfinite(bound), bound, value + np.abs(plus))
    elif not band.high:
        bound = np.where(seen, bound, np.nan)
    bound = np.where(errors.is_limit, value, bound)
    bound = np.where(seen | (bound > 0), bound, np.nan)
    seen = seen & ~errors.is_limit
    return (
        np.where(seen, value, np.nan),
        np.where(seen, np.clip(low, 0, None), np.nan),
        bound,
    )


def _extra(cells: Cells, form: Form) -> pl.Series | list[str | None]:
    used = {*form.obs_id, *form.error_radius, *form.significance, *form.kind}
    used |= {*form.exposure[:1], *(form.ellipse or ()), *form.source_id[:1]}
    names = [name for name in cells.names if name.lower() not in used]
    texts = [_unless_zero(cells.texts(name), form) for name in names]
    if isinstance(cells, BlockCells):
        return _extra_of_block(cells, texts, form)
    plain = isinstance(cells, TextColumns) and cells.is_plain
    return text_columns.extras(pl.DataFrame(texts), is_plain=plain)


def _unless_zero(cells: pl.Series, form: Form) -> pl.Series:
    if cells.name.lower() not in form.zero_is_missing:
        return cells
    return cells.set((cells == "0").fill_null(value=False), None)


def _extra_of_block(
    cells: BlockCells, texts: list[pl.Series], form: Form
) -> list[str | None]:
    """Return the same of a FITS table, whose numbers stay numbers."""
    columns: dict[str, list[Any]] = {}
    for values in texts:
        field = cells.block.hdu.field(values.name)
        if field.code not in "EDIJK":
            columns[values.name] = values.to_list()
        elif field.repeat == 1:
            numbers = cells.reals(values.name)
            if values.name.lower() in form.zero_is_missing:
                numbers = np.where(numbers == 0, np.nan, numbers)
            columns[values.name] = numbers.tolist()
    return [
        extra(dict(zip(columns, row, strict=True)))
        for row in zip(*columns.values(), strict=True)
    ]
