"""One candidate measured: its best window, its extent, and its background."""

from dataclasses import replace

import numpy as np

from orbital_kernel.science.bursts.background import bracket, net_excess, residual_level
from orbital_kernel.science.bursts.excess import Excess, Window
from orbital_kernel.science.bursts.excursion import Measurement
from orbital_kernel.science.bursts.extent import extended, strongest
from orbital_kernel.science.bursts.fit import LEAST_BRACKET
from orbital_kernel.science.bursts.samples import Layout, Samples
from orbital_kernel.science.bursts.settings import Settings

SURE_SIGMA = 10.0
STRONGER = 1.5
ROUNDS = 6
AGREED = 0.6
WIDER_S = ((0.0, 0.0), (0.0, 8.0), (8.0, 8.0), (0.0, 24.0), (24.0, 24.0), (8.0, 60.0))


def quiet_s(lasts_s: float, shape: Layout, settings: Settings) -> float:
    """Return how long it must be quiet for an excess of that length to be over."""
    least = 3.0 if shape.raw else settings.quiet_least_s
    return min(max(lasts_s, least), settings.quiet_most_s)


def measure_net(
    samples: Samples,
    first: int,
    end: int,
    shape: Layout,
    settings: Settings,
    lowest: int = 0,
) -> Measurement:
    """Measure the emission around bins `first` to `end` of a net series.

    Bins before `lowest` belong to another excursion.
    """
    excess = net_excess(samples, settings)
    longest = settings.longest_window_s
    low = int(np.searchsorted(samples.met, samples.met[first] - settings.quiet_most_s))
    low = max(low, lowest)
    best = strongest(excess, low, len(samples), longest)
    if best.sigma < settings.least_sigma(raw=False, bin_s=shape.bin_s):
        best = Window(best.sigma, first, end, best.band)
    else:
        first, end, best = _grown(excess, best, shape, settings, lowest)
    level = residual_level(excess, (first, end), shape.total, settings, lowest)
    return Measurement(excess, best, first, end, level, 1.0, 0, 0, lowest)


def _grown(
    excess: Excess, best: Window, shape: Layout, settings: Settings, lowest: int
) -> tuple[int, int, Window]:
    """Return the extent with adjacent and near emission, and the strongest window."""
    first, end = best.first, best.end
    threshold = settings.least_sigma(raw=shape.raw, bin_s=shape.bin_s)
    for _ in range(32):
        first, end = extended(
            excess,
            first,
            end,
            shape.total,
            settings.extend_sigma,
            (lowest, len(excess.met)),
        )
        stop = excess.met[end - 1] + excess.seconds[end - 1]
        near = quiet_s(float(stop - excess.met[first]), shape, settings)
        low = max(int(np.searchsorted(excess.met, excess.met[first] - near)), lowest)
        high = int(np.searchsorted(excess.met, stop + near))
        others = (
            strongest(
                excess, end, _until(excess, end, high), settings.longest_window_s
            ),
            strongest(excess, low, first, settings.longest_window_s),
        )
        other = max(others, key=lambda window: window.sigma)
        if other.sigma < threshold:
            break
        first, end = min(first, other.first), max(end, other.end)
        best = max(best, other, key=lambda window: window.sigma)
    return first, end, best


def _until(excess: Excess, end: int, high: int) -> int:
    """Return where to stop looking for an episode that begins before bin `high`."""
    return min(len(excess.met), high + max(high - end, 8))


def measure_raw(
    samples: Samples,
    first: int,
    end: int,
    shape: Layout,
    settings: Settings,
    lowest: int = 0,
) -> Measurement:
    """Measure the excess around bins `first` to `end` of raw counts.

    A background fitted over part of a burst hides it, so the fit is tried with the
    candidate as given, with wider ones, and with what exceeds the background
    before it alone; the most significant result counts.
    """
    guesses = [
        (
            max(first - round(before_s / shape.bin_s), lowest),
            end + round(after_s / shape.bin_s),
        )
        for before_s, after_s in WIDER_S
    ]
    fits = Fits(samples, shape, settings, lowest)
    last = len(samples) - LEAST_BRACKET - 2
    guesses = [g for g in guesses if g[1] <= max(end, last)]
    forward = fits.around(first, len(samples))
    if forward.end <= last:
        guesses.append((forward.first, forward.end))
    best = max(
        (fits.settled(*guess) for guess in guesses),
        key=lambda fit: fit.window.sigma,
    )
    goes_on = forward.end == len(samples) and forward.before >= 2 * LEAST_BRACKET
    surely = max(SURE_SIGMA, STRONGER * best.window.sigma)
    return forward if goes_on and forward.window.sigma > surely else best


class Fits:
    """Fits around candidates of the same bins, each calculated once."""

    def __init__(
        self, samples: Samples, shape: Layout, settings: Settings, lowest: int
    ) -> None:
        self.samples = samples
        self.shape = shape
        self.settings = settings
        self.lowest = lowest
        self._measured: dict[tuple[int, int], Measurement] = {}

    def settled(self, first: int, end: int) -> Measurement:
        """Return fit and search, which depend on each other, once they agree.

        An excess elsewhere than around the bins of the fit is not a measurement: the
        background may be curved there. If the two do not agree, the last step counts if
        most of its excess was under its bracket; otherwise its significance is zero.
        """
        for _ in range(ROUNDS):
            fit = self.around(first, end)
            if (fit.first, fit.end) == (first, end):
                return fit
            bins, first, end = (first, end), fit.first, fit.end
        shared = min(bins[1], fit.end) - max(bins[0], fit.first)
        longer = max(bins[1] - bins[0], fit.end - fit.first)
        if shared >= AGREED * longer:
            return fit
        return replace(fit, window=replace(fit.window, sigma=0.0))

    def around(self, first: int, end: int) -> Measurement:
        """Return the excess over the background around these bins."""
        fit = self._measured.get((first, end))
        if fit is None:
            fit = self._measured[(first, end)] = self._search(first, end)
        return fit

    def _search(self, first: int, end: int) -> Measurement:
        met, total = self.samples.met, self.shape.total
        near = 0.25 * self.settings.bracket_most_s
        low = max(int(np.searchsorted(met, met[first] - near)), self.lowest)
        high = int(np.searchsorted(met, met[end - 1] + near))
        fit = bracket(self.samples, first, end, self.settings, (low, high))
        longest = 2 * self.settings.longest_raw_window_s
        window = strongest(fit.excess, low, high, longest)
        if window.end <= window.first:
            window = Window(0.0, first, end, total)
        grown = extended(
            fit.excess,
            window.first,
            window.end,
            total,
            self.settings.extend_sigma,
            (low, high),
        )
        return Measurement(
            fit.excess,
            window,
            *grown,
            fit.level[:, total],
            float(fit.dispersion[total]),
            fit.before,
            fit.after,
            self.lowest,
            fit.level,
        )
