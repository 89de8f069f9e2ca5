"""Files into the store: resumable, idempotent by content, verified.

Processes read files (pool, worker, messages, offered, parsing), one process writes them
in order (run, writing, tally, overlap, succession, bulk), checks them (checksum) and
remembers them (ledger) by their unpacked bytes (content).
"""

from orbital_kernel.ingest.content import contents_of
from orbital_kernel.ingest.files import files_of, sha256_of
from orbital_kernel.ingest.ledger import entries
from orbital_kernel.ingest.purity import WORDS, held, kinds_of
from orbital_kernel.ingest.report import FileReport, IngestReport, Progress
from orbital_kernel.ingest.run import ingest
from orbital_kernel.ingest.survey import Survey, kind_of, survey
from orbital_kernel.ingest.validation import Validation, validate

__all__ = [
    "WORDS",
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
