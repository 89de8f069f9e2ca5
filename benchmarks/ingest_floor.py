"""What the vendor's client alone needs to insert the rows of a file.

The same record batches as in an ingest go to a server that reads them and stores nothing
(standin_floor.py): no reader, no checksums, no verification. An insert has a value per row
in every column, so that constant text is sent with each row, and client and server hash
each byte for the signature. No ingest by inserts can take less.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import vastdb
from standin_process import Floor
from vastdb.table_metadata import TableMetadata, TableRef

from orbital_kernel.database.transaction import SLICE_BYTES
from orbital_kernel.ingest.items import Rows, Task
from orbital_kernel.ingest.parsing import parse
from orbital_kernel.ingest.stamped import stamped

SHA256 = "0123456789abcdef" * 4
STREAMS = (1, 2)


@dataclass(frozen=True)
class Sent:
    """Bytes of a file's rows as they are inserted, and how long sending them takes.

    `text` are the bytes of columns with the same text in all rows of a batch; `seconds`
    and `cpu_s`, of the client, are by the number of streams.
    """

    rows: int
    nbytes: int
    text: int
    seconds: dict[int, float]
    cpu_s: float

    def __str__(self):
        """Return a sentence with the numbers."""
        times = " and ".join(f"{s:.2f} s" for s in self.seconds.values())
        return (
            f"{self.nbytes / self.rows:.0f} bytes a row, {self.text / self.rows:.0f} of "
            f"them constant text, in {times} by one and by two streams, "
            f"{self.cpu_s:.2f} s of the client's CPU"
        )


def floor_of(path, repeat):
    """Return the medians of inserting a file's rows of its largest table into nothing."""
    tables = {}
    for item in parse(path, Task(runs=True)):
        if isinstance(item, Rows):
            tables.setdefault(item.table, []).extend(_batches(item))
    batches = max(tables.values(), key=lambda some: sum(b.nbytes for b in some))
    metadata = TableMetadata(TableRef("bench", "s", "t"), batches[0].schema)
    seconds, cpu = {}, []
    with Floor() as floor:
        session = vastdb.connect(endpoint=floor.endpoint, access="none", secret="none")
        for streams in STREAMS:
            runs = [_sent(session, metadata, batches, streams) for _ in range(repeat)]
            seconds[streams] = statistics.median(run[0] for run in runs)
            cpu.append(statistics.median(run[1] for run in runs))
    return Sent(
        sum(map(len, batches)),
        sum(batch.nbytes for batch in batches),
        sum(column.nbytes for b in batches for column in b.columns if _is_text(column)),
        seconds,
        cpu[0],
    )


def _batches(item):
    """Return an item's rows as Orbital inserts them."""
    rows = stamped(item, SHA256)
    filled = [n for n in rows.column_names if rows[n].null_count < len(rows)]
    for whole in rows.select(filled).combine_chunks().to_batches():
        parts = max(1, -(-whole.nbytes // SLICE_BYTES))
        step = -(-len(whole) // parts)
        for start in range(0, len(whole), step):
            yield whole.slice(start, step)


def _is_text(column):
    return pa.types.is_string(column.type) and len(column.unique()) == 1


def _sent(session, metadata, batches, streams):
    """Return seconds and seconds of CPU of inserting all batches."""
    with session.transaction() as tx, ThreadPoolExecutor(streams) as threads:
        table = tx.table_from_metadata(metadata)
        start, cpu = time.perf_counter(), time.process_time()
        list(threads.map(table.insert, batches))
        return time.perf_counter() - start, time.process_time() - cpu
