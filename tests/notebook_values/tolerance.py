"""How far numbers of two outputs may differ."""

from dataclasses import dataclass

import numpy as np

DEFAULT_RTOL, LOOSEST_RTOL = 1e-9, 1e-4
NEAR_ZERO = 1e-12
KEY = "orbital"


@dataclass(frozen=True)
class Tolerance:
    """A relative tolerance, and the reason why a cell needs one of its own.

    A number may differ by `rtol` of itself. Within an array it may not differ by more
    than `rtol` of the array's range either: dates count milliseconds since 1970, and
    `rtol` of that alone would hide a leap second. Rounding near zero, or in arrays that
    barely vary, is allowed for by 1e-12 of the array's largest magnitude (4 units in the
    last place if its type is coarser).
    """

    rtol: float = DEFAULT_RTOL
    reason: str = ""

    @classmethod
    def of(cls, metadata):
        """Return a cell's tolerance; ValueError if it is too loose or gives no reason."""
        if KEY not in metadata:
            return cls()
        entry = dict(metadata[KEY])
        if entry.keys() != {"rtol", "reason"} or not str(entry["reason"]).strip():
            raise ValueError(
                f"a cell that loosens its tolerance gives rtol and a reason, not {entry}"
            )
        if not DEFAULT_RTOL < float(entry["rtol"]) <= LOOSEST_RTOL:
            raise ValueError(
                f"a cell may loosen rtol from {DEFAULT_RTOL:g} to {LOOSEST_RTOL:g} at "
                f"most, not to {entry['rtol']}"
            )
        return cls(float(entry["rtol"]), entry["reason"])

    def agree(self, reference, fresh):
        """Return which numbers of two arrays agree; NaN agrees with NaN."""
        exact = (reference == fresh) | (np.isnan(reference) & np.isnan(fresh))
        finite = np.isfinite(reference) & np.isfinite(fresh)
        with np.errstate(invalid="ignore"):  # inf - inf
            close = np.abs(fresh - reference) <= self._allowed(reference)
        return exact | (finite & close)

    def _allowed(self, reference):
        finite = reference[np.isfinite(reference)]
        if not finite.size:
            return 0.0
        allowed = self.rtol * np.abs(reference)
        if finite.size > 1:
            allowed = np.minimum(allowed, self.rtol * np.ptp(finite))
        kind = np.finfo(reference.dtype)
        near_zero = max(NEAR_ZERO, 4 * kind.eps) * np.abs(finite).max()
        return np.maximum(allowed, max(near_zero, kind.tiny))
