"""New fluxes compared with every earlier flux and limit at their place, with the odds.

Null: the source is constant within the errors of the two fluxes and of the conversion of
bands. The chance of the more extreme of the comparisons with the faintest and the
brightest earlier row is multiplied by their number (Bonferroni), and `expected` by the
number of new rows that were compared in the day up to them: a stream of N a day whose
sources are constant gives `expected` <= x by chance x times a day, and at most
x (1 + ln N) times on a day after a quiet one.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.science.matching import neighbours

Reals = NDArray[np.float64]

SIGMAS = 3.0
NAMED = 20
"""So many earlier rows and objects are named."""
LEAST_ARCSEC = 2.0
BRIGHTENING, FADING, NEW = "brightening", "fading", "new"
ROW = (
    *("table", "key", "object", "observatory", "obs_id", "time", "ra", "dec"),
    *("radius_arcsec", "flux", "flux_low", "flux_high", "is_limit", "relative_err"),
    *("order", "simulated"),
)
"""Columns of new and of earlier rows; radius_arcsec is the 1-sigma error of the place."""


def compared(
    new: pl.DataFrame, stored: pl.DataFrame, *, before: int = 0
) -> pl.DataFrame:
    """Return each new row that has earlier ones at its place, with ratios and odds.

    Parameters
    ----------
    new, stored
        Rows with the columns ROW, in one unit and band; `order` is when their file came.
        An earlier row has a smaller order and is not of the same ObsID. The flux of a
        limit is the limit.
    before
        Rows compared in the day before these: the odds count them too.

    Returns
    -------
    polars.DataFrame
        The new rows with earlier (number), ratio_brightest and ratio_faintest with _low
        and _high (1 sigma; a limit gives only the bound), kind, statistic (sigma),
        p_value, comparisons and expected, and newest_earlier (time) and earlier_objects
        of the earlier ones; rarest first.
    """
    pairs = _pairs(new, _extremes(stored))
    rows = _judged(pairs).sort(
        "p_value", pl.col("statistic").abs(), descending=[False, True]
    )
    number = before + len(rows)
    return rows.with_columns(
        pl.lit(number, pl.Int64).alias("comparisons"),
        (pl.col("p_value") * number).alias("expected"),
    )


def _extremes(stored: pl.DataFrame) -> pl.DataFrame:
    """Return only the brightest and the faintest of earlier rows that count alike.

    Those are rows of one file, ObsID and place, to 0.2 arcsec: a light curve of many
    points adds few pairs. `rows` is how many a row stands for.
    """
    alike = [
        *("table", "observatory", "obs_id", "order", "is_limit"),
        *(pl.col(name).mul(2e4).round().alias(f"_{name}") for name in ("ra", "dec")),
    ]
    flux = pl.col("flux")
    place = pl.struct(alike)
    marked = stored.with_columns(
        pl.len().over(place).cast(pl.Int64).alias("_alike"),
        (flux.rank("ordinal").over(place) == 1).alias("_faintest"),
        (flux.rank("ordinal", descending=True).over(place) == 1).alias("_brightest"),
        pl.col("time").max().over(place).alias("newest"),
    )
    number = pl.col("_alike")
    return (
        marked.filter(pl.col("_faintest") | pl.col("_brightest"))
        .with_columns(
            pl.when(pl.col("_faintest") & pl.col("_brightest"))
            .then(number)
            .when("_faintest")
            .then(number - 1)
            .otherwise(1)
            .alias("rows")
        )
        .drop("_alike", "_faintest", "_brightest")
    )


def _pairs(new: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return one row per new row and earlier row within their errors."""
    places = [_places(frame) for frame in (new, stored)]
    widest = sum(
        float(np.max(frame["radius_arcsec"].to_numpy(), initial=0.0))
        for frame in (new, stored)
    )
    reach = max(SIGMAS * widest, LEAST_ARCSEC) / 3600
    i, j, apart = neighbours(*places[0], *places[1], min(reach, 45.0))
    left = new[i].with_columns(pl.Series("new_row", i, dtype=pl.Int64))
    right = stored[j].select(pl.all().name.suffix("_old"))
    both_sides = pl.concat([left, right], how="horizontal").with_columns(
        pl.Series("separation_arcsec", apart * 3600, dtype=pl.Float64)
    )
    near = (
        SIGMAS
        * (pl.col("radius_arcsec") ** 2 + pl.col("radius_arcsec_old") ** 2).sqrt()
    )
    same_look = (pl.col("obs_id") == pl.col("obs_id_old")) & (
        pl.col("observatory") == pl.col("observatory_old")
    )
    return both_sides.filter(
        pl.col("separation_arcsec") <= pl.max_horizontal(near, pl.lit(LEAST_ARCSEC)),
        pl.col("order_old") < pl.col("order"),
        ~same_look.fill_null(value=False),
        ~(pl.col("is_limit") & pl.col("is_limit_old")),
    )


def _places(rows: pl.DataFrame) -> tuple[Reals, Reals]:
    return rows["ra"].to_numpy() % 360, rows["dec"].to_numpy()


def _judged(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per new row: its extremes and their chance."""
    from scipy.special import ndtr

    ratio = pl.col("flux") / pl.col("flux_old")
    measured = [_log_error(suffix) for suffix in ("", "_old")]
    error = sum((part**2 for part in measured), pl.lit(0.0)).sqrt()
    sigma = ratio.log() / error
    bounded = (
        pl.when("is_limit_old")
        .then(pl.max_horizontal(sigma, pl.lit(0.0)))
        .when("is_limit")
        .then(pl.min_horizontal(sigma, pl.lit(0.0)))
        .otherwise(sigma)
    )
    rows = pairs.with_columns(
        ratio.alias("ratio"), error.alias("_error"), bounded.alias("_sigma")
    )
    detections = pl.col("flux_old").filter(~pl.col("is_limit_old"))
    brightest = pl.col("flux_old") == detections.max().over("new_row")
    faintest = pl.col("flux_old") == pl.col("flux_old").min().over("new_row")
    parts = [
        _extreme(rows.filter(~pl.col("is_limit_old"), brightest), "brightest"),
        _extreme(rows.filter(faintest, ~pl.col("is_limit")), "faintest"),
    ]
    names = [n for n in pairs.columns if not n.endswith("_old")]
    rows_by_new = (
        rows.group_by("new_row", maintain_order=True)
        .agg(
            *(pl.col(n).first() for n in names if n != "new_row"),
            pl.col("rows_old").sum().alias("earlier"),
            pl.col("rows_old")
            .filter(~pl.col("is_limit_old"))
            .sum()
            .alias("earlier_detections"),
            pl.col("key_old").head(NAMED).alias("earlier_keys"),
            pl.col("object_old")
            .drop_nulls()
            .unique(maintain_order=True)
            .head(NAMED)
            .alias("earlier_objects"),
            pl.col("newest_old").max().alias("newest_earlier"),
        )
        .join(parts[0], on="new_row", how="left")
        .join(parts[1], on="new_row", how="left")
    )
    up = pl.col("_sigma_faintest").fill_null(0.0).clip(0.0)
    down = pl.col("_sigma_brightest").fill_null(0.0).clip(upper_bound=0.0)
    statistic = pl.when(up >= -down).then(up).otherwise(down)
    with_sigma = rows_by_new.with_columns(statistic.alias("statistic"))
    tail = 2 * ndtr(-np.abs(with_sigma["statistic"].to_numpy()))
    p = np.minimum(tail * with_sigma["earlier"].to_numpy(), 1.0)
    return with_sigma.with_columns(
        pl.Series("p_value", p, dtype=pl.Float64),
        pl.when(pl.col("statistic") < 0)
        .then(pl.lit(FADING))
        .when(pl.col("earlier_detections") == 0)
        .then(pl.lit(NEW))
        .otherwise(pl.lit(BRIGHTENING))
        .alias("kind"),
    ).drop("new_row", "_sigma_brightest", "_sigma_faintest", "separation_arcsec")


def _log_error(suffix: str) -> pl.Expr:
    """Return the 1-sigma error of the log of a flux; of a limit that of its conversion."""
    low, high, flux, relative, is_limit = (
        pl.col(f"{name}{suffix}")
        for name in ("flux_low", "flux_high", "flux", "relative_err", "is_limit")
    )
    half = (high - low) / (2 * flux)
    statistical = pl.when(is_limit).then(0.0).otherwise(half.fill_null(0.0))
    return (statistical**2 + relative.fill_null(0.0) ** 2).sqrt().clip(1e-3)


def _extreme(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the ratio to one earlier row of each new row, with bounds and sigma."""
    bounded = pl.col("is_limit") | pl.col("is_limit_old")
    spread = pl.col("_error").exp()
    return rows.unique("new_row", keep="first", maintain_order=True).select(
        "new_row",
        pl.col("ratio").alias(f"ratio_{name}"),
        pl.when(pl.col("is_limit"))
        .then(None)
        .when(bounded)
        .then(pl.col("ratio"))
        .otherwise(pl.col("ratio") / spread)
        .alias(f"ratio_{name}_low"),
        pl.when(pl.col("is_limit_old"))
        .then(None)
        .when(bounded)
        .then(pl.col("ratio"))
        .otherwise(pl.col("ratio") * spread)
        .alias(f"ratio_{name}_high"),
        pl.col("_sigma").alias(f"_sigma_{name}"),
    )
