"""Kill the watcher again and again while rates arrive, some of them late: nothing changes.

    python tests/watch_kills.py [--kills 50] [--seed 7] [--late 0.1]

Two platforms get the same rows in the same order, a part at a time; one has a watcher
that is never disturbed, the other one that is killed (SIGKILL) at random moments. At the
end rows of cross.bursts must equal each other and a scan of the store, every alert must
be in the file once, and the alerts that hold at the end must be the same.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import polars as pl
from burst_series import net, raw
from watch_rows import series as rows_of
from watch_rows import table

from orbital_kernel import connect, embedded
from orbital_kernel.monitor import AlertFile

PART = 60
NURSERY = """
import os, signal, sys
from pathlib import Path
from threading import Event
from orbital_kernel import connect
import orbital_kernel.session
from orbital_kernel.monitor import AlertFile
home, folder = map(Path, sys.argv[1:])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        watcher = connect(home).bursts.watch(folder, sinks=[AlertFile(folder / "a.jsonl")])
        watcher.run(Event(), poll_s=0.02)
    print(child, flush=True)
"""


class Nursery:
    """A process that has imported everything and forks watchers, so that they start fast."""

    def __init__(self, home, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, str(home), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            text=True,
        )
        self._child = self.start()

    def start(self):
        self._process.stdin.write("watch\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill(self, *, again):
        os.kill(self._child, signal.SIGKILL)
        while Path(f"/proc/{self._child}").exists():
            time.sleep(0.001)
        if again:
            self._child = self.start()

    def close(self):
        self.kill(again=False)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def arrivals(seed, late, series):
    """Return parts of several series in the order they arrive, a share of them too late."""
    dice = random.Random(seed)
    series_rows = {}
    for k in range(series):
        pulses = [
            (200.0 + 180 * n + dice.uniform(0, 40), 5.0, dice.uniform(6, 12))
            for n in range(8)
        ]
        series_rows[f"net {k}"] = net(*pulses, bins=1700, seed=seed + k)
        strong = [(at, length, 400 * sigma) for at, length, sigma in pulses]
        series_rows[f"raw {k}"] = raw(*strong, bins=1700, seed=seed + k)
    parts = [
        list(rows_of(name, rows).iter_slices(PART))
        for name, rows in series_rows.items()
    ]
    order = [part for step in zip(*parts, strict=True) for part in step]
    for k in range(len(order) - 12):
        if dice.random() < late:
            order.insert(k + 12, order.pop(k))
    return order


def feed(home, folder, parts, *, kills, seed):
    """Commit the parts one after another while a watcher follows; return its results."""
    orbital, dice = connect(home), random.Random(seed + 1)
    orbital.storage.apply()
    doomed = set(dice.sample(range(len(parts)), min(kills, len(parts))))
    remainder = kills - len(doomed)
    nursery = Nursery(home, folder)
    try:
        for k, part in enumerate(parts):
            orbital.store.insert("swift.rates", table(part))
            for _ in range((k in doomed) + (k in doomed and remainder > 0)):
                time.sleep(dice.uniform(0.0, 1.2))
                nursery.kill(again=True)
        time.sleep(2.0)
    finally:
        nursery.close()
    return finished(orbital, folder)


def finished(orbital, folder):
    """Treat every series as ended; return rows, a scan's rows, and the alerts."""
    sinks = [AlertFile(folder / "a.jsonl")]
    orbital.bursts.watch(folder, sinks=sinks).run(Event(), once=True)
    rows = orbital.bursts.stored()
    scanned = orbital.bursts.scan_store()
    lines = (folder / "a.jsonl").read_text().splitlines()
    return rows, scanned, [json.loads(line) for line in lines]


def verdicts(alerts):
    """Return the alerts that hold at the end: series, trigger time and duration."""
    last = {alert["id"]: alert for alert in alerts}
    return sorted(
        (a["id"].rpartition(" ")[0], a["trigger_time"], a["rate_duration"])
        for a in last.values()
        if a["alert_type"] != "retraction"
    )


def differences(quiet, killed):
    """Return in words what differs between a run undisturbed and one with kills."""
    differing = []
    keys = [(a["id"], a["record_number"]) for a in killed[2]]
    if len(set(keys)) < len(keys):
        differing.append(
            f"{len(keys) - len(set(keys))} alerts appear twice in the file"
        )
    compared = {
        "of both runs": (quiet[0], killed[0]),
        "of the run undisturbed and of a scan": (quiet[0], quiet[1]),
        "of the run with kills and of a scan": (killed[0], killed[1]),
    }
    differing += [
        f"rows {which} differ in {_unlike(first, second)}"
        for which, (first, second) in compared.items()
        if not first.equals(second)
    ]
    if verdicts(quiet[2]) != verdicts(killed[2]):
        differing.append("alerts that hold differ from those of the run undisturbed")
    return differing


def _unlike(first, second):
    if first.shape != second.shape:
        return f"number: {first.height} and {second.height}"
    names = [n for n in first.columns if not first[n].equals(second[n])]
    cells = [
        [n, *pair] for n in names for pair in zip(first[n], second[n], strict=True)
    ]
    return [row for row in cells if row[1] != row[2]][:6]


def campaign(folder, *, kills, seed, late, series=3):
    """Run both; return what differs, and numbers of the run."""
    parts = arrivals(seed, late, series)
    homes = folder / "quiet", folder / "killed"
    try:
        quiet = feed(homes[0], folder / "q", parts, kills=0, seed=seed)
        killed = feed(homes[1], folder / "k", parts, kills=kills, seed=seed)
    finally:
        for home in homes:
            embedded.stop(home)
    causes = dict(killed[0].group_by("cause").agg(pl.len()).sort("cause").iter_rows())
    numbers = {
        "kills": kills,
        "seed": seed,
        "parts": len(parts),
        "rows": killed[0].height,
        "causes": causes,
        "alerts": len(killed[2]),
        "alerts undisturbed": len(quiet[2]),
        "alerts that hold": len(verdicts(killed[2])),
    }
    return differences(quiet, killed), numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--late", type=float, default=0.1, help="share of parts")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        wrong, numbers = campaign(
            Path(folder), kills=options.kills, seed=options.seed, late=options.late
        )
    sys.stdout.write(json.dumps(numbers | {"wrong": wrong}, indent=2) + "\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
