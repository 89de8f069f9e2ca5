"""How often errors of a shape hold the truth, as `make bench-coverage` measured it.

benchmarks/RESULTS.md has the table: 1,000 data sets a row, binomial error 1.5 % at 68 %.
"""

import polars as pl

FVAR = (
    "errors of Fvar are of the measurement: 1 sigma held the truth in 65 to 72 % and 95 "
    "% in 93 to 98 % of simulated curves; other stretches of red noise differ by more"
)
DECAY = (
    "errors of decay indices: 1 sigma held the truth in 69 to 76 % and 95 % in 94 to 98 "
    "% of simulated decays (wider where chi2 / dof exceeds 1 or bins have few counts)"
)
COUNTS = (
    "errors of rates at few counts are wider than they claim, as counts are whole numbers: "
    "1 sigma holds the rate in 72 to 92 % of cases below 10 counts, 67 to 77 % above"
)


def coverages(rows: pl.DataFrame, *, has_decay: bool) -> list[str]:
    """Return what is to be said of the errors that a shape has."""
    has_fvar = rows["fvar"].null_count() < len(rows)
    return [FVAR] * has_fvar + [DECAY] * has_decay
