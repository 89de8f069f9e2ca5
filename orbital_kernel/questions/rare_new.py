"""Sources of one look that earlier looks of the same observatory would have shown."""

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.query import Answer, Cone, Query
from orbital_kernel.questions.asking import Asks, positioned, together
from orbital_kernel.questions.fields import POINTING, WIDEST_ARCMIN, footprint_of
from orbital_kernel.questions.looks import not_compared
from orbital_kernel.science.columns import finite
from orbital_kernel.science.count_apertures import APERTURES
from orbital_kernel.science.footprints import Footprint
from orbital_kernel.science.lightcurves import is_local
from orbital_kernel.science.matching import neighbours
from orbital_kernel.science.new_sources import new_sources
from orbital_kernel.science.rarity import DETECTED

ROW = (
    *("catalog", "source_id", "obs_id", "ra", "dec", "error_radius_arcsec", "kind"),
    *("error_major_arcsec", "error_minor_arcsec", "error_angle_deg"),
    *("error_confidence", "flux", "flux_low", "flux_high", "is_limit", "flux_unit"),
    *("exposure_s", "band_low_kev", "band_high_kev", "simulated"),
)
Reals = NDArray[np.float64]
SAME_ARCSEC = 10.0
"""Another detection within it, or within 3 errors, is the same source."""
LOST_PER_ARCMIN = 0.03
"""Assumed share of exposure that vignetting takes per arcmin off axis, at most 70 %."""


def new_source(
    orbital: Asks, first: str, second: str, cone: Cone | None
) -> tuple[pl.DataFrame, int, list[Answer], tuple[str, ...]]:
    """Return detections by how surely earlier looks would have shown them."""
    names = tuple(dict.fromkeys((first, second)))
    queries = [
        query
        for name in names
        for query in (
            Query(f"{name}.sources", ROW, cone=cone, full_scan=True),
            Query(
                f"{name}.observations",
                (*POINTING, "time_rule"),
                cone=_wider(cone),
                not_null=("ra", "dec"),
                full_scan=True,
            ),
        )
    ]
    answers = together(orbital, queries, kind="rare")
    parts, rules = [], []
    for k, name in enumerate(names):
        sources, pointings = (answers[2 * k + i].frame for i in (0, 1))
        near_earth = pointings.filter(is_local())
        rules += not_compared(len(pointings) - len(near_earth), f"pointings of {name}")
        looks = footprint_of(name, near_earth.drop("time_rule"))
        rows, excluded = _earlier(name, sources, looks)
        parts.append(rows)
        rules += [f"{name}: {n} rows excluded: {why}" for why, n in excluded.items()]
    ranked = new_sources(pl.concat(parts))
    stated = (
        "earlier looks are of the same observatory and instrument; counts are those that "
        f"give the stated error; vignetting is assumed: {LOST_PER_ARCMIN:.0%} an arcmin"
    )
    counted_in = [f"apertures of {aperture.origin}" for aperture in APERTURES.values()]
    return ranked, len(ranked), answers, (stated, *counted_in, *rules)


def _wider(cone: Cone | None) -> Cone | None:
    """Return a cone that holds the pointings whose fields reach into this one."""
    if cone is None:
        return None
    return replace(cone, radius_arcmin=min(cone.radius_arcmin + WIDEST_ARCMIN, 10_800))


def _earlier(
    name: str, sources: pl.DataFrame, looks: Footprint
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return detections that no earlier look shows, with the exposure of those looks."""
    places = positioned(sources, name)
    excluded = {"no position or error of it": len(sources) - len(places)}
    detected = places.filter(DETECTED)
    excluded["no detection with a flux"] = len(places) - len(detected)
    own = looks.looks.select(
        "obs_id",
        pl.col("time").alias("observed"),
        pl.col("exposure_s").alias("look_s"),
        "field",
    ).unique("obs_id", keep="first", maintain_order=True)
    timed = detected.join(own, on="obs_id", how="left", maintain_order="left")
    used = timed.with_columns(
        pl.coalesce(finite("exposure_s"), finite("look_s")).alias("exposure_s"),
        ((finite("flux_high") - finite("flux_low")) / 2).alias("_error"),
    )
    dated = used.filter(pl.col("observed").is_not_null())
    excluded["of no look whose time is known"] = len(used) - len(dated)
    usable = dated.filter(pl.col("_error") > 0, pl.col("exposure_s") > 0)
    excluded["no error of the flux, or no exposure"] = len(dated) - len(usable)
    rows = usable.with_columns(
        ((pl.col("flux") / pl.col("_error")) ** 2).alias("counts"),
        pl.lit(name).alias("observatory"),
    )
    seen = _seen(rows, used)
    excluded["an earlier or undated detection is at the place"] = int(seen.sum())
    unseen = rows.filter(~pl.Series(seen, dtype=pl.Boolean))
    deep = _depths(unseen, looks).filter(pl.col("earlier_s") > 0)
    excluded["no earlier look at the place"] = len(unseen) - len(deep)
    columns = (
        *("observatory", "catalog", "source_id", "obs_id", "ra", "dec", "observed"),
        *("flux", "flux_unit", "counts", "background", "exposure_s", "earlier_looks"),
        *("earlier_s", "earlier_background", "simulated"),
    )
    return deep.select(columns), {why: n for why, n in excluded.items() if n}


def _seen(rows: pl.DataFrame, every: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which detections have another of an earlier, or of an unknown, time."""
    radius = [
        frame.select(pl.max_horizontal("error_radius_arcsec", "error_major_arcsec"))
        .to_series()
        .to_numpy()
        for frame in (rows, every)
    ]
    widest = min(max([SAME_ARCSEC, *(3 * r for r in radius[1])]), 120.0)
    i, j, apart = neighbours(*_places(rows), *_places(every), widest / 3600)
    reach = np.maximum(SAME_ARCSEC, 3 * np.hypot(radius[0][i], radius[1][j]))
    old, new = (
        frame["observed"].cast(pl.Int64).fill_null(np.iinfo(np.int64).min).to_numpy()
        for frame in (every, rows)
    )
    earlier = (apart * 3600 <= reach) & (old[j] < new[i])
    return np.bincount(i[earlier], minlength=len(rows)) > 0


def _places(rows: pl.DataFrame) -> tuple[Reals, Reals]:
    return rows["ra"].to_numpy() % 360, rows["dec"].to_numpy()


def _depths(rows: pl.DataFrame, looks: Footprint) -> pl.DataFrame:
    """Return detections with exposure and background of the earlier looks."""
    place, look, off = looks.pairs_at(*_places(rows))
    at, seen = rows[place], looks.looks[look]
    area = _aperture(seen["field"], off)
    pairs = pl.DataFrame(
        {
            "row": place,
            "mine": (at["obs_id"] == seen["obs_id"]).fill_null(value=False),
            "before": (seen["time"] < at["observed"]).fill_null(value=False)
            & (at["field"] == seen["field"]).fill_null(value=False),
            "effective": seen["exposure_s"].fill_null(0.0)
            * (1 - np.minimum(LOST_PER_ARCMIN * off, 0.7)),
            "background": seen["exposure_s"].fill_null(0.0) * area,
            "throughput": 1 - np.minimum(LOST_PER_ARCMIN * off, 0.7),
        }
    )
    earlier = pl.col("before") & ~pl.col("mine")
    sums = pairs.group_by("row").agg(
        pl.col("effective").filter(earlier).sum().alias("earlier_s"),
        pl.col("background").filter(earlier).sum().alias("earlier_background"),
        earlier.sum().cast(pl.Int64).alias("earlier_looks"),
        pl.col("background").filter("mine").sum().alias("background"),
        pl.col("throughput").filter("mine").first().fill_null(1.0).alias("_through"),
    )
    numbered = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    joined = numbered.join(
        sums.with_columns(pl.col("row").cast(pl.Int64)), on="row", how="left"
    )
    return joined.with_columns(
        pl.col("earlier_s", "earlier_background", "background").fill_null(0.0),
        (pl.col("exposure_s") * pl.col("_through").fill_null(1.0)).alias("exposure_s"),
    )


def _aperture(fields: pl.Series, off: Reals) -> Reals:
    """Return background count / s in the aperture of each look at an off-axis angle."""
    rates = np.zeros(off.size)
    for name, aperture in APERTURES.items():
        of_it = fields.str.to_uppercase().str.starts_with(name).fill_null(value=False)
        radius = aperture.radius_at(off)
        rate = np.pi * radius**2 * aperture.background
        rates = np.where(of_it.to_numpy(), rate, rates)
    return rates
