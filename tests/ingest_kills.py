# ruff: noqa: T201  by hand it prints what it does
"""Kill an ingest at random moments until it is done; what a store holds, as a hash.

By hand: `python tests/ingest_kills.py FOLDER [KILLS] [SEED]`.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orbital_kernel import config, connect, embedded
from orbital_kernel.errors import PlatformError

REFUSED = 1
"""The exit code of an ingest that did all it could and refused some files."""
EXCLUDED = ("ops.", "cross.")


def content_hash(orbital) -> str:
    """Return a hash of every row of the observatories' tables and of the ledger."""
    digest = hashlib.sha256()
    for name, rows in orbital.tables().items():
        if name.startswith(EXCLUDED) or not rows:
            continue
        frame = orbital.table(name)
        in_order = frame.sort(pl.all(), nulls_last=True)
        digest.update(name.encode())
        digest.update(in_order.write_csv(null_value="\\N").encode())
    ledger = orbital.table(
        "ops.files", ["sha256", "state", "rows", "tables", "checksum", "reason"]
    )
    digest.update(ledger.sort(pl.all()).write_json().encode())
    return digest.hexdigest()


ONE_BY_ONE = """
import sys
from orbital_kernel import connect
from orbital_kernel.ingest import run
run.TOGETHER_FILES = 1
connect().ingest(sys.argv[1])
"""


def start(
    home: Path, folder: Path, *, one_by_one: bool = False, errors=subprocess.DEVNULL
) -> subprocess.Popen:
    """Start `orbital ingest` in a process of its own; or with one transaction per file."""
    environment = config.without_vendor_variables(os.environ)
    how = ["-c", ONE_BY_ONE] if one_by_one else ["-m", "orbital_kernel", "ingest"]
    return subprocess.Popen(
        [sys.executable, *how, str(folder)],
        env={**environment, "ORBITAL_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=errors,
    )


def wait_for_files(orbital, process, count: int) -> int:
    """Wait until so many more files are in the ledger, or the process ends."""
    before = orbital.store.rows("ops.files")
    while process.poll() is None:
        now = orbital.store.rows("ops.files")
        if now >= before + count:
            return now
        time.sleep(0.01)
    return orbital.store.rows("ops.files")


def wait_for_path(path: Path, process) -> None:
    """Wait until there is such a file, or the process ends."""
    while process.poll() is None and not path.exists():
        time.sleep(0.01)


def killed(home: Path, folder: Path, moment: "Moment", *, platform: bool) -> str:
    """Ingest, and kill client or platform at a moment; return the outcome."""
    process = start(home, folder, one_by_one=moment.files > 0, errors=subprocess.PIPE)
    if moment.files:
        wait_for_files(connected(home), process, moment.files)
    try:
        _, errors = process.communicate(timeout=moment.seconds)
    except subprocess.TimeoutExpired:
        victim = embedded.status(home).pid if platform else process.pid
        os.kill(victim, signal.SIGKILL)
        time.sleep(0.5)  # a client without its platform tries for a minute
        process.kill()
        process.communicate()
        return "platform killed" if platform else "client killed"
    if process.returncode == REFUSED:
        return "was done before (exit 1: there are files to refuse)"
    return f"ended by itself ({process.returncode}): {errors.decode()[-500:]}"


@dataclass(frozen=True)
class Moment:
    """When to kill: so many seconds after so many files are stored one by one.

    Without files the ingest stores them together, and is killed within that.
    """

    seconds: float
    files: int = 0

    @classmethod
    def any(cls, chance: random.Random, seconds: float) -> "Moment":
        """Choose one in an ingest that takes so many seconds undisturbed."""
        if chance.random() < 0.5:
            return cls(chance.uniform(0.1, 0.7) * seconds)
        return cls(chance.uniform(0, 0.05) * seconds, chance.randint(1, 4))


def connected(home: Path):
    """Connect; a platform that was killed may need a second try on a busy machine."""
    try:
        return connect(home)
    except PlatformError as error:
        print(f"again: {error}")
        embedded.stop(home)
        return connect(home)


def run(folder: Path, kills: int, seed: int) -> bool:
    """Kill `kills` times, resuming each time; compare with an undisturbed store."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as box:
        calm = connect(Path(box) / "calm")
        calm.storage.apply()
        began = time.monotonic()
        start(calm.home, folder).wait()
        seconds = time.monotonic() - began
        expected = content_hash(calm)
        print(f"undisturbed: {seconds:.1f} s, {expected[:16]}", flush=True)
        embedded.stop(calm.home)
        done, round_number, same = 0, 0, True
        while done < kills:
            round_number += 1
            home = Path(box) / f"killed{round_number}"
            connect(home).storage.apply()
            for _ in range(5):
                outcome = killed(
                    home,
                    folder,
                    Moment.any(chance, seconds),
                    platform=chance.random() < 0.4,
                )
                done += "killed" in outcome
                stored = connected(home).store.rows("ops.files")
                print(f"{done:3} {outcome}: {stored} files stored", flush=True)
                if done == kills or "killed" not in outcome:
                    break
            start(home, folder).wait()
            resumed = content_hash(connected(home))
            same = same and resumed == expected
            verdict = "same" if resumed == expected else "DIFFERS"
            print(f"resumed: {resumed[:16]} {verdict}", flush=True)
            embedded.stop(home)
    return same


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(
        not run(
            Path(arguments[0]).resolve(),
            int(arguments[1]) if len(arguments) > 1 else 20,
            int(arguments[2]) if len(arguments) > 2 else 1,
        )
    )
