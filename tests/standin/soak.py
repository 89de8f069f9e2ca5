# ruff: noqa: T201  by hand it prints what it does
"""Soak the stand-in: 16 clients mix inserts, updates, selects and drops for long.

    python tests/standin/soak.py [--minutes 30] [--clients 16] [--pause 0.3] [--seed 0]

Every committed change of the shared table leaves the sum of its values at zero, and
every select checks that. Errors other than conflicts fail it; so do memory or files
that grow: the last quarter's median is held against the second quarter's.
"""

import argparse
import collections
import logging
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tabular import BUCKET, connect
from vastdb import errors

PROCESSES = 4
MOST_ROWS = 200_000
SHARED = pa.schema(
    [("id", pa.int64()), ("of", pa.int64()), ("value", pa.int64()), ("s", pa.string())]
)
MB = 1e6


@dataclass(frozen=True)
class Sample:
    """The stand-in at one moment."""

    minute: float
    anon_mb: float
    files: int
    disk_mb: float
    handles: int
    threads: int
    works: int
    conflicts: int
    errors: int


@dataclass
class Client:
    """One client: a session of its own, works chosen by its dice."""

    session: object
    number: int
    dice: random.Random
    created: int = 0

    def insert(self):
        """Add rows whose values sum to zero; delete an old batch when it is full."""
        rows = 2 * self.dice.choice((1, 10, 500, 5000))
        values = np.random.default_rng(self.created).integers(-1000, 1000, rows)
        values[rows // 2 :] = -values[: rows // 2]
        self.created += 1
        batch = self.number * 1_000_000 + self.created
        part = [np.arange(rows), np.full(rows, batch), values, ["x" * 20] * rows]
        with self.session.transaction() as tx:
            table = _shared(tx)
            table.insert(pa.table(part, schema=SHARED))
            if table.stats.num_rows > MOST_ROWS:
                self._delete_some(table)

    def update(self):
        """Move an amount from one row of a batch to another."""
        with self.session.transaction() as tx:
            table = _shared(tx)
            low = self.dice.randrange(16) * 1_000_000
            condition = (table["of"] >= low) & (table["id"] < 2)
            selection = table.select(
                columns=["of", "value"],
                predicate=condition,
                internal_row_id=True,
                limit_rows=50,
            ).read_all()
            batches = collections.Counter(selection["of"].to_pylist())
            pairs = [of for of, rows in batches.items() if rows == 2]
            if not pairs:
                return
            chosen = selection.filter(
                pc.equal(selection["of"], self.dice.choice(pairs))
            )
            moved = pc.add(chosen["value"], pa.chunked_array([[7, -7]]))
            table.update(pa.table({"$row_id": chosen["$row_id"], "value": moved}))

    def select(self):
        """Read all: it sums to zero, whatever others do."""
        with self.session.transaction() as tx:
            rows = _shared(tx).select(columns=["of", "value"]).read_all()
        total = pc.sum(rows["value"]).as_py() or 0
        if total:
            raise AssertionError(f"the sum of {len(rows)} rows is {total}, not 0")

    def drop(self):
        """Make a schema with a table, fill, change, project, read and drop it."""
        with self.session.transaction() as tx:
            name = f"own{self.number}"
            schema = tx.bucket(BUCKET).create_schema(name)
            table = schema.create_table("t", SHARED, sorting_key=["id"])
            rows = self.dice.choice((10, 30_000))
            part = [np.arange(rows)[::-1], *[np.zeros(rows, int)] * 2, ["y"] * rows]
            table.insert(pa.table(part, schema=SHARED))
        with self.session.transaction() as tx:
            table = tx.bucket(BUCKET).schema(name).table("t")
            table.create_projection("p", ["value"], ["id"])
            selected = table.select(predicate=table["id"] < 10).read_all()
            if len(selected) != 10:
                raise AssertionError(f"{len(selected)} rows below 10, not 10")
        with self.session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema(name)
            schema.table("t").drop()
            schema.drop()

    def _delete_some(self, table):
        of = table.select(columns=["of"], internal_row_id=True).read_all()
        chosen = pc.is_in(of["of"], pc.unique(of["of"]).slice(0, 40))
        table.delete(of.filter(chosen).select(["$row_id"]))


WORKS = (Client.insert, Client.update, Client.select, Client.drop)
WEIGHTS = (4, 4, 4, 1)


def run_clients(standin, numbers, seed, pause, ended, reports):
    """Run some clients as threads of this process until the event is set."""
    logging.disable(logging.CRITICAL)
    threads = [
        threading.Thread(
            target=_run_client,
            args=(
                Client(connect(standin), n, random.Random(seed * 1000 + n)),
                pause,
                ended,
                reports,
            ),
        )
        for n in numbers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _run_client(client, pause, ended, reports):
    while not ended.wait(client.dice.uniform(0, 2 * pause)):
        work = client.dice.choices(WORKS, WEIGHTS)[0]
        try:
            work(client)
            reports.put((work.__name__, ""))
        except errors.Conflict:
            reports.put((work.__name__, "conflict"))
        except Exception as error:  # noqa: BLE001  reported, and counted as a fault
            reports.put((work.__name__, f"{type(error).__name__}: {error}"[:500]))


def _shared(tx):
    return tx.bucket(BUCKET).schema("soak").table("shared")


def prepare(session):
    """Make the shared table, with a projection to keep in step."""
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema("soak")
        schema.create_table("shared", SHARED).create_projection("p", ["of"], ["value"])


def measure(standin, minute, counts):
    """Look at the process and its folder."""
    proc = Path(f"/proc/{standin.process.pid}")
    status = dict(
        line.split(":", 1) for line in (proc / "status").read_text().splitlines()
    )
    files = [p.stat().st_size for p in _existing(standin.data / "tables")]
    return Sample(
        minute,
        int(status["RssAnon"].split()[0]) / 1e3,
        len(files),
        sum(files) / MB,
        len(list((proc / "fd").iterdir())),
        int(status["Threads"]),
        sum(n for (_, outcome), n in counts.items() if not outcome),
        sum(n for (_, outcome), n in counts.items() if outcome == "conflict"),
        sum(n for (_, o), n in counts.items() if o not in ("", "conflict")),
    )


def _existing(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            yield path


def soak(standin, *, minutes, clients, pause, seed, every):
    """Run the clients; returns samples and counts of (work, outcome)."""
    prepare(connect(standin))
    context = multiprocessing.get_context("spawn")
    ended, reports = context.Event(), context.Queue()
    numbers = [range(i, clients, PROCESSES) for i in range(min(PROCESSES, clients))]
    where = type(standin)(standin.data, note=standin.note)
    workers = [
        context.Process(
            target=run_clients, args=(where, n, seed, pause, ended, reports)
        )
        for n in numbers
    ]
    for worker in workers:
        worker.start()
    counts, samples = collections.Counter(), []
    begun = time.monotonic()
    while (spent := time.monotonic() - begun) < minutes * 60:
        time.sleep(min(every, minutes * 60 - spent))
        _take(reports, counts)
        samples.append(measure(standin, (time.monotonic() - begun) / 60, counts))
        print(_line(samples[-1]), flush=True)
    ended.set()
    while any(worker.is_alive() for worker in workers):
        _take(reports, counts)
        time.sleep(0.05)
    _take(reports, counts)
    return samples, counts


def _take(reports, counts):
    while not reports.empty():
        counts[reports.get()] += 1


def verdict(samples, counts):
    """Return what is wrong, in sentences."""
    wrong = [
        f"{n} x {work}: {outcome}"
        for (work, outcome), n in counts.items()
        if outcome not in ("", "conflict")
    ]
    quarter = max(1, len(samples) // 4)
    for name, factor, slack in (
        ("anon_mb", 1.25, 20),
        ("files", 1.5, 20),
        ("disk_mb", 1.5, 20),
        ("handles", 1.25, 20),
        ("threads", 1.25, 10),
    ):
        values = [getattr(sample, name) for sample in samples]
        early = statistics.median(values[quarter : 2 * quarter] or values)
        late = statistics.median(values[-quarter:])
        if late > early * factor + slack:
            wrong.append(f"{name} grew from {early:.0f} to {late:.0f}")
    return wrong


def _line(s):
    return (
        f"| {s.minute:.1f} | {s.anon_mb:.0f} | {s.files} | {s.disk_mb:.0f} | "
        f"{s.handles} | {s.threads} | {s.works:,} | {s.conflicts:,} | {s.errors} |"
    )


def main():
    """Run a soak and print its table; exit code 1 if something is wrong."""
    from conftest import Standin  # noqa: PLC0415  only where this is the program

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--pause", type=float, default=0.3, help="mean s between works")
    parser.add_argument("--every", type=float, default=60, help="s between samples")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print(
        "| min | RssAnon MB | files | disk MB | handles | threads | done | conflicts | errors |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        standin = Standin(Path(folder) / "data").start()
        try:
            samples, counts = soak(standin, **vars(given))
        finally:
            standin.stop()
        log = (standin.data.parent / "data.log").read_text()
    wrong = verdict(samples, counts)
    wrong += [f"log: {x}" for x in log.splitlines() if " ERROR " in x]
    for (work, outcome), number in sorted(counts.items()):
        print(f"{work} {outcome or 'done'}: {number}")
    print("\n".join(f"WRONG: {x}" for x in wrong) or "nothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
