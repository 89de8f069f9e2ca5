"""The newest committed root of a folder, and how the next one replaces it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from vast_standin.disk import disk_errors
from vast_standin.engine.root import Root


class Published:
    """The newest root; `lock` lets one change at a time be saved.

    `save` writes the difference of the old and the new root, all of it or nothing;
    `on_commit` lists what is called with both after each change.
    """

    def __init__(
        self,
        root: Root,
        save: Callable[[Root, Root], None],
        lock: AbstractContextManager[object],
    ) -> None:
        self.root = root
        self.on_commit: list[Callable[[Root, Root], None]] = []
        self._save = save
        self._lock = lock

    def publish(self, new: Root) -> None:
        """Save a root and make it the newest; the caller holds the lock."""
        old = self.root
        with disk_errors():
            self._save(old, new)
        self.root = new
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
