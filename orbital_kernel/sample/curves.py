"""Fluxes over time of objects that both observatories see, and how they are counted.

Spectra are power laws of photon index 2, so a 0.3-10 keV flux holds ln(7/0.5) /
ln(10/0.3) of itself in Chandra's 0.5-7 keV band. One Chandra count is worth
ERG_PER_COUNT there, one XRT count ERG_PER_XRT_COUNT in 0.3-10 keV.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from orbital_kernel.sample.rounding import Reals, modelled, seconds

BAND_SHARE = modelled(float(np.log(7 / 0.5) / np.log(10 / 0.3)))
ERG_PER_COUNT = 1.0e-11
ERG_PER_XRT_COUNT = 4.0e-11


class Curve(Protocol):
    """A flux in 0.3-10 keV (erg/cm2/s) at UTC seconds since 2001."""

    def flux(self, utc_s: Reals) -> Reals:
        """Return the flux; shape of `utc_s`."""
        ...


@dataclass(frozen=True)
class Afterglow:
    """A power law in time since the trigger: flux at 1 ks and decay index."""

    trigger_utc_s: float
    at_1ks: float
    index: float

    def flux(self, utc_s: Reals) -> Reals:
        """Return the 0.3-10 keV flux (erg/cm2/s)."""
        since = np.maximum(utc_s - self.trigger_utc_s, 60.0)
        return modelled(self.at_1ks * (since / 1000.0) ** -self.index)


@dataclass(frozen=True)
class Flares:
    """A quiet level and smooth flares: centres (UTC s), widths (s), heights."""

    level: float
    centres_s: tuple[float, ...]
    widths_s: tuple[float, ...]
    heights: tuple[float, ...]
    delay_s: float = 0.0

    def flux(self, utc_s: Reals) -> Reals:
        """Return the 0.3-10 keV flux (erg/cm2/s)."""
        total = np.full_like(utc_s, self.level)
        for centre, width, height in zip(
            self.centres_s, self.widths_s, self.heights, strict=True
        ):
            late = (utc_s - centre - self.delay_s) / width
            total = total + self.level * height * np.exp(-0.5 * late**2)
        return modelled(total)

    def delayed(self, delay_s: float) -> "Flares":
        """Return the same flares, later by `delay_s`."""
        return Flares(self.level, self.centres_s, self.widths_s, self.heights, delay_s)


def draw_flares(rng: np.random.Generator, start_s: float, span_s: float) -> Flares:
    """Draw flares over a span: one about every 8 ks, each 1 to 3 ks wide."""
    count = max(int(span_s / 8000), 3)
    centres = seconds(np.sort(rng.uniform(start_s, start_s + span_s, count)))
    widths = seconds(rng.uniform(1000, 3000, count))
    heights = modelled(rng.uniform(1.0, 4.0, count))
    return Flares(
        level=2.0e-12,
        centres_s=tuple(centres.tolist()),
        widths_s=tuple(widths.tolist()),
        heights=tuple(heights.tolist()),
    )
