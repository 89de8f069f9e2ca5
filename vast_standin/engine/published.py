"""The newest committed root of a folder, and how the next one replaces it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from vast_standin.disk import disk_errors
from vast_standin.engine.catalogue import Catalogue
from vast_standin.engine.references import References
from vast_standin.engine.root import Root


class Published:
    """The newest root; `lock` lets one change at a time become durable."""

    def __init__(
        self,
        root: Root,
        catalogue: Catalogue,
        references: References,
        lock: AbstractContextManager[object],
        next_row_id: Callable[[int], int],
    ) -> None:
        self.root = root
        self.on_commit: list[Callable[[Root, Root], None]] = []
        self._catalogue = catalogue
        self._references = references
        self._lock = lock
        self._next_row_id = next_row_id

    def publish(self, new: Root) -> None:
        """Write a root to disk and make it the newest; the caller holds the lock."""
        old = self.root
        with disk_errors():
            self._catalogue.save(
                old, new, self._next_row_id, self._references.difference(old, new)
            )
        self.root = new
        self._references.move(old, new)
        for listener in self.on_commit:
            listener(old, new)

    def replace(self, change: Callable[[Root], Root | None]) -> bool:
        """Commit a change of form, not of content; return whether it was committed.

        `change` gets the newest root and returns the next one, or None to give up.
        """
        with self._lock:
            new = change(self.root)
            if new is None:
                return False
            self.publish(new)
        return True
