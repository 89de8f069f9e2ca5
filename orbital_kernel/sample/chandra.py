"""Chandra ACIS files (FITS): event lists (evt2) and dmextract light curves.

Time is Chandra's clock, quantised to the read-out frame and stamped mid-exposure
(``TIMEPIXR = 0.5``). Good time intervals differ by chip, each in an extension of the
same name. Null values are written as the archive does: 9999 in tdetx/tdety, 0 in pha_ro.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits as afits

from orbital_kernel.sample import clock, fits
from orbital_kernel.sample.curves import BAND_SHARE, ERG_PER_COUNT, Curve
from orbital_kernel.sample.pulses import Reals
from orbital_kernel.sample.truth import Ledger

FRAME_S = 3.14104
DTCOR = 0.98693
PIXEL_DEG = 0.00013666666666667
CENTRE_PIX = 4096.5
CHIPS = (3, 2, 1, 0)
RADIUS_PIX = 8.0
RING_PIX = (20.0, 60.0)
BACKGROUND_HZ = 0.12
BAND_EV = (500.0, 7000.0)


@dataclass(frozen=True)
class Observation:
    """One ACIS-I observation: ObsID, target and where it points (deg), when, how long.

    `start_s` is on Chandra's clock; `barycentred` writes TIMESYS TDB and the keywords
    of a barycentre correction (event times are then at the barycentre already).
    """

    obs_id: int
    object: str
    ra_deg: float
    dec_deg: float
    ra_pnt_deg: float
    dec_pnt_deg: float
    roll_deg: float
    start_s: float
    exposure_s: float
    barycentred: bool = False

    @property
    def stop_s(self) -> float:
        """End of the file, a little after the last frame (s)."""
        return self.start_s + self.exposure_s + 1800.0

    @property
    def good_s(self) -> tuple[float, float]:
        """First and last good second, on Chandra's clock."""
        begin = self.start_s + 900.0
        return begin, begin + self.frames * FRAME_S

    @property
    def frames(self) -> int:
        """Number of good frames."""
        return int(self.exposure_s / FRAME_S)

    def lost_frames(self, chip: int) -> Reals:
        """Return which frames (from 0) chip n lost: n of them, evenly spread."""
        return np.floor(np.linspace(0, self.frames, chip + 2)[1:-1])

    def pixel(self) -> tuple[float, float]:
        """Return the target's sky pixel, by the tangent plane."""
        ra, dec = np.radians([self.ra_deg, self.dec_deg])
        ra0, dec0 = np.radians([self.ra_pnt_deg, self.dec_pnt_deg])
        down = np.sin(dec) * np.sin(dec0) + np.cos(dec) * np.cos(dec0) * np.cos(
            ra - ra0
        )
        east = np.cos(dec) * np.sin(ra - ra0) / down
        north = (
            np.sin(dec) * np.cos(dec0) - np.cos(dec) * np.sin(dec0) * np.cos(ra - ra0)
        ) / down
        step = np.radians(PIXEL_DEG)
        return float(CENTRE_PIX - east / step), float(CENTRE_PIX + north / step)


@dataclass(frozen=True)
class Photons:
    """An event list in memory; arrays of one length, sorted by time."""

    time_s: Reals
    frame: Reals
    x: Reals
    y: Reals
    energy_ev: Reals
    chip: Reals
    of_source: Any

    def near(self, x: float, y: float, radius: tuple[float, float]) -> Any:
        """Return which photons lie in a ring (pixels) and in the band."""
        away = np.hypot(self.x - x, self.y - y)
        low, high = BAND_EV
        inside = (away >= radius[0]) & (away < radius[1])
        return inside & (self.energy_ev >= low) & (self.energy_ev <= high)


def draw_photons(
    observation: Observation, curve: Curve, rng: np.random.Generator
) -> Photons:
    """Draw the photons of the target and of the background, frame by frame."""
    middle = observation.good_s[0] + (np.arange(observation.frames) + 0.5) * FRAME_S
    utc = clock.chandra_utc_s(float(middle[0])) + (middle - middle[0])
    rate = curve.flux(utc) * BAND_SHARE / ERG_PER_COUNT * DTCOR
    source = np.repeat(np.arange(len(middle)), rng.poisson(rate * FRAME_S))
    empty = rng.integers(
        0, len(middle), rng.poisson(BACKGROUND_HZ * observation.exposure_s)
    )
    x0, y0 = observation.pixel()
    frame = np.concatenate([source, empty])
    of_source = np.arange(len(frame)) < len(source)
    spread = rng.normal(0, 1.0, (2, len(source)))
    field = rng.uniform(CENTRE_PIX - 1000, CENTRE_PIX + 1000, (2, len(empty)))
    x = np.concatenate([x0 + spread[0], field[0]])
    y = np.concatenate([y0 + spread[1], field[1]])
    energy = np.concatenate(
        [
            np.exp(rng.normal(np.log(1600), 0.45, len(source))).clip(510, 6990),
            rng.uniform(300, 12000, len(empty)),
        ]
    )
    chip = np.where(
        y > CENTRE_PIX,
        np.where(x > CENTRE_PIX, 3, 1),
        np.where(x > CENTRE_PIX, 2, 0),
    )
    kept = np.ones(len(frame), dtype=bool)
    for number in CHIPS:
        kept &= (chip != number) | ~np.isin(frame, observation.lost_frames(number))
    order = np.argsort(frame, kind="stable")
    order = order[kept[order]]
    return Photons(
        middle[frame[order]],
        frame[order] + 3,
        x[order],
        y[order],
        energy[order],
        chip[order],
        of_source[order],
    )


def write_events(
    path: Path,
    observation: Observation,
    photons: Photons,
    rng: np.random.Generator,
    ledger: Ledger,
) -> int:
    """Write an event list; return the bytes written."""
    values = _values(observation)
    head = fits.primary(["chandra", "chandra_events_primary"], values, bitpix=16)
    head.header["HDUNAME"] = "PRIMARY"
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
    size = fits.write(path, [head, events, *_gtis(observation, values)])
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
        _column("time", "1D", "s", photons.time_s),
        _column("expno", "1J", None, photons.frame),
        _column("ccd_id", "1I", None, photons.chip),
        _column("node_id", "1I", None, (chipx // 256).clip(0, 3)),
        _column("chipx", "1I", pixel, chipx),
        _column("chipy", "1I", pixel, chipy),
        _column("tdetx", "1I", pixel, np.where(lost, 9999, photons.x), null=9999),
        _column("tdety", "1I", pixel, np.where(lost, 9999, photons.y), null=9999),
        _column("detx", "1E", pixel, photons.x),
        _column("dety", "1E", pixel, photons.y),
        _column("x", "1E", pixel, photons.x),
        _column("y", "1E", pixel, photons.y),
        _column("phas", "9I", "adu", island, dim="(3,3)"),
        _column("pha", "1J", "adu", pha, null=0),
        _column("pha_ro", "1J", "adu", np.where(lost, 0, pha), null=0),
        _column("energy", "1E", "eV", photons.energy_ev),
        _column("pi", "1J", "chan", (photons.energy_ev / 14.6 + 1) // 1, null=0),
        _column("fltgrade", "1I", None, grade * 8),
        _column("grade", "1I", None, grade),
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
    _subspace(header, "time")
    _by_chip(header, observation)


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
        **_values(observation),
        "timedel": width_s,
        "bins": len(low),
        "counts": counts,
    }
    head = fits.primary(["chandra", "chandra_lightcurve_primary"], values, bitpix=16)
    head.header["HDUNAME"] = "PRIMARY"
    light = fits.table(
        "LIGHTCURVE",
        columns,
        ["chandra", "chandra_observation", "chandra_lightcurve"],
        values,
    )
    _finish_lightcurve(light, observation)
    size = fits.write(path, [head, light, *_gtis(observation, values)])
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
        _column("TIME_BIN", "1J", "channel", np.arange(1, len(low) + 1)),
        _column("TIME_MIN", "1D", "s", low),
        _column("TIME", "1D", "s", (low + high) / 2),
        _column("TIME_MAX", "1D", "s", high),
        _column("COUNTS", "1J", "count", counts),
        _column("STAT_ERR", "1D", "count", np.sqrt(counts)),
        _column("AREA", "1D", "pixel**2", area),
        _column("EXPOSURE", "1D", "s", exposure),
        _column("COUNT_RATE", "1D", "count/s", counts * per_s),
        _column("COUNT_RATE_ERR", "1D", "count/s", np.sqrt(counts) * per_s),
        _column("BG_COUNTS", "1D", "count", around),
        _column("BG_ERR", "1D", "count", np.sqrt(around)),
        _column("BG_AREA", "1D", "pixel**2", ring_area),
        _column("BG_EXPOSURE", "1D", "s", exposure),
        _column("BG_RATE", "1D", "count/s", around * per_s),
        _column("NORM_BG_COUNTS", "1D", "count", around * scale),
        _column("NORM_BG_ERR", "1D", "count", np.sqrt(around) * scale),
        _column("NET_COUNTS", "1D", "count", net),
        _column("NET_ERR", "1D", "count", net_error),
        _column("NET_RATE", "1D", "count/s", np.where(live, net, 0.0) * per_s),
        _column("ERR_RATE", "1D", "count/s", np.where(live, net_error * per_s, np.nan)),
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
    _subspace(header, "TIME")
    x, y = observation.pixel()
    for number, name, value, form, unit in (
        (11, "sky(x,y)", f"Circle({x:.2f},{y:.2f},{RADIUS_PIX:g})", "E", "pixel"),
        (14, "energy", f"{BAND_EV[0]:g}:{BAND_EV[1]:g}", "E", "eV"),
    ):
        header[f"DSTYP{number}"] = name
        header[f"DSVAL{number}"] = value
        header[f"DSFORM{number}"] = form
        header[f"DSUNIT{number}"] = unit
    _by_chip(header, observation)


def _subspace(header: Any, time: str) -> None:
    """Write the data subspace that links time to each chip's intervals."""
    header["DSTYP1"], header["DSVAL1"] = time, "TABLE"
    header["DSFORM1"], header["DSUNIT1"] = "D", "s"
    header["DSTYP2"], header["DSFORM2"] = "ccd_id", "I"
    for number, chip in enumerate(CHIPS, 1):
        lead = "" if number == 1 else str(number)
        header[f"{lead}DSREF1"] = f":GTI{chip}"
        header[f"{lead}DSVAL2"] = f"{chip}:{chip}"


def _by_chip(header: Any, observation: Observation) -> None:
    seconds = observation.frames * FRAME_S
    for chip in CHIPS:
        header[f"ONTIME{chip}"] = seconds - chip * FRAME_S
        header[f"LIVTIME{chip}"] = (seconds - chip * FRAME_S) * DTCOR
        header[f"EXPOSUR{chip}"] = (seconds - chip * FRAME_S) * DTCOR


def _gtis(observation: Observation, values: fits.Values) -> list[Any]:
    """Return one GTI extension a chip; chip n lost n frames, as telemetry loses them."""
    begin, end = observation.good_s
    tables = []
    for chip in CHIPS:
        lost = begin + FRAME_S * observation.lost_frames(chip)
        start = np.concatenate([[begin], lost + FRAME_S])
        stop = np.concatenate([lost, [end]])
        columns = [
            afits.Column("START", "1D", "s", array=start),
            afits.Column("STOP", "1D", "s", array=stop),
        ]
        gti = fits.table("GTI", columns, ["chandra_gti"], values)
        gti.header["EXTVER"] = chip
        gti.header["HDUNAME"] = f"GTI{chip}"
        gti.header["CCD_ID"] = chip
        tables.append(gti)
    return tables


def _column(
    name: str,
    form: str,
    unit: str | None,
    values: Any,
    *,
    null: int | None = None,
    dim: str | None = None,
) -> Any:
    kinds = {"D": "f8", "E": "f4", "J": "i4", "I": "i2"}
    array = np.asarray(values).astype(kinds[form[-1]])
    return afits.Column(name, form, unit, null=null, dim=dim, array=array)


def _values(observation: Observation) -> dict[str, object]:
    on = observation.frames * FRAME_S
    tdb = observation.barycentred
    return {
        "obs_id": str(observation.obs_id),
        "seq_num": "999999",
        "ds_ident": f"simulated/{observation.obs_id}",
        "object": observation.object,
        "ra": observation.ra_deg,
        "dec": observation.dec_deg,
        "ra_pnt": observation.ra_pnt_deg,
        "dec_pnt": observation.dec_pnt_deg,
        "roll": observation.roll_deg,
        "tstart": observation.start_s,
        "tstop": observation.stop_s,
        "date_obs": clock.chandra_date(observation.start_s),
        "date_end": clock.chandra_date(observation.stop_s),
        "date": clock.chandra_date(observation.stop_s + 10 * 86400),
        "mjd_obs": clock.chandra_mjd(observation.start_s),
        "timesys": "TDB" if tdb else "TT",
        "timeref": "SOLARSYSTEM" if tdb else "LOCAL",
        "timedel": FRAME_S,
        "exptime": 3.1,
        "ontime": on,
        "livetime": on * DTCOR,
        "exposure": on * DTCOR,
        "dtcor": DTCOR,
        "detnam": "ACIS-0123",
        "datamode": "FAINT",
        "fep_ccd": "x3210x",
    }
