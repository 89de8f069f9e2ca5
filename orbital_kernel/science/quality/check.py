"""What a check is: its unit, its limits and their origin, and how a value is judged.

A value that could not be computed is 'unknown' with the reason, never 'ok'. A series of
samples is also charted (charts.py): a step or drift is at least a warning, with its date.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orbital_kernel.science.quality.charts import Chart, chart
from orbital_kernel.science.quality.dating import LEAST_SAMPLES, Change

OK, WARN, BAD, UNKNOWN = "ok", "warn", "bad", "unknown"
STATES = (OK, WARN, BAD, UNKNOWN)
WORST_FIRST = (BAD, WARN, UNKNOWN, OK)
SERIES_FALSE_ALARM = 0.001
"""Of one series and run: some thirty series give a false alarm in one run of thirty."""


@dataclass(frozen=True)
class Limits:
    """Where a value becomes a warning, and where it is bad.

    Attributes
    ----------
    warn_low, warn_high, bad_low, bad_high
        Values beyond these are so judged; None is unbounded.
    origin
        The document or the reason that the limits come from.
    """

    origin: str
    warn_low: float | None = None
    warn_high: float | None = None
    bad_low: float | None = None
    bad_high: float | None = None

    def state(self, value: float) -> str:
        """Return the state of a value by the limits alone."""
        if _beyond(value, self.bad_low, self.bad_high):
            return BAD
        return WARN if _beyond(value, self.warn_low, self.warn_high) else OK

    def __str__(self) -> str:
        """Return the ranges outside which a value warns and is a fault, in words."""
        ranges = (
            ("warning", self.warn_low, self.warn_high),
            ("fault", self.bad_low, self.bad_high),
        )
        words = [
            f"{name} {_outside(low, high)}"
            for name, low, high in ranges
            if low is not None or high is not None
        ]
        return ", ".join(words) or "none"

    def nearest(self, value: float) -> float | None:
        """Return the limit that the value violates, else the first one it could."""
        for low, high in (
            (self.bad_low, self.bad_high),
            (self.warn_low, self.warn_high),
        ):
            if low is not None and value < low:
                return low
            if high is not None and value > high:
                return high
        given = (self.warn_high, self.bad_high, self.warn_low, self.bad_low)
        return next((limit for limit in given if limit is not None), None)


@dataclass(frozen=True)
class Check:
    """One check of the registry.

    Attributes
    ----------
    name
        Its name, as in `orbital quality board`.
    unit
        Unit of its value; '' for shares and numbers.
    limits
        Limits of the value, with their origin.
    doc
        What is measured, in one sentence.
    at_ingest
        Whether it also runs on the rows of each ingest.
    smallest
        Least relative size of a step or drift that is bad; smaller ones are warnings.
        None leaves every change a warning.
    """

    name: str
    unit: str
    limits: Limits
    doc: str
    at_ingest: bool = False
    smallest: float | None = None


@dataclass(frozen=True)
class Measured:
    """The value of a check for one subject, before it is judged.

    Attributes
    ----------
    check
        Name of the check.
    subject
        Table, instrument, series or pair of catalogues.
    value, error
        The value and its 1-sigma error, in the check's unit; None if not computed.
    evidence
        What was measured, in words.
    missing
        Why the value could not be computed; '' if it could.
    samples
        time (TT), value and error of each sample, for charts.
    since
        Time (ns TT) of the first row at fault, if rows are at fault.
    worst
        The worst state allowed, for subjects whose changes may be real.
    outliers
        Whether samples beyond the control limits count without a dated change.
    charted
        Whether samples are judged by a control chart; not if they scatter by nature, as
        shares of single files do.
    """

    check: str
    subject: str
    value: float | None = None
    error: float | None = None
    evidence: str = ""
    missing: str = ""
    samples: pl.DataFrame | None = None
    since: int | None = None
    worst: str = BAD
    outliers: bool = True
    charted: bool = True


@dataclass(frozen=True)
class Judged:
    """A measured value with its state and, for a step or drift, its date."""

    measured: Measured
    state: str
    limit: float | None
    change: Change | None
    evidence: str

    @property
    def since(self) -> int | None:
        """When the fault began, ns TT; None if it is not dated."""
        return self.change.since if self.change else self.measured.since


def judged(
    check: Check, measured: Measured, *, false_alarm: float = SERIES_FALSE_ALARM
) -> Judged:
    """Return the state of a measured value, by its limits and by its chart."""
    if measured.missing or measured.value is None or not np.isfinite(measured.value):
        why = measured.missing or "the value is not a number"
        return Judged(measured, UNKNOWN, None, None, why)
    states = [check.limits.state(measured.value)]
    words = [measured.evidence] if measured.evidence else []
    drawn = _chart(measured.samples, false_alarm) if measured.charted else None
    change = drawn.change if drawn else None
    if drawn and drawn.change:
        states.append(_of_change(check, drawn))
        words.append(_change_words(check, drawn))
    elif drawn and drawn.alarm and measured.outliers:
        states.append(WARN)
        words.append(
            f"{drawn.outside} of {len(drawn.frame)} samples beyond the control limits"
            + ("; the CUSUM is beyond its limit" if drawn.summed else "")
        )
    state = min(states, key=WORST_FIRST.index)
    if WORST_FIRST.index(state) < WORST_FIRST.index(measured.worst):
        state = measured.worst
    limit = check.limits.nearest(measured.value)
    return Judged(measured, state, limit, change, "; ".join(words))


def _chart(samples: pl.DataFrame | None, false_alarm: float) -> Chart | None:
    if samples is None or len(samples.drop_nulls(["time", "value"])) < LEAST_SAMPLES:
        return None
    return chart(samples, false_alarm=false_alarm)


def _of_change(check: Check, drawn: Chart) -> str:
    if check.smallest is None or drawn.change is None:
        return WARN
    size = _total_change(drawn)
    return BAD if size >= check.smallest * abs(drawn.centre) else WARN


def _total_change(drawn: Chart) -> float:
    """Return the height of the step, or how far the drift has gone by the last sample."""
    if drawn.change is None:
        return 0.0
    if drawn.change.kind == "step":
        return abs(drawn.change.size)
    last = int(drawn.frame["time"].cast(pl.Int64).max())  # type: ignore[arg-type]
    return abs(drawn.change.size) * (last - drawn.change.since) / 86_400e9


def _change_words(check: Check, drawn: Chart) -> str:
    change = drawn.change
    if change is None:
        return ""
    unit = f" {check.unit}" if check.unit else ""
    size = f"{change.size:+.3g}{unit}" + (" a day" if change.kind == "drift" else "")
    share = ""
    if check.smallest is not None and drawn.centre:
        share = f" ({100 * _total_change(drawn) / abs(drawn.centre):.1f} % of {drawn.centre:.4g})"
    return (
        f"a {change.kind} of {size}{share} among {len(drawn.frame)} samples: likelihood "
        f"ratio {change.statistic:.1f}, limit {change.limit:.1f}"
    )


def _outside(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"above {high:g}" if low is None else f"below {low:g}"
    return f"outside {low:g} to {high:g}"


def _beyond(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)
