"""An ACIS observation and the photons it catches, frame by frame.

Time is Chandra's clock, quantised to the read-out frame and stamped mid-exposure.
"""

from dataclasses import dataclass

import numpy as np

from orbital_kernel.sample import clock
from orbital_kernel.sample.curves import BAND_SHARE, ERG_PER_COUNT, Curve
from orbital_kernel.sample.pulses import Flags
from orbital_kernel.sample.rounding import Reals, measured, modelled

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
        x, y = CENTRE_PIX - east / step, CENTRE_PIX + north / step
        return measured(float(x)), measured(float(y))


@dataclass(frozen=True)
class Photons:
    """An event list in memory; arrays of one length, sorted by time."""

    time_s: Reals
    frame: Reals
    x: Reals
    y: Reals
    energy_ev: Reals
    chip: Reals
    of_source: Flags

    def near(self, x: float, y: float, radius: tuple[float, float]) -> Flags:
        """Return which photons lie in a ring (pixels) and in the band."""
        away = measured(np.hypot(self.x - x, self.y - y))
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
    mean = modelled(rate * FRAME_S)
    source = np.repeat(np.arange(len(middle)), rng.poisson(mean))
    empty = rng.integers(
        0, len(middle), rng.poisson(BACKGROUND_HZ * observation.exposure_s)
    )
    x0, y0 = observation.pixel()
    frame = np.concatenate([source, empty])
    of_source = np.arange(len(frame)) < len(source)
    spread = rng.normal(0, 1.0, (2, len(source)))
    field = rng.uniform(CENTRE_PIX - 1000, CENTRE_PIX + 1000, (2, len(empty)))
    x = measured(np.concatenate([x0 + spread[0], field[0]]))
    y = measured(np.concatenate([y0 + spread[1], field[1]]))
    energy = measured(
        np.concatenate(
            [
                np.exp(rng.normal(np.log(1600), 0.45, len(source))).clip(510, 6990),
                rng.uniform(300, 12000, len(empty)),
            ]
        )
    )
    chip = np.where(
        y > CENTRE_PIX,
        np.where(x > CENTRE_PIX, 3, 1),
        np.where(x > CENTRE_PIX, 2, 0),
    )
    recorded = np.ones(len(frame), dtype=bool)
    for number in CHIPS:
        recorded &= (chip != number) | ~np.isin(frame, observation.lost_frames(number))
    order = np.argsort(frame, kind="stable")
    order = order[recorded[order]]
    return Photons(
        middle[frame[order]],
        frame[order] + 3,
        x[order],
        y[order],
        energy[order],
        chip[order],
        of_source[order],
    )
