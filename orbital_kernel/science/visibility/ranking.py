"""Instruments ranked for a place: visibility, field of view, position error."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.model.observatory import FieldOfView, Instrument, Observatory

NEVER_H = float("inf")


def field_radius_arcmin(field: FieldOfView) -> float:
    """Return the radius of the circle of a field's area, arcmin."""
    if field.unit == "sr":
        half = np.arccos(1 - field.size / (2 * np.pi))
        return float(np.degrees(half) * 60)
    scale = {"arcmin": 1.0, "deg": 60.0}[field.unit]
    square = field.size / np.sqrt(np.pi) if field.shape == "square" else field.size
    return float(square * scale)


def coverage(field: FieldOfView, error_arcmin: float) -> float:
    """Return the share of an error circle (radius in arcmin) that one pointing covers."""
    radius = field_radius_arcmin(field)
    return 1.0 if error_arcmin <= radius else float((radius / error_arcmin) ** 2)


def ranked(
    observatories: Sequence[Observatory],
    windows: pl.DataFrame,
    track: pl.DataFrame,
    error_arcmin: float,
) -> pl.DataFrame:
    """Return one row per instrument, best first, with its reasons."""
    rows = [
        _judged(observatory, instrument, windows, track, error_arcmin)
        for observatory in observatories
        for instrument in observatory.instruments
    ]
    order = ["visible_h", "coverage", "begins_h", "position_error_arcsec"]
    return (
        pl.DataFrame(rows)
        .with_columns(_seen=pl.col("visible_h") > 0)
        .sort(
            "_seen",
            *order[1:],
            "instrument",
            descending=[True, True, False, False, False],
        )
        .drop("_seen")
        .with_row_index("rank", offset=1)
    )


def _judged(
    observatory: Observatory,
    instrument: Instrument,
    windows: pl.DataFrame,
    track: pl.DataFrame,
    error_arcmin: float,
) -> dict[str, Any]:
    visible = windows.filter(pl.col("observatory") == observatory.name)
    share = coverage(instrument.field_of_view, error_arcmin)
    error = instrument.position_error.radius_arcsec
    begins = float(visible["begins_h"][0]) if visible.height else NEVER_H
    hours = float(visible["hours"].sum())
    return {
        "observatory": observatory.name,
        "instrument": instrument.name,
        "visible_h": hours,
        "begins_h": begins,
        "coverage": share,
        "position_error_arcsec": error,
        "reasons": "; ".join(
            (
                _when(observatory, track, begins, hours),
                f"one pointing covers {share:.0%} of the error circle",
                f'positions to {error:g}"',
                observatory.pointing.response,
            )
        ),
    }


def _when(
    observatory: Observatory, track: pl.DataFrame, begins: float, hours: float
) -> str:
    if begins == 0:
        return f"visible now, {hours:.0f} h in all"
    if begins < NEVER_H:
        return f"visible in {begins:.1f} h, {hours:.0f} h in all"
    rows = track.filter(pl.col("observatory") == observatory.name)
    return f"not visible: {rows['why_not'][0] or 'the delay is longer than the span'}"
