"""Alerts of new detections unlike what was known at their place."""

import time as clock
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orbital_kernel.model.observatory import observatory
from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.monitor.alerts import SCHEMA, Alert
from orbital_kernel.monitor.checkpoint import Waiting
from orbital_kernel.monitor.deliver import Delivery
from orbital_kernel.monitor.sinks import Sink

RETRY_S, STEP_S = 10.0, 0.1
DECISION = "classification is the rule's decision for one kind, not a probability"


def alerts_of(rows: pl.DataFrame, *, now: datetime | None = None) -> list[Alert]:
    """Return one alert per finding, in the shape of those of bursts."""
    moment = now or datetime.now(UTC)
    utc = to_utc_iso(rows["time"].to_numpy())
    return [
        _alert(row, trigger, moment)
        for row, trigger in zip(rows.to_dicts(), utc, strict=True)
    ]


def deliver(
    alerts: Iterable[Alert], sinks: Sequence[Sink], *, seconds: float = RETRY_S
) -> list[str]:
    """Send alerts to sinks, with retries for at most so long; return notes of failures.

    Retries are those of the burst watcher; what is not accepted by then is counted.
    """
    notes: list[str] = []
    delivery = Delivery(sinks, notes.append)
    if not sinks:
        return notes
    deadline = clock.monotonic() + seconds
    delivery.offer(
        [Waiting(k, alert, set(delivery.names)) for k, alert in enumerate(alerts)]
    )
    while delivery.waiting and (remaining := deadline - clock.monotonic()) > 0:
        delivery.flush(remaining)
        if delivery.waiting:
            clock.sleep(min(STEP_S, remaining))
            delivery.offer(())
    if delivery.waiting:
        notes.append(
            f"{delivery.waiting} deliveries were not accepted within {seconds:g} s: "
            "they are kept in cross.findings"
        )
    delivery.stop()
    return notes


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
