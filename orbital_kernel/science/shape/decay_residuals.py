"""Residuals of a power law with breaks, their derivatives, and both in few rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class FittedPoints:
    """Points in order of time: x is ln(t / t_ref)."""

    x: Reals
    value: Reals
    plus: Reals
    minus: Reals
    is_limit: NDArray[np.bool_]
    log_ref: float


def log_flux(parameters: Reals, x: Reals, log_ref: float) -> Reals:
    """Return ln of the flux, continuous at the breaks; x is ln(t / t_ref)."""
    breaks = (len(parameters) - 2) // 2
    indices = parameters[1 : breaks + 2]
    at = parameters[breaks + 2 :] - log_ref
    result = parameters[0] - indices[0] * x
    for k in range(breaks):
        bend = np.maximum(x - at[k], 0.0)
        result = result - (indices[k + 1] - indices[k]) * bend
    if breaks:  # the amplitude is that at t_ref
        middle = sum(
            (indices[k + 1] - indices[k]) * max(-at[k], 0.0) for k in range(breaks)
        )
        result = result + middle
    return np.asarray(result)


def residuals(parameters: Reals, data: FittedPoints) -> Reals:
    """Return (flux - model) / error (n,); of limits, the root of -2 ln of probability."""
    from scipy import special

    model = np.exp(np.clip(log_flux(parameters, data.x, data.log_ref), -700, 700))
    sigma = np.where(model > data.value, data.plus, data.minus)
    z = np.asarray((data.value - model) / sigma)
    limit = data.is_limit
    if limit.any():
        z[limit] = np.sqrt(np.maximum(-2 * special.log_ndtr(z[limit]), 0.0))
    return z


def _slopes_of(parameters: Reals, data: FittedPoints) -> Reals:
    """Return the derivatives (n, parameters) of ln of the flux."""
    breaks = (len(parameters) - 2) // 2
    indices = parameters[1 : breaks + 2]
    at = parameters[breaks + 2 :] - data.log_ref
    bends = np.maximum(-at, 0.0) - np.maximum(data.x[:, None] - at, 0.0)
    earlier = np.column_stack([-data.x, bends])
    later = np.column_stack([bends, np.zeros(len(data.x))])
    moved = np.diff(indices) * ((data.x[:, None] > at) * 1.0 - (at < 0))
    return np.column_stack([np.ones(len(data.x)), earlier - later, moved])


def jacobian(parameters: Reals, data: FittedPoints) -> Reals:
    """Return the derivatives (n, parameters) of the residuals."""
    from scipy import special

    model = np.exp(np.clip(log_flux(parameters, data.x, data.log_ref), -700, 700))
    sigma = np.where(model > data.value, data.plus, data.minus)
    z = (data.value - model) / sigma
    factor = -model / sigma
    limit = data.is_limit
    if limit.any():
        log_below = special.log_ndtr(z[limit])
        density = np.exp(-(z[limit] ** 2) / 2 - log_below) / np.sqrt(2 * np.pi)
        residual = np.sqrt(np.maximum(-2 * log_below, 0.0))
        factor[limit] *= -density / np.maximum(residual, np.finfo(float).tiny)
    return np.asarray(factor[:, None] * _slopes_of(parameters, data))


def triangle(parameters: Reals, steps: Reals, data: FittedPoints) -> Reals:
    """Return R of the QR decomposition of [Jacobian, residuals], in `steps`.

    It has the same sums of squares and products as these, in one row per column, so that
    a step of the fit does not grow with the number of points.
    """
    slopes = jacobian(parameters, data) @ steps
    table = np.column_stack([slopes, residuals(parameters, data)])
    return np.asarray(np.linalg.qr(table, mode="r"))
