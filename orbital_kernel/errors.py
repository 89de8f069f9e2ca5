"""Every error Orbital raises on purpose.

::

    OrbitalError
    ├── ConfigError       settings or environment are missing or contradict each other
    ├── PlatformError     the embedded platform could not be started, found or stopped
    ├── ArchiveError      a file is of no known format, or is broken
    │   ├── MappingError  a declared table's mapping names a wrong column, unit or scale
    │   └── ReaderFault   the code of a reader failed: the file may well be whole
    ├── SchemaMismatch    a table does not have the columns schema.py gives it
    ├── QueryError        a question that cannot be asked, or should not be
    ├── StoreError        the database refused or lost something
    ├── ProvisionError    storage could not be brought into the planned state
    └── ReportError       a report notebook, its parameters or its run is wrong

A message says what was asked, what was found, and what to do next.
"""


class OrbitalError(Exception):
    """Base of all; the command line prints its text and exits with 1."""


class ConfigError(OrbitalError):
    """Settings or environment are missing or contradict each other."""


class PlatformError(OrbitalError):
    """The embedded platform could not be started, found or stopped."""


class ArchiveError(OrbitalError):
    """A file is of no known format, or is broken; names the offset where known."""

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class MappingError(ArchiveError):
    """A declared table's mapping names a wrong column, unit or scale."""


class ReaderFault(ArchiveError):
    """The code of a reader failed: the file may well be whole."""


class SchemaMismatch(OrbitalError):
    """A table does not have the columns schema.py gives it."""


class QueryError(OrbitalError):
    """A question that cannot be asked, or should not be."""


class StoreError(OrbitalError):
    """The database refused or lost something."""


class ProvisionError(OrbitalError):
    """Storage could not be brought into the planned state."""


class ReportError(OrbitalError):
    """A report notebook, its parameters or its run is wrong."""
