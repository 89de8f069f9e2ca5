"""Files whose measurements hold nothing: no row has a time, or no row has a value.

Such rows pass every check of types, for a missing number is allowed in one row; a file
that has none at all was damaged, or its columns are not what they are called.
"""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from orbital_kernel.errors import ArchiveError

NEEDED = {
    "photometry": ("time", "value"),
    "rates": ("time",),
    "events": ("time",),
    "photons": ("time",),
}
"""By table, without its observatory: what some row of a file must have."""
COLUMNS = {"time": ("time", "since_t0_s", "met_s"), "value": ("value",)}
"""Columns of which each will do."""
AS_WRITTEN = "time as written"
"""Times of which the file says neither unit nor zero are kept in `extra` under this name."""


class Substance:
    """Counts the rows of one file, and notes what some row of each table has.

    Examples
    --------
    >>> import pyarrow as pa
    >>> seen = Substance()
    >>> seen.add("swift.rates", pa.table({"time": pa.nulls(3)}))
    >>> seen.check("a.lc")
    Traceback (most recent call last):
        ...
    orbital_kernel.errors.ArchiveError: a.lc: none of its 3 rows of swift.rates has a time
    """

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._found: set[tuple[str, str]] = set()

    def add(self, table: str, rows: pa.Table) -> None:
        """Count the rows of a batch; a column that is absent is null throughout."""
        self._rows[table] += len(rows)
        self._found |= {(table, need) for need in _needs(table) if _has(rows, need)}

    def check(self, file: str) -> None:
        """Raise ArchiveError if a table got rows, and no row has what one must have."""
        for table, rows in self._rows.items():
            for need in _needs(table):
                if rows and (table, need) not in self._found:
                    raise ArchiveError(
                        f"{file}: none of its {rows:,} rows of {table} has a {need}"
                    )


def _needs(table: str) -> tuple[str, ...]:
    return NEEDED.get(table.partition(".")[2], ())


def _has(rows: pa.Table, need: str) -> bool:
    columns = [rows.column(n) for n in COLUMNS[need] if n in rows.column_names]
    if any(column.null_count < len(rows) for column in columns):
        return True
    if need != "time" or "extra" not in rows.column_names:
        return False
    return bool(pc.any(pc.match_substring(rows["extra"], AS_WRITTEN)).as_py())
