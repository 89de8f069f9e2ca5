"""What a file is to the ledger, where several mappings read its content.

The first mapping of a content, and each to the same table, has the content's own hash: a
mapping that is corrected replaces its rows. A mapping to another table has a hash of its
own, so that its rows stand beside those of the first.
"""

import hashlib

from orbital_kernel.ingest.ledger import Ledger
from orbital_kernel.ingest.offered import Offered

DECLARED = "declared-"
"""Beginning of the names of readers that mappings declare; the target table follows."""


def own_hash(content: str, reader: str) -> str:
    """Return the identity of a content as one reader of several reads it."""
    return hashlib.sha256(f"{content} {reader}".encode()).hexdigest()


def identify(ledger: Ledger, offered: Offered, reader: str | None) -> None:
    """Give a file an identity of its own if another table has its content.

    `reader` is the name of the reader that a mapping declares; None without a mapping.
    """
    if reader is None or not offered.sha256:
        return
    own = own_hash(offered.sha256, reader)
    entry = ledger.find(offered.sha256, offered.packed)
    first = (entry.format or "") if entry and entry.state == "ingested" else ""
    another = first.startswith(DECLARED) and first != reader
    if another or ledger.entry(own) is not None:
        offered.sha256, offered.separate = own, True
