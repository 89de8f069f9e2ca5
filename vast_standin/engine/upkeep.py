"""Upkeep: merging, sorting and copying in the background; readers never wait for it.

Work on a table is chosen from its newest version, done on files of its own and then
committed as a change of form. Whatever changed meanwhile wins: the work is dropped
and chosen again.
"""

import logging
import threading
import time
from collections.abc import Callable

from vast_standin.disk import no_room
from vast_standin.engine.root import Root
from vast_standin.engine.shared import Shared
from vast_standin.engine.works import Works, is_crowded

LOG = logging.getLogger("vast_standin.engine")
_QUIET_S = 0.3
_SETTLED_S = 2.0


class Interrupted(Exception):
    """The engine closes, so a long piece of work is given up."""


class Upkeep:
    """The background thread of one engine."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._changed: dict[int, float] = {}
        self._looked: set[int] = set()
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Start; every stored table is checked once."""
        now = time.monotonic()
        self._changed = dict.fromkeys(self._shared.published.root.tables, now)
        self._shared.published.on_commit.append(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Stop: give up a long piece of work, finish a short one."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join()

    def _note(self, old: Root, new: Root) -> None:
        now = time.monotonic()
        changed = [t.id for t in new.tables.values() if old.tables.get(t.id) is not t]
        with self._wake:
            self._changed.update(dict.fromkeys(changed, now))
            self._looked -= set(changed)
            self._wake.notify()

    def _run(self) -> None:
        while not self._stopped:
            table_id, settled = self._next()
            if table_id is None:
                continue
            try:
                again = self._attempt(table_id, self._attend, settled=settled)
            except Interrupted:
                return
            if not again:
                self._put_off(table_id, settled=settled)

    def _attempt(
        self,
        table_id: int,
        between: Callable[[], None],
        *,
        settled: bool,
        short: bool = False,
    ) -> bool:
        """Do one piece of work as `improve` does; a failure is logged."""
        try:
            return self._improve(table_id, between, settled=settled, short=short)
        except Interrupted:
            raise
        except Exception as error:
            if no_room(error) is None:
                LOG.exception("upkeep of table %s failed", table_id)
            else:
                LOG.warning("no space for upkeep of table %s: %s", table_id, error)
            return False

    def _put_off(self, table_id: int, *, settled: bool) -> None:
        """Skip a table until it settles or, settled, changes again."""
        with self._wake:
            if not settled:
                self._looked.add(table_id)
            elif time.monotonic() - self._changed.get(table_id, 0.0) >= _SETTLED_S:
                self._changed.pop(table_id, None)
                self._looked.discard(table_id)

    def _next(self) -> tuple[int | None, bool]:
        """Wait for a table to check; return whether it has settled."""
        with self._wake:
            if self._stopped:
                return None, False
            now = time.monotonic()
            for table_id, since in self._changed.items():
                quiet = now - since
                if quiet >= _SETTLED_S:
                    return table_id, True
                fresh = table_id not in self._looked
                if fresh and (quiet >= _QUIET_S or self._crowded(table_id)):
                    return table_id, False
            self._wake.wait(_QUIET_S if self._changed else None)
        return None, False

    def _crowded(self, table_id: int) -> bool:
        table = self._shared.published.root.tables.get(table_id)
        return table is not None and is_crowded(table)

    def improve(self, table_id: int, *, settled: bool) -> bool:
        """Do one piece of work; return whether there may be more."""
        return self._improve(table_id, self._attend, settled=settled)

    def _improve(
        self,
        table_id: int,
        between: Callable[[], None],
        *,
        settled: bool,
        short: bool = False,
    ) -> bool:
        table = self._shared.published.root.tables.get(table_id)
        if table is None:
            return False
        works = Works(table, self._shared, between)
        work = works.choose(settled=settled, short=short)
        if work is None:
            return False
        try:
            outcome = work()
            works.seal()
            done = self._shared.published.replace(
                lambda root: outcome.applied(root, table)
            )
        except BaseException:
            works.discard()
            raise
        if not done:
            works.discard()
        return True

    def _attend(self) -> None:
        """Between the slices of long work: sort new rows, which must not pile up."""
        self._give_up_if_stopped()
        with self._wake:
            changed = list(self._changed)
        for table_id in changed:
            self._attempt(table_id, self._give_up_if_stopped, settled=False, short=True)

    def _give_up_if_stopped(self) -> None:
        if self._stopped:
            raise Interrupted
