"""The ledger of the vendor's tests that do not pass, compared with what a run found."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("ledger.toml")
PASSED = "passed"


@dataclass(frozen=True)
class Ledger:
    """Which suite it is about, and the reason of each test that does not pass."""

    version: str
    tests: int
    reasons: Mapping[str, str]
    slow: tuple[str, ...]
    left_out: tuple[str, ...]

    def in_subset(self, test: str) -> bool:
        """Return whether a test is quick and meets the server."""
        file = test.partition("::")[0]
        return file not in self.left_out and _family(test) not in self.slow


def read(path: Path) -> Ledger:
    """Read a ledger; KeyError and tomllib's errors if it is not one."""
    document = tomllib.loads(path.read_text())
    return Ledger(
        version=document["suite"]["vastdb"],
        tests=document["suite"]["tests"],
        reasons=document["not_passing"],
        slow=tuple(document["subset"]["slow"]),
        left_out=tuple(document["subset"]["left_out"]),
    )


def complaints(
    outcomes: Mapping[str, str], ledger: Ledger, chosen: Iterable[str]
) -> list[str]:
    """Say what of the chosen tests differs from the ledger; empty when nothing does.

    A listed test that passes is a difference too, and so is one that was not run.
    A file that cannot be read is reported alone, because nothing ran.
    """
    result = [f"{t}: {outcomes[t]}" for t in outcomes if "collection" in outcomes[t]]
    if result:
        return result
    for test in chosen:
        outcome = outcomes.get(test, "not run")
        listed = ledger.reasons.get(test)
        if outcome == PASSED and listed is not None:
            result.append(f"{test} passes: take it from the ledger ({listed})")
        elif outcome != PASSED and listed is None:
            result.append(f"{test}: {outcome}, and the ledger gives no reason")
    return result


def short(test: str) -> str:
    """Name a test by its file and itself, wherever the suite is installed."""
    path, colons, name = test.partition("::")
    return path.rpartition("/")[2] + colons + name


def _family(test: str) -> str:
    """Name a test without its parameters."""
    return test.partition("[")[0]
