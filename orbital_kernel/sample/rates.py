"""Raw BAT rates (FITS): counts of the whole array, 1 s or 64 ms x 4 channels.

The background follows the orbit. On top come what real files have: detectors turning
on after a gap, single-bin glitches, the climb into the South Atlantic Anomaly, gaps and
stretches of zeros, each with a row of truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits as afits

from orbital_kernel.sample import clock, fits
from orbital_kernel.sample.bat import burst_row, target_values
from orbital_kernel.sample.plan import Burst
from orbital_kernel.sample.rounding import Reals, modelled, seconds
from orbital_kernel.sample.truth import Ledger

ORBIT_S = 5760.0
LEVEL_HZ = 6400.0
SHARES = (0.24, 0.27, 0.27, 0.22)
PEAK_HZ = 2600.0
TURN_ON_S = (3.0, 15.0)


@dataclass(frozen=True)
class Segment:
    """One stretch of data: start from the first bin (s), length, and its faults."""

    offset_s: float
    length_s: float
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class RateFile:
    """One raw rate file: who, bin width, segments, and the burst in the first."""

    burst: Burst
    width_s: float
    segments: tuple[Segment, ...]
    lag_s: float = 0.0
    gzipped: bool = True
    target: str = "survey"

    @property
    def name(self) -> str:
        """The archive's name, e.g. 'sw09900003001brt1s.lc.gz'."""
        grain = "1s" if self.width_s >= 1 else "ms"
        ending = ".lc.gz" if self.gzipped else ".lc"
        return f"sw{self.burst.obs_id}brt{grain}{ending}"


def write_rates(
    folder: Path, plan: RateFile, rng: np.random.Generator, ledger: Ledger
) -> int:
    """Write one raw rate file and its truth; return the bytes written."""
    path = folder / plan.name
    lead = seconds(plan.segments[0].length_s * float(rng.uniform(0.45, 0.6)))
    first = float(np.floor(plan.burst.trigger_met_s - lead))
    phase = seconds(float(rng.uniform(0, ORBIT_S)))
    times: list[Reals] = []
    counts: list[Reals] = []
    rows = 0
    for segment in plan.segments:
        start = first + segment.offset_s
        starts = clock.bin_starts(
            start, round(segment.length_s / plan.width_s), plan.width_s
        )
        counts.append(_segment(plan, segment, starts, phase, rng, ledger, rows))
        if times:
            end = float(times[-1][-1] + plan.width_s)
            _fault(ledger, plan, "gap", (end, start), (rows, rows))
        times.append(starts)
        rows += len(starts)
    size = fits.write(path, _hdus(plan, np.concatenate(times), np.concatenate(counts)))
    ledger.add("bursts", **_truth(plan))
    _lags(plan, ledger)
    return ledger.add_file(path, "bat rates", size=size, rows=rows)


def _segment(
    plan: RateFile,
    segment: Segment,
    times: Reals,
    phase: float,
    rng: np.random.Generator,
    ledger: Ledger,
    row: int,
) -> Reals:
    """Return a segment's counts; shape (bins, channels)."""
    swing = 700 * np.sin(2 * np.pi * (times + phase) / ORBIT_S)
    level = LEVEL_HZ + swing + 200 * np.sin(4 * np.pi * (times - phase) / ORBIT_S)
    for fault in segment.faults:
        if fault == "turn-on":
            level = _turn_on(plan, times, level, rng, ledger, row)
        if fault == "saa":
            level = _saa(plan, times, level, ledger, row)
    shares = np.array(SHARES if plan.width_s < 1 else (1.0,))
    since = times - plan.burst.trigger_met_s
    mean = np.outer(level, shares)
    for channel in range(len(shares)):
        # A hard channel leads: channel 0 comes last, by three lags.
        late = (len(shares) - 1 - channel) * plan.lag_s
        pulse = plan.burst.profile.binned(since - late, plan.width_s)
        mean[:, channel] += plan.burst.peak * PEAK_HZ * shares[channel] * pulse
    counts = rng.poisson(modelled(mean * plan.width_s)).astype(np.float64)
    for fault in segment.faults:
        if fault == "glitch":
            _glitch(plan, times, counts, rng, ledger, row)
        if fault == "zeros":
            _zeros(plan, times, counts, rng, ledger, row)
    return counts


def _turn_on(
    plan: RateFile,
    times: Reals,
    level: Reals,
    rng: np.random.Generator,
    ledger: Ledger,
    row: int,
) -> Reals:
    """Return the level with detectors coming on: some 55 % more for 12 s."""
    since = times - times[0]
    on = (since >= TURN_ON_S[0]) & (since < TURN_ON_S[1])
    inside = np.flatnonzero(on)
    span = (float(times[inside[0]]), float(times[inside[-1]] + plan.width_s))
    rows = (row + int(inside[0]), row + int(inside[-1]) + 1)
    _fault(ledger, plan, "turn-on", span, rows)
    climb = 0.35 + 0.25 * np.minimum((since - TURN_ON_S[0]) / 4.0, 1.0)
    wobble = np.repeat(rng.normal(0, 0.05, 20), round(1 / plan.width_s))[: len(times)]
    wobble = np.pad(wobble, (0, len(times) - len(wobble)))
    return np.where(on, level * (1 + climb + wobble), level)


def _saa(plan: RateFile, times: Reals, level: Reals, ledger: Ledger, row: int) -> Reals:
    """Return the level with the climb into the SAA over the last 240 s."""
    before_end = times[-1] - times
    climbing = before_end < 240.0
    ramp = np.where(climbing, 40.0 * np.exp((240.0 - before_end) / 26.0), 0.0)
    begin = int(np.argmax(climbing))
    span = (float(times[begin]), float(times[-1] + plan.width_s))
    _fault(ledger, plan, "saa", span, (row + begin, row + len(times)))
    return level + ramp


def _glitch(
    plan: RateFile,
    times: Reals,
    counts: Reals,
    rng: np.random.Generator,
    ledger: Ledger,
    row: int,
) -> None:
    """Add one bin far above its neighbours, in every channel."""
    where = int(rng.integers(len(times) * 2 // 3, len(times) * 5 // 6))
    counts[where] += np.ceil(30 * np.sqrt(np.maximum(counts[where], 25.0)))
    span = (float(times[where]), float(times[where] + plan.width_s))
    _fault(ledger, plan, "glitch", span, (row + where, row + where + 1))


def _zeros(
    plan: RateFile,
    times: Reals,
    counts: Reals,
    rng: np.random.Generator,
    ledger: Ledger,
    row: int,
) -> None:
    """Fill a stretch with zeros, as telemetry that never came down."""
    length = round(20.0 / plan.width_s)
    begin = int(rng.integers(len(times) // 4, len(times) // 3))
    counts[begin : begin + length] = 0
    span = (float(times[begin]), float(times[begin + length - 1] + plan.width_s))
    _fault(ledger, plan, "zeros", span, (row + begin, row + begin + length))


def _fault(
    ledger: Ledger,
    plan: RateFile,
    kind: str,
    met: tuple[float, float],
    rows: tuple[int, int],
) -> None:
    ledger.add(
        "faults",
        file=plan.name,
        kind=kind,
        met_start=met[0],
        met_stop=met[1],
        row_start=rows[0],
        row_stop=rows[1],
    )


def _truth(plan: RateFile) -> dict[str, object]:
    row = burst_row(plan.burst, plan.name)
    row["peak_rate"] = plan.burst.peak * PEAK_HZ
    row["fluence"] = plan.burst.peak * PEAK_HZ * plan.burst.profile.integral_s()
    return row


def _lags(plan: RateFile, ledger: Ledger) -> None:
    if not plan.lag_s:
        return
    for channel in range(3):
        ledger.add(
            "lags",
            object=plan.burst.object,
            first=f"{plan.name} channel 3",
            second=f"{plan.name} channel {channel}",
            lag_s=(3 - channel) * plan.lag_s,
        )


def _hdus(plan: RateFile, times: Reals, counts: Reals) -> Sequence[object]:
    stop = float(times[-1] + plan.width_s)
    live = len(times) * plan.width_s
    fast = plan.width_s < 1
    values = {
        **target_values(plan.burst, float(times[0]), stop),
        "object": f"SIM {plan.target}",
        "timedel": plan.width_s,
        "datamode": "Rates_Arr_64ms" if fast else "Rates_Arr_1s",
        "telapse": stop - float(times[0]),
        "ontime": live,
        "livetime": live,
        "exposure": live,
    }
    head = fits.primary(["swift", "swift_primary"], values)
    head.header["ATTFLAG"] = "110"
    time = afits.Column("TIME", "1D", "s", array=times)
    if fast:
        clipped = np.minimum(counts, 65535).astype(np.uint16)
        data = afits.Column("COUNTS", "4I", "count", bzero=32768, array=clipped)
    else:
        data = afits.Column("COUNTS", "1J", "count", array=counts[:, 0].astype("i4"))
    blocks = ["swift", "bat_table", "mjd_float", "bat_rates"]
    light = fits.table("RATE", [time, data], blocks, values)
    light.header["ATTFLAG"] = "110"
    return [head, light]
