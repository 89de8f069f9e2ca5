"""The user's own calibration of the burst detector: thresholds.json beside the data."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbital_kernel import config
from orbital_kernel.errors import QueryError

if TYPE_CHECKING:
    import polars as pl

    from orbital_kernel.science.bursts.calibration import Calibration

FILE = "thresholds.json"


def calibration() -> "Calibration":
    """Return the calibration the user kept, else the package's.

    Raises QueryError if the user's file is not a calibration.
    """
    from orbital_kernel.science.bursts.calibration import Calibration, packaged

    path = _path()
    if not path.exists():
        return packaged()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise QueryError(
            f"{path} is not valid JSON ({error}): calibrate again with"
            " `orbital bursts calibrate --keep`, or delete the file to use the"
            " package's thresholds"
        ) from error
    return Calibration.of(document, str(path))


def keep(curves: Mapping[str, "pl.DataFrame"], provenance: Mapping[str, Any]) -> Path:
    """Write curves of simulated noise as the user's calibration; return its file."""
    from orbital_kernel.science.bursts.calibration import Calibration

    path = _path()
    dated = {**provenance, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    document = Calibration.measured(curves, dated, str(path)).document()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def used(per_day: float | None) -> tuple[Any, dict[str, Any]]:
    """Return the detector's settings for a rate of false alarms, and their origin.

    Without a rate they are the defaults, which the package's calibration gave.
    """
    from orbital_kernel.science.bursts import Settings
    from orbital_kernel.science.bursts.calibration import DEFAULT_PER_DAY, packaged

    chosen = packaged() if per_day is None else calibration()
    settings = Settings() if per_day is None else chosen.settings_for(per_day)
    return settings, {
        "calibration": chosen.source,
        "date": chosen.provenance.get("date"),
        "false_alarms_per_day": DEFAULT_PER_DAY if per_day is None else per_day,
        "net_sigma": settings.net_sigma,
        "raw_sigma": settings.raw_sigma,
        "raw_burst_sigma": settings.raw_burst_sigma,
    }


def sentence(origin: Mapping[str, Any]) -> str:
    """Return in words which thresholds a scan used."""
    source = origin["calibration"]
    named = (
        "the package's calibration"
        if source == "package"
        else f"your calibration of {origin['date'] or 'unknown date'} ({source})"
    )
    return (
        f"thresholds: net {origin['net_sigma']:.2f} sigma, raw"
        f" {origin['raw_burst_sigma']:.2f} sigma for"
        f" {origin['false_alarms_per_day']:g} false alarms of noise a day,"
        f" by {named}"
    )


def _path() -> Path:
    return config.data_folder() / FILE
