"""Whether buckets may grow: the space check of quotas."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from vast_standin.engine.root import Root
from vast_standin.engine.usage import usage_of

SpaceCheck = Callable[[str, int], None]


class Growth:
    """Checks the space that writers need; without quotas every bucket may grow."""

    def __init__(self) -> None:
        self.check_writable: SpaceCheck = lambda _bucket, _nbytes: None
        """Raises ProtocolError if a bucket may not grow by that many bytes."""
        self._committing = threading.Lock()

    def check(self, bucket: str, nbytes: int) -> None:
        """Raise ProtocolError if a bucket may not grow by that many bytes."""
        self.check_writable(bucket, nbytes)

    @contextmanager
    def room_for(
        self, buckets: Collection[str], before: Root, after: Root
    ) -> Iterator[None]:
        """Check quotas against all a commit adds; only one that adds runs at a time."""
        if not buckets:
            yield
            return
        with self._committing:
            for bucket in buckets:
                added = usage_of(after, bucket).bytes - usage_of(before, bucket).bytes
                if added > 0:
                    self.check(bucket, added)
            yield
