"""Whose fault a failed read is: the file's, or that of the reader's code.

The rule, in this order:

1. An ArchiveError says itself what is wrong with the file.
2. An error of `data_errors` is what parsers raise on broken input: the file is damaged.
3. A NameError or ImportError is a fault of the reader, whatever the file holds.
4. Any other error (AttributeError, TypeError, KeyError, …) is a fault of the reader,
   unless it was raised inside an installed package that the reader calls, such as
   astropy: libraries trip over damaged files in this way. Frames of Python's standard
   library count as those of the code that called it.

A fault is logged with its traceback and refuses the file; other files are read on.
"""

import csv
import logging
import struct
import sys
import sysconfig
import traceback
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from orbital_kernel.archives.reading import Account, Batches, Reader, Source
from orbital_kernel.errors import ArchiveError, ReaderFault

LOG = logging.getLogger(__name__)

_DATA_ERRORS = (
    OSError,
    EOFError,
    zlib.error,
    ValueError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    csv.Error,
    ParseError,
    struct.error,
    pa.lib.ArrowException,
)
PACKAGE = Path(__file__).parents[1]
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
INSTALLED = {"site-packages", "dist-packages"}


def data_errors(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what parsers raise on damaged input, and others: a file cannot be read.

    astropy's own is among them once a file made some reader import it.
    """
    fits = sys.modules.get("astropy.io.fits")
    of_fits = () if fits is None else (fits.VerifyError,)
    return (*others, *_DATA_ERRORS, *of_fits)


def guarded(reader: Reader, path: Path | None = None) -> Reader:
    """Return the reader so that it raises nothing but ArchiveError, by the rule above.

    `path` is the reader's file. A file that its `recognises` cannot parse is not its
    kind; `detect` then finds out what is wrong with the file.
    """
    folders = (PACKAGE, path.parent if path else PACKAGE)

    def recognises(source: Source) -> bool:
        try:
            return bool(reader.recognises(source))
        except ArchiveError:
            return False
        except Exception as error:
            if is_fault(error, *folders):
                raise fault(error, source.path, reader, path) from error
            LOG.debug("%s cannot look at %s", reader.name, source.path, exc_info=True)
            return False

    def read(source: Source, account: Account) -> Batches:
        name = source.path.name
        try:
            for item in reader.read(source, account):
                yield _pair(item)
        except ArchiveError as error:
            raise type(error)(f"{name}: {error}", offset=error.offset) from error
        except Exception as error:
            if is_fault(error, *folders):
                raise fault(error, source.path, reader, path) from error
            LOG.debug("%s: %s cannot read it", name, reader.name, exc_info=True)
            raise ArchiveError(
                f"{name}: damaged, or not a {reader.name} file: "
                f"{type(error).__name__}: {error}"
            ) from error

    return replace(reader, recognises=recognises, read=read)


def is_fault(error: Exception, *folders: Path) -> bool:
    """Return whether the code in these folders failed, and not the file's content."""
    if isinstance(error, data_errors()):
        return False
    if isinstance(error, NameError | ImportError):
        return True
    frames = [Path(f.filename) for f in traceback.extract_tb(error.__traceback__)]
    callers = [path for path in frames if path.is_absolute() and not _standard(path)]
    innermost = callers[-1]
    return any(
        innermost.is_relative_to(folder) for folder in folders
    ) or INSTALLED.isdisjoint(innermost.parts)


def fault(
    error: Exception, file: Path, reader: Reader, path: Path | None
) -> ReaderFault:
    """Log the error with its traceback; return it as a fault of the reader."""
    named = f"reader {reader.name} ({path})" if path else f"reader {reader.name}"
    LOG.error("%s failed on %s", named, file, exc_info=error)
    return ReaderFault(
        f"{file.name}: {named} failed: {type(error).__name__}: {error}. This is a fault "
        "of the reader, not of the file: the log has the traceback"
    )


def _standard(path: Path) -> bool:
    return path.is_relative_to(STANDARD_LIBRARY) and INSTALLED.isdisjoint(path.parts)


def _pair(item: Any) -> tuple[str, pa.Table]:
    match item:
        case (str() as name, pa.Table() as batch):
            return name, batch
    raise TypeError(
        "a reader yields pairs of a table's name and a pyarrow.Table, not "
        f"{type(item).__name__}"
    )
