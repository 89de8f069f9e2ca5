"""Quotas that grow before they block: read, decide, record, read again, set.

Several controllers may run at once. Each computes absolute limits from what it has just
read, reads once more before it sets them, and skips a limit that is already as high; so
two equal decisions expand a quota once. An intent is recorded before the action: after a
crash, the next step finds the action done or repeats it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from orbital_kernel.errors import ConfigError, ProvisionError
from orbital_kernel.model.sizes import seconds_of
from orbital_kernel.model.storage_spec import Quota, Space
from orbital_kernel.storage.growth.growth import Decision, QuotaState, decide
from orbital_kernel.storage.ledger import (
    EXPANDED,
    INTENDED,
    RAISED_BY_OTHER,
    REFUSED,
    Ledger,
)
from orbital_kernel.storage.listing import Row
from orbital_kernel.storage.protocols import Vms

HISTORY_S = 30 * 86400.0
ASK_AGAIN_S = 86400.0


@dataclass(frozen=True)
class Watched:
    """A quota under automation: path, policy, and the hard limit (bytes) approved."""

    path: str
    quota: Quota
    approved_bytes: int = 0


@dataclass
class Controller:
    """Samples the watched quotas and expands them by their policies.

    `tenant` is the tenant's name. `promise` limits expansions to the free capacity of
    the cluster; it is off for a cluster that may be over-committed.
    """

    vms: Vms
    ledger: Ledger
    watched: tuple[Watched, ...]
    tenant: str = "default"
    promise: bool = True
    clock: Callable[[], float] = time.time

    def step(self, *, dry_run: bool = False) -> tuple[Decision, ...]:
        """Decide on every quota once, act unless `dry_run`, and return all decisions.

        Raises ProvisionError if a quota does not exist, after the others are done.
        """
        rows = self._rows()
        missing = [watched.path for watched in self.watched if watched.path not in rows]
        free = self._free(rows) if self.promise else None
        decisions = []
        for watched in self.watched:
            if watched.path in rows:
                decision = self._look(
                    watched, rows[watched.path], free, dry_run=dry_run
                )
                if free is not None and decision.action == "expand":
                    grown = decision.hard_bytes - int(rows[watched.path]["hard_limit"])
                    free = max(0, free - grown)
                decisions.append(decision)
        if missing:
            raise ProvisionError(
                f"there is no quota on {', '.join(missing)} in tenant {self.tenant}: run "
                "orbital provision apply"
            )
        return tuple(decisions)

    def _look(
        self, watched: Watched, row: Row, free: int | None, *, dry_run: bool
    ) -> Decision:
        at, now = self.clock(), quota_state(row)
        actions = self._settled(watched.path, now)
        done = [action for action in actions if action["action"] == EXPANDED]
        decision = decide(
            watched.quota,
            now,
            self.ledger.samples(watched.path, since_s=at - HISTORY_S),
            now_s=at,
            last_s=done[-1]["done"] if done else None,
            approved_bytes=watched.approved_bytes,
            free_bytes=free,
        )
        if not dry_run:
            self.ledger.sample(watched.quota.name, now, at_s=at)
            self._act(now, decision, at, actions[-1] if actions else None)
        return decision

    def _settled(self, path: str, now: QuotaState) -> list[dict[str, Any]]:
        """Return the actions; an expansion that was done but not recorded is added."""
        actions = self.ledger.actions(path)
        last = actions[-1] if actions else None
        if last and last["action"] == INTENDED and _reached(now, last["after"]):
            decision = Decision(
                path,
                "expand",
                now.soft_bytes,
                now.hard_bytes,
                "done, but its controller stopped before it recorded the expansion",
                last["evidence"],
            )
            self.ledger.act(EXPANDED, now, decision, at_s=last["done"])
            return [*actions, {**last, "action": EXPANDED}]
        return actions

    def _act(
        self,
        now: QuotaState,
        decision: Decision,
        at: float,
        last: dict[str, Any] | None,
    ) -> None:
        if decision.action == "ask" and not _asked_already(last, decision, at):
            self.ledger.act(REFUSED, now, decision, at_s=at)
        if decision.action != "expand":
            return
        self.ledger.act(INTENDED, now, decision, at_s=at)
        fresh = self._rows().get(now.path)
        if fresh is None:
            raise ProvisionError(
                f"the quota on {now.path} does not exist any more: run orbital provision "
                "apply"
            )
        if quota_state(fresh).hard_bytes < decision.hard_bytes:
            limits = {
                "soft_limit": decision.soft_bytes,
                "hard_limit": decision.hard_bytes,
            }
            self.vms.patch("quotas", int(fresh["id"]), limits)
            self.ledger.act(EXPANDED, now, decision, at_s=at)
        else:
            self.ledger.act(RAISED_BY_OTHER, quota_state(fresh), decision, at_s=at)

    def _rows(self) -> dict[str, Row]:
        rows = self.vms.listing("quotas", paged=True)
        return {
            str(row["path"]): row
            for row in rows
            if row.get("tenant_name") in (None, self.tenant)
        }

    def _free(self, quotas: dict[str, Row]) -> int | None:
        """Return the free bytes of the cluster beyond what quotas promise already."""
        capacities = [
            row.get("free_usable_capacity") for row in self.vms.listing("clusters")
        ]
        free = [int(capacity) for capacity in capacities if capacity is not None]
        if not free:
            return None
        promised = sum(
            max(0, int(row.get("hard_limit") or 0) - int(row.get("used_capacity") or 0))
            for row in quotas.values()
        )
        return max(0, sum(free) - promised)


def watch(spaces: Iterable[Space]) -> tuple[Watched, ...]:
    """Return the quotas of these spaces that have a growth policy."""
    return tuple(Watched(s.view.path, s.quota) for s in spaces if s.quota.growth)


def quota_state(row: Row) -> QuotaState:
    """Return the state of a quota from its row in the VMS.

    Raises ProvisionError if the row lacks use or limits: automation does not guess.
    """
    missing = [
        n for n in ("used_capacity", "hard_limit", "state") if row.get(n) is None
    ]
    if missing:
        raise ProvisionError(
            f"the quota on {row.get('path')} has no {', '.join(missing)}: it cannot be "
            "automated; look at it in the VMS"
        )
    return QuotaState(
        path=str(row["path"]),
        used_bytes=int(row["used_capacity"]),
        soft_bytes=int(row.get("soft_limit") or row["hard_limit"]),
        hard_bytes=int(row["hard_limit"]),
        state=str(row["state"]),
        block_s=_seconds(row.get("time_to_block")),
    )


def _reached(now: QuotaState, limits: dict[str, int]) -> bool:
    return (now.soft_bytes, now.hard_bytes) == (limits["soft"], limits["hard"])


def _asked_already(last: dict[str, Any] | None, decision: Decision, at: float) -> bool:
    """Return whether a person was asked for this within the last day."""
    return (
        last is not None
        and last["action"] == REFUSED
        and at - last["done"] < ASK_AGAIN_S
        and last["after"]["hard"] == decision.hard_bytes
    )


def _seconds(text: Any) -> float | None:
    if not text:
        return None
    try:
        return float(seconds_of(str(text)))
    except ConfigError:
        return 0.0
