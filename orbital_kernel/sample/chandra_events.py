"""Chandra event lists (FITS, evt2): twenty columns, good times per chip, sky coordinates.

Good time intervals differ by chip, each in an extension of the same name. Null values
are written as the archive does: 9999 in tdetx and tdety, 0 in pha_ro.
"""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits as afits

from orbital_kernel.sample import fits
from orbital_kernel.sample.acis import CENTRE_PIX, PIXEL_DEG, Observation, Photons
from orbital_kernel.sample.chandra_parts import (
    by_chip,
    column,
    gtis,
    header_values,
    subspace,
)
from orbital_kernel.sample.truth import Ledger


def write_events(
    path: Path,
    observation: Observation,
    photons: Photons,
    rng: np.random.Generator,
    ledger: Ledger,
) -> int:
    """Write an event list; return the bytes written."""
    values = header_values(observation)
    head = fits.primary(["chandra", "chandra_events_primary"], values, bitpix=16)
    events = fits.table(
        "EVENTS",
        _event_columns(photons, rng),
        ["chandra", "chandra_observation", "chandra_events"],
        values,
    )
    for hdu in (head, events):
        if observation.barycentred:
            tail = "_primary" if hdu is head else ""
            fits.stamp(hdu, [f"chandra_barycentre{tail}"], values)
    _finish_events(events, observation)
    size = fits.write(path, [head, events, *gtis(observation, values)])
    return ledger.add_file(path, "chandra events", size=size, rows=len(photons.time_s))


def _event_columns(photons: Photons, rng: np.random.Generator) -> list[Any]:
    count = len(photons.time_s)
    chipx = ((photons.x - CENTRE_PIX) % 1024).clip(1, 1024)
    chipy = ((photons.y - CENTRE_PIX) % 1024).clip(1, 1024)
    pha = np.round(photons.energy_ev / 4.0)
    lost = rng.random(count) < 0.002
    flags = np.zeros((count, 32), dtype=bool)
    flagged = (rng.random(count) < 0.01) & ~photons.of_source
    flags[flagged, rng.integers(0, 32, int(flagged.sum()))] = True
    island = rng.normal(0, 3, (count, 9)).round()
    island[:, 4] = pha
    grade = rng.choice([0, 2, 3, 4, 6], count, p=[0.4, 0.2, 0.12, 0.12, 0.16])
    pixel = "pixel"
    return [
        column("time", "1D", "s", photons.time_s),
        column("expno", "1J", None, photons.frame),
        column("ccd_id", "1I", None, photons.chip),
        column("node_id", "1I", None, (chipx // 256).clip(0, 3)),
        column("chipx", "1I", pixel, chipx),
        column("chipy", "1I", pixel, chipy),
        column("tdetx", "1I", pixel, np.where(lost, 9999, photons.x), null=9999),
        column("tdety", "1I", pixel, np.where(lost, 9999, photons.y), null=9999),
        column("detx", "1E", pixel, photons.x),
        column("dety", "1E", pixel, photons.y),
        column("x", "1E", pixel, photons.x),
        column("y", "1E", pixel, photons.y),
        column("phas", "9I", "adu", island, dim="(3,3)"),
        column("pha", "1J", "adu", pha, null=0),
        column("pha_ro", "1J", "adu", np.where(lost, 0, pha), null=0),
        column("energy", "1E", "eV", photons.energy_ev),
        column("pi", "1J", "chan", (photons.energy_ev / 14.6 + 1) // 1, null=0),
        column("fltgrade", "1I", None, grade * 8),
        column("grade", "1I", None, grade),
        afits.Column("status", "32X", array=flags),
    ]


_LIMITS: dict[str, tuple[float | int | None, float | int | None]] = {
    "expno": (0, None),
    "ccd_id": (0, 9),
    "node_id": (0, 3),
    "chipx": (1, 1024),
    "chipy": (1, 1024),
    "tdetx": (1, 8192),
    "tdety": (1, 8192),
    "detx": (0.5, 8192.5),
    "dety": (0.5, 8192.5),
    "x": (0.5, 8192.5),
    "y": (0.5, 8192.5),
    "phas": (-4096, 4095),
    "pha": (0, 36855),
    "pha_ro": (0, 36855),
    "energy": (0.0, 1.0e6),
    "pi": (1, 1024),
    "fltgrade": (0, 255),
    "grade": (0, 7),
}


def _finish_events(events: Any, observation: Observation) -> None:
    """Add what hangs on column numbers: legal ranges, world coordinates, GTI links."""
    header = events.header
    for number, name in enumerate(events.columns.names, 1):
        low, high = _LIMITS.get(name, (None, None))
        if low is not None:
            header[f"TLMIN{number}"] = low
        if high is not None:
            header[f"TLMAX{number}"] = high
    for number, kind, value, sign in (
        (11, "RA---TAN", observation.ra_pnt_deg, -1.0),
        (12, "DEC--TAN", observation.dec_pnt_deg, 1.0),
    ):
        header[f"TCTYP{number}"] = kind
        header[f"TCRVL{number}"] = value
        header[f"TCRPX{number}"] = CENTRE_PIX
        header[f"TCDLT{number}"] = sign * PIXEL_DEG
        header[f"TCUNI{number}"] = "deg"
    subspace(header, "time")
    by_chip(header, observation)
