# ruff: noqa: T201  by hand it prints what it measures
"""How much memory a large event list needs while it is ingested, and put in order after.

By hand: `python tests/ingest_memory.py [MEGABYTES]`; made-up photons, labelled so.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from ingest_kills import start

from orbital_kernel import connect, embedded

CLOCK = {
    "TELESCOP": "CHANDRA",
    "INSTRUME": "ACIS",
    "OBS_ID": "99999",
    "OBJECT": "made up",
    "TIMESYS": "TT",
    "MJDREF": 50814.0,
}
ROW = np.dtype(
    {
        "names": ["time", "x", "y", "ccd_id", "pi", "energy", "grade"],
        "formats": [">f8", ">f4", ">f4", ">i2", ">i4", ">f4", ">i2"],
    }
)
PIECE = 500_000
REST_S = 6.0


def write_events(path: Path, megabytes: int) -> int:
    """Write so many megabytes of photons piece by piece; return how many."""
    count = megabytes * 1_000_000 // ROW.itemsize
    head = fits.PrimaryHDU()
    head.header.update({**CLOCK, "SIMULATE": True})
    table = fits.BinTableHDU(np.zeros(1, ROW), name="EVENTS")
    table.header.update(CLOCK)
    table.header["NAXIS2"] = count
    with path.open("wb") as file:
        file.write(head.header.tostring().encode())
        file.write(table.header.tostring().encode())
        for first in range(0, count, PIECE):
            rows = np.zeros(min(PIECE, count - first), ROW)
            rows["time"] = 5e8 + (first + np.arange(len(rows))) * 0.01
            rows["pi"] = np.arange(len(rows)) % 1024
            rows["energy"] = rows["pi"] * 14.6
            file.write(rows.tobytes())
        file.write(bytes(-file.tell() % 2880))
    return count


def memory(pid: int) -> int:
    """Return the bytes a process holds of its own; 0 where it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    anonymous = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(anonymous[0]) * 1024 if anonymous else 0


def family(pid: int) -> list[int]:
    """Return a process and all it started."""
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [pid, *(p for n in listing.stdout.split() for p in family(int(n)))]


def worked(pid: int) -> float:
    """Return the seconds of CPU a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def peaks(home: Path, path: Path) -> dict[str, int]:
    """Ingest a file; return the most bytes the client's processes and the platform held.

    The platform sorts and merges when the client is gone: it is watched until it rests.
    """
    platform = embedded.status(home).pid
    most = {"client and readers": 0, "platform": 0, "platform, sorting after": 0}
    process = start(home, path, errors=subprocess.PIPE)
    while process.poll() is None:
        held = sum(map(memory, family(process.pid)))
        most["client and readers"] = max(most["client and readers"], held)
        most["platform"] = max(most["platform"], memory(platform))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(process.communicate()[1].decode())
    before, quiet = worked(platform), 0.0
    while quiet < REST_S:
        last = "platform, sorting after"
        most[last] = max(most[last], memory(platform))
        time.sleep(0.1)
        now = worked(platform)
        quiet = quiet + 0.1 if now - before < 0.02 else 0.0
        before = now
    return most


def run(megabytes: int) -> None:
    """Ingest a tenth of it and all of it; print what each needed."""
    with tempfile.TemporaryDirectory() as box:
        orbital = connect(Path(box) / "home")
        orbital.storage.apply()
        for size in (max(1, megabytes // 10), megabytes):
            path = Path(box) / f"events{size}.fits"
            count = write_events(path, size)
            before = orbital.store.rows("chandra.events")
            began = time.monotonic()
            most = peaks(orbital.home, path)
            seconds = time.monotonic() - began
            written = orbital.store.rows("chandra.events") - before
            peak = ", ".join(f"{who} {b / 1e6:,.0f} MB" for who, b in most.items())
            print(f"{size} MB, {written:,} of {count:,} rows, {seconds:.0f} s: {peak}")
        embedded.stop(orbital.home)


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
