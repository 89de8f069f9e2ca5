"""Counts behind the points: for what needs counts, such as hardness at few of them.

Rates tables hold them. UKSSDC's curves list CtsInSrc (counts in the source region),
BGInSrc (the background expected there), BGrate with BGerr (so that the background region
held (BGrate / BGerr)^2 counts) and CorrFact (Rate = (CtsInSrc - BGInSrc) CorrFact /
Exposure). dmextract's list COUNTS, and of a net rate BG_COUNTS with the areas and exposures
of both regions; the published tables of Orbital have a column counts. Readers keep them in
`extra`.
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
    is_net = pl.col("extra").str.json_path_match("$.rate") == "net"
    source = stated("AREA") * pl.col("exposure_s")
    around = stated("BG_AREA") * stated("BG_EXPOSURE")
    from_file = {
        "counts": pl.coalesce(stated("CtsInSrc"), stated("COUNTS"), stated("counts")),
        "background_counts": pl.coalesce(
            pl.when(has_region).then(off), pl.when(is_net).then(stated("BG_COUNTS"))
        ),
        "backscale": pl.coalesce(
            pl.when(has_region).then(region),
            pl.when(is_net & (around > 0)).then(source / around),
        ),
        "correction": stated("CorrFact"),
    }
    return rows.with_columns(
        pl.coalesce(name, value).alias(name) for name, value in from_file.items()
    )
