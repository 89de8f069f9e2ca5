"""Position errors of catalogues as one-sigma covariances on the sky.

Catalogues state a radius or an ellipse at different confidences: Swift-XRT 90 %,
Chandra 95 %, others one sigma. They are comparable only at one confidence.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import fill, finite

Reals = NDArray[np.float64]

ERRORS = (
    "error_radius_arcsec",
    "error_major_arcsec",
    "error_minor_arcsec",
    "error_angle_deg",
    "error_confidence",
)


def sigmas_in_radius(confidence: Reals) -> Reals:
    """Return the radius of a circle of that confidence, in sigma of one axis.

    sqrt(-2 ln(1 - p)) for a two-dimensional Gaussian: 2.146 for 90 %, 2.448 for 95 %, 1.515
    for 68.3 %.
    """
    return np.asarray(np.sqrt(-2 * np.log1p(-confidence)))


def assume_errors(
    sources: pl.DataFrame,
    *,
    radius_arcsec: float | None = None,
    confidence: float | None = None,
) -> pl.DataFrame:
    """Return the sources with a stated radius or confidence where theirs is missing.

    Parameters
    ----------
    sources
        Rows of `sources`.
    radius_arcsec
        Error radius for sources that have none, arcsec.
    confidence
        Confidence for sources that have none, between 0 and 1.

    Returns
    -------
    polars.DataFrame
        The sources; a catalogue's own values are never replaced.
    """
    frame = fill(sources, {name: pl.Float64() for name in ERRORS})
    bare = (
        finite("error_radius_arcsec").is_null() & finite("error_major_arcsec").is_null()
    )
    if radius_arcsec is not None:
        frame = frame.with_columns(
            pl.when(bare)
            .then(radius_arcsec)
            .otherwise(pl.col("error_radius_arcsec"))
            .alias("error_radius_arcsec")
        )
    if confidence is not None:
        frame = frame.with_columns(finite("error_confidence").fill_null(confidence))
    return frame


def covariances(sources: pl.DataFrame, *, side: str) -> Reals:
    """Return covariances of positions, arcsec², shape (n, 3): east-east, north-north, east-north.

    Parameters
    ----------
    sources
        Rows of `sources`. An ellipse is used before a radius; its angle is east of north.
    side
        Name of the sources in messages.

    Raises
    ------
    QueryError
        If errors or their confidence are missing: how many, and what to do.
    """
    frame = fill(sources, {name: pl.Float64() for name in ERRORS}).select(
        finite(name) for name in ERRORS
    )
    radius, major, minor, angle, confidence = (
        frame[name].to_numpy() for name in ERRORS
    )
    ellipse = np.isfinite(major) & np.isfinite(minor)
    major, minor = np.where(ellipse, (major, minor), radius)
    _require(major > 0, "position error > 0", "radius_arcsec", side)
    _require(
        (confidence > 0) & (confidence < 1),
        "confidence between 0 and 1",
        "confidence",
        side,
    )
    scale = sigmas_in_radius(confidence)
    a, b = (major / scale) ** 2, (np.maximum(minor, 1e-6) / scale) ** 2
    if not ellipse.any():  # the usual case
        return np.stack([b, a, np.zeros_like(a)], axis=1)
    turn = np.radians(np.nan_to_num(angle))
    sine, cosine = np.sin(turn), np.cos(turn)
    east, north = a * sine**2 + b * cosine**2, a * cosine**2 + b * sine**2
    return np.asarray(np.stack([east, north, (a - b) * sine * cosine], axis=1))


def largest_sigma(covariance: Reals) -> Reals:
    """Return the larger axis of each error ellipse, one sigma, arcsec."""
    east, north, cross = covariance.T
    half = np.hypot((east - north) / 2, cross)
    return np.asarray(np.sqrt((east + north) / 2 + half))


def mean_sigma(covariance: Reals) -> Reals:
    """Return the one-sigma error an axis of a circle of equal variance, arcsec."""
    return np.asarray(np.sqrt((covariance[:, 0] + covariance[:, 1]) / 2))


def _require(good: NDArray[np.bool_], quantity: str, argument: str, side: str) -> None:
    if not good.all():
        raise QueryError(
            f"{(~good).sum():,} of {good.size:,} {side} sources have no {quantity};"
            f" state one with assume_errors(frame, {argument}=…)"
        )
