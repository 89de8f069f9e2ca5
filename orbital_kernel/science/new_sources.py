"""Sources that earlier looks would have shown, had they been as bright: new ones.

Null: a constant source. The chance of as many counts in the new look, and of too few to
be detected in the earlier ones, is taken at the brightness where both together are
likeliest, so it is never below the truth, whatever the source's brightness.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.columns import demand

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

DETECTED = 0.9973
"""A source is detected if the background alone gives its counts less often than by this."""
LEAST_COUNTS = 3
TRIED = 80
COLUMNS = (
    *("counts", "background", "exposure_s", "earlier_s"),
    "earlier_background",
)
LIMIT_CONFIDENCE = 0.9973


def new_sources(detections: pl.DataFrame) -> pl.DataFrame:
    """Rank detections by how surely earlier looks at their place would have shown them.

    Parameters
    ----------
    detections
        counts (of the source) in the new look, background there (counts), exposure_s (s)
        and earlier_s (s): effective exposure of all earlier looks; earlier_background
        (counts).

    Returns
    -------
    polars.DataFrame
        The rows with limit_counts (upper limit of the earlier looks at 99.73 %, counts),
        statistic (counts a constant source would have had there, over the limit),
        p_value and expected (p_value times the detections ranked); rarest first.
    """
    from scipy import special

    demand(detections, *COLUMNS, subject="detections")
    used = detections.filter(
        pl.col("counts") > 0, pl.col("exposure_s") > 0, pl.col("earlier_s") > 0
    )
    counts, background, seconds, earlier, hidden = (
        used[n].cast(pl.Float64).to_numpy() for n in COLUMNS
    )
    least = detectable(hidden)
    gross = np.maximum(np.floor(counts + background), 1.0)
    p = np.zeros(len(used))
    for share in np.geomspace(0.01, 3.0, TRIED):
        bright = special.gammainc(gross, share * counts + background)
        faint = special.gammaincc(
            np.maximum(least, 1), share * counts * earlier / seconds + hidden
        )
        p = np.maximum(p, bright * faint)
    tail = (1 - LIMIT_CONFIDENCE) * special.gammaincc(hidden + 1, hidden)
    limit = special.gammainccinv(hidden + 1, tail) - hidden
    return used.with_columns(
        pl.Series("limit_counts", limit, dtype=pl.Float64),
        pl.Series("statistic", counts * earlier / seconds / limit, dtype=pl.Float64),
        pl.Series("p_value", p, dtype=pl.Float64),
        pl.Series("expected", p * len(used), dtype=pl.Float64),
    ).sort("p_value", "statistic", descending=[False, True])


def detectable(background: Reals) -> Ints:
    """Return the fewest counts that are a detection above these backgrounds (counts)."""
    from scipy import special

    needed = np.full(background.shape, LEAST_COUNTS, dtype=np.int64)
    while True:
        chance = special.gammainc(needed, background)
        low = chance > 1 - DETECTED
        if not low.any():
            return needed
        step = np.maximum((0.05 * np.sqrt(background[low])).astype(np.int64), 1)
        needed[low] += step
