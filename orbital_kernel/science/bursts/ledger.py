"""A segment of raw counts in blocks: where it is in the SAA, where it is unstable."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.excursion import Row, blank
from orbital_kernel.science.bursts.samples import Layout, Samples
from orbital_kernel.science.bursts.settings import Settings

Floats = NDArray[np.float64]
LEAST_DECAY = 3
"""Blocks a high rate at a segment's start must last: a plateau fits in two."""
BLOCK = ("start", "stop", "rate", "dispersion")


@dataclass
class Ledger:
    """Blocks of a segment: start and stop MET, mean rate, variance over Poisson."""

    blocks: Floats

    @classmethod
    def empty(cls) -> "Ledger":
        """Return a ledger without blocks."""
        return cls(np.empty((0, len(BLOCK))))

    def add(self, samples: Samples, shape: Layout, size: int) -> None:
        """Add bins as blocks of that size; the number of bins is a multiple of it."""
        counts = samples.value[:, shape.total].reshape(-1, size)
        seconds = samples.seconds.reshape(-1, size)
        mean = counts.mean(axis=1)
        bends = np.diff(counts, n=2, axis=1)
        scatter = (bends**2).mean(axis=1) / 6 if bends.shape[1] else mean
        blocks = (
            samples.met[::size],
            samples.met[size - 1 :: size] + samples.seconds[size - 1 :: size],
            counts.sum(axis=1) / seconds.sum(axis=1),
            scatter / np.maximum(mean, 1.0),
        )
        self.blocks = np.vstack((self.blocks, np.transpose(blocks)))

    def quiet(self, earlier: float) -> float:
        """Return the lowest rate of a block, or the earlier one if lower."""
        rates = self.blocks[:, 2]
        return min(earlier, float(rates.min())) if len(rates) else earlier

    def rows(self, shape: Layout, earlier: float, settings: Settings) -> list[Row]:
        """Return the stretches in the SAA or unstable, one row each."""
        if len(self.blocks) == 0:
            return []
        return [
            *self._saa(shape, self.quiet(earlier), settings),
            *self._unstable(shape, settings),
        ]

    def _saa(self, shape: Layout, quiet: float, settings: Settings) -> list[Row]:
        """Return stretches where the rate is high, having risen and fallen slowly."""
        rate = self.blocks[:, 2]
        rows = []
        high = rate > settings.saa_excess * quiet
        for first, end in reaching(high, rate > settings.saa_edge * quiet):
            around = rate[max(first - 1, 0) : end + 1]
            ratio = np.maximum(around[1:] / around[:-1], around[:-1] / around[1:])
            start, stop = self.blocks[first, 0], self.blocks[end - 1, 1]
            at_edge = end == len(rate) or (first == 0 and end >= LEAST_DECAY)
            slow = len(ratio) == 0 or ratio.max() < settings.saa_step
            if slow and (stop - start >= settings.saa_least_s or at_edge):
                peak = float(rate[first:end].max())
                why = f"rate climbs smoothly to {peak:.0f}, quiet rate {quiet:.0f} counts/s"
                row = blank(shape, float(start), float(stop - start), "saa", why)
                rows.append(row | {"peak": peak - quiet, "background": quiet})
        return rows

    def _unstable(self, shape: Layout, settings: Settings) -> list[Row]:
        """Return stretches where neighbours scatter far more than Poisson allows."""
        bad = self.blocks[:, 3] >= settings.unstable_dispersion
        rows = []
        for first, end in runs(closed(bad)):
            if bad[first:end].sum() < 3:
                continue
            start, stop = self.blocks[first, 0], self.blocks[end - 1, 1]
            scatter = float(np.median(self.blocks[first:end, 3]))
            why = f"unstable rate: neighbouring bins scatter {scatter:.0f} x Poisson"
            row = blank(shape, float(start), float(stop - start), "unknown", why)
            rows.append(row | {"background": float(self.blocks[first:end, 2].mean())})
        return rows


def reaching(
    core: NDArray[np.bool_], wider: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Return the runs of the wider flags that hold a core flag."""
    return [(a, b) for a, b in runs(core | wider) if core[a:b].any()]


def closed(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return flags with single gaps filled."""
    full = flags.copy()
    full[1:-1] |= flags[:-2] & flags[2:]
    return full


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and end (exclusive) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
