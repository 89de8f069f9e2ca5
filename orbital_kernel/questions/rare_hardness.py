"""Sources of extreme hardness, from the bands that catalogues have in `extra`."""

from dataclasses import dataclass

import polars as pl

from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.questions.asking import Asks, together
from orbital_kernel.science import extreme_hardness as ranking

ROW = ("catalog", "source_id", "obs_id", "ra", "dec", "extra", "simulated")


@dataclass(frozen=True)
class Bands:
    """Names in `extra` of two bands' rates and errors, or of a ratio and its bounds."""

    label: str
    values: tuple[str, ...]

    @property
    def counts(self) -> list[pl.Expr]:
        """The soft and hard counts of a row."""
        numbers = [_number(n) for n in self.values]
        if len(numbers) == 3:
            ratio, low, high = numbers
            stated = (ratio.abs() <= 1) & (high > low)
            counts = ranking.counts_of_ratio(ratio, low, high)
        else:
            soft, soft_err, hard, hard_err = numbers
            stated = (soft >= 0) & (hard >= 0) & (soft_err > 0) & (hard_err > 0)
            counts = ranking.counts_of_rates(soft, soft_err, hard, hard_err)
        return [pl.when(stated).then(value) for value in counts]


def _number(name: str) -> pl.Expr:
    value = (
        pl.col("extra")
        .str.json_path_match(f'$["{name}"]')
        .str.strip_chars()
        .cast(pl.Float64, strict=False)
    )
    return pl.when(value.is_finite()).then(value)


XRT = "countrates{}_{}(ph.s-1)"
BANDS = (
    Bands(
        "XRT 2-10 / 1-2 keV",
        tuple(
            XRT.format(part, band)
            for band in ("1-2keV", "2-10keV")
            for part in ("", "_error")
        ),
    ),
    Bands(
        "XRT 2-10 / 1-2 keV",
        ("rate_band2", "rate_band2_pos", "rate_band3", "rate_band3_pos"),
    ),
    Bands(
        "CSC h / m of the observation",
        ("obi_hard_hm", "obi_hard_hm_lolim", "obi_hard_hm_hilim"),
    ),
    Bands("CSC h / m", ("hard_hm", "hard_hm_lolim", "hard_hm_hilim")),
)


def extreme_hardness(
    orbital: Asks, first: str, second: str, cone: Cone | None
) -> tuple[pl.DataFrame, int, list[Answer], tuple[str, ...]]:
    """Return sources by how unusual their hardness is in their catalogue."""
    names = tuple(dict.fromkeys((first, second)))
    queries = [
        Query(
            f"{name}.sources",
            ROW,
            cone=cone,
            not_null=("extra",),
            full_scan=True,
        )
        for name in names
    ]
    answers = together(orbital, queries, kind="rare")
    parts = [
        _counted(answer.frame).with_columns(pl.lit(name).alias("observatory"))
        for name, answer in zip(names, answers, strict=True)
    ]
    rows = pl.concat(parts)
    usable = rows.filter(pl.col("soft").is_not_null() & pl.col("hard").is_not_null())
    single = usable.sort("soft", "hard", descending=True).unique(
        ["kind", "source_id", "obs_id", "ra", "dec"], keep="first", maintain_order=True
    )
    ranked = ranking.extreme_hardness(single)
    few = len(single) - len(ranked)
    rules = (
        f"{len(rows) - len(usable)} sources excluded: no two bands with errors above 0",
        (
            f"{few} sources excluded: no counts, or fewer than {ranking.LEAST_SOURCES} of "
            "their catalogue and bands"
        ),
        "counts are net: the background's own scatter is in the stated errors",
    )
    return ranked.drop("extra"), len(ranked), answers, rules


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with soft and hard counts of the first bands they have."""
    others, parts = rows, []
    for bands in BANDS:
        counted = others.with_columns(bands.counts).with_columns(
            pl.format(
                "{} [{}]", pl.col("catalog").fill_null("?"), pl.lit(bands.label)
            ).alias("kind")
        )
        usable = pl.all_horizontal(pl.col("soft", "hard").fill_null(-1) >= 0)
        parts.append(counted.filter(usable))
        others = others.filter(~counted.select(usable).to_series())
    empty = [pl.lit(None, pl.Int64).alias(n) for n in ("soft", "hard")]
    parts.append(others.with_columns(*empty, pl.lit(None, pl.String).alias("kind")))
    return pl.concat(parts)
