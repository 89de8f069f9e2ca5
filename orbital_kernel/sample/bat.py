"""BAT mask-weighted light curves (FITS): count/s per detector, 15-350 keV.

As in the archive: 1,202 s around the trigger, TIME is the bin's start on the
uncorrected clock, bins without data carry RATE = ERROR = 0 with FRACEXP 1, and the
header's TRIGTIME may differ from the catalogue's.
"""

from pathlib import Path

import numpy as np
from astropy.io import fits as afits

from orbital_kernel.sample import clock, fits
from orbital_kernel.sample.plan import Burst
from orbital_kernel.sample.rounding import Reals, measured, modelled
from orbital_kernel.sample.truth import Ledger

SPAN_S = 1202.0
LEAD_S = 239.0
DETECTORS = 18_000
BACKGROUND_HZ = 5000.0
_WEIGHT = 3.0


def file_name(burst: Burst, width_s: float) -> str:
    """Return the archive's kind of name for a 1-s or 64-ms light curve."""
    grain = "1s" if width_s >= 1 else f"{width_s * 1000:.0f}ms"
    return f"sim_grb_{burst.name}_1chan_{grain}.lc"


def write_lightcurve(
    folder: Path,
    burst: Burst,
    width_s: float,
    rng: np.random.Generator,
    ledger: Ledger,
) -> int:
    """Write one light curve and its truth; return the bytes written."""
    path = folder / file_name(burst, width_s)
    start = float(np.floor(burst.trigger_met_s - LEAD_S))
    times = clock.bin_starts(start, int(SPAN_S / width_s), width_s)
    model = burst.peak * burst.profile.binned(times - burst.trigger_met_s, width_s)
    mean = modelled((BACKGROUND_HZ + model * DETECTORS) * width_s)
    counts = rng.poisson(mean).astype(np.float64)
    error = measured(_WEIGHT * np.sqrt(counts) / (width_s * DETECTORS))
    rate = measured(rng.normal(model, error))
    for kind, begin, end in _missing(times, burst, rng):
        rate[begin:end] = error[begin:end] = counts[begin:end] = 0
        ledger.add(
            "faults",
            file=path.name,
            kind=kind,
            met_start=float(times[begin]),
            met_stop=float(times[end - 1] + width_s),
            row_start=begin,
            row_stop=end,
        )
    size = fits.write(path, _hdus(burst, width_s, times, rate, error, counts))
    ledger.add("bursts", **burst_row(burst, path.name))
    return ledger.add_file(path, "bat light curve", size=size, rows=len(times))


def _missing(
    times: Reals, burst: Burst, rng: np.random.Generator
) -> list[tuple[str, int, int]]:
    """Return bins without data: before the data began, and out of the field."""
    width = float(times[1] - times[0])
    lead = round(float(rng.uniform(18, 30)) / width)
    _, late = burst.t90_s()
    free = burst.trigger_met_s - times[0] + max(late * 3, 120.0)
    gap = round(float(rng.uniform(free, SPAN_S - 220)) / width)
    length = round(float(rng.uniform(40, 180)) / width)
    return [("missing", 0, lead), ("missing", gap, gap + length)]


def _hdus(
    burst: Burst, width_s: float, times: Reals, rate: Reals, error: Reals, counts: Reals
) -> list[object]:
    stop = float(times[-1] + width_s)
    values = {
        **target_values(burst, float(times[0]), stop),
        "timedel": width_s,
        "datamode": "Event",
        "telapse": stop - float(times[0]),
        "ontime": stop - float(times[0]),
        "livetime": stop - float(times[0]),
        "exposure": stop - float(times[0]),
        "detectors": DETECTORS,
        "bins": 1,
    }
    head = fits.primary(["swift", "swift_primary"], values)
    head.header["TRIGTIME"] = burst.trigger_met_s - burst.header_shift_s
    head.header["CATSRC"] = False
    head.header["ATTFLAG"] = "111"
    light = fits.table(
        "RATE",
        [
            afits.Column("TIME", "D", "s", array=times),
            afits.Column("RATE", "D", "count/s", array=rate),
            afits.Column("ERROR", "D", "count/s", array=error),
            afits.Column("TOTCOUNTS", "J", "count", array=counts),
            afits.Column("FRACEXP", "D", array=np.ones(len(times))),
        ],
        ["swift", "bat_table", "mjd_float", "bat_lightcurve", "bat_lightcurve_rate"],
        values,
    )
    channel = [
        afits.Column("CHANNEL", "I", array=[0]),
        afits.Column("E_MIN", "E", "keV", array=[15.0]),
        afits.Column("E_MAX", "E", "keV", array=[350.0]),
    ]
    edges = fits.table(
        "EBOUNDS",
        channel,
        ["swift", "bat_table", "mjd_float", "bat_lightcurve", "bat_lightcurve_ebounds"],
        {**values, "timedel": 1e-4},
    )
    span = [
        afits.Column("START", "D", "s", array=times[:1]),
        afits.Column("STOP", "D", "s", array=[stop]),
    ]
    good = fits.table(
        "STDGTI",
        span,
        ["swift", "bat_table", "bat_lightcurve", "bat_lightcurve_stdgti"],
        {**values, "timedel": 1e-4},
    )
    for hdu in (light, edges, good):
        hdu.header["TRIGTIME"] = burst.trigger_met_s - burst.header_shift_s
    return [head, light, edges, good]


def target_values(burst: Burst, start: float, stop: float) -> dict[str, object]:
    """Return the header values of a Swift pointing at a burst."""
    return {
        "obs_id": burst.obs_id,
        "targ_id": burst.target_id,
        "seg_num": 0,
        "tstart": start,
        "tstop": stop,
        "date_obs": clock.swift_date(start),
        "date_end": clock.swift_date(stop),
        "date": clock.swift_date(stop + 10 * 86400),
        "object": burst.object,
        "ra": burst.ra_deg,
        "dec": burst.dec_deg,
        "ra_pnt": burst.ra_deg,
        "dec_pnt": burst.dec_deg,
        "roll": burst.roll_deg,
        "utcf": clock.utcf(start),
    }


def burst_row(burst: Burst, file: str) -> dict[str, object]:
    """Return a burst's row of truth for one file ('' for the catalogues only)."""
    t90, t50 = burst.t90_s(), burst.t50_s()
    return {
        "name": f"GRB {burst.name}",
        "object": burst.object,
        "file": file,
        "listed": burst.listed,
        "obs_id": burst.obs_id,
        "trigger_met": burst.trigger_met_s,
        "utcf_s": burst.utcf_s,
        "trigger_utc": clock.iso(burst.utc_s, 6),
        "ra": burst.ra_deg,
        "dec": burst.dec_deg,
        "error_arcmin": burst.error_arcmin,
        "t90_s": t90[1] - t90[0],
        "t90_start_s": t90[0],
        "t90_stop_s": t90[1],
        "t50_s": t50[1] - t50[0],
        "peak_s": burst.profile.peak()[0],
        "peak_rate": burst.peak,
        "fluence": burst.peak * burst.profile.integral_s(),
        "fluence_erg_cm2": burst.fluence_erg_cm2(),
    }
