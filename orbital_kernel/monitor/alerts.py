"""Alerts of the shape GCN's public core schemas give notices.

Properties: Alert, Event, DateTime, Statistics, Duration, Reporter and AdditionalInfo of
gcn.nasa.gov/schema (nasa-gcn/gcn-schema). Nothing here is sent to GCN.
"""

import ast
import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from orbital_kernel.model.observatory import Observatory, observatory

SCHEMA = "https://gcn.nasa.gov/schema/main/gcn/notices/core/Alert.schema.json"
CURRENT = timedelta(days=1)
DECISION = "classification is the detector's decision for one cause, not a measured probability"
Alert = dict[str, Any]
_ROW = "cross.bursts burst_id"
_BURST_ID = re.compile(rf"{_ROW} (['\"].*['\"])$")


def alert(
    kind: str,
    *,
    key: str,
    record: int,
    row: dict[str, Any],
    instrument: str | None,
    now: datetime | None = None,
) -> Alert:
    """Return an alert of `kind` initial, update or retraction.

    `row` is one of cross.bursts with `time_utc`; `key` names the excursion within its
    series and stays the same from the first to the last of its alerts; `record` counts
    them from 1. Rows of the sample sky become tests.
    """
    now = now or datetime.now(UTC)
    trigger = row["time_utc"] and f"{row['time_utc']}Z"
    properties: Alert = {
        "$schema": SCHEMA,
        "alert_datetime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "alert_tense": _tense(row, now),
        "alert_type": kind,
        "mission": _observatory(row["observatory"]).full_name,
        "instrument": instrument,
        "messenger": "EM",
        "id": f"{row['series']} {key}",
        "record_number": record,
        "event_name": _names(row),
        "trigger_time": trigger,
        "trigger_type": "rate",
        "rate_snr": row["significance"],
        "rate_duration": row["timescale_s"],
        "rate_energy_range": _edges(row, instrument),
        "t90": row["t90_s"],
        "t90_error": row["t90_err_s"],
        "t50": row["t50_s"],
        "classification": {row["cause"]: 1.0},
        "additional_info": f"{row['evidence']}; {DECISION}; {_ROW} {row['burst_id']!r}",
    }
    return {
        name: value for name, value in properties.items() if value not in (None, [])
    }


def identity(alert: Alert) -> tuple[str, int]:
    """Return what identifies an alert: its excursion and its number there."""
    return alert["id"], alert["record_number"]


def burst_id_of(alert: Alert) -> str | None:
    """Return the burst_id of the row that an alert is about, None of another's alert."""
    match = _BURST_ID.search(alert.get("additional_info", ""))
    return None if match is None else str(ast.literal_eval(match[1]))


def line(alert: Alert) -> str:
    """Return an alert as one line of text."""
    duration = f"{alert['rate_duration']:.3g} s" if "rate_duration" in alert else "?"
    snr = f"{alert['rate_snr']:.1f} sigma" if "rate_snr" in alert else "no significance"
    name = ", ".join(alert.get("event_name", []))
    cause = next(iter(alert["classification"]))
    mark = "SIMULATED " if alert["alert_tense"] == "test" else ""
    return (
        f"{mark}{alert['alert_type'].upper():10} {alert.get('trigger_time', 'time unknown')}  "
        f"{cause}  {snr} in {duration}  {alert['id']}" + (f"  = {name}" if name else "")
    )


def _tense(row: dict[str, Any], now: datetime) -> str:
    if row["simulated"]:
        return "test"
    if not row["time_utc"]:
        return "archival"
    age = now - datetime.fromisoformat(row["time_utc"]).replace(tzinfo=UTC)
    return "current" if abs(age) <= CURRENT else "archival"


def _names(row: dict[str, Any]) -> list[str]:
    return list(
        dict.fromkeys(m["name"] for m in json.loads(row.get("matches") or "[]"))
    )


@cache
def _observatory(name: str) -> Observatory:
    """Return an observatory; its file is read once."""
    return observatory(name)


def _edges(row: dict[str, Any], instrument: str | None) -> list[float] | None:
    for described in _observatory(row["observatory"]).instruments:
        for band in described.bands:
            if (described.name, band.name, band.unit) == (
                instrument,
                row["band"],
                "keV",
            ):
                return [band.low, band.high]
    return None
