"""One file as a stream of rows that ends with its account or with a refusal.

A broken file raises nothing: its stream ends with a Refusal, and none of its rows may
be stored then.
"""

import logging
import signal
import threading
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from types import FrameType

import pyarrow as pa

from orbital_kernel.archives import detect, readers
from orbital_kernel.archives.faults import fault
from orbital_kernel.archives.reading import Account, Reader, open_source
from orbital_kernel.errors import ArchiveError, SchemaMismatch
from orbital_kernel.ingest.items import End, Item, Refusal, Rows, Task
from orbital_kernel.ingest.substance import Substance
from orbital_kernel.model import schema
from orbital_kernel.model.observatory import files

LOG = logging.getLogger(__name__)


def reader_by(task: Task) -> Reader | None:
    """Return the reader the task's mapping declares; MappingError if it is wrong.

    Raises ConfigError if an added reader cannot be loaded.
    """
    readers()
    if task.mapping is None:
        return None
    mapping = Path(task.mapping)
    return _declared(mapping, _state(mapping) if mapping.exists() else None)


@lru_cache(maxsize=1)
def _declared(mapping: Path, _state: tuple[int, int] | None) -> Reader:
    from orbital_kernel.archives.mapped.reader import (  # noqa: PLC0415 - slow
        declared_reader,
    )

    return declared_reader(mapping)


def parse(path: Path, task: Task) -> Iterator[Item]:
    """Yield a file's rows batch by batch, then one End or Refusal."""
    start = clock.perf_counter()
    observatory, reader, checked = task.observatory, None, None
    substance = Substance()
    try:
        reader = reader_by(task) or detect(path)
        account = Account(observatory or "", accept_checksums=task.accept_checksums)
        for name, batch in reader.read(open_source(path), account):
            if account.observatory != checked:
                _check_observatory(path, account, observatory)
                checked = account.observatory
            full_name = name if "." in name else f"{account.observatory}.{name}"
            rows = _filled(batch, full_name, path, reader)
            substance.add(full_name, rows)
            yield Rows(full_name, rows)
        substance.check(path.name)
    except (ArchiveError, OSError) as error:
        yield _refused(path, reader, error)
        return
    yield End(
        reader.name,
        account.observatory,
        reader.version,
        clock.perf_counter() - start,
        tuple(account.understood),
        dict(account.skipped),
    )


def patient(items: Iterator[Item], seconds: float) -> Iterator[Item]:
    """Yield the items; raise ArchiveError in a reader that yields nothing for so long.

    A process that reads is watched from outside (pool). In this process an alarm ends a
    reader, even inside a regular expression that never ends. No limit applies without an
    alarm (another thread, another system) or if one rings sooner.
    """
    while True:
        with _alarm(seconds):
            item = next(items, None)
        if item is None:
            return
        yield item


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not hasattr(signal, "setitimer"):
        yield
        return
    began = clock.monotonic()
    due, interval = signal.getitimer(signal.ITIMER_REAL)
    if 0 < due < seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, partial(_ring, seconds))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if due:
            remaining = max(due - (clock.monotonic() - began), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, remaining, interval)


def _ring(seconds: float, _signal: int, _frame: FrameType | None) -> None:
    raise ArchiveError(f"its reader yielded nothing for {seconds:g} s: stopped")


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _refused(path: Path, reader: Reader | None, error: Exception) -> Refusal:
    LOG.info("%s is refused", path, exc_info=error)
    name = reader.name if reader else None
    if isinstance(error, ArchiveError):
        where = "" if error.offset is None else f" (at byte {error.offset})"
        return Refusal(f"{error}{where}", name, error.offset)
    return Refusal(f"{path.name}: cannot be opened: {error}", name)


def _check_observatory(path: Path, account: Account, observatory: str | None) -> None:
    if not account.observatory:
        raise ArchiveError(
            f"{path} does not say whose data it is: give --observatory NAME"
        )
    if account.observatory not in files():
        raise ArchiveError(
            f"{path} is data of {account.observatory!r}, an observatory without a file "
            f"(there are {', '.join(files())}): `orbital observatory new` creates one"
        )
    if observatory and account.observatory != observatory:
        raise ArchiveError(f"{path} is {account.observatory} data, not {observatory}")


def _filled(batch: pa.Table, full_name: str, path: Path, reader: Reader) -> pa.Table:
    """Return the rows in the table's types, without columns that are null throughout."""
    if "file_sha256" in batch.column_names:
        batch = batch.drop_columns(["file_sha256"])
    try:
        table = schema.table(full_name)
        rows = schema.conform(batch, table, only_given=True)
    except SchemaMismatch as error:
        raise fault(error, path, reader, None) from error
    rows = rows.replace_schema_metadata(None)
    filled = [n for n in rows.column_names if rows.column(n).null_count < len(rows)]
    if filled:
        return rows.select(filled)
    return pa.table({"file_row": pa.nulls(len(rows), table.column("file_row").type)})
