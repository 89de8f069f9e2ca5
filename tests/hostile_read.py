"""Read a folder of hostile files in little memory: `python tests/hostile_read.py FOLDER [UID]`.

Prints, as JSON, what became of each file, and the most memory that was used. The limits
are the system's: whoever exceeds them is ended, and the test fails. With a UID it
reads as that user, whom permissions bind.
"""

import json
import os
import resource
import sys
from pathlib import Path

from orbital_kernel.archives import readers
from orbital_kernel.ingest.files import files_of, in_order, shown
from orbital_kernel.ingest.items import End, Refusal, Task
from orbital_kernel.ingest.pool import read_here

GROWTH_BYTES = 2 << 30
CPU_SECONDS = 400


def address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf(
        "SC_PAGE_SIZE"
    )


def main(folder, uid=None):
    readers()
    if uid is not None:
        os.seteuid(int(uid))
    limit = address_space() + GROWTH_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = {}
    files = in_order(files_of([Path(folder)]))
    for offered in read_here(files, Task(), selects=lambda _content: True):
        *_, last = offered.items()
        name = shown(offered.path.relative_to(folder))
        if isinstance(last, Refusal):
            outcomes[name] = last.reason
        elif isinstance(last, End):
            outcomes[name] = f"read as {last.format}"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    json.dump({"outcomes": outcomes, "grown_bytes": grown * 1024}, sys.stdout)


main(*sys.argv[1:])
