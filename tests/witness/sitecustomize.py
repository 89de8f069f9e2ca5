"""What every Python process with this folder on its path did that it should not.

Into the file named by ORBITAL_WITNESS goes a line per fork of a process that has threads,
and per module that came from the folder named by ORBITAL_FOREIGN.
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


def mind_forks(event: str, _arguments: tuple) -> None:
    if event in {"os.fork", "os.forkpty"}:
        threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208  as above
        if threads > 1:
            note(f"fork of a process with {threads} threads")


def mind_modules() -> None:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(f"{FOREIGN}{os.sep}"):
            note(f"{name} comes from {file}")


if LOG:
    Path(LOG).touch()
    sys.addaudithook(mind_forks)
    if FOREIGN:
        atexit.register(mind_modules)
