"""The shape of a burst: pulses that rise fast and decay slowly, and what they add up to.

A pulse is exp(2 sqrt(r/d)) exp(-r/t - t/d) for t > 0 (Norris et al. 2005, ApJ 627, 324),
with rise r and decay d in seconds; it peaks at sqrt(r d) with the value 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.sample.rounding import Reals, modelled, seconds

Flags = NDArray[np.bool_]
_GRID_BINS = 40_000


@dataclass(frozen=True)
class Pulse:
    """One pulse: onset from the trigger (s), rise and decay (s), relative height."""

    onset_s: float
    rise_s: float
    decay_s: float
    height: float

    def at(self, time_s: Reals) -> Reals:
        """Return the pulse at times from the trigger (s); same shape."""
        after = np.maximum(time_s - self.onset_s, 1e-9)
        exponent = 2 * np.sqrt(self.rise_s / self.decay_s)
        exponent = exponent - self.rise_s / after - after / self.decay_s
        shape: Reals = np.exp(np.maximum(exponent, -700.0))
        return self.height * shape


@dataclass(frozen=True)
class Profile:
    """A burst's light curve with peak 1, and its durations by construction."""

    pulses: tuple[Pulse, ...]

    def at(self, time_s: Reals) -> Reals:
        """Return the profile at times from the trigger (s), not normalised."""
        total = np.zeros_like(time_s)
        for pulse in self.pulses:
            total = total + pulse.at(time_s)
        return modelled(total)

    @property
    def span_s(self) -> tuple[float, float]:
        """First onset, and when the last pulse is long over (s)."""
        first = min(pulse.onset_s for pulse in self.pulses)
        return first, max(p.onset_s + p.rise_s + 25 * p.decay_s for p in self.pulses)

    def binned(self, start_s: Reals, width_s: float) -> Reals:
        """Return the mean over bins from the trigger (s); shape of `start_s`."""
        steps = 4 if width_s < 0.1 else 32
        offsets = (np.arange(steps) + 0.5) * (width_s / steps)
        first, last = self.span_s
        lit = (start_s > first - width_s) & (start_s < last)
        mean = np.zeros_like(start_s)
        for offset in offsets:
            mean[lit] += self.at(start_s[lit] + offset) / steps
        return mean

    def _grid(self) -> tuple[Reals, Reals]:
        time = np.linspace(*self.span_s, _GRID_BINS)
        return time, self.at(time)

    def quantile_s(self, *fractions: float) -> tuple[float, ...]:
        """Return the times (s) by which these fractions of the fluence have come."""
        time, level = self._grid()
        total = np.cumsum(level)
        share = total / total[-1]
        return tuple(seconds(float(np.interp(f, share, time))) for f in fractions)

    def integral_s(self) -> float:
        """Return the fluence for a profile of these heights (height x s)."""
        time, level = self._grid()
        return modelled(float(level.sum() * (time[1] - time[0])))

    def peak(self) -> tuple[float, float]:
        """Return time (s) and value of the highest point."""
        time, level = self._grid()
        top = int(np.argmax(level))
        return seconds(float(time[top])), float(level[top])


def draw_profile(rng: np.random.Generator, *, short: bool) -> Profile:
    """Draw a profile: one or two pulses of tens of ms, or two to five of seconds."""
    count = int(rng.integers(1, 3) if short else rng.integers(2, 6))
    scale = 0.06 if short else 3.0
    onsets = np.sort(rng.uniform(0, scale * 4, count))
    onsets -= onsets[0]
    pulses = [
        Pulse(
            onset_s=round(float(onset), 3),
            rise_s=modelled(float(scale * rng.uniform(0.2, 0.8))),
            decay_s=modelled(float(scale * rng.uniform(0.5, 1.6))),
            height=modelled(float(rng.uniform(0.4, 1.0))),
        )
        for onset in onsets
    ]
    first = pulses[0]
    pulses[0] = Pulse(first.onset_s, first.rise_s, first.decay_s, 1.0)
    shape = Profile(tuple(pulses))
    _, top = shape.peak()
    return Profile(
        tuple(Pulse(p.onset_s, p.rise_s, p.decay_s, p.height / top) for p in pulses)
    )
