"""Matches from store to stored at growing sizes: CPU, memory of all processes, disk.

Run by bench_matching.py --curve. Each size has a folder and a server of its own, which
are removed before the next one. The catalogues are made and stored by a process that
ends before the match begins. Memory is what processes hold of their own (RssAnon), summed
over the match, its workers and the server, sampled ten times a second; files that the
server has mapped are listed apart: the kernel drops them when memory is needed.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from matching_methods import catalogues, fill, server_cpu, settled

from orbital_kernel import connect, embedded

HERE = Path(__file__).resolve().parent
NAME, TITLE = "matching-curve", "Matching at growing sizes"
EVERY_S = 0.1
COLUMNS = (
    *("sources in each list", "rows", "objects", "s", "CPU s, match", "CPU s, server"),
    *("µs CPU per row", "own memory of all processes, MB", "mapped files, MB"),
    "disk, GB",
)


class Peak(NamedTuple):
    """Most memory of all processes at once, MB: of their own, and in mapped files."""

    own: float
    mapped: float


class Watch(threading.Thread):
    """Samples the memory of processes and their children until `stop`."""

    def __init__(self, *numbers):
        super().__init__(daemon=True)
        self._numbers, self._ended = numbers, threading.Event()
        self.peak = Peak(0.0, 0.0)

    def run(self):
        while not self._ended.wait(EVERY_S):
            every = {n for number in self._numbers for n in _family(number)}
            sizes = [_memory(number) for number in every]
            own, mapped = (sum(column) for column in zip(*sizes, strict=True))
            self.peak = Peak(max(self.peak.own, own), max(self.peak.mapped, mapped))

    def stop(self):
        self._ended.set()
        self.join()
        return self.peak


def _family(number):
    """Return a process and those it started, and so on."""
    family = [number]
    for task in Path(f"/proc/{number}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        family += [n for child in children for n in _family(int(child))]
    return family


def _memory(number):
    """Return MB of a process: of its own, and in mapped files; 0 if it has ended."""
    try:
        status = Path(f"/proc/{number}/status").read_text()
    except OSError:
        return 0.0, 0.0
    rows = (line.partition(":") for line in status.splitlines())
    sizes = {name: size for name, _, size in rows}
    return tuple(
        int(sizes.get(name, "0 kB").split()[0]) / 1024
        for name in ("RssAnon", "RssFile")
    )


def point(size):
    """Return the line of one size."""
    with tempfile.TemporaryDirectory() as folder:
        _run("store", folder, str(size))
        try:
            orbital = connect(folder)
            tables = ("swift.sources", "chandra.sources")
            rows = sum(map(orbital.store.rows, tables))
            before = settled(folder)
            server = json.loads((Path(folder) / "standin.json").read_text())["pid"]
            program = str(HERE / "matching_methods.py")
            match = subprocess.Popen(
                [sys.executable, program, "match", folder],
                stdout=subprocess.PIPE,
                text=True,
            )
            watch = Watch(match.pid, server)
            watch.start()
            reply, _ = match.communicate()
            peak = watch.stop()
            if match.returncode:
                return f"| {size:,} | {rows:,} | failed | | | | | | | |"
            cost, platform = json.loads(reply), server_cpu(folder) - before
            objects = orbital.store.rows("cross.objects")
        finally:
            embedded.stop(Path(folder))
        each = (cost["cpu"] + platform) / rows * 1e6
        return (
            f"| {size:,} | {rows:,} | {objects:,} | {cost['seconds']:.1f} | "
            f"{cost['cpu']:.1f} | {platform:.1f} | {each:.2f} | {peak.own:,.0f} | "
            f"{peak.mapped:,.0f} | {_stored_gb(folder):.1f} |"
        )


def _run(*arguments):
    subprocess.run([sys.executable, __file__, *arguments], check=True)


def _stored_gb(folder):
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return sum(path.stat().st_blocks for path in files) * 512 / 1e9


def curve(sizes):
    """Return the section of RESULTS.md, printing it as it grows."""
    lines = [
        (
            "`python benchmarks/bench_matching.py --curve`: from rows in the store to "
            "posteriors, objects and associations in the store; load average "
            f"{os.getloadavg()[0]:.1f} at the start."
        ),
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{' ---: |' * len(COLUMNS)}",
    ]
    print("\n".join(lines), flush=True)
    for size in sizes:
        lines.append(point(size))
        print(lines[-1], flush=True)
    lines += ["", f"Load average {os.getloadavg()[0]:.1f} at the end."]
    print(lines[-1], flush=True)
    return "\n".join(lines)


def store(folder, size):
    """Make two lists and store them."""
    try:
        fill(folder, catalogues(size))
        settled(folder)
    finally:
        embedded.stop(Path(folder))


if __name__ == "__main__":
    _, _, where, number = sys.argv
    store(where, int(number))
