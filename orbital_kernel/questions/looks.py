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


def not_compared(number: int, subject: str) -> list[str]:
    """Return what an answer says of rows whose times are of arrival elsewhere.

    Times at the solar system's barycentre differ by up to 500 s. Rows without `time_rule`
    (of an earlier Orbital) count as near Earth.
    """
    text = f"{number} {subject} with times of arrival at the barycentre or geocentre are not compared"
    return [text] if number else []
