"""The journal of changed records: the newest ones since the start."""

import uuid
from collections import deque
from dataclasses import dataclass, field

MOST_CHANGES = 10_000
Record = dict[str, object]
Change = tuple[str, int, Record | None, Record | None]
"""Resource, id, the record before, the record after."""


@dataclass
class Journal:
    """Changes by generation, a number that grows by one with each."""

    sequence: str = field(default_factory=lambda: str(uuid.uuid4()))
    generation: int = 0
    enabled: bool = True
    entries: deque[tuple[int, Change]] = field(
        default_factory=lambda: deque(maxlen=MOST_CHANGES)
    )

    def note(self, changes: list[Change]) -> None:
        """Record the changes of a transaction."""
        for change in changes if self.enabled else ():
            self.generation += 1
            self.entries.append((self.generation, change))
