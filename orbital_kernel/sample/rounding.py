"""Rounded numbers, so that the sample has the same bytes on every processor.

exp, sin, powers and sums differ between processors in their last bits (by up to some
1e-15), and so does a draw that is scaled. Whatever comes out of them is rounded before it
is drawn from, compared or written, much more coarsely than they differ and much more
finely than the sample's noise.
"""

from typing import overload

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
_MODEL_BITS = 30
_MEASURED_BITS = 24


@overload
def modelled(values: float) -> float: ...
@overload
def modelled(values: Reals) -> Reals: ...
def modelled(values: float | Reals) -> float | Reals:
    """Return model values (fluxes, profiles, means to draw from) to nine digits."""
    return _cut(values, _MODEL_BITS)


@overload
def measured(values: float) -> float: ...
@overload
def measured(values: Reals) -> Reals: ...
def measured(values: float | Reals) -> float | Reals:
    """Return measured values (rates, energies, pixels) to single precision."""
    return _cut(values, _MEASURED_BITS)


@overload
def degrees(values: float) -> float: ...
@overload
def degrees(values: Reals) -> Reals: ...
def degrees(values: float | Reals) -> float | Reals:
    """Return angles (deg) to 3.6 mas."""
    return _plain(np.round(values, 6))


def right_ascensions(values: Reals) -> Reals:
    """Return right ascensions (deg) to 3.6 mas, from 0 to below 360."""
    return degrees(degrees(values) % 360)


@overload
def seconds(values: float) -> float: ...
@overload
def seconds(values: Reals) -> Reals: ...
def seconds(values: float | Reals) -> float | Reals:
    """Return durations and moments (s) to a microsecond."""
    return _plain(np.round(values, 6))


def _cut(values: float | Reals, bits: int) -> float | Reals:
    """Round to that many binary digits; scaling by powers of two is exact everywhere."""
    mantissa, exponent = np.frexp(values)
    return _plain(np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits))


def _plain(values: float | Reals) -> float | Reals:
    return values if isinstance(values, np.ndarray) else float(values)
