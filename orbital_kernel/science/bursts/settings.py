"""The burst detector's settings, in one place."""

from dataclasses import asdict, dataclass
from math import log, sqrt
from typing import Any

VERSION = 5


@dataclass(frozen=True)
class Settings:
    """Thresholds and times of the detector; lengths in s, thresholds in sigma.

    The thresholds are those for 0.01 false alarms of noise a day by the package's
    calibration (`science.bursts.calibration`); a test compares them.
    """

    net_open_sigma: float = 5.0
    net_sigma: float = 5.6
    raw_open_sigma: float = 4.3
    """Over the tracked background, for windows of `open_s` and longer. There are more
    shorter ones in a day: they need sigma^2 + 2 ln(open_s / length)."""
    open_s: float = 4.0
    raw_sigma: float = 5.4
    raw_burst_sigma: float = 5.9
    """Raw excesses below this are reported, but not as bursts."""
    extend_sigma: float = 2.6
    longest_window_s: float = 600.0
    longest_raw_window_s: float = 128.0
    faintest_mean: float = 0.2
    """Least mean of a window, in sigma of one second: fainter ones are drift."""
    net_drift: float = 0.07
    """Systematic offset of a net series, in sigma of one second."""
    quiet_least_s: float = 150.0
    quiet_most_s: float = 300.0
    """A burst in a net series is over after as long a quiet as it lasted, within these
    bounds: precursors and episodes come minutes apart, and are of the same source."""
    ended_s: float = 30.0
    """Emission that ends this long before the data is treated as finished."""
    first_review_s: float = 4.0
    longest_episode_s: float = 3000.0
    background_s: float = 50.0
    """Time constant of the tracked level and slope."""
    background_lag_s: float = 8.0
    """Bins younger than this do not yet enter the tracked background, so that a faint
    burst has this long to become significant before it counts as background. Of
    bursts of 7 to 14 sigma and 4 to 64 s injected into real rates, more are found with
    8 s than with 4 s; with 12 s a curved background becomes significant itself."""
    bracket_least_s: float = 24.0
    bracket_most_s: float = 120.0
    gap_s: float = 10.0
    """A raw series starts a new segment after a gap this long."""
    net_gap_s: float = 900.0
    settle_s: float = 25.0
    """Turn-on transients are searched within this time of a segment's start."""
    learn_s: float = 60.0
    """The background of a segment is first learned by this time."""
    patience: int = 3
    """Candidates retracted in a row before the background is learned again."""
    shallow: float = 0.1
    """Share of the background a slow excess seen from one side only must exceed."""
    turn_on_excess: float = 0.08
    block_s: float = 16.0
    saa_excess: float = 1.5
    saa_edge: float = 1.2
    """A passage begins where the rate is this many times the quiet rate."""
    saa_step: float = 1.7
    saa_least_s: float = 60.0
    unstable_dispersion: float = 6.0
    lateness_s: float = 0.0
    """How long a bin waits for rows that arrive out of order."""

    def least_sigma(self, *, raw: bool, bin_s: float) -> float:
        """Return the sigma at which an excess is reported, for bins of a width in s.

        The thresholds are for bins of 1 s. Shorter bins make more trials a day; the Gaussian
        tail keeps the alarms a day the same for sigma^2 + 2 ln(1 s / width).
        """
        return for_bins(self.raw_sigma if raw else self.net_sigma, bin_s)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for the `detector` column."""
        return {"version": VERSION, **asdict(self)}


def for_bins(sigma: float, bin_s: float) -> float:
    """Return the threshold for bins of a width that has as many false alarms a day."""
    return sqrt(sigma**2 + 2 * max(log(1.0 / bin_s), 0.0))
