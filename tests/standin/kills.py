# ruff: noqa: T201  by hand it prints what it does
"""Kill the stand-in at random moments under eight writers and four readers.

    python tests/standin/kills.py [--kills 200] [--seed 0] [--sync] [--longest 1.5]

Each round: clients insert batches into two tables at once, delete old ones from both
and count up one shared row, until SIGKILL; then the store is opened again, and whole.
Confirmed must be there, unconfirmed there wholly or not at all, two tables alike, no
error in the log, no data file without an owner. At the end 60 increments are contended.
"""

import argparse
import logging
import random
import sqlite3
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from kill_kinds import CopiesForBackup, Kind, all_kinds
from tabular import BUCKET, connect, until_no_conflict
from vastdb import errors

WRITERS, READERS = 8, 4
SIZES = (1, 5, 5, 5, 200, 20_000, 60_000)
MOST_BATCHES = 60
PATIENCE_S = 60
COLUMNS = pa.schema([("w", pa.int64()), ("n", pa.int64()), ("value", pa.string())])
GONE = (errors.ConnectionError, errors.HttpError, OSError)


@dataclass
class Books:
    """What clients know: batches by (writer, number), and the count."""

    batches: dict[tuple[int, int], int] = field(default_factory=dict)
    unsure: dict[tuple[int, int], int] = field(default_factory=dict)
    counted: int = 0
    uncounted: int = 0
    commits: int = 0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    kinds: list[Kind] = field(default_factory=all_kinds)


def prepare(session):
    """Make the tables: one sorted, one with a projection, one with the count."""
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).create_schema("kills")
        schema.create_table("one", COLUMNS, sorting_key=["n"])
        schema.create_table("two", COLUMNS).create_projection("p", ["w"], ["n"])
        count = schema.create_table("count", pa.schema([("n", pa.int64())]))
        count.insert(pa.table({"n": [0]}))


def round_of_one_kill(standin, books, dice, number, longest, *, work):
    """Run the clients until the stand-in is killed; start it and compare.

    With `work` each client that does one kind of thing got one confirmed before.
    """
    session = connect(standin)
    ended = threading.Event()
    clients = [
        threading.Thread(target=_write, args=(session, books, random.Random(s), key))
        for key, s in ((number * WRITERS + i, dice.random()) for i in range(WRITERS))
    ]
    clients += [
        threading.Thread(target=_read, args=(session, books, ended))
        for _ in range(READERS)
    ]
    clients += [
        threading.Thread(
            target=kind.work, args=(standin, random.Random(dice.random()), ended)
        )
        for kind in books.kinds
    ]
    for client in clients:
        client.start()
    if work:
        _wait_for_work(books, ended)
    time.sleep(dice.uniform(0.01, longest))
    standin.kill()
    ended.set()
    for client in clients:
        client.join()
    if dice.random() < 0.3:
        _kill_while_starting(standin, dice)
    standin.start()
    compare(connect(standin), books)
    for kind in books.kinds:
        books.faults += kind.compare(standin)


def _wait_for_work(books, ended):
    """Wait until something of each kind, and of the writers, is confirmed."""
    before = [kind.done for kind in books.kinds]
    commits, waited = books.commits, time.monotonic() + PATIENCE_S
    while books.commits == commits or any(
        kind.done == count for kind, count in zip(books.kinds, before, strict=True)
    ):
        if ended.wait(0.01) or time.monotonic() > waited:
            return


def compare(session, books):
    """Check what is stored against the books, then take it over into them."""
    with session.transaction() as tx:
        schema = tx.bucket(BUCKET).schema("kills")
        first, second = (_batches(schema.table(name)) for name in ("one", "two"))
        (count,) = schema.table("count").select().read_all()["n"].to_pylist()
    expected = {**books.unsure, **books.batches}
    lost = books.batches.keys() - first.keys()
    half = {k for k, rows in first.items() if rows != expected.get(k)}
    if first != second:
        books.faults.append(f"tables differ: {first.items() ^ second.items()}")
    if lost:
        books.faults.append(f"confirmed, but lost: {lost}")
    if half:
        books.faults.append(f"half there, or deleted and there: {half}")
    if not books.counted <= count <= books.counted + books.uncounted:
        books.faults.append(
            f"count is {count}: {books.counted} confirmed, {books.uncounted} unsure"
        )
    books.batches, books.unsure = dict(first), {}
    books.counted, books.uncounted = count, 0


def increments(session, clients=4, each=15):
    """Count up one row by clients at once; returns how much it rose."""
    before = _count(session)

    def work(_):
        for _ in range(each):
            until_no_conflict(lambda: _count_up(session), tries=2000)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    return _count(session) - before


def ownerless(data):
    """Name data files that no committed row is in; the stand-in must have ended."""
    tables = data / "tables"
    named = set()
    for path in (tables / "catalogue.sqlite", *(tables / "snapshots").iterdir()):
        with sqlite3.connect(path) as db:
            for table in ("segment", "patch", "piece"):
                named |= {r[0] for r in db.execute(f"SELECT file FROM {table}")}
        db.close()
    return {p.name for p in (tables / "segments").iterdir()} ^ (named - {None})


def _write(session, books, dice, writer):
    for number in range(1_000_000):
        work = dice.choices((_insert, _delete, _count_once), (6, 3, 1))[0]
        try:
            work(session, books, dice, (writer, number))
        except errors.Conflict:
            continue
        except GONE:
            return
        with books.lock:
            books.commits += 1


def _insert(session, books, dice, key):
    rows = dice.choice(SIZES)
    values = (*key, dice.randbytes(4).hex())
    part = pa.table([pa.repeat(v, rows) for v in values], schema=COLUMNS)
    with books.lock:
        books.unsure[key] = rows
    try:
        with session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema("kills")
            schema.table("one").insert(part)
            schema.table("two").insert(part)
    except errors.Conflict:
        with books.lock:
            del books.unsure[key]
        raise
    with books.lock:
        books.batches[key] = books.unsure.pop(key)


def _delete(session, books, dice, _key):
    with books.lock:
        if len(books.batches) < MOST_BATCHES:
            return
        key = dice.choice(list(books.batches))
        rows = books.unsure[key] = books.batches.pop(key)
    try:
        with session.transaction() as tx:
            schema = tx.bucket(BUCKET).schema("kills")
            for table in (schema.table("one"), schema.table("two")):
                of_batch = (table["w"] == key[0]) & (table["n"] == key[1])
                selection = table.select(
                    columns=["n"], predicate=of_batch, internal_row_id=True
                )
                table.delete(selection.read_all().select(["$row_id"]))
    except errors.Conflict:
        with books.lock:
            del books.unsure[key]
            books.batches[key] = rows
        raise
    with books.lock:
        del books.unsure[key]


def _count_once(session, books, _dice, _key):
    with books.lock:
        books.uncounted += 1
    try:
        _count_up(session)
    except errors.Conflict:
        with books.lock:
            books.uncounted -= 1
        raise
    with books.lock:
        books.uncounted -= 1
        books.counted += 1


def _count_up(session):
    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema("kills").table("count")
        row = table.select(internal_row_id=True).read_all()
        row = row.set_column(
            row.schema.get_field_index("n"), "n", pa.array([row["n"][0].as_py() + 1])
        )
        table.update(row)


def _count(session):
    with session.transaction() as tx:
        table = tx.bucket(BUCKET).schema("kills").table("count")
        return table.select().read_all()["n"][0].as_py()


def _read(session, books, ended):
    """Look at both tables in one transaction: they are always alike."""
    while not ended.is_set():
        try:
            with session.transaction() as tx:
                schema = tx.bucket(BUCKET).schema("kills")
                first, second = (
                    _batches(schema.table(name)) for name in ("one", "two")
                )
        except GONE:
            return
        if first != second:
            books.faults.append(f"a reader saw half: {first.items() ^ second.items()}")
        ended.wait(0.05)


def _batches(table):
    rows = table.select(columns=["w", "n"]).read_all()
    groups = rows.group_by(["w", "n"]).aggregate([([], "count_all")])
    columns = (groups[name].to_pylist() for name in ("w", "n", "count_all"))
    return {(w, n): rows for w, n, rows in zip(*columns, strict=True)}


def _kill_while_starting(standin, dice):
    starting = threading.Thread(target=_start_in_vain, args=(standin,))
    starting.start()
    time.sleep(dice.uniform(0.2, 0.9))
    standin.kill()
    starting.join()


def _start_in_vain(standin):
    try:
        standin.start()
    except RuntimeError as error:
        if "ended" not in str(error):
            raise


def campaign(standin, *, kills, seed, longest, always=False):
    """Kill so often; returns the books, with every fault found.

    Each kind of client gets something confirmed before every second kill, or `always`.
    """
    dice, books = random.Random(seed), Books()
    for kind in books.kinds:
        if isinstance(kind, CopiesForBackup):
            kind.counted = lambda: books.counted
    prepare(connect(standin))
    for number in range(kills):
        work = always or dice.random() < 0.5
        round_of_one_kill(standin, books, dice, number, longest, work=work)
        if books.faults:
            break
    rose = increments(connect(standin))
    if rose != 60:
        books.faults.append(f"60 contended increments rose the count by {rose}")
    standin.stop()
    if strays := ownerless(standin.data):
        books.faults.append(f"files without an owner, or missing: {strays}")
    if (standin.data / "lost").exists():
        books.faults.append("a start set files aside that a killed run had noted")
    log = (standin.data.parent / f"{standin.data.name}.log").read_text()
    for line in log.splitlines():
        if " ERROR " in line or line.startswith("Traceback"):
            books.faults.append(f"log: {line}")
    return books


def main():
    """Run a campaign; exit code 1 if a fault was found."""
    from conftest import Standin  # noqa: PLC0415  only where this is the program

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=1.5, help="s before a kill")
    parser.add_argument("--sync", action="store_true")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        arguments = ("--sync",) if given.sync else ()
        standin = Standin(Path(folder) / "data", arguments).start()
        try:
            books = campaign(
                standin, kills=given.kills, seed=given.seed, longest=given.longest
            )
        finally:
            if standin.process.poll() is None:
                standin.kill()
    for fault in books.faults:
        print(f"FAULT: {fault[:600]}")
    print(
        f"seed {given.seed}: {given.kills} kills in {time.monotonic() - begun:.0f} s, "
        f"{books.commits} commits confirmed, count {books.counted}, "
        + "".join(f"{kind.done} {type(kind).__name__}, " for kind in books.kinds)
        + f"{books.kinds[-1].opened} of these copies opened, "
        + f"{books.kinds[-2].before_kills} kills after a merge, "
        + f"{len(books.faults)} faults"
    )
    return 1 if books.faults else 0


if __name__ == "__main__":
    sys.exit(main())
