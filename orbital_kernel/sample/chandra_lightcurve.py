"""Chandra light curves as dmextract writes them (FITS), from the same photons.

TIME is the bin's middle (``TIMEPIXR = 0.5``); bins outside the good time have EXPOSURE 0,
COUNT_RATE 0 and NaN in the net columns.
"""

from pathlib import Path
from typing import Any

import numpy as np

from orbital_kernel.sample import clock, fits
from orbital_kernel.sample.acis import (
    BAND_EV,
    DTCOR,
    RADIUS_PIX,
    RING_PIX,
    Observation,
    Photons,
)
from orbital_kernel.sample.chandra_parts import (
    by_chip,
    column,
    gtis,
    header_values,
    subspace,
)
from orbital_kernel.sample.rounding import Reals
from orbital_kernel.sample.truth import Ledger


def write_lightcurve(
    path: Path,
    observation: Observation,
    photons: Photons,
    width_s: float,
    ledger: Ledger,
) -> int:
    """Write the dmextract light curve of these photons; return the bytes written."""
    span = observation.stop_s - observation.start_s
    low = clock.bin_starts(observation.start_s, int(span / width_s), width_s)
    edges = np.append(low, low[-1] + width_s)
    columns, counts = _lightcurve_columns(observation, photons, edges)
    values = {
        **header_values(observation),
        "timedel": width_s,
        "bins": len(low),
        "counts": counts,
    }
    head = fits.primary(["chandra", "chandra_lightcurve_primary"], values, bitpix=16)
    light = fits.table(
        "LIGHTCURVE",
        columns,
        ["chandra", "chandra_observation", "chandra_lightcurve"],
        values,
    )
    _finish_lightcurve(light, observation)
    size = fits.write(path, [head, light, *gtis(observation, values)])
    return ledger.add_file(path, "chandra light curve", size=size, rows=len(low))


def _lightcurve_columns(
    observation: Observation, photons: Photons, edges: Reals
) -> tuple[list[Any], int]:
    x, y = observation.pixel()
    chosen = photons.near(x, y, (0.0, RADIUS_PIX))
    ring = photons.near(x, y, RING_PIX)
    counts = np.histogram(photons.time_s[chosen], edges)[0].astype(np.float64)
    around = np.histogram(photons.time_s[ring], edges)[0].astype(np.float64)
    low, high = edges[:-1], edges[1:]
    begin, end = observation.good_s
    exposure = (np.minimum(high, end) - np.maximum(low, begin)).clip(0) * DTCOR
    area = np.full(len(low), np.pi * RADIUS_PIX**2)
    ring_area = np.full(len(low), np.pi * (RING_PIX[1] ** 2 - RING_PIX[0] ** 2))
    live = exposure > 0
    per_s = np.divide(1.0, exposure, out=np.zeros_like(exposure), where=live)
    scale = np.where(live, area / ring_area, np.nan)
    net = counts - around * scale
    net_error = np.sqrt(counts + around * scale**2)
    columns = [
        column("TIME_BIN", "1J", "channel", np.arange(1, len(low) + 1)),
        column("TIME_MIN", "1D", "s", low),
        column("TIME", "1D", "s", (low + high) / 2),
        column("TIME_MAX", "1D", "s", high),
        column("COUNTS", "1J", "count", counts),
        column("STAT_ERR", "1D", "count", np.sqrt(counts)),
        column("AREA", "1D", "pixel**2", area),
        column("EXPOSURE", "1D", "s", exposure),
        column("COUNT_RATE", "1D", "count/s", counts * per_s),
        column("COUNT_RATE_ERR", "1D", "count/s", np.sqrt(counts) * per_s),
        column("BG_COUNTS", "1D", "count", around),
        column("BG_ERR", "1D", "count", np.sqrt(around)),
        column("BG_AREA", "1D", "pixel**2", ring_area),
        column("BG_EXPOSURE", "1D", "s", exposure),
        column("BG_RATE", "1D", "count/s", around * per_s),
        column("NORM_BG_COUNTS", "1D", "count", around * scale),
        column("NORM_BG_ERR", "1D", "count", np.sqrt(around) * scale),
        column("NET_COUNTS", "1D", "count", net),
        column("NET_ERR", "1D", "count", net_error),
        column("NET_RATE", "1D", "count/s", np.where(live, net, 0.0) * per_s),
        column("ERR_RATE", "1D", "count/s", np.where(live, net_error * per_s, np.nan)),
    ]
    return columns, int(counts.sum())


def _finish_lightcurve(light: Any, observation: Observation) -> None:
    header = light.header
    header["TLMIN1"], header["TLMAX1"] = 1, len(light.data)
    for number in (6, 9, 10):
        header[f"TLMIN{number}"] = 0.0
    for number, kind in ((2, "DT_MIN"), (3, "DT"), (4, "DT_MAX")):
        if number != 3:
            header[f"TLMIN{number}"] = observation.start_s
            header[f"TLMAX{number}"] = observation.stop_s
        header[f"TCTYP{number}"] = kind
        header[f"TCRVL{number}"] = 0.0
        header[f"TCRPX{number}"] = float(light.data["TIME"][0])
        header[f"TCDLT{number}"] = 1.0
        header[f"TCUNI{number}"] = "s"
    subspace(header, "TIME")
    x, y = observation.pixel()
    for number, name, value, form, unit in (
        (11, "sky(x,y)", f"Circle({x:.2f},{y:.2f},{RADIUS_PIX:g})", "E", "pixel"),
        (14, "energy", f"{BAND_EV[0]:g}:{BAND_EV[1]:g}", "E", "eV"),
    ):
        header[f"DSTYP{number}"] = name
        header[f"DSVAL{number}"] = value
        header[f"DSFORM{number}"] = form
        header[f"DSUNIT{number}"] = unit
    by_chip(header, observation)
