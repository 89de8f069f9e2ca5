"""One uninterrupted stretch of a series, followed bin by bin.

Every decision is made when its bin has arrived, whatever batch brings it. So a segment
gives the same triggers whether it is fed at once, bin by bin, or from a checkpoint.
"""

from dataclasses import dataclass, field

import numpy as np

from orbital_kernel.science.bursts.cause import cause_of
from orbital_kernel.science.bursts.episode import Episode
from orbital_kernel.science.bursts.excursion import Trigger, blank
from orbital_kernel.science.bursts.hulls import Hulls
from orbital_kernel.science.bursts.ledger import Ledger
from orbital_kernel.science.bursts.measure import measure_net, measure_raw, quiet_s
from orbital_kernel.science.bursts.measured import measured
from orbital_kernel.science.bursts.samples import Layout, Samples, no_samples
from orbital_kernel.science.bursts.settings import Settings
from orbital_kernel.science.bursts.turnon import Learned, learn

LOOK_BACK_S = 320.0
AFTERGLOW = 1
"""Bins after a turn-on transient that may still hold some of it."""
DOUBTFUL_SIGMA = 5.5
LONGER_LOOK_S = 40.0
CAUTION = 2.0
MOST_CAUTION = 20.0
CAUTIOUS_S = 60.0


@dataclass
class Segment:
    """A stretch without gaps: its stored bins, how far they were followed, what is watched."""

    shape: Layout
    settings: Settings
    known_quiet: float
    samples: Samples
    base: int = 0
    """Bins of the segment dropped before the first one stored."""
    done: int = 0
    floor: int = 0
    """Bins before this one belong to an excursion already reported."""
    opens: int = 0
    """Bins before this one are a turn-on transient: no background for what follows."""
    learned: bool = False
    start: float | None = None
    episode: Episode | None = None
    caution: float = 1.0
    """Factor on the threshold after several retracted candidates."""
    cautious_until: int = 0
    patience: int = 0
    """Candidates retracted in a row since the background was last learned."""
    ledger: Ledger = field(default_factory=Ledger.empty)
    blocked: int = 0
    hulls: Hulls = field(init=False)

    def __post_init__(self) -> None:
        self.hulls = Hulls.fresh(self.shape, self.settings)

    @classmethod
    def begin(cls, shape: Layout, settings: Settings, known_quiet: float) -> "Segment":
        """Return a segment without bins."""
        return cls(shape, settings, known_quiet, no_samples(len(shape.bands)))

    def take(self, samples: Samples) -> list[Trigger]:
        """Follow more bins; return the triggers they complete."""
        if len(samples) == 0:
            return []
        if self.start is None:
            self.start = float(samples.met[0])
        self.samples = self.samples.join(samples)
        triggers = self._run(closing=False)
        self._trim()
        return triggers

    def close(self) -> tuple[list[Trigger], float]:
        """End the segment; return its last triggers and the quiet rate it knew."""
        triggers = self._run(closing=True) if self.start is not None else []
        if self.shape.raw and len(self.samples):
            self._book(closing=True)
            rows = self.ledger.rows(self.shape, self.known_quiet, self.settings)
            triggers += [
                Trigger("final", f"{row['met_s']:.3f}-{row['cause']}", row)
                for row in rows
            ]
        return triggers, self._quiet

    @property
    def _count(self) -> int:
        return self.base + len(self.samples)

    @property
    def _quiet(self) -> float:
        return self.ledger.quiet(self.known_quiet)

    def _number(self, met: float) -> int:
        """Return the number of the first bin that starts at or after a MET."""
        return self.base + int(np.searchsorted(self.samples.met, met - 1e-6))

    def _run(self, *, closing: bool) -> list[Trigger]:
        triggers: list[Trigger] = []
        if self.shape.raw and not self.learned and not self._learn(triggers, closing):
            return triggers
        while True:
            if self.shape.raw:
                self._book(closing=False)
            if self.episode is not None:
                due = self._number(self.episode.review)
                if due >= self._count and not closing:
                    break
                triggers += self._review(
                    min(due, self._count - 1), closing=due >= self._count
                )
            elif self.done >= self._count:
                break
            else:
                triggers += self._advance()
        return triggers

    def _learn(self, triggers: list[Trigger], closing: bool) -> bool:  # noqa: FBT001
        """Learn the background of the segment's beginning once it is long enough."""
        assert self.start is not None
        due = self._number(self.start + self.settings.learn_s)
        if due >= self._count and not closing:
            return False
        first = self.samples.cut(0, min(due, self._count) - self.base)
        learned = learn(first, self.shape, self.settings)
        if learned is None:
            self.done = self._count
            self.learned = True
            return True
        self.learned = True
        self.hulls = self._over(learned)
        self.done = self.floor = learned.settled
        if learned.turn_on is not None:
            row = learned.turn_on
            opens = self._number(row["met_s"] + row["timescale_s"]) + AFTERGLOW
            if opens < learned.settled:
                self.opens = self.floor = opens
            triggers.append(Trigger("final", f"{row['met_s']:.3f}", row))
        elif learned.window is not None:
            self.floor = 0
            a, b, sigma = learned.window
            self._open(a, b, self.shape.total, sigma)
        return True

    def _advance(self) -> list[Trigger]:
        """Take bins until a window is significant or no bins remain."""
        if self.shape.raw and self.done >= self.cautious_until and self.caution > 1.0:
            self.caution, self.patience = 1.0, 0
        upto = self._count if self.caution == 1.0 else self.cautious_until
        part = self.samples.cut(self.done - self.base, upto - self.base)
        passed = self.hulls.advance(part, self.done, self.caution)
        self.done += passed.bins
        if passed.band < 0:
            return []
        first = max(passed.first, self.floor)
        self._open(first, self.done, passed.band, passed.sigma)
        return [self._initial()]

    def _open(self, first: int, end: int, band: int, sigma: float) -> None:
        key = f"{self.samples.met[end - 1 - self.base]:.3f}"
        lasts = (end - first) * self.shape.bin_s
        self.episode = Episode(key, first, end, band, sigma, 0.0)
        self.episode.review = self._due(end, lasts)

    def _due(self, end: int, lasts: float) -> float:
        """Return when an excess that ends at a bin can be judged to be over."""
        at = min(end, self._count) - 1 - self.base
        stop = float(self.samples.met[at] + self.samples.seconds[at])
        wait = quiet_s(lasts, self.shape, self.settings)
        if self.shape.raw:
            s = self.settings
            reach = min(max(2 * lasts, s.bracket_least_s), s.bracket_most_s)
            wait = max(wait, reach + 0.1 * lasts + self.shape.bin_s)
        return stop + wait

    def _initial(self) -> Trigger:
        assert self.episode is not None
        e = self.episode
        at = e.first - self.base
        start = float(self.samples.met[at])
        stop = float(self.samples.met[e.end - 1 - self.base]) + self.shape.bin_s
        cause = "unknown" if self.shape.raw else "burst"
        why = f"{e.sigma:.1f} sigma and not yet over"
        row = blank(self.shape, start, stop - start, cause, why)
        row |= {"significance": e.sigma, "band": self.shape.bands[e.band]}
        return Trigger("initial", e.key, row)

    def _review(self, last: int, *, closing: bool) -> list[Trigger]:
        """Measure the episode with bins up to `last`; report it if it is over."""
        assert self.episode is not None
        e, s = self.episode, self.settings
        met = float(self.samples.met[e.first - self.base]) - LOOK_BACK_S
        low = max(self._number(met), min(self.opens, e.first))
        part = self.samples.cut(low - self.base, last + 1 - self.base)
        measure = measure_raw if self.shape.raw else measure_net
        end = min(e.end, last + 1) - low
        lowest = max(self.floor - low, 0)
        measurement = measure(part, e.first - low, end, self.shape, s, lowest)
        over = self._due(low + measurement.end, measurement.stop - measurement.start)
        long = measurement.stop - measurement.start >= (
            256.0 if self.shape.raw else s.longest_episode_s
        )
        if not closing and not long and over > e.review + 1e-6:
            e.review = over
            return []
        cause, why = cause_of(measurement, self.shape, self._quiet, s)
        if not (cause or closing or long or e.waited) and e.sigma >= DOUBTFUL_SIGMA:
            e.waited = True
            e.review += LONGER_LOOK_S
            return []
        if cause:
            self._resume(low + measurement.end, last)
            return [
                Trigger("final", e.key, measured(measurement, self.shape, cause, why))
            ]
        self._take_back(low + measurement.end, last)
        row = measured(measurement, self.shape, "unknown", why)
        return [Trigger("retraction", e.key, row)]

    def _take_back(self, end: int, last: int) -> None:
        """Continue after a candidate that was not confirmed, with the background as it was.

        If several in a row are not confirmed, the background itself has changed.
        """
        assert self.episode is not None
        self.patience += 1
        if not self.shape.raw:
            self._resume(end, last)
            return
        if self.patience > self.settings.patience:
            patience = self.patience
            self._resume(end, last)
            self.patience = patience
            self.caution = min(self.caution * CAUTION, MOST_CAUTION)
            self.cautious_until = self.done + round(CAUTIOUS_S / self.shape.bin_s)
            return
        self.episode = None
        earlier = self.hulls
        self.hulls = Hulls.fresh(self.shape, self.settings)
        self.hulls.smooth, self.hulls.ring = earlier.smooth, earlier.ring
        self.hulls.place = earlier.place

    def _resume(self, end: int, last: int) -> None:
        """Continue after an episode: from its end, with a background learned again."""
        assert self.episode is not None
        end = max(end, self.episode.end)
        self.episode = None
        self.patience = 0
        self.floor = end
        self.done = end
        if not self.shape.raw:
            self.hulls = Hulls.fresh(self.shape, self.settings)
            return
        stop = min(last + 1, end + int(self.settings.bracket_most_s / self.shape.bin_s))
        after = self.samples.cut(end - self.base, stop - self.base)
        if len(after) < 6:
            self.done = max(end, last + 1)
            first = max(self.done - 30 - self.base, 0)
            after = self.samples.cut(first, self.done - self.base)
        learned = learn(after, self.shape, self.settings, settle_s=0.0)
        if learned is not None:
            self.hulls = self._over(learned)

    def _over(self, learned: Learned) -> Hulls:
        """Return hulls without bins over a background just learned."""
        background = learned.level, learned.slope, learned.noise
        return Hulls.over(*background, self.shape, self.settings)

    def _book(self, *, closing: bool) -> None:
        """Enter full blocks into the ledger; at the end also the remaining bins."""
        size = max(round(self.settings.block_s / self.shape.bin_s), 2)
        upto = self.done if not closing else self._count
        full = max(upto - self.blocked, 0) // size * size
        remainder = upto - self.blocked - full
        for bins, length in ((full, size), (remainder, remainder)):
            if bins and (length == size or (closing and length >= 2)):
                part = self.samples.cut(self.blocked - self.base).cut(0, bins)
                self.ledger.add(part, self.shape, length)
                self.blocked += bins

    def _trim(self) -> None:
        """Drop bins that no later measurement uses."""
        keep = min(self.done, self.floor if self.episode else self.done)
        if self.episode is not None:
            keep = min(keep, self.episode.first)
        if self.shape.raw:
            keep = min(keep, self.blocked)
        if keep - self.base <= 0 or len(self.samples) == 0:
            return
        met = (
            float(self.samples.met[min(keep - self.base, len(self.samples) - 1)])
            - 1000.0
        )
        drop = int(np.searchsorted(self.samples.met, met))
        if drop > 4096:
            self.samples = self.samples.cut(drop)
            self.base += drop
