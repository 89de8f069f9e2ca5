"""Thresholds from a calibration: the sigma that keeps false alarms a day below a rate.

The package's own calibration is thresholds.json beside this file. A user's calibration
has the same form; whoever keeps it hands its document to `Calibration.of`, and stores
the document that `Calibration.document` returns. Nothing here writes a file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from orbital_kernel.errors import QueryError
from orbital_kernel.science.bursts.calibration.error_rates import false_alarms
from orbital_kernel.science.bursts.calibration.noise import noise_series
from orbital_kernel.science.bursts.settings import Settings

PACKAGE_FILE = Path(__file__).with_name("thresholds.json")
PACKAGE = "package"
KINDS = {
    "net 1 s": ("net", 1.0, 1),
    "net 64 ms": ("net", 0.064, 1),
    "raw 1 s": ("raw", 1.0, 1),
    "raw 64 ms x 4": ("raw", 0.064, 4),
}
"""Kinds of series: kind of rates, width of a bin (s), number of channels."""
TRIED = tuple(round(4.0 + 0.1 * k, 1) for k in range(31))
"""Thresholds (sigma) at which false alarms are counted."""
DEFAULT_PER_DAY = 0.01
"""The thresholds of Settings are those for so many false alarms of noise a day."""
LEAST_ALARMS = 3
"""A point of a curve with fewer alarms does not constrain the rate."""
UNKNOWN_BELOW = 0.5
"""Raw excesses this far below the threshold of a burst are reported as unknown."""


class Curve(NamedTuple):
    """False alarms counted at each threshold (sigma) in an exposure (days)."""

    days: float
    threshold: tuple[float, ...]
    alarms: tuple[int, ...]

    def sigma_for(self, per_day: float) -> float:
        """Return the lowest threshold with at most so many false alarms a day."""
        rates = [
            (sigma, alarms / self.days)
            for sigma, alarms in zip(self.threshold, self.alarms, strict=True)
            if alarms >= LEAST_ALARMS
        ]
        for sigma, rate in rates:
            if rate <= per_day:
                return float(sigma)
        # Beyond the exposure: Gaussian tail, rate ~ exp(-sigma^2 / 2).
        sigma, rate = (
            rates[-1] if rates else (self.threshold[0], LEAST_ALARMS / self.days)
        )
        return float((sigma**2 + 2 * max(log(rate / per_day), 0.0)) ** 0.5)


@dataclass(frozen=True)
class Calibration:
    """False-alarm curves by kind of series, and where they come from.

    Parameters
    ----------
    curves
        One Curve per key of KINDS.
    provenance
        Seed, exposure (days), command and, for a user's calibration, the date (UTC).
    source
        'package', or the path of the user's file.

    Examples
    --------
    >>> from orbital_kernel.science.bursts.calibration import packaged
    >>> calibration = packaged()
    >>> calibration.sigma_for("raw 1 s", 0.01) > calibration.sigma_for("raw 1 s", 1.0)
    True
    """

    curves: Mapping[str, Curve]
    provenance: Mapping[str, Any]
    source: str = PACKAGE

    @classmethod
    def of(cls, document: Mapping[str, Any], source: str) -> "Calibration":
        """Return the calibration of a stored document.

        Raises QueryError if the document lacks a kind, or a curve is not usable.
        """
        try:
            curves = {
                kind: Curve(
                    float(document["curves"][kind]["days"]),
                    tuple(map(float, document["curves"][kind]["threshold"])),
                    tuple(map(int, document["curves"][kind]["alarms"])),
                )
                for kind in KINDS
            }
            provenance = dict(document["provenance"])
        except (KeyError, TypeError, ValueError) as error:
            raise QueryError(
                f"{source} does not hold a calibration of the burst detector"
                f" ({type(error).__name__}: {error}): calibrate again with"
                " `orbital bursts calibrate --keep`, or delete the file to use the"
                " package's thresholds"
            ) from error
        for kind, curve in curves.items():
            usable = curve.days > 0 and 0 < len(curve.threshold) == len(curve.alarms)
            if not usable:
                raise QueryError(
                    f"{source}: the curve {kind!r} has {len(curve.threshold)}"
                    f" thresholds, {len(curve.alarms)} counts of alarms and"
                    f" {curve.days:g} days: calibrate again with"
                    " `orbital bursts calibrate --keep`, or delete the file"
                )
        return cls(curves, provenance, source)

    @classmethod
    def measured(
        cls,
        frames: Mapping[str, pl.DataFrame],
        provenance: Mapping[str, Any],
        source: str,
    ) -> "Calibration":
        """Return the calibration of frames as `false_alarms` returns them, by kind."""
        curves = {
            kind: Curve(
                round(frame["days"][0], 4),
                tuple(frame["threshold"].to_list()),
                tuple(frame["alarms"].to_list()),
            )
            for kind, frame in frames.items()
        }
        return cls(curves, provenance, source)

    def document(self) -> dict[str, Any]:
        """Return provenance and curves as plain values, to be stored as JSON."""
        return {
            "provenance": dict(self.provenance),
            "curves": {kind: curve._asdict() for kind, curve in self.curves.items()},
        }

    def frame(self) -> pl.DataFrame:
        """Return the curves as a frame, one row per kind and threshold.

        Returns
        -------
        polars.DataFrame
            kind, days (exposure, d), threshold (sigma of bins of 1 s), alarms, per_day
            (alarms / d), and simulated: true, as their background is simulated.
        """
        frames = [
            pl.DataFrame(
                {
                    "kind": kind,
                    "days": curve.days,
                    "threshold": curve.threshold,
                    "alarms": curve.alarms,
                }
            )
            for kind, curve in self.curves.items()
        ]
        a_day = (pl.col("alarms") / pl.col("days")).alias("per_day")
        return pl.concat(frames).with_columns(
            a_day, pl.lit(value=True).alias("simulated")
        )

    def sigma_for(self, kind: str, per_day: float) -> float:
        """Return the threshold with at most so many false alarms of noise a day.

        Parameters
        ----------
        kind
            A key of KINDS.
        per_day
            False alarms of noise allowed per day of exposure and series.

        Returns
        -------
        float
            Sigma of bins of 1 s. Below the rates that the exposure reaches, the curve
            continues as the tail of a Gaussian from the last threshold with at least
            three alarms.

        Raises
        ------
        QueryError
            If the rate is not above zero.
        """
        if not per_day > 0:
            raise QueryError(f"false alarms a day must be above 0, not {per_day}")
        return self.curves[kind].sigma_for(per_day)

    def rate_at(self, kind: str, sigma: float) -> float:
        """Return false alarms of noise a day at a threshold, extended as `sigma_for`."""
        low, high = 1e-12, 1e9
        for _ in range(120):
            middle = exp(0.5 * (log(low) + log(high)))
            if self.sigma_for(kind, middle) > sigma:
                low = middle
            else:
                high = middle
        return high

    def settings_for(
        self,
        per_day: float,
        settings: Settings = Settings(),  # noqa: B008 - frozen
    ) -> Settings:
        """Return settings with at most so many false alarms of noise a day and series.

        Of the widths of bins a kind was calibrated with, the one with the highest
        threshold counts.
        """
        net, raw = (
            max(
                self.sigma_for(kind, per_day) for kind in KINDS if kind.startswith(name)
            )
            for name in ("net", "raw")
        )
        return replace(
            settings,
            net_sigma=net,
            net_open_sigma=min(settings.net_open_sigma, net),
            raw_burst_sigma=raw,
            raw_sigma=raw - UNKNOWN_BELOW,
            raw_open_sigma=min(settings.raw_open_sigma, raw - UNKNOWN_BELOW),
        )


def packaged() -> Calibration:
    """Return the calibration that comes with the package."""
    return Calibration.of(json.loads(PACKAGE_FILE.read_text(encoding="utf-8")), PACKAGE)


def curve(kind: str, days: float, seed: int) -> pl.DataFrame:
    """Return false alarms a day against threshold on simulated noise.

    Parameters
    ----------
    kind
        A key of KINDS.
    days
        Exposure to simulate, d.
    seed
        Seed of the random numbers.

    Returns
    -------
    polars.DataFrame
        As `false_alarms` returns it, at the thresholds TRIED.
    """
    name, bin_s, channels = KINDS[kind]
    series = noise_series(name, bin_s, days, channels=channels, seed=seed)
    return false_alarms(series, TRIED)
