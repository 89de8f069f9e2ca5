"""Record forbidden forks and imports of each Python process with this folder on its path.

Writes to the file ORBITAL_WITNESS one line per fork of a process that has threads, and one
per module imported from the folder ORBITAL_FOREIGN.
"""

import atexit
import os
import sys
from pathlib import Path

LOG = os.environ.get("ORBITAL_WITNESS")
FOREIGN = os.environ.get("ORBITAL_FOREIGN")


def note(line: str) -> None:
    with open(LOG, "a") as log:  # noqa: PTH123  pathlib may not be imported at exit
        log.write(f"{line} ({' '.join(sys.orig_argv)})\n")


def note_forks(event: str, _arguments: tuple) -> None:
    if event in {"os.fork", "os.forkpty"}:
        threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208  as above
        if threads > 1:
            note(f"fork of a process with {threads} threads")


def note_modules() -> None:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(f"{FOREIGN}{os.sep}"):
            note(f"{name} comes from {file}")


if LOG:
    Path(LOG).touch()
    sys.addaudithook(note_forks)
    if FOREIGN:
        atexit.register(note_modules)
