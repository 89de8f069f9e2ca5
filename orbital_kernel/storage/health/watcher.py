"""The watcher's sign of life: a small file beside its checkpoints, and its check."""

import json
import os
import time as clock
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orbital_kernel.storage.health.checks import Check, graded

FILE = "life.json"
EVERY_S = 5.0
SILENT_S = 60.0
LAG_WARN_S, LAG_BAD_S = 30.0, 300.0
CHECK = "watcher"


@dataclass(frozen=True)
class Life:
    """The last sign of life of a watcher; times are Unix times in s.

    `told` is the time of the sign. `looked` is the start of the last successful poll of
    the database: all rows committed before it were processed. `ended`: the watcher was
    ended on purpose. The names of the fields are those of the file.
    """

    told: float
    looked: float | None
    every_s: float
    process: int
    series: int
    live: int
    waiting: int
    ended: bool = False


class Signs:
    """Writes signs of life of this process to a folder, at most one in five seconds."""

    def __init__(self, folder: Path) -> None:
        self.looked: float | None = None
        self.every_s = 0.0
        self._folder = folder
        self._written_s = 0.0

    def write(
        self, *, series: int, live: int, waiting: int, ended: bool = False
    ) -> None:
        """Write a sign atomically; raises OSError if that is not possible."""
        now = clock.time()
        if abs(now - self._written_s) < EVERY_S and not ended:
            return
        self._written_s = now
        life = Life(
            *(now, self.looked, self.every_s, os.getpid()),
            *(series, live, waiting, ended),
        )
        part = self._folder / f"{FILE}.part"
        part.write_text(json.dumps(asdict(life)), encoding="utf-8")
        part.replace(self._folder / FILE)


def last(folder: Path) -> Life | None:
    """Return the last sign of life; None if no watcher ever wrote to the folder."""
    try:
        return Life(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def check(life: Life | None, now_s: float) -> Check:
    """Return the check of a watcher: its lag behind the rows of the database."""
    if life is None:
        text = "no watcher follows the rates; `orbital bursts watch` starts one"
        return Check(CHECK, "absent", text)
    if life.ended:
        text = (
            f"ended at {_utc(life.told)}; `orbital bursts watch` continues from there"
        )
        return Check(CHECK, "absent", text)
    silent, most = now_s - life.told, max(SILENT_S, 3 * life.every_s)
    if silent > most:
        text = (
            f"no sign of life since {_utc(life.told)}: process {life.process} was killed "
            "or hangs; end it and start `orbital bursts watch`, which goes on where it was"
        )
        return Check(CHECK, "bad", text, silent, most, "s")
    return graded(
        CHECK,
        None if life.looked is None else now_s - life.looked,
        warn=max(LAG_WARN_S, 3 * life.every_s),
        bad=max(LAG_BAD_S, 3 * life.every_s),
        unit="s",
        quantity=f"lag behind the rates, {life.live} of {life.series} series live, "
        f"{life.waiting} alerts waiting",
    )


def _utc(instant: float) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"
