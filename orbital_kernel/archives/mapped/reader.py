"""Anyone's table of fluxes or sources, read by a mapping file (mapping.py).

astropy reads the table (CSV, tab, blank-separated, ECSV, VOTable, FITS), every text cell
as text, so that ids keep their zeros. Units are converted to the one FITS-style unit
Orbital keeps of their kind; an invalid unit, or one that is not of a flux, is an error that names
the column. Five ways to code an upper limit are understood: a flag, a value of 0 beside
the limit in a column of its own, an error of 0, a negative error, none.
"""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.faults import guarded
from orbital_kernel.archives.formats import free_dates, text
from orbital_kernel.archives.mapped.cells import DeclaredCells, Reals, read_table
from orbital_kernel.archives.mapped.mapping import TableMapping, read_mapping
from orbital_kernel.archives.mapped.units import band_columns, unit_columns
from orbital_kernel.archives.naming import catalog_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.errors import MappingError
from orbital_kernel.model import schema, times
from orbital_kernel.model.angles import parse_dec, parse_ra

TIME_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def declared_reader(mapping_file: Path) -> Reader:
    """Return a reader of tables as the mapping file declares them.

    Parameters
    ----------
    mapping_file : pathlib.Path
        The mapping, TOML or YAML; `read_mapping` describes the language.

    Returns
    -------
    Reader
        A reader that takes any file, for `orbital.ingest(..., mapping=…)`.

    Raises
    ------
    MappingError
        If the mapping is wrong.

    Examples
    --------
    >>> from pathlib import Path
    >>> from orbital_kernel.archives.mapped.reader import declared_reader
    >>> declared_reader(Path("no_such_file.toml"))
    Traceback (most recent call last):
    orbital_kernel.errors.MappingError: no_such_file.toml cannot be read: ...
    """
    mapping = read_mapping(mapping_file)
    return guarded(
        Reader(
            f"declared-{mapping.table}",
            lambda _source: True,
            partial(_read, mapping),
            f"table declared by {mapping_file.name}",
            version=2,
        )
    )


def _read(mapping: TableMapping, source: Source, account: Account) -> Batches:
    table = DeclaredCells(read_table(mapping, source), mapping)
    owners = _owners(table, mapping, account)
    account.observatory = mapping.observatory or next(
        (o for o in owners if o is not None), account.observatory
    )
    simulated = text.says_simulated(source)

    def make(chosen: DeclaredCells) -> pa.Table:
        if mapping.table == "photometry":
            return _photometry(chosen, mapping, simulated=simulated)
        catalog = _catalog(mapping, source)
        return _sources(chosen, mapping, simulated=simulated, catalog=catalog)

    for owner in dict.fromkeys(o for o in owners if o is not None):
        chosen = table.rows([o == owner for o in owners])
        yield f"{owner}.{mapping.table}", make(chosen)


def _catalog(mapping: TableMapping, source: Source) -> str:
    """Return the catalogue's name: that of the mapping, else the file's.

    Ids are those of one catalogue: two files may both number their sources from 1.
    """
    return str(mapping.constants.get("catalog") or catalog_of(source))


def _owners(
    cells: DeclaredCells, mapping: TableMapping, account: Account
) -> list[str | None]:
    choice = mapping.section("rows")
    if not choice:
        return [mapping.observatory] * len(cells)
    owners = []
    for value in cells.texts(choice["column"]):
        owner = choice["values"].get(value)
        if owner is None:
            account.skip(f"rows of {value}")
        owners.append(owner)
    return owners


def _photometry(
    cells: DeclaredCells, mapping: TableMapping, *, simulated: bool
) -> pa.Table:
    scale, unit = unit_columns(cells, mapping)
    value, plus, minus, limit = _measured(cells, mapping)
    when, since, rule = _times(cells, mapping)
    per = _time_unit(mapping)
    half = cells.real("time_err") * per
    if mapping.section("time").get("format") == "interval":
        half = _first(half, _spans(cells, mapping)[1])
    confidence = mapping.section("limit").get("confidence", math.nan)
    return rows(
        schema.PHOTOMETRY,
        len(cells),
        object=cells.words("object"),
        obs_id=cells.words("obs_id"),
        time=when,
        time_rule=rule,
        since_t0_s=since,
        time_err_plus_s=np.abs(_first(cells.real("time_err_plus") * per, half)),
        time_err_minus_s=np.abs(_first(cells.real("time_err_minus") * per, half)),
        **position(cells.angles("ra", parse_ra), cells.angles("dec", parse_dec)),
        value=value * scale,
        value_err_plus=plus * scale,
        value_err_minus=minus * scale,
        is_limit=limit,
        limit_confidence=np.where(limit, confidence, math.nan),
        unit=unit,
        **band_columns(cells, mapping),
        instrument=cells.words("instrument"),
        mode=cells.words("mode"),
        exposure_s=cells.real("exposure_s"),
        extra=cells.others(),
        simulated=simulated,
        file_row=cells.numbers,
    )[1]


def _sources(
    cells: DeclaredCells, mapping: TableMapping, *, simulated: bool, catalog: str
) -> pa.Table:
    scale, unit = unit_columns(cells, mapping)
    value, plus, minus, limit = _measured(cells, mapping)
    low = _first(cells.real("value_low"), value - minus)
    high = _first(cells.real("value_high"), value + plus)
    radius = cells.real("error_radius_arcsec")
    return rows(
        schema.SOURCES,
        len(cells),
        catalog=catalog,
        source_id=cells.words("source_id"),
        obs_id=cells.words("obs_id"),
        **position(cells.angles("ra", parse_ra), cells.angles("dec", parse_dec)),
        error_radius_arcsec=radius,
        significance=cells.real("significance"),
        flux=np.where(limit, math.nan, value) * scale,
        flux_low=np.where(limit, math.nan, low) * scale,
        flux_high=np.where(limit, value, high) * scale,
        is_limit=limit,
        flux_unit=unit,
        **band_columns(cells, mapping),
        exposure_s=cells.real("exposure_s"),
        kind=cells.words("kind"),
        extra=cells.others(),
        simulated=simulated,
        file_row=cells.numbers,
    )[1]


def _first(preferred: Reals, otherwise: Reals) -> Reals:
    return np.where(np.isnan(preferred), otherwise, preferred)


def _measured(
    cells: DeclaredCells, mapping: TableMapping
) -> tuple[Reals, Reals, Reals, NDArray[np.bool_]]:
    """Return value, its errors and which are limits, errors of limits null."""
    value, error = cells.real("value"), cells.real("value_err")
    plus = _first(cells.real("value_err_plus"), error)
    minus = _first(cells.real("value_err_minus"), error)
    rule = mapping.section("limit")
    convention = rule.get("convention", "none")
    limit = np.zeros(len(cells), dtype=bool)
    if convention == "flag":
        flag = str(rule.get("equals", "1"))
        limit = np.array([cell == flag for cell in cells.texts(rule["column"])], bool)
    elif convention == "zero-value":
        bound = cells.reals(rule["column"])
        limit = ~(value > 0) & (bound > 0)
        value = np.where(limit, bound, value)
    elif convention == "zero-error":
        limit = (plus == 0) & (minus == 0)
    elif convention == "negative-error":
        limit = error < 0
    hide = limit | np.isnan(value)
    return (
        value,
        np.where(hide, math.nan, np.abs(plus)),
        np.where(hide, math.nan, np.abs(minus)),
        limit,
    )


def _time_unit(mapping: TableMapping) -> float:
    section = mapping.section("time")
    unit = str(
        section.get("unit", "d" if section.get("format") in {"mjd", "jd"} else "s")
    )
    if unit not in TIME_UNITS:
        raise MappingError(f"time.unit is {unit!r}; choose of {', '.join(TIME_UNITS)}")
    return TIME_UNITS[unit]


def _times(
    cells: DeclaredCells, mapping: TableMapping
) -> tuple[times.Instants, Reals | None, str]:
    section = mapping.section("time")
    form, scale = section.get("format"), section.get("scale")
    column = mapping.columns["time"]
    if form in {"iso", "interval"} and scale != "utc":
        raise MappingError(f"time.format {form} is read as UTC; set scale = 'utc'")
    if form == "interval":
        return times.tt_from_utc(_spans(cells, mapping)[0]), None, "utc"
    if form == "iso":
        utc = np.array([times.parse_utc(cell or "") for cell in cells.texts(column)])
        return times.tt_from_utc(utc), None, "utc"
    numbers = cells.reals(column)
    if form == "chandra":
        rule = "chandra-tdb" if scale == "tdb" else "chandra-tt"
        return times.to_tt(rule, numbers), None, rule
    if form == "since":
        since = numbers * _time_unit(mapping)
        start = times.tt_from_utc([str(section["t0"])])[0]
        return _after(start, since), since, "utc"
    rule = f"mjd-{scale}"
    offset = 2400000.5 if form == "jd" else 0.0
    return times.to_tt(rule, numbers - offset), None, rule


def _spans(cells: DeclaredCells, mapping: TableMapping) -> tuple[times.Instants, Reals]:
    """Return the middles (UTC) and half-widths (s) of freely written dates."""
    middles, halves = [], []
    for row, cell in zip(
        cells.numbers, cells.texts(mapping.columns["time"]), strict=True
    ):
        start: np.datetime64 = np.datetime64("NaT", "ns")
        stop = start
        if cell is not None:
            try:
                start, stop = free_dates.interval(cell)
            except ValueError as error:
                raise MappingError(f"row {row}: {error}") from None
        middles.append(start + (stop - start) / 2)
        halves.append((stop - start) / np.timedelta64(1, "s") / 2)
    return np.array(middles), np.array(halves)


def _after(start: np.datetime64, since: Reals) -> times.Instants:
    finite = np.isfinite(since)
    steps = np.round(np.where(finite, since, 0.0) * times.NS).astype("timedelta64[ns]")
    return np.where(finite, start + steps, np.datetime64("NaT", "ns"))
