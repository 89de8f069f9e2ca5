"""Counts behind the points: for what needs counts, such as hardness at few of them.

Rates tables hold them. UKSSDC's curves list CtsInSrc (counts in the source region),
BGInSrc (the background expected there), BGrate with BGerr (so that the background region
held (BGrate / BGerr)^2 counts) and CorrFact (Rate = (CtsInSrc - BGInSrc) CorrFact /
Exposure); a reader keeps them in `extra`.
"""

from collections.abc import Mapping

import polars as pl

COUNTS: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("counts", "background_counts", "backscale"), pl.Float64()),
    "correction": pl.Float64(),
}
"""Counts of the source region and of the background's, the area (times exposure) of the
former over the latter, and the factor by which a rate exceeds net counts / exposure."""


def with_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the points with their counts, where a file states them; else null."""
    if rows["extra"].null_count() == len(rows):
        return rows

    def stated(name: str) -> pl.Expr:
        text = pl.col("extra").str.json_path_match(f"$.{name}")
        return text.cast(pl.Float64, strict=False)

    has_region = stated("BGerr") > 0
    off = (stated("BGrate") / stated("BGerr")).pow(2).round()
    region = stated("BGInSrc") / off
    from_file = {
        "counts": stated("CtsInSrc"),
        "background_counts": pl.when(has_region).then(off),
        "backscale": pl.when(has_region).then(region),
        "correction": stated("CorrFact"),
    }
    return rows.with_columns(
        pl.coalesce(name, value).alias(name) for name, value in from_file.items()
    )
