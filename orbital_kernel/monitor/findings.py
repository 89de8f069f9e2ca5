"""Alerts of new detections unlike what was known at their place."""

import time as clock
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from orbital_kernel.database import Store
from orbital_kernel.model.frames import frame_of
from orbital_kernel.model.observatory import observatory
from orbital_kernel.model.predicate import Clause, Equal
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.monitor.alerts import SCHEMA, Alert
from orbital_kernel.monitor.checkpoint import AtWorkError, Checkpoints, Waiting
from orbital_kernel.monitor.deliver import Delivery
from orbital_kernel.monitor.sinks import Sink

TABLE = "cross.findings"
RETRY_S, STEP_S = 10.0, 0.1
REREAD_S = 10.0
"""Findings are read again after so long even if their number is the same."""
DECISION = "classification is the rule's decision for one kind, not a probability"


def alerts_of(rows: pl.DataFrame, *, now: datetime | None = None) -> list[Alert]:
    """Return one alert per finding, in the shape of those of bursts."""
    moment = now or datetime.now(UTC)
    utc = to_utc_iso(rows["time"].to_numpy())
    return [
        _alert(row, trigger, moment)
        for row, trigger in zip(rows.to_dicts(), utc, strict=True)
    ]


class Findings:
    """Alerts of cross.findings that were not sent yet, by way of a watcher's checkpoint.

    The checkpoint notes an alert once, with the sinks it waits for: a kill before that
    leaves it to be found again, a kill after it to be delivered from the outbox.
    """

    def __init__(self, store: Store, checkpoints: Checkpoints) -> None:
        self._store = store
        self._checkpoints = checkpoints
        self._rows, self._read_at = -1, 0.0
        self._ready: bool | None = None

    def due(self, sinks: Collection[str]) -> list[Waiting]:
        """Return the alerts of new findings, saved in the outbox for these sinks."""
        if not (sinks and self._grown()):
            return []
        marked = [Clause("alert", (Equal(value=True),))]
        with self._store.reading() as tx:
            rows = frame_of(tx.select(TABLE, marked, alone=True))
        sent = list(self._checkpoints.announced())
        new = rows.filter(~pl.col("finding_id").is_in(sent)).sort("found", "finding_id")
        new = new.unique("finding_id", keep="first", maintain_order=True)
        return self._checkpoints.announce(alerts_of(new), sinks) if len(new) else []

    def _grown(self) -> bool:
        """Whether the table has another number of rows, or was not read for long."""
        if self._ready is None:
            table = self._store.actual().get(TABLE)
            self._ready = table is not None and "alert" in table.arrow.names
        if not self._ready:
            return False
        rows, now = self._store.counts("cross").get("findings", 0), clock.monotonic()
        if rows == self._rows and now - self._read_at < REREAD_S:
            return False
        self._rows, self._read_at = rows, now
        return True


def send(
    store: Store, folder: Path, sinks: Sequence[Sink], *, seconds: float = RETRY_S
) -> tuple[int, list[str]]:
    """Send the alerts of findings that wait; return how many, and notes of failures.

    Retries are those of the burst watcher, for at most so long; what is not accepted by
    then waits in the outbox. If a watcher runs, it sends them.
    """
    notes: list[str] = []
    checkpoints = Checkpoints(folder)
    try:
        with checkpoints.held():
            delivery = Delivery(sinks, notes.append)
            waiting = [w for w in checkpoints.outbox() if w.sinks <= delivery.names]
            delivery.offer(
                [*waiting, *Findings(store, checkpoints).due(delivery.names)]
            )
            _deliver(delivery, checkpoints, notes, seconds)
    except AtWorkError:
        return 0, ["the watcher that runs sends the alerts, to its own destinations"]
    return delivery.delivered, notes


def _deliver(
    delivery: Delivery, checkpoints: Checkpoints, notes: list[str], seconds: float
) -> None:
    deadline = clock.monotonic() + seconds
    while delivery.waiting and (remaining := deadline - clock.monotonic()) > 0:
        delivery.flush(remaining)
        if delivery.waiting:
            clock.sleep(min(STEP_S, remaining))
            delivery.offer(())
    if delivery.waiting:
        notes.append(
            f"{delivery.waiting} deliveries were not accepted within {seconds:g} s: they "
            "wait for the next ingest, comparison or watcher with these sinks"
        )
    delivery.stop()
    checkpoints.settle(delivery.settled())


def _alert(row: dict[str, Any], trigger: str | None, now: datetime) -> Alert:
    ratio = f"{row['ratio_brightest']:.3g}" if row["ratio_brightest"] else "none"
    faintest = f"{row['ratio_faintest']:.3g}" if row["ratio_faintest"] else "none"
    properties: Alert = {
        "$schema": SCHEMA,
        "alert_datetime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "alert_tense": "test" if row["simulated"] else "archival",
        "alert_type": "initial",
        "mission": observatory(row["observatory"]).full_name,
        "messenger": "EM",
        "id": row["finding_id"],
        "record_number": 1,
        "event_name": [row["object"]] if row["object"] else [],
        "trigger_time": trigger and f"{trigger}Z",
        "ra": row["ra"],
        "dec": row["dec"],
        "classification": {row["kind"]: 1.0},
        "additional_info": f"flux over brightest earlier {ratio}, over faintest {faintest}, "
        f"expected by chance {row['expected']:.2g} among {row['comparisons']} comparisons; "
        f"{DECISION}; cross.findings finding_id {row['finding_id']!r}",
    }
    return {
        name: value for name, value in properties.items() if value not in (None, [])
    }
