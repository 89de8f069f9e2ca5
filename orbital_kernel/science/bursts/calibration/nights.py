"""Simulated nights of raw counts: bursts, and what the orbit does that is not a burst.

A night is sixteen stretches of 1500 s. Sources step up or down at the Earth's limb,
sharply or over some 10 s; others rise and set again; the rate climbs into the South
Atlantic Anomaly or decays out of it.
"""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.bursts import scan
from orbital_kernel.science.bursts.calibration.noise import LEVEL, MET, ORBIT_S, SWING

Floats = NDArray[np.float64]
STRETCH_S = 1500.0
RAMPS_S = (0.5, 3.0, 10.0, 15.0)
SOURCE = (60.0, 1500.0)
"""Counts/s of sources that cross the limb."""
FAINT, BRIGHT = (10.0, 15.0), (15.0, 60.0)
"""Fluence of bursts in sigma of the background over their T90."""


def _ramp(t: Floats, at: float, lasts: float) -> Floats:
    return np.clip((t - at) / lasts, 0.0, 1.0)


def _rate(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(SOURCE))))


def step_up(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s of a source that rises."""
    rate = _rate(rng)
    at, ramp = rng.uniform(300, 1200), float(rng.choice(RAMPS_S))
    return np.asarray(rate * _ramp(t, at, ramp))


def step_down(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s of a source that sets."""
    return _rate(rng) * (1 - _ramp(t, rng.uniform(300, 1200), rng.choice(RAMPS_S)))


def rise_and_set(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s of a source that is in view for 90 to 600 s."""
    at, lasts, ramp = rng.uniform(250, 600), rng.uniform(90, 600), rng.choice(RAMPS_S)
    return _rate(rng) * (_ramp(t, at, ramp) - _ramp(t, at + lasts, ramp))


def saa_entry(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s that climb into the South Atlantic Anomaly."""
    top, scale = rng.uniform(8e3, 2e5), rng.uniform(25, 90)
    return np.asarray(top * np.exp((t - t[-1]) / scale))


def saa_exit(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s that decay out of the South Atlantic Anomaly."""
    top, scale = rng.uniform(8e3, 2e5), rng.uniform(25, 90)
    return np.asarray(top * np.exp((t[0] - t) / scale))


def quiet_stretch(t: Floats, rng: np.random.Generator) -> Floats:
    """Return no counts: nothing but the orbit's trend."""
    return np.zeros_like(t) + 0.0 * rng.uniform()


def _burst(t: Floats, rng: np.random.Generator, sigma: tuple[float, float]) -> Floats:
    decay = np.exp(rng.uniform(np.log(2.0), np.log(25.0)))
    x = np.maximum(t - rng.uniform(300, 1100), 0.0) / decay
    pulse = x / 0.3 * np.exp(1 - x / 0.3) + 0.6 * x * np.exp(1 - x)
    fluence = rng.uniform(*sigma) * np.sqrt(LEVEL * 3.0 * decay)
    return np.asarray(pulse * fluence / pulse.sum())


def faint_burst(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s of a burst of 10 to 15 sigma."""
    return _burst(t, rng, FAINT)


def bright_burst(t: Floats, rng: np.random.Generator) -> Floats:
    """Return counts/s of a burst of 15 to 60 sigma."""
    return _burst(t, rng, BRIGHT)


Event = Callable[[Floats, np.random.Generator], Floats]
EVENTS: dict[str, Event] = {
    "burst of 15 to 60 sigma": bright_burst,
    "burst of 10 to 15 sigma": faint_burst,
    "source rises": step_up,
    "source sets": step_down,
    "source rises and sets": rise_and_set,
    "SAA entry": saa_entry,
    "SAA exit": saa_exit,
    "nothing": quiet_stretch,
}
PER_NIGHT = 2
"""Stretches of each event in a night."""


def night(number: int, seed: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the stretches of a simulated night: the event and the rows of `rates`."""
    rng = np.random.default_rng([seed, number])
    t = np.arange(STRETCH_S)
    for event, added in EVENTS.items():
        for _ in range(PER_NIGHT):
            phase = rng.uniform(0, 2 * np.pi)
            level = LEVEL * (1 + SWING * np.sin(2 * np.pi * t / ORBIT_S + phase))
            counts = rng.poisson(level + added(t, rng)).astype(np.float64)
            yield (
                event,
                pl.DataFrame(
                    {
                        "met_s": MET + t,
                        "bin_s": 1.0,
                        "channel": 0,
                        "rate": counts,
                        "counts": counts,
                        "kind": "raw",
                        "unit": "count / s",
                        "simulated": True,
                    }
                ),
            )


def night_causes(nights: int, seed: int = 17) -> pl.DataFrame:
    """Return what the detector reports of simulated nights.

    Parameters
    ----------
    nights
        Number of nights, 16 stretches of 1500 s each.
    seed
        Seed of the random numbers.

    Returns
    -------
    polars.DataFrame
        One row per event: event, stretches (number), burst (share of stretches with a row
        of cause burst: completeness for bursts, false alarms otherwise), other (share with
        rows of other causes only), silent (share without a row), bursts_per_day (rows of
        cause burst a day of such stretches), simulated (true).
    """
    causes: dict[str, list[list[str]]] = {event: [] for event in EVENTS}
    for number in range(nights):
        for event, series in night(number, seed):
            causes[event].append(scan(series)["cause"].to_list())
    rows = []
    for event, reported in causes.items():
        with_burst = sum("burst" in row for row in reported)
        silent = sum(not row for row in reported)
        total = len(reported)
        rows.append(
            {
                "event": event,
                "stretches": total,
                "burst": with_burst / total,
                "other": (total - with_burst - silent) / total,
                "silent": silent / total,
                "bursts_per_day": sum(row.count("burst") for row in reported)
                / (total * STRETCH_S / 86_400.0),
                "simulated": True,
            }
        )
    return pl.DataFrame(rows)
