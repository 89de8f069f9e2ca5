"""The beginning of a segment of raw counts: its background, and turn-on transients.

BAT's detectors start with a plateau of about 14 s a few seconds into a segment;
after the SAA the rate decays into the segment. Both are higher than what follows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.excess import Excess
from orbital_kernel.science.bursts.excursion import Row, blank
from orbital_kernel.science.bursts.extent import strongest
from orbital_kernel.science.bursts.samples import Layout, Samples
from orbital_kernel.science.bursts.settings import Settings

Floats = NDArray[np.float64]
LEAST_BINS = 6
SURE_SLOPE = 3.0
LATEST_TURN_ON_S = 8.0


@dataclass(frozen=True)
class Learned:
    """Level and slope per bin (bands,) at the first settled bin, and the noise.

    `turn_on` is a row if the segment begins with a transient; `window` the bins (first,
    end, sigma) of any other excess before it settled.
    """

    level: Floats
    slope: Floats
    noise: Floats
    settled: int
    turn_on: Row | None = None
    window: tuple[int, int, float] | None = None


def learn(
    samples: Samples,
    shape: Layout,
    settings: Settings,
    *,
    settle_s: float | None = None,
) -> Learned | None:
    """Return the background of a segment's first bins; None if they are too few."""
    settle = settings.settle_s if settle_s is None else settle_s
    if len(samples) < LEAST_BINS:
        return None
    settled = int(np.searchsorted(samples.met, samples.met[0] + settle - 1e-6))
    if len(samples) - settled < LEAST_BINS:
        settled = 0
    counts = samples.value[settled:]
    x = np.arange(len(counts), dtype=np.float64)
    steps = np.diff(counts, axis=0)
    noise = np.maximum((1.4826 * np.median(np.abs(steps), axis=0)) ** 2 / 2, 0.5)
    level, slope = _line(x, counts, noise)
    if settled == 0:
        return Learned(level, slope, noise, settled)
    return _with_transient(
        samples, settled, Learned(level, slope, noise, settled), shape, settings
    )


def _line(x: Floats, counts: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Return level and slope at the first bin of a line that outliers do not bend.

    A slope below 3 sigma is taken as none: its error would grow with every bin.
    """
    bands = counts.shape[1]
    level, slope = np.empty(bands), np.empty(bands)
    for band in range(bands):
        y = counts[:, band]
        use = np.ones(len(y), dtype=bool)
        for _ in range(3):
            slope[band], level[band] = np.polyfit(x[use], y[use], 1)
            far = np.abs(y - level[band] - slope[band] * x) > 5 * np.sqrt(noise[band])
            if (~far).sum() < LEAST_BINS:
                break
            use = ~far
        if abs(slope[band]) < SURE_SLOPE * np.sqrt(12 * noise[band] / use.sum() ** 3):
            slope[band], level[band] = 0.0, y[use].mean()
    return level, slope


def _with_transient(
    samples: Samples, settled: int, learned: Learned, shape: Layout, settings: Settings
) -> Learned:
    """Search for an excess before the settled bins, above the level that these have."""
    total = shape.total
    usual = float(np.median(samples.value[settled:, total]))
    variance = max(float(learned.noise[total]), usual)
    value = samples.value[:settled, [total]] - usual
    flat = np.full_like(value, variance)
    excess = Excess(
        samples.met[:settled],
        samples.seconds[:settled],
        value,
        flat,
        np.zeros_like(flat),
    )
    best = strongest(excess, 0, settled, settings.settle_s)
    if best.sigma < settings.raw_sigma:
        return learned
    part = slice(best.first, best.end)
    share = float(value[part].mean()) / max(usual, 1.0)
    begins = float(samples.met[best.first] - samples.met[0])
    others = np.delete(value[:, 0], np.arange(best.first, best.end))
    if begins > LATEST_TURN_ON_S or best.end - best.first == 1:
        return Learned(
            learned.level, learned.slope, learned.noise, settled,
            window=(best.first, best.end, best.sigma) if others.mean() < 3 * np.sqrt(variance) else None,
        )  # fmt: skip
    if share < settings.turn_on_excess:
        return learned
    start = float(samples.met[best.first])
    stop = float(samples.met[best.end - 1] + samples.seconds[best.end - 1])
    why = (
        f"{best.sigma:.1f} sigma, {100 * share:.0f} % above the level that follows,"
        f" {begins:.3g} s after the start of a segment"
    )
    row = blank(shape, start, stop - start, "turn-on", why) | {
        "significance": best.sigma,
        "peak": float((value[part, 0] / samples.seconds[part]).max()),
        "fluence": float(value[part].sum()),
        "background": usual / shape.bin_s,
    }
    return Learned(learned.level, learned.slope, learned.noise, settled, turn_on=row)
