"""The state of the one pass: hulls of all bands and, for counts, their background."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.hull import HULL
from orbital_kernel.science.bursts.onepass import advance_net, advance_raw
from orbital_kernel.science.bursts.samples import Layout, Samples
from orbital_kernel.science.bursts.settings import Settings

Floats = NDArray[np.float64]


class Passed(NamedTuple):
    """Bins taken; band (-1: none), first bin and sigma of a significant window."""

    bins: int
    band: int
    first: int
    sigma: float


@dataclass
class Hulls:
    """Hulls of all bands with their running sums and background; see `onepass`."""

    shape: Layout
    settings: Settings
    sums: Floats
    v: Floats
    s: Floats
    i: NDArray[np.int64]
    ends: NDArray[np.int64]
    smooth: Floats
    ring: Floats
    place: NDArray[np.int64]

    @classmethod
    def fresh(cls, shape: Layout, settings: Settings) -> "Hulls":
        """Return the state before any bin."""
        bands = len(shape.bands)
        lag = max(round(settings.background_lag_s / shape.bin_s), 2)
        return cls(
            shape,
            settings,
            sums=np.zeros((bands, 3)),
            v=np.zeros((bands, HULL)),
            s=np.zeros((bands, HULL)),
            i=np.zeros((bands, HULL), dtype=np.int64),
            ends=np.zeros((bands, 2), dtype=np.int64),
            smooth=np.zeros((bands, 4)),
            ring=np.zeros((bands, lag)),
            place=np.zeros(2, dtype=np.int64),
        )

    @classmethod
    def over(
        cls,
        level: Floats,
        slope: Floats,
        noise: Floats,
        shape: Layout,
        settings: Settings,
    ) -> "Hulls":
        """Return the state before any bin, over a background of that level and slope.

        `level` (counts per bin), `slope` (counts per bin and bin) and `noise` (variance of
        a bin) have the shape (bands,).
        """
        hulls = cls.fresh(shape, settings)
        alpha = hulls.alpha
        # Brown 1963: the two smoothed values of a line lag behind it by this much.
        behind = (1 - alpha) / alpha * slope
        hulls.smooth[:, 0] = level - behind
        hulls.smooth[:, 1] = level - 2 * behind
        hulls.smooth[:, 2] = noise
        hulls.smooth[:, 3] = level
        return hulls

    @property
    def alpha(self) -> float:
        """Weight of one bin in the smoothed background."""
        return min(self.shape.bin_s / self.settings.background_s, 0.5)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays of the state by name."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in {"shape", "settings"}
        }

    def advance(self, samples: Samples, number: int, caution: float) -> Passed:
        """Take bins, the first of which has that number, until a window is significant.

        `caution` is a factor on the threshold for counts.
        """
        s, bin_s = self.settings, self.shape.bin_s
        state = (self.sums, self.v, self.s, self.i, self.ends)
        if not self.shape.raw:
            longest = max(int(s.longest_window_s / bin_s), 1)
            return Passed(*advance_net(
                samples.value, samples.variance, samples.seconds, number, *state,
                s.net_open_sigma, s.faintest_mean, longest,
            ))  # fmt: skip
        longest = max(int(s.longest_raw_window_s / bin_s), 1)
        return Passed(*advance_raw(
            samples.value, number, *state, self.smooth, self.ring, self.place,
            self.alpha, s.raw_open_sigma * caution, s.open_s / bin_s,
            s.faintest_mean * np.sqrt(bin_s), longest,
        ))  # fmt: skip
