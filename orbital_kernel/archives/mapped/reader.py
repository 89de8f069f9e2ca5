"""Anyone's table, read by a mapping file (language.py): any target table of targets.py.

astropy reads the table (CSV, tab, blank-separated, ECSV, VOTable, FITS), every text cell
as text, so that ids keep their zeros. Units are converted to the one FITS-style unit that
Orbital keeps of their kind; what a table states itself is held against the mapping. What
is assumed, converted or lacking is stated in the account.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from orbital_kernel.archives.faults import guarded
from orbital_kernel.archives.formats import text, votable
from orbital_kernel.archives.formats.fits import is_fits, open_fits
from orbital_kernel.archives.mapped.cells import DeclaredCells
from orbital_kernel.archives.mapped.mapping import TableMapping, of_series, read_mapping
from orbital_kernel.archives.mapped.tables import not_of_format, read_table
from orbital_kernel.archives.mapped.writers import WRITERS, Written
from orbital_kernel.archives.naming import catalog_of
from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.errors import ArchiveError, MappingError

VERSION = 2


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
            partial(read_declared, mapping),
            f"table declared by {mapping_file.name}",
            version=VERSION,
        )
    )


def read_declared(mapping: TableMapping, source: Source, account: Account) -> Batches:
    """Yield the rows of a table as a mapping declares them."""
    try:
        yield from _tables(mapping, source, account)
    except MappingError as error:
        raise MappingError(f"{error} (mapping {mapping.file})") from error


def _look_first(mapping: TableMapping, source: Source, account: Account) -> None:
    """Refuse files that would lead astropy elsewhere or are damaged; note what is odd."""
    if mapping.format == "fits" and is_fits(source):
        open_fits(source, account)
    if mapping.format == "votable":
        try:
            structure = votable.structure(source.path)
        except votable.BrokenXmlError as error:
            if votable.is_votable(source):
                raise
            raise not_of_format(mapping, error) from error
        if structure.error:
            raise ArchiveError(votable.failed(structure))
        if structure.overflow:
            account.understood.append(votable.CUT)


def _tables(mapping: TableMapping, source: Source, account: Account) -> Batches:
    _look_first(mapping, source, account)
    table = read_table(mapping, source)
    cells = DeclaredCells(table, mapping, source.stem, catalog_of(source))
    owners = _owners(cells, mapping, account)
    if not len(cells):
        cells.note("the table has no rows")
    account.observatory = mapping.observatory or next(
        (o for o in owners if o is not None), account.observatory
    )
    simulated = text.says_simulated(source)
    for owner in dict.fromkeys(o for o in owners if o is not None):
        chosen = cells.rows([o == owner for o in owners])
        for written in _written(chosen, mapping):
            yield (
                f"{owner}.{mapping.table}",
                written.stored(account, simulated=simulated),
            )
    account.understood.extend(n for n in cells.notes if n not in account.understood)


def _written(cells: DeclaredCells, mapping: TableMapping) -> Iterator[Written]:
    write = WRITERS[mapping.table]
    if not mapping.series:
        yield write(cells)
    for series in mapping.series:
        written = write(cells.of(of_series(mapping, series)))
        yield written.without_blank(f"{series.value} without a value")


def _owners(
    cells: DeclaredCells, mapping: TableMapping, account: Account
) -> list[str | None]:
    choice = mapping.rows
    if choice.column is None:
        return [mapping.observatory] * len(cells)
    owners = []
    for value in cells.texts(choice.column):
        owner = choice.values.get(value or "")
        if owner is None:
            account.skip(
                f"rows of {value}" if value else f"rows without {choice.column}"
            )
        owners.append(owner)
    return owners
