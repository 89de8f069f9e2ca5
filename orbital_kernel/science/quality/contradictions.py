"""What catalogues say of one burst, where they contradict each other."""

import numpy as np
import polars as pl

from orbital_kernel.model.redshifts import DOUBT
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.science.columns import TT, fill, finite
from orbital_kernel.science.precedence import burst_key
from orbital_kernel.science.quality.check import Measured

REDSHIFT, POSITION, TIME = (
    "redshift contradictions",
    "position contradictions",
    "time contradictions",
)
COLUMNS = (
    *("catalog", "name", "time", "ra", "dec", "error_radius_arcsec"),
    *("error_confidence", "redshift", "redshift_text"),
)
OFFSET = "trigger time offset"
NEAR_S = 5.0
"""Larger differences are contradictions, not a catalogue's clock."""
LEAST_COMMON = 20
REDSHIFT_SHARE = 0.1
TIME_S = 60.0
POSITION_SIGMA = 5.0
LEAST_ARCMIN = 6.0
"""Coded-mask positions without a stated error are good to 3 arcmin (90 %)."""
TYPICAL_ARCSEC = 180.0
NAMED = 8
MOST_ROWS = 1_000_000


class Contradictions:
    """Gathers what catalogues of bursts say, by burst."""

    def __init__(self) -> None:
        self.rows = 0
        self._parts: list[pl.DataFrame] = []

    def take(self, frame: pl.DataFrame) -> None:
        """Take some rows of `grbs`, with the column observatory."""
        types = {
            "error_radius_arcsec": pl.Float64(),
            "redshift": pl.Float64(),
            "redshift_text": pl.String(),
        }
        rows = fill(frame, types).filter(pl.col("name").is_not_null())
        self.rows += len(rows)
        keys = {name: burst_key(name) for name in rows["name"].unique()}
        firm = ~pl.col("redshift_text").str.contains(DOUBT).fill_null(value=False)
        part = rows.select(
            pl.col("name").replace_strict(keys, return_dtype=pl.String).alias("burst"),
            pl.format("{}", pl.col("catalog").fill_null("?")).alias("catalog"),
            pl.col("time").cast(TT),
            finite("ra"),
            finite("dec"),
            finite("error_radius_arcsec").alias("error"),
            pl.when(firm).then(finite("redshift")).alias("z"),
        ).filter(pl.col("burst") != "")
        self._parts.append(part)
        if sum(map(len, self._parts)) > MOST_ROWS:
            self._parts = [pl.concat(self._parts).unique()]

    def measured(self) -> list[Measured]:
        """Return the three checks."""
        if not self.rows:
            why = "no burst catalogue has rows"
            return [
                Measured(n, "grbs", missing=why)
                for n in (REDSHIFT, POSITION, TIME, OFFSET)
            ]
        rows = pl.concat(self._parts).unique()
        rows = rows.filter(pl.len().over("burst") > 1).sort("burst", "catalog", "time")
        return [_redshifts(rows), _positions(rows), _times(rows), *_offsets(rows)]


def _redshifts(rows: pl.DataFrame) -> Measured:
    """Compare firm redshifts: a difference above 0.1 (1 + z) contradicts."""
    stated = (
        rows.drop_nulls("z")
        .group_by("burst", maintain_order=True)
        .agg(
            pl.col("z").min().alias("low"),
            pl.col("z").max().alias("high"),
            pl.len(),
            pl.format("{} {}", "catalog", "z").str.join(", ").alias("words"),
            pl.col("time").min().alias("first"),
        )
        .filter(pl.col("len") > 1)
    )
    apart = (pl.col("high") - pl.col("low")) > REDSHIFT_SHARE * (1 + pl.col("low"))
    wrong = stated.filter(apart).sort(
        (pl.col("high") - pl.col("low")) / (1 + pl.col("low")), descending=True
    )
    return Measured(
        REDSHIFT,
        "grbs",
        float(len(wrong)),
        evidence=f"{len(wrong):,} of {len(stated):,} bursts with several firm redshifts "
        f"differ by more than {REDSHIFT_SHARE} (1 + z){_list(wrong)}",
        since=_first(wrong["first"]),
    )


def _times(rows: pl.DataFrame) -> Measured:
    dated = (
        rows.drop_nulls("time")
        .group_by("burst", maintain_order=True)
        .agg(
            pl.len(),
            pl.col("time").min().alias("first"),
            (pl.col("time").max() - pl.col("time").min())
            .dt.total_nanoseconds()
            .alias("apart"),
            pl.col("catalog").unique(maintain_order=True).str.join(", ").alias("names"),
        )
        .filter(pl.col("len") > 1)
        .with_columns(
            pl.format("{}: {} s", "names", (pl.col("apart") / 1e9).round(1)).alias(
                "words"
            )
        )
    )
    wrong = dated.filter(pl.col("apart") > TIME_S * 1e9).sort("apart", descending=True)
    return Measured(
        TIME,
        "grbs",
        float(len(wrong)),
        evidence=f"{len(wrong):,} of {len(dated):,} bursts with several trigger times differ "
        f"by more than {TIME_S:g} s{_list(wrong)}",
        since=_first(wrong["first"]),
    )


def _offsets(rows: pl.DataFrame) -> list[Measured]:
    """Compare the trigger times of each two catalogues, as a series in time."""
    dated = rows.drop_nulls("time").unique(["burst", "catalog"], maintain_order=True)
    pairs = dated.join(dated, on="burst", suffix="_of").filter(
        pl.col("catalog") < pl.col("catalog_of")
    )
    apart = (pl.col("time_of") - pl.col("time")).dt.total_nanoseconds() / 1e9
    near = pairs.with_columns(apart.alias("value")).filter(
        pl.col("value").abs() < NEAR_S
    )
    result = []
    for (first, second), both in near.group_by(
        "catalog", "catalog_of", maintain_order=True
    ):
        if len(both) < LEAST_COMMON:
            continue
        samples = both.select("time", "value").sort("time")
        result.append(
            Measured(
                OFFSET,
                f"{first} to {second}",
                float(np.median(samples["value"].to_numpy())),
                evidence=f"{len(both):,} bursts of both within {NEAR_S:g} s",
                samples=samples,
                outliers=False,
            )
        )
    if result:
        return result
    why = f"no two catalogues share {LEAST_COMMON} bursts with times"
    return [Measured(OFFSET, "grbs", missing=why)]


def _positions(rows: pl.DataFrame) -> Measured:
    """Compare each position with the burst's best one, by their errors."""
    placed = rows.drop_nulls(["ra", "dec"]).with_columns(
        pl.when(pl.col("error") > 0)
        .then("error")
        .otherwise(TYPICAL_ARCSEC)
        .alias("error")
    )
    placed = placed.sort("burst", "error").filter(pl.len().over("burst") > 1)
    best = pl.col("ra", "dec", "error").first().over("burst").name.prefix("best_")
    placed = placed.with_columns(best)
    columns = (placed[n].to_numpy() for n in ("ra", "dec", "best_ra", "best_dec"))
    allowed = (
        POSITION_SIGMA
        / 2.146
        * (pl.col("error") ** 2 + pl.col("best_error") ** 2).sqrt()
    )
    wrong = (
        placed.with_columns(pl.Series("apart", 3600 * separation_deg(*columns)))
        .filter((pl.col("apart") > allowed) & (pl.col("apart") > 60 * LEAST_ARCMIN))
        .with_columns(
            pl.format(
                "{}: {} arcmin", "catalog", (pl.col("apart") / 60).round(1)
            ).alias("words")
        )
        .sort("apart", descending=True)
        .unique("burst", maintain_order=True)
    )
    several = placed["burst"].n_unique()
    return Measured(
        POSITION,
        "grbs",
        float(len(wrong)),
        evidence=f"{len(wrong):,} of {several:,} bursts with several positions lie more than "
        f"{POSITION_SIGMA:g} combined sigma and {LEAST_ARCMIN:g} arcmin apart{_list(wrong)}",
        since=_first(wrong["time"]),
    )


def _first(times: pl.Series) -> int | None:
    """Return the earliest of some times, ns TT; None of none."""
    first = times.cast(TT).cast(pl.Int64).min()
    return first if isinstance(first, int) else None


def _list(wrong: pl.DataFrame) -> str:
    if not len(wrong):
        return ""
    shown = wrong.head(NAMED)
    names = (
        f"GRB {b.upper()} ({w})" for b, w in shown.select("burst", "words").iter_rows()
    )
    more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    return ": " + "; ".join(names) + more
