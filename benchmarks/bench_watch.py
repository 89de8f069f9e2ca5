"""Delay from the commit of a burst's rows until it can be queried, under load.

    python benchmarks/bench_watch.py [--bursts 1050] [--series 24] [--clients 8]
                                     [--pause 1.0] [--every 0.1] [--gap 0.25] [--seed 1]

All are real processes on one machine: an embedded platform with the sample sky,
`orbital bursts watch` with a file as its sink, one process that commits rates (1-s bins; each
commit is the next 128 s of a series with a burst at a known time), clients that run selective
queries in a closed loop, and one process that queries cross.bursts for missing bursts. A
latency runs from the commit's return to the return of the first query that has the row. The
table is queried when its number of rows has changed, which is checked every 50 ms. `--pause`
is a client's mean pause between two queries (exponential).
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from orbital_kernel import Cone, Query, connect, embedded
from orbital_kernel.model import times
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.predicate import Clause, Equal, Range

MET, BIN_S, LEVEL = 700_000_000.0, 1.0, 6500.0
BLOCK, LEAD = 128, 256
GRACE_S = 20.0
LOOK_S = 0.05
FOUND_WITHIN_S, LONGEST_S = 6.0, 60.0
spawn = multiprocessing.get_context("spawn")


def name(k):
    return f"bench {k:03d}"


def rates(dice, k, first, bins, burst=None):
    """Return bins of one series as rows of swift.rates, with a burst (bin, length, counts/s)."""
    level = np.full(bins, LEVEL)
    if burst is not None:
        at, length, extra = burst
        level[at : at + length] += extra
    met = MET + first + np.arange(bins) * BIN_S
    counts = dice.poisson(level * BIN_S).astype(float)
    return pl.DataFrame(
        {
            "series": name(k),
            "time": times.to_tt("swift-met-utcf", met, utcf_s=0.0),
            "met_s": met,
            "utcf_s": 0.0,
            "time_rule": "swift-met-utcf",
            "bin_s": BIN_S,
            "channel": np.zeros(bins, np.int16),
            "rate": counts / BIN_S,
            "counts": counts,
            "unit": "count / s",
            "kind": "raw",
            "instrument": "BAT",
            "simulated": True,
            "file_sha256": f"{k:064d}",
        }
    ).to_arrow()


def write(home, series, bursts, gap_s, seed, tell):
    """Commit a block of each series in turn; report each burst and its commit's return."""
    dice, store = np.random.default_rng(seed), connect(Path(home)).store
    last = np.full(series, LEAD)
    due = time.monotonic()
    for n in range(bursts):
        k = n % series
        at, length = int(dice.integers(4, 16)), int(dice.integers(1, 9))
        extra = float(dice.uniform(15, 60)) * np.sqrt(LEVEL / length)
        rows = rates(dice, k, int(last[k]), BLOCK, (at, length, extra))
        due += gap_s
        time.sleep(max(due - time.monotonic(), 0.0))
        began = time.monotonic()
        store.insert("swift.rates", rows)
        done = time.monotonic()
        tell.put((name(k), MET + float(last[k]) + at * BIN_S, done, done - began))
        last[k] += BLOCK
    tell.put(None)


def look(home, committed, tell):
    """Query cross.bursts until each committed burst was seen or the time is over."""
    store, missing, deadline, held = connect(Path(home)).store, [], None, -1
    while deadline is None or (missing and time.monotonic() < deadline):
        try:
            while True:
                burst = committed.get_nowait()
                if burst is None:
                    deadline = time.monotonic() + GRACE_S
                else:
                    missing.append(burst)
                    held = -1
        except Empty:
            pass
        now = store.counts("cross").get("bursts", 0)
        if missing and now != held:
            missing, held = _unseen(store, missing, tell), now
        time.sleep(LOOK_S)
    for burst in missing:
        tell.put((*burst, None))
    tell.put(None)


def _unseen(store, missing, tell):
    clauses = [
        Clause("series", tuple(Equal(s) for s in {burst[0] for burst in missing})),
        Clause("met_s", (Range(min(burst[1] for burst in missing) - LONGEST_S),)),
    ]
    columns = ["series", "met_s", "timescale_s"]
    rows = frame_of(store.read("cross.bursts", clauses, columns=columns))
    seen, excursions = time.monotonic(), {}
    for series, met, lasts in rows.iter_rows():
        excursions.setdefault(series, []).append((met, met + lasts))
    unseen = []
    for series, met, done, took in missing:
        near = [
            start - FOUND_WITHIN_S <= met <= stop + FOUND_WITHIN_S
            for start, stop in excursions.get(series, ())
        ]
        if any(near):
            tell.put((series, met, done, took, seen - done))
        else:
            unseen.append((series, met, done, took))
    return unseen


def ask(home, number, pause_s, stop, tell):
    """Run selective queries of four kinds in turn until stopped; report their durations."""
    orbital, dice = connect(Path(home)), np.random.default_rng(number)
    places = orbital.table("chandra.sources", ["ra", "dec"]).rows()
    objects = orbital.table("swift.photometry", ["object"])["object"].unique().to_list()
    took = []
    while not stop.is_set():
        ra, dec = places[dice.integers(len(places))]
        start = MET + float(dice.uniform(0, 2000))
        query = (
            Query("chandra.sources", cone=Cone(ra, dec, 5.0)),
            Query(
                "swift.rates",
                ("met_s", "rate"),
                sets={"series": [name(int(dice.integers(8)))]},
                ranges={"met_s": (start, start + 60)},
                full_scan=True,
            ),
            Query(
                "swift.photometry",
                sets={"object": [objects[dice.integers(len(objects))]]},
                full_scan=True,
            ),
            Query("cross.bursts", sets={"cause": ["burst"]}, full_scan=True),
        )[len(took) % 4]
        began = time.monotonic()
        orbital.query(query)
        took.append(time.monotonic() - began)
        stop.wait(dice.exponential(pause_s)) if pause_s else None
    tell.put(took)


def prepare(home, series, seed):
    """Store the sample sky and the beginning of each series; return the session."""
    orbital = connect(home)
    orbital.prepare()
    dice = np.random.default_rng(seed + 1)
    with orbital.store.transaction() as tx:
        for k in range(series):
            tx.insert("swift.rates", rates(dice, k, 0, LEAD))
    return orbital


def watching(home, every, log):
    """Start the watcher and wait until it has read the present rows."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "orbital_kernel", "bursts", "watch"),
            *("--every", str(every), "--heartbeat", "1"),
            *("--file", str(home / "alerts.jsonl")),
        ],
        env=os.environ | {"ORBITAL_HOME": str(home), "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=log.open("w"),
    )
    while "watching" not in log.read_text():
        if process.poll() is not None:
            raise SystemExit(f"the watcher ended: {log.read_text()}")
        time.sleep(0.1)
    return process


def cpu_s(pid):
    """Return the CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(seconds):
    """Return p50, p90, p99 and the maximum, in ms."""
    at = np.quantile(seconds, (0.5, 0.9, 0.99, 1.0)) * 1000
    return dict(zip(("p50", "p90", "p99", "max"), at.round(1).tolist(), strict=True))


def run(home, options):
    prepare(home, options.series, options.seed)
    watcher = watching(home, options.every, home / "watcher.log")
    stop, committed, seen, took = (
        spawn.Event(),
        spawn.Queue(),
        spawn.Queue(),
        spawn.Queue(),
    )
    clients = [
        spawn.Process(target=ask, args=(str(home), k, options.pause, stop, took))
        for k in range(options.clients)
    ]
    write_args = (str(home), options.series, options.bursts, options.gap, options.seed)
    looker = spawn.Process(target=look, args=(str(home), committed, seen))
    writer = spawn.Process(target=write, args=(*write_args, committed))
    for process in (*clients, looker):
        process.start()
    time.sleep(options.settle)
    began, used = time.monotonic(), cpu_s(watcher.pid)
    writer.start()
    rows = list(iter(seen.get, None))
    seconds = time.monotonic() - began
    used = cpu_s(watcher.pid) - used
    stop.set()
    queries = [duration for _ in clients for duration in took.get()]
    for process in (*clients, looker, writer):
        process.join()
    watcher.terminate()
    watcher.wait()
    return summary(rows, queries, seconds, used)


def summary(rows, queries, seconds, used):
    late = [row[4] for row in rows if row[4] is not None]
    return {
        "bursts": len(rows),
        "seen": len(late),
        "seconds": round(seconds, 1),
        "latency_ms": spread(late),
        "commit_ms": spread([row[3] for row in rows]),
        "watcher_cpu_s": round(used, 1),
        "client_queries": len(queries),
        "client_query_ms": spread(queries) if queries else None,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bursts", type=int, default=1050)
    parser.add_argument("--series", type=int, default=24)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pause", type=float, default=1.0, help="s, a client's mean")
    parser.add_argument("--gap", type=float, default=0.25, help="s between two commits")
    parser.add_argument(
        "--every", type=float, default=0.1, help="s, the watcher's poll"
    )
    parser.add_argument("--settle", type=float, default=8.0, help="s before the first")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        try:
            print(json.dumps(run(Path(folder), options), indent=2))
        finally:
            embedded.stop(Path(folder))


if __name__ == "__main__":
    main()
