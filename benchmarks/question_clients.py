"""Public calls by several client processes at once, with and without an ingest."""

import multiprocessing
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import question_tables as tables
from question_calls import CALLS, Target

from orbital_kernel import connect

INGEST_ROWS = 1_000
INGEST_SECONDS = 1.0
PATIENCE_S = 1_800.0
Spent = dict[str, list[float]]


def by_clients(folder: Path, targets: list[Target], number: int) -> Spent:
    """Return the durations of each call, s, of all clients; all make it at once."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(number), context.Queue()
    clients = [
        context.Process(
            target=_client,
            args=(folder, np.roll(targets, k).tolist(), barrier, results),
        )
        for k in range(number)
    ]
    for client in clients:
        client.start()
    try:
        every: list[Spent] = [results.get(timeout=PATIENCE_S) for _ in clients]
    finally:
        for client in clients:
            client.terminate()
            client.join()
    return {call: [s for spent in every for s in spent[call]] for call in CALLS}


def _client(folder: Path, targets: list[Target], barrier: Any, results: Any) -> None:
    session = connect(folder)
    spent: Spent = {}
    for call, ask in CALLS.items():
        ask(session, targets[0])
        barrier.wait(PATIENCE_S)
        spent[call] = [_timed(ask, session, target) for target in targets[1:]]
    session.flush()
    results.put(spent)


def _timed(ask: Any, session: Any, target: Target) -> float:
    start = time.perf_counter()
    ask(session, target)
    return time.perf_counter() - start


@contextmanager
def ingesting(folder: Path) -> Iterator[None]:
    """Insert INGEST_ROWS points every INGEST_SECONDS, by another process."""
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    writer = context.Process(target=_ingest, args=(folder, started))
    writer.start()
    try:
        if not started.wait(PATIENCE_S):
            sys.exit("the ingest beside the clients did not start")
        yield
        if not writer.is_alive():
            sys.exit("the ingest beside the clients failed")
    finally:
        writer.terminate()
        writer.join()


def _ingest(folder: Path, started: Any) -> None:
    """Insert points of objects that no call is about, until stopped."""
    store = connect(folder).store
    for seed in range(1 << 30):
        start = time.monotonic()
        rows = tables.photometry(tables.scene(INGEST_ROWS, seed + 1_000), seed)
        place = rows.column_names.index("object")
        names = [f"LATER {seed} {name}" for name in rows["object"].to_pylist()]
        store.insert("swift.photometry", rows.set_column(place, "object", [names]))
        started.set()
        time.sleep(max(0.0, INGEST_SECONDS - (time.monotonic() - start)))
