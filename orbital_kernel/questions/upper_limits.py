"""The limit of a source's brightness where an observatory looked and saw nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.model.sky import separation_deg
from orbital_kernel.science.count_apertures import APERTURES
from orbital_kernel.science.counting_limits import upper_limit


@dataclass(frozen=True)
class UpperLimit:
    """What an observatory's looks at a place say of a source there.

    Parameters
    ----------
    observatory : str
        The observatory.
    ra, dec : float
        The place, ICRS deg.
    looks : polars.DataFrame
        The pointings that contain the place, with off_axis_arcmin and exposure_s (s).
    limits : polars.DataFrame
        One row per instrument: instrument, looks, exposure_s (s), aperture_arcsec,
        background (counts expected), counts (in the aperture; null without photons),
        limit_counts, rate (count / s, of all photons of a source), flux (erg / (cm2 s),
        null without a factor).
    sources : int
        Stored sources of the observatory within their error or 5 arcsec of the place.
    confidence : float
        Probability that a source is fainter than the limit.
    assumptions : tuple of str
        What the limit rests on.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> orbital = connect()
    >>> str(orbital.upper_limit((0.0, -89.9), "swift"))
    'swift has not looked at RA 0.00000, dec -89.90000'
    """

    observatory: str
    ra: float
    dec: float
    looks: pl.DataFrame
    limits: pl.DataFrame
    sources: int
    confidence: float
    assumptions: tuple[str, ...]

    @property
    def looked(self) -> bool:
        """Whether any exposed pointing contains the place."""
        return len(self.looks) > 0

    @property
    def seen(self) -> bool:
        """Whether the observatory's catalogues have a source there."""
        return self.sources > 0

    @property
    def exposure_s(self) -> float:
        """Exposure of all looks, s."""
        return float(self.looks["exposure_s"].sum()) if self.looked else 0.0

    @property
    def rate(self) -> float | None:
        """The lowest limit of the instruments, count / s; None if not looked, or seen."""
        if self.seen:
            return None
        rates = self.limits["rate"].drop_nulls().to_list()
        return min(rates) if rates else None

    def __str__(self) -> str:
        """Return what was found in one sentence."""
        where = f"RA {self.ra:.5f}, dec {self.dec:.5f}"
        if not self.looked:
            return f"{self.observatory} has not looked at {where}"
        words = f"{self.observatory} looked at {where} for {self.exposure_s:,.0f} s"
        if self.seen:
            return f"{words} and has {self.sources} sources there: no limit follows"
        if self.rate is None:
            return f"{words}; the exposures are unknown: no limit follows"
        return f"{words}: fainter than {self.rate:.3g} count/s ({self.confidence:.2%})"


LIMITS = {
    "instrument": pl.String(),
    "looks": pl.Int64(),
    "exposure_s": pl.Float64(),
    "aperture_arcsec": pl.Float64(),
    "background": pl.Float64(),
    "counts": pl.Int64(),
    "limit_counts": pl.Float64(),
    "rate": pl.Float64(),
}
RING = (1.5, 4.0)
"""Inner and outer radius of the background's ring, in apertures."""


def limit_of(
    label: str,
    looks: pl.DataFrame,
    photons: pl.DataFrame | None,
    place: tuple[float, float],
    confidence: float,
    background: float | None,
) -> tuple[dict[str, Any], list[str]]:
    """Return the limit of one instrument's looks, and what it rests on."""
    seconds = looks["exposure_s"].fill_null(0.0).to_numpy()
    row: dict[str, Any] = {
        "instrument": label,
        "looks": len(looks),
        "exposure_s": float(seconds.sum()),
    }
    if label not in APERTURES or not seconds.sum():
        why = (
            "of unknown exposure" if label in APERTURES else "without an aperture here"
        )
        return row, [f"{label}: {len(looks)} looks {why} give no limit"]
    aperture = APERTURES[label]
    off_axis = looks["off_axis_arcmin"].to_numpy()
    radius = aperture.radius_at(off_axis)
    level = aperture.background if background is None else background
    expected = float(np.sum(level * np.pi * radius**2 * seconds))
    mean = float(np.sqrt(np.sum(radius**2 * seconds) / seconds.sum()))
    notes = (
        [aperture.origin] if background is None else [f"{label}: background as given"]
    )
    counted = _counted(photons, looks, place, mean)
    if counted is not None:
        counts, expected = counted
        ring = f"{RING[0]:g} to {RING[1]:g} apertures"
        words = f"photons counted within {mean:.1f} arcsec, background from a ring of {ring}"
        of_radius = aperture.origin.partition(", background")[0]
        notes = [f"{label}: {words}; {of_radius}"]
        limit = upper_limit(counts, expected, confidence)
        row["counts"] = counts
    else:
        notes.append(
            f"{label}: no photons stored; counts equal to the background assumed"
        )
        limit = upper_limit(expected, expected, confidence)
    return {
        **row,
        "aperture_arcsec": mean,
        "background": expected,
        "limit_counts": limit,
        "rate": limit / aperture.fraction / float(seconds.sum()),
    }, notes


def _counted(
    photons: pl.DataFrame | None,
    looks: pl.DataFrame,
    place: tuple[float, float],
    radius_arcsec: float,
) -> tuple[int, float] | None:
    """Return counts in the aperture and expected background; None if photons lack."""
    if photons is None:
        return None
    ids = set(looks["obs_id"].drop_nulls())
    if not ids <= set(photons["obs_id"].unique()):
        return None
    of_looks = photons.filter(pl.col("obs_id").is_in(sorted(ids)))
    apart = _apart_arcsec(of_looks, place)
    counts = int((apart <= radius_arcsec).sum())
    inner, outer = (k * radius_arcsec for k in RING)
    ring = int(((apart > inner) & (apart <= outer)).sum())
    return counts, ring / (RING[1] ** 2 - RING[0] ** 2)


def _apart_arcsec(
    rows: pl.DataFrame, place: tuple[float, float]
) -> np.ndarray[Any, Any]:
    return 3600 * separation_deg(rows["ra"].to_numpy(), rows["dec"].to_numpy(), *place)


def sources_at(sources: pl.DataFrame, ra: float, dec: float) -> int:
    """Count sources at the place: within their error radius or 5 arcsec."""
    if not len(sources):
        return 0
    error = sources["error_radius_arcsec"].fill_null(0.0).to_numpy()
    return int((_apart_arcsec(sources, (ra, dec)) <= np.maximum(error, 5.0)).sum())
