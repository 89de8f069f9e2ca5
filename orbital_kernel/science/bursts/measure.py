"""One candidate measured: its best window, how far it reaches, what lies under it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orbital_kernel.science.bursts.background import beside, bracket, net_excess
from orbital_kernel.science.bursts.extent import Excess, Window, extended, strongest
from orbital_kernel.science.bursts.fit import LEAST_BRACKET
from orbital_kernel.science.bursts.samples import Layout, Samples
from orbital_kernel.science.bursts.settings import Settings

Floats = NDArray[np.float64]
SURE_SIGMA = 10.0
STRONGER = 1.5
ROUNDS = 6
AGREED = 0.6
WIDER_S = ((0.0, 0.0), (0.0, 8.0), (8.0, 8.0), (0.0, 24.0), (24.0, 24.0), (8.0, 60.0))


@dataclass(frozen=True)
class Measurement:
    """A candidate's best window, its extent in bins, and its surroundings.

    `level` and `dispersion` are those of the total band; `before` and `after` count
    the bins the background was fitted on. In a net series `level` is what is left of
    a background in it, and still part of the excess.
    """

    excess: Excess
    window: Window
    first: int
    end: int
    level: Floats
    dispersion: float
    before: int
    after: int

    @property
    def start(self) -> float:
        """Start of the extent, MET s."""
        return float(self.excess.met[self.first])

    @property
    def stop(self) -> float:
        """End of the extent, MET s."""
        return float(self.excess.met[self.end - 1] + self.excess.seconds[self.end - 1])


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
    level = beside(excess, (first, end), shape.total, settings, lowest)
    return Measurement(excess, best, first, end, level, 1.0, 0, 0)


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
    candidate as given, with wider ones, and with what stands out of the background
    before it alone; the most significant result stands.
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
        key=lambda found: found.window.sigma,
    )
    goes_on = forward.end == len(samples) and forward.before >= 2 * LEAST_BRACKET
    surely = max(SURE_SIGMA, STRONGER * best.window.sigma)
    return forward if goes_on and forward.window.sigma > surely else best


class Fits:
    """Fits around candidates of the same bins, each made once."""

    def __init__(
        self, samples: Samples, shape: Layout, settings: Settings, lowest: int
    ) -> None:
        self.samples = samples
        self.shape = shape
        self.settings = settings
        self.lowest = lowest
        self._made: dict[tuple[int, int], Measurement] = {}

    def settled(self, first: int, end: int) -> Measurement:
        """Return fit and search, which depend on each other, once they agree.

        What a fit shows elsewhere than around its own bins is no measurement: the
        background may be bent there. Only the last step counts, where most of what it
        shows was under its bracket, or else nothing is found.
        """
        for _ in range(ROUNDS):
            found = self.around(first, end)
            if (found.first, found.end) == (first, end):
                return found
            bins, first, end = (first, end), found.first, found.end
        shared = min(bins[1], found.end) - max(bins[0], found.first)
        longer = max(bins[1] - bins[0], found.end - found.first)
        if shared >= AGREED * longer:
            return found
        return replace(found, window=replace(found.window, sigma=0.0))

    def around(self, first: int, end: int) -> Measurement:
        """Return what stands out of the background around these bins."""
        found = self._made.get((first, end))
        if found is None:
            found = self._made[(first, end)] = self._search(first, end)
        return found

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
        )


@dataclass(frozen=True)
class Durations:
    """Durations in s, the start of T90 on the clock of the bins."""

    t90_s: float
    t90_err_s: float
    t90_start: float
    t50_s: float


def durations(
    met: Floats, seconds: Floats, excess: Floats, variance: Floats
) -> Durations:
    """Return T90 and T50 of bins (n,) that hold the whole of a burst and no more."""
    total = np.concatenate(([0.0], np.cumsum(excess)))
    spread = np.concatenate(([0.0], np.cumsum(variance)))
    edges = np.append(met, met[-1] + seconds[-1])
    start, start_err = _crossing(0.05, edges, total, spread)
    stop, stop_err = _crossing(0.95, edges, total, spread)
    quarter, _ = _crossing(0.25, edges, total, spread)
    three, _ = _crossing(0.75, edges, total, spread)
    return Durations(
        t90_s=stop - start,
        t90_err_s=float(np.hypot(start_err, stop_err)),
        t90_start=start,
        t50_s=max(three - quarter, 0.0),
    )


def _crossing(
    part: float, edges: Floats, total: Floats, spread: Floats
) -> tuple[float, float]:
    """Return when the fluence first reaches a part of the whole, and its error in s."""
    level = part * total[-1]
    k = int(np.argmax(total[1:] >= level)) + 1
    width = edges[k] - edges[k - 1]
    rise = max(total[k] - total[k - 1], 1e-300)
    when = edges[k - 1] + width * min(max((level - total[k - 1]) / rise, 0.0), 1.0)
    low, high = max(k - 3, 0), min(k + 2, len(total) - 1)
    rate = (total[high] - total[low]) / (edges[high] - edges[low])
    variance = spread[k] * (1 - 2 * part) + part**2 * spread[-1]
    whole = edges[-1] - edges[0]
    error = np.sqrt(max(variance, 0.0)) / rate if rate > 0 else whole
    return float(when), float(min(np.hypot(error, width / np.sqrt(12)), whole))
