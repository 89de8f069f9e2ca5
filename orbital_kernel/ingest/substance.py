"""Files whose measurements hold nothing: no row has a time, or no row has a value.

Such rows pass every check of types, for a missing number is allowed in one row; a file
that has none at all was damaged, or its columns are not what they are called.
"""

from collections import Counter

import pyarrow as pa

from orbital_kernel.errors import ArchiveError

NEEDED = {
    "photometry": ("time", "value"),
    "rates": ("time",),
    "events": ("time",),
    "photons": ("time",),
}
"""By table, without its observatory: columns that some row of a file must fill."""


class Substance:
    """Counts the rows of one file, and those that fill a needed column.

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
        self._filled: Counter[tuple[str, str]] = Counter()

    def add(self, table: str, rows: pa.Table) -> None:
        """Count the rows of a batch; a column that is absent is null throughout."""
        self._rows[table] += len(rows)
        for name in NEEDED.get(table.partition(".")[2], ()):
            if name in rows.column_names:
                filled = len(rows) - rows.column(name).null_count
                self._filled[table, name] += filled

    def check(self, file: str) -> None:
        """Raise ArchiveError if a table got rows, and a needed column in none of them."""
        for table, rows in self._rows.items():
            for name in NEEDED.get(table.partition(".")[2], ()):
                if rows and not self._filled[table, name]:
                    raise ArchiveError(
                        f"{file}: none of its {rows:,} rows of {table} has a {name}"
                    )
