"""The report of a burst, by `orbital report` in a process of its own.

It asks the platform and the database of the session, whatever this kernel's environment
names, and changes nothing in this process.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from orbital_kernel import config
from orbital_kernel.errors import ReportError

NAME = "burst"


def write(session: Any, burst_id: str, folder: Path) -> Path:
    """Write the page of a burst into a folder; return the page."""
    words = (
        *(sys.executable, "-m", "orbital_kernel", "--database", session.database),
        *("report", NAME, "-p", NAME, burst_id, "--out", str(folder)),
    )
    home = {} if session.home is None else {config.HOME_VARIABLE: str(session.home)}
    done = subprocess.run(
        words, env=os.environ | home, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReportError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return folder / f"{NAME}.html"
