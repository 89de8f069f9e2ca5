"""Whether a content must be read again: by another mapping, or by a newer reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from orbital_kernel.archives import readers
from orbital_kernel.archives.reading import Reader
from orbital_kernel.ingest.ledger import Entry


@dataclass(frozen=True)
class Current:
    """Readers by name with their versions, and the hash of the mapping, if one is given."""

    versions: Mapping[str, int]
    mapping: str | None
    declared: str | None = None
    """Name of the reader that the mapping declares."""

    @classmethod
    def by(cls, declared: Reader | None, mapping: str | None) -> Self:
        """Return the readers as they are, and the one that a mapping declares."""
        every = [*readers(), *([declared] if declared else [])]
        versions = {reader.name: reader.version for reader in every}
        return cls(versions, mapping, declared.name if declared else None)

    def __call__(self, entry: Entry) -> bool:
        """Return whether reading the content again would give the rows that are stored."""
        if entry.state != "ingested":
            return False
        if self.mapping is not None and entry.mapping != self.mapping:
            return False
        return entry.version >= self.versions.get(entry.format or "", 0)
