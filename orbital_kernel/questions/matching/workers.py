"""Who does the tiles of a match: threads, processes of this machine, workers of Dask.

Processes are programs, never forks: each imports the session once, takes tiles as lines
of JSON and answers with their counts. A tile whose process ends is given to another.
"""

import importlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from orbital_kernel.database import Store
from orbital_kernel.errors import OrbitalError, QueryError
from orbital_kernel.questions.matching.task import (
    Plan,
    Summary,
    Tile,
)

PROGRAM = "orbital_kernel.session.matcher"
START = f"from orbital_kernel.config.pandas_spared import run; run({PROGRAM!r})"
ATTEMPTS = 3
SINGLE_THREADED = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1") | {
    "POLARS_MAX_THREADS": "2"
}
Done = Generator[tuple[Tile, Summary], None, None]


def in_processes(
    store: Store,
    plan: Plan,
    tiles: Sequence[Tile],
    now: datetime,
    workers: int | None = None,
) -> Done:
    """Do the tiles by processes, one a core by default; they end with this generator."""
    workers = workers or cores()
    waiting: queue.SimpleQueue[tuple[Tile, int] | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Tile, Summary] | Exception] = queue.SimpleQueue()
    for tile in tiles:
        waiting.put((tile, 1))
    processes = [_Process(store, plan, now) for _ in range(min(workers, len(tiles)))]
    threads = [
        threading.Thread(target=_feed, args=(p, waiting, done), daemon=True)
        for p in processes
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in tiles:
            item = done.get()
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        for _ in processes:
            waiting.put(None)
        for process in processes:
            process.end()
        for thread in threads:
            thread.join()


def in_threads(
    do: Callable[[Tile], Summary], tiles: Sequence[Tile], threads: int
) -> Done:
    """Do the tiles by threads of this process; they end with this generator.

    A tile begins when another one has been taken: a match that is stopped has stored
    little more than it reported.
    """
    waiting = iter(tiles)
    with ThreadPoolExecutor(threads, "orbital-match") as pool:
        running = {pool.submit(do, tile): tile for tile in islice(waiting, threads)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
                running |= {pool.submit(do, tile): tile for tile in islice(waiting, 1)}


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _feed(
    process: "_Process",
    waiting: "queue.SimpleQueue[tuple[Tile, int] | None]",
    done: "queue.SimpleQueue[tuple[Tile, Summary] | Exception]",
) -> None:
    """Give tiles to one process until none remain; runs in a thread."""
    while (item := waiting.get()) is not None:
        tile, attempt = item
        try:
            done.put((tile, process.do(tile)))
        except EOFError:
            if process.ended:
                return
            if attempt == ATTEMPTS:
                done.put(
                    OrbitalError(
                        f"the process that matched a tile of {tile.rows:,} rows ended "
                        f"{ATTEMPTS} times (out of memory, or killed): match a region, "
                        "or run the match again to continue behind the finished tiles"
                    )
                )
                return
            waiting.put((tile, attempt + 1))
            if not process.restarted():
                return
        except OrbitalError as error:
            done.put(error)
            return


class _Process:
    """One program that does tiles, as its starter sees it."""

    def __init__(self, store: Store, plan: Plan, now: datetime) -> None:
        self._environment = {
            **os.environ,
            **store.settings.environment(),
            **SINGLE_THREADED,
            "ORBITAL_DATABASE": store.database,
        }
        self._head = json.dumps({"plan": plan.as_json(), "now": now.isoformat()})
        self.ended = False
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        """Start the program and send it the plan."""
        self._popen = subprocess.Popen(
            [sys.executable, "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the one who started us
            env=self._environment,
            text=True,
        )
        with suppress(EOFError):  # it shows when the first tile is sent
            self._send(self._head)

    def restarted(self) -> bool:
        """Start another program in place of one that ended; False if none is needed."""
        with self._lock:
            if self.ended:
                return False
            self._close()
            self.start()
            return True

    def do(self, tile: Tile) -> Summary:
        """Return the counts of a tile; EOFError if the process ends before."""
        self._send(json.dumps(asdict(tile)))
        line = ""
        with suppress(ValueError):  # closed at the end of the match
            line = self._popen.stdout.readline() if self._popen.stdout else ""
        if not line:
            raise EOFError
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise OrbitalError(reply["error"])
        return reply

    def _send(self, line: str) -> None:
        try:
            if self._popen.stdin is not None:
                self._popen.stdin.write(line + "\n")
                self._popen.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise EOFError from None

    def end(self) -> None:
        """End the process: what it had not committed is not stored."""
        with self._lock:
            self.ended = True
            self._close()

    def _close(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def by_dask(
    store: Store, plan: Plan, tiles: Sequence[Tile], now: datetime, address: str
) -> Done:
    """Do the tiles as tasks of an existing Dask cluster, whose workers read themselves."""
    try:
        from distributed import (  # noqa: PLC0415 an optional extra, slow to import
            Client,
            as_completed,
        )
    except ImportError:
        raise QueryError(
            "a match on Dask needs the extra `dask`: pip install 'orbital[dask]'"
        ) from None
    place = {"endpoint": store.settings.endpoint, "database": store.database}
    with Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        # a task and not scattered: what is scattered dies with its last worker
        head = client.submit(str, plan.as_json(), pure=False, retries=ATTEMPTS)
        tasks = {
            client.submit(
                do_tile,
                head,
                asdict(tile),
                now.isoformat(),
                place,
                key=f"orbital-match-{plan.run_id}-{tile.low}",
                retries=ATTEMPTS,
                pure=False,
            ): tile
            for tile in tiles
        }
        done = as_completed(list(tasks), loop=client.loop)  # type: ignore[no-untyped-call]
        for future in done:
            yield tasks[future], future.result()


def do_tile(
    head: str, tile: dict[str, Any], now: str, place: dict[str, str]
) -> Summary:
    """Do one tile in a Dask worker, which connects by its own environment."""
    do: Callable[..., Summary] = importlib.import_module(PROGRAM).do_tile
    return do(head, tile, now, place)
