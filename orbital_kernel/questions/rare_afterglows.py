"""Bursts whose error circle lay in a field of another observatory soon after."""

import numpy as np
import polars as pl

from orbital_kernel.model.observatory import observatories
from orbital_kernel.query import Answer, Query, TimeSpan
from orbital_kernel.questions import typical
from orbital_kernel.questions.asking import Asks, together
from orbital_kernel.questions.fields import WIDEST_ARCMIN, field_of, radius_of
from orbital_kernel.questions.good_time import INTERVAL, placed_intervals, united
from orbital_kernel.science import precedence
from orbital_kernel.science.afterglows import coverages, examined
from orbital_kernel.science.lightcurves import EXPOSED, is_local
from orbital_kernel.science.matching import neighbours

WITHIN_DAYS = 3.0
AIMED = r"(?i)\bgrb|afterglow|gamma.?ray burst|\bGW ?\d{6}"
"""Targets so named are follow-ups and no chance."""
BURST = (
    *("catalog", "name", "trigger_id", "time", "time_rule", "ra", "dec"),
    *("error_radius_arcsec", "error_confidence", "t90_s", "t90_err_s", "t90_limit"),
    *("redshift", "redshift_text", "extra", "simulated", "file_sha256", "file_row"),
)
TARGET = ("obs_id", "object", "ra", "dec", "instrument")


def serendipitous_afterglow(
    orbital: Asks, first: str, second: str, time: TimeSpan | None
) -> tuple[pl.DataFrame, int, list[Answer], tuple[str, ...]]:
    """Return bursts of `first` whose place `second` exposed soon after, by the wait."""
    bursts, good, targets = answers = together(
        orbital,
        [
            Query(f"{first}.grbs", BURST, time=time, full_scan=True),
            Query(
                f"{second}.intervals",
                INTERVAL,
                sets={"kind": EXPOSED},
                full_scan=True,
            ),
            Query(
                f"{second}.observations",
                TARGET,
                not_null=("ra", "dec"),
                full_scan=True,
            ),
        ],
        kind="rare",
    )
    on_site = bursts.frame.filter(is_local())
    listed = typical.with_errors(
        precedence.united(
            on_site, precedence.TIME, precedence.position(typical.typical_errors())
        )
    )
    placed = listed.drop_nulls(["time", "ra", "dec", "error_radius_arcsec"])
    near_earth = good.frame.filter(is_local())
    intervals = united(placed_intervals(near_earth, targets.frame.drop("instrument")))
    chance = intervals.filter(
        ~pl.col("object").str.contains(AIMED).fill_null(value=False)
    )
    pairs = _inside(placed, chance, second)
    ranked = coverages(placed, chance, pairs, within_days=WITHIN_DAYS)
    burst, interval = placed[ranked["burst"]], chance[ranked["first"]]
    rows = pl.concat(
        [
            burst.select("name", "time", "ra", "dec", "error_radius_arcsec"),
            interval.select(
                "obs_id",
                "instrument",
                pl.col("object").alias("target"),
                pl.col("time").alias("time_observed"),
            ),
            ranked.drop("burst", "first"),
            pl.DataFrame({"simulated": burst["simulated"] | interval["simulated"]}),
        ],
        how="horizontal",
    )
    number = examined(placed, chance)
    rules = (
        (
            f"error circle inside the field, good time within {WITHIN_DAYS:g} days; targets "
            f"named as bursts are follow-ups: {len(intervals) - len(chance)} intervals excluded"
        ),
        (
            f"{float(ranked['by_chance'].sum()):.3g} expected by chance of the places that "
            f"have one; {number} bursts of {first} fall in the span of {second}'s good time"
        ),
        (
            f"excluded: {len(listed) - len(placed)} bursts without time, position or its error, "
            f"{len(bursts.frame) - len(on_site)} burst rows and "
            f"{len(good.frame) - len(near_earth)} intervals not on times near Earth"
        ),
    )
    return rows, number, list(answers), rules


def _inside(
    bursts: pl.DataFrame, intervals: pl.DataFrame, observatory: str
) -> pl.DataFrame:
    """Return pairs of bursts and good time whose field contains the error circle."""
    described = observatories()[observatory]
    widths = {n: field_of(described, n) / 60 for n in intervals["instrument"].unique()}
    field = np.array([widths[n] for n in intervals["instrument"]], dtype=np.float64)
    wide = [
        i.name.upper() for i in described.instruments if radius_of(i) > WIDEST_ARCMIN
    ]
    names = intervals["instrument"].fill_null("").str.to_uppercase()
    pointed = ~names.str.contains_any(wide or ["\0"]).to_numpy()
    error = bursts["error_radius_arcsec"].fill_null(0.0).to_numpy() / 3600
    i, j, apart = neighbours(
        bursts["ra"].to_numpy() % 360,
        bursts["dec"].to_numpy(),
        intervals["ra"].to_numpy() % 360,
        intervals["dec"].to_numpy(),
        float(np.max(field[pointed], initial=0.01)),
    )
    inside = (apart + error[i] <= field[j]) & pointed[j]
    return pl.DataFrame({"burst": i[inside], "interval": j[inside]})
