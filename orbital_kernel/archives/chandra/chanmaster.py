"""Chandra's observation log, one row an ObsID: HEASARC's chanmaster, or ChaSeR's list.

chanmaster comes separated by tab, '|' or comma, or as W3Browse text; names in either case; or as a VOTable of HEASARC's TAP.
Sources: heasarc.gsfc.nasa.gov/W3Browse/chandra/chanmaster.html; cda.harvard.edu/chaser.

Traps handled: dates are American (m/d/yyyy hh:mm:ss, in ChaSeR's without seconds), and
those with a day over 12 alone betray it, or ISO, or MJD with 0 for not yet; planned rows have no time or only a date (day of plan, not a start:
`time` stays null and the text goes to `extra`); ObsIDs are padded with blanks in one
version; exposure is in seconds, in ChaSeR's list in ks, and 0 for some rows; a few rows
(the Moon) have no position; RA may miss its leading zero; column order differs.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from orbital_kernel.archives.chandra.clock import bare_obs_ids
from orbital_kernel.archives.formats import text, text_columns, votable, w3browse
from orbital_kernel.archives.formats.angle_columns import (
    declinations,
    right_ascensions,
)
from orbital_kernel.archives.formats.log_dates import AMERICAN, log_dates
from orbital_kernel.archives.formats.text_columns import TextColumns, extras
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.archives.rows import position, rows
from orbital_kernel.model.schema import OBSERVATIONS

NEEDED = {"obsid", "ra", "dec", "time", "exposure", "status", "detector", "grating"}
USED = NEEDED | {"satellite", "name", "pi", "category", "public_date"}
VOTABLE_NEEDS = {"obsid", "ra", "dec", "time"}
"""Of an answer whose query, or table, names chanmaster."""
DELIMITERS = ("\t", "|", ",", ";")
CHASER = {
    "obs id": "obsid",
    "target": "name",
    "target name": "name",
    "pi name": "pi",
    "instrument": "detector",
    "start date": "time",
    "public release date": "public_date",
    "science category": "category",
}
"""ChaSeR's names of the same columns."""
CHASER_NEEDS = {"obs id", "start date", "exposure", "appr exp"}
KS = 1000.0


def recognises(source: Source) -> bool:
    """Recognise the file by the column names of the first line."""
    if votable.is_votable(source):
        return votable.is_log(source, "chanmaster", VOTABLE_NEEDS, NEEDED)
    return _delimiter(source) is not None or bool(w3browse.header(source, NEEDED))


def read(source: Source, account: Account) -> Batches:
    """Yield `observations`, one row per ObsID."""
    account.observatory = "chandra"
    simulated = text.says_simulated(source)
    rule = votable.log_rule(source, account)
    for some in _columns(source, account):
        _remark(some, account)
        yield _observations(some, rule, simulated=simulated)


def _delimiter(source: Source) -> str | None:
    for delimiter in DELIMITERS:
        names = {cell.strip().lower() for cell in text.header_cells(source, delimiter)}
        if names >= NEEDED or names >= CHASER_NEEDS:
            return delimiter
    return None


def _columns(source: Source, account: Account) -> Iterator[TextColumns]:
    delimiter = _delimiter(source)
    if delimiter is not None and not votable.is_votable(source):
        some = text_columns.columns(source.path, delimiter)
        return (_named(columns.lower()) for columns in some)
    records = (
        map(text.lower, votable.records(source, account))
        if votable.is_votable(source)
        else w3browse.records(source, NEEDED)
    )
    return map(TextColumns.of, text.batches(records))


def _named(columns: TextColumns) -> TextColumns:
    """Return ChaSeR's columns under chanmaster's names, any other as they are."""
    if not {*columns.names} >= CHASER_NEEDS:
        return columns
    return columns.renamed([CHASER.get(name, name) for name in columns.names])


def _remark(columns: TextColumns, account: Account) -> None:
    for name, words in (
        ("ra", "rows without a position"),
        ("time", "rows not yet observed, without a time"),
    ):
        if count := columns.texts(name).null_count():
            account.note(words, count)


def _observations(
    columns: TextColumns, rule: str, *, simulated: bool
) -> tuple[str, pa.Table]:
    texts, lines = columns.texts, columns.lines
    start, bare = log_dates(texts("time"), AMERICAN, lines=lines)
    timed = ~bare & ~np.isnat(start)
    public, _ = log_dates(texts("public_date"), AMERICAN, lines=lines)
    chaser = "appr exp" in columns.names
    return rows(
        OBSERVATIONS,
        len(columns),
        obs_id=bare_obs_ids(texts("obsid")),
        object=texts("name"),
        **position(right_ascensions(texts("ra")), declinations(texts("dec"))),
        time=np.where(timed, start, np.datetime64("NaT", "ns")),
        time_rule=[rule if dated else None for dated in timed],
        exposure_s=columns.reals("exposure") * (KS if chaser else 1.0),
        instrument=texts("detector"),
        mode=texts("grating"),
        status=texts("status"),
        category=texts("category"),
        pi=texts("pi"),
        time_public=public,
        log="chaser" if chaser else "chanmaster",
        extra=_extra(columns, timed),
        simulated=simulated,
        file_row=columns.rows,
    )


def _extra(columns: TextColumns, timed: NDArray[np.bool_]) -> pl.Series:
    planned = columns.texts("time").set(pl.Series(timed), None).alias("planned")
    others = columns.cells.drop(USED, strict=False)
    return extras(others.with_columns(planned))


READER = Reader(
    "chandra-observations", recognises, read, "chanmaster, ChaSeR's list", version=2
)
