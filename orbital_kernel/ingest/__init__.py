"""Files into the store: resumable, idempotent by content, verified.

Processes read files (pool, worker, messages, offered, parsing), one process writes them
in order (run, writing, tally, overlap, succession, bulk), checks them (checksum) and
remembers them (ledger) by their unpacked bytes (content). The readers of all formats are
imported when a file is first read: a session that only asks needs none.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orbital_kernel.ingest.content import contents_of
    from orbital_kernel.ingest.dry_run import Survey, kind_of, survey
    from orbital_kernel.ingest.files import files_of, sha256_of
    from orbital_kernel.ingest.ledger import entries
    from orbital_kernel.ingest.purity import WORDS, held, kinds_of
    from orbital_kernel.ingest.report import (
        Compared,
        FileReport,
        IngestReport,
        Progress,
    )
    from orbital_kernel.ingest.run import ingest
    from orbital_kernel.ingest.validation import Validation, validate

__all__ = [
    "WORDS",
    "Compared",
    "FileReport",
    "IngestReport",
    "Progress",
    "Survey",
    "Validation",
    "contents_of",
    "entries",
    "files_of",
    "held",
    "ingest",
    "kind_of",
    "kinds_of",
    "sha256_of",
    "survey",
    "validate",
]

_HOMES = {
    "contents_of": "content",
    **dict.fromkeys(("Survey", "kind_of", "survey"), "dry_run"),
    **dict.fromkeys(("files_of", "sha256_of"), "files"),
    "entries": "ledger",
    **dict.fromkeys(("WORDS", "held", "kinds_of"), "purity"),
    **dict.fromkeys(("Compared", "FileReport", "IngestReport", "Progress"), "report"),
    "ingest": "run",
    **dict.fromkeys(("Validation", "validate"), "validation"),
}


def __getattr__(name: str) -> Any:
    """Import a name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"{__name__} has no {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
