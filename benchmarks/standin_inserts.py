"""Cost of inserts: through the SDK, to a server that stores nothing, and prepared."""

import shutil
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import vastdb
from standin_measures import MB, stored, table_metadata, timed
from standin_process import Floor, Standin
from standin_raw import laid_out, send
from standin_tables import BATCH, BUCKET, SCHEMA, TABLE, batch, fill, open_session


def inserting(folder, batches, times):
    """Insert one batch per call, kill -9, and count the rows present."""
    dice = np.random.default_rng(1)
    parts = [batch(i * BATCH, BATCH, dice) for i in range(16)]
    work = [parts[i % len(parts)] for i in range(batches)]
    print(
        f"\n| {batches} inserts of 65,536 rows | MB/s | client CPU, ms per insert |",
        end="",
    )
    print(
        " server CPU, ms | present after kill -9 |\n| --- | ---: | ---: | ---: | ---: |"
    )
    for name, arguments, insert in (
        ("one transaction", (), _in_one),
        ("one transaction, two threads", (), _in_one_by_two),
        ("one transaction per insert", (), _one_each),
        ("one transaction per insert, two clients", (), _by_two),
        ("one transaction, fsync", ("--sync",), _in_one),
        ("one transaction per insert, fsync", ("--sync",), _one_each),
    ):
        runs = [_inserted(folder, arguments, insert, work) for _ in range(times)]
        _print_inserts(name, runs, work)
    with Standin(folder) as standin, open_session(standin).transaction() as tx:
        metadata = table_metadata(tx)
    with Floor() as floor:
        runs = [_into_nothing(floor, metadata, work) for _ in range(times)]
    _print_inserts("the SDK to a server that stores nothing", runs, work)
    for connections in (1, 2):
        runs = [_sent(folder, connections, work) for _ in range(times)]
        name = f"prepared and signed in advance, connections: {connections}"
        _print_inserts(name, runs, work)
    shutil.rmtree(folder)


def _print_inserts(name, runs, work):
    *spent, batches = zip(*runs, strict=True)
    spent, client, server = map(statistics.median, spent)
    speed = sum(part.nbytes for part in work) / spent / MB
    each = " | ".join(f"{cpu / len(work) * 1e3:.1f}" for cpu in (client, server))
    print(f"| {name} | {speed:.0f} | {each} | {min(batches):g} |", flush=True)


def _inserted(folder, arguments, insert, work):
    """Return seconds, CPU of client and server, and batches present after kill -9."""
    with _empty_table(folder, arguments) as (standin, session):
        spent = _spent(standin, lambda: insert(session, work))
        return *spent, _rows_after_kill(standin) / BATCH


def _sent(folder, connections, work):
    """Return the same for requests prepared in advance."""
    with _empty_table(folder) as (standin, session):
        with session.transaction() as tx:
            inserts = laid_out(standin, tx.txid, work)
            spent = _spent(standin, lambda: send(standin.port, inserts, connections))
        return *spent, _rows_after_kill(standin) / BATCH


@contextmanager
def _empty_table(folder, arguments=()):
    shutil.rmtree(folder, ignore_errors=True)
    with Standin(folder, arguments) as standin:
        session = open_session(standin)
        fill(session, 0, sort=(), settle=False)
        yield standin, session


def _spent(server, work):
    """Return seconds, and CPU of this process and of a server, for some work."""
    client, cpu_s = time.process_time(), server.cpu_s
    spent, _ = timed(work)
    return spent, time.process_time() - client, server.cpu_s - cpu_s


def _rows_after_kill(standin):
    """Kill the server, start it again, and count the rows present."""
    standin.end(signal.SIGKILL)
    standin.start()
    return stored(standin)


def _into_nothing(floor, metadata, work):
    session = vastdb.connect(endpoint=floor.endpoint, access="none", secret="none")
    with session.transaction() as tx:
        table = tx.table_from_metadata(metadata)
        return *_spent(floor, lambda: [table.insert(part) for part in work]), 0


def _in_one(session, work):
    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema(SCHEMA).table(TABLE)
        for part in work:
            table.insert(part)


def _in_one_by_two(session, work):
    with session.transaction() as tx, ThreadPoolExecutor(2) as threads:
        table = tx.bucket(BUCKET).schema(SCHEMA).table(TABLE)
        list(threads.map(table.insert, work))


def _one_each(session, work):
    with session.transaction() as tx:
        metadata = table_metadata(tx)
    for part in work:
        with session.transaction() as tx:
            tx.table_from_metadata(metadata).insert(part)


def _by_two(session, work):
    with ThreadPoolExecutor(2) as clients:
        for done in [clients.submit(_one_each, session, work[i::2]) for i in (0, 1)]:
            done.result()
