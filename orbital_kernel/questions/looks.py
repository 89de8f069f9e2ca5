"""Which pointings are a look at a target: those that were exposed, and not idle.

Swift waits at positions named SAA-COLD during passages of the South Atlantic Anomaly,
and logs list pointings of 0 s.
"""

import polars as pl

IDLE = r"(?i)^\s*saa[-_ ]?cold"
RULE = "exposed pointings only: none of 0 s, none named SAA-COLD"


def is_look(*, exposure: str | None = "exposure_s", target: str = "object") -> pl.Expr:
    """Return whether a row is a look at its target; unknown exposure counts as one."""
    idle = pl.col(target).str.contains(IDLE).fill_null(value=False)
    if exposure is None:
        return ~idle
    return ~idle & (pl.col(exposure).fill_null(1.0) > 0)
