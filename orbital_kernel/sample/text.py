"""Text files, and the label those with comment lines begin with."""

from collections.abc import Iterable
from pathlib import Path

from orbital_kernel.sample.truth import Ledger

LABEL = "SIMULATED by orbital sample"


def write_text(
    path: Path, lines: Iterable[bytes | str], kind: str, rows: int, ledger: Ledger
) -> int:
    """Write lines, each ended by a newline; return the bytes written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = b"".join(
        (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines
    )
    path.write_bytes(content)
    return ledger.add_file(path, kind, size=len(content), rows=rows)
