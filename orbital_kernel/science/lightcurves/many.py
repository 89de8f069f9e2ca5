"""Light curves of many objects at once: assembled, averaged in bins and characterised.

The steps are those of one object's curve, done for all objects of a frame together: one
conversion for each kind of point, one sum for all bins, one for the numbers. What is the
same for many points (names, units, conversions) is kept once, in a table of lines: a line
is what one file holds of one object in one instrument, band and unit.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from orbital_kernel.science.columns import TT, demand, numbered
from orbital_kernel.science.lightcurves.assembly import points_of
from orbital_kernel.science.lightcurves.averaging import SERIES, in_bins
from orbital_kernel.science.lightcurves.bands import CountsToFlux
from orbital_kernel.science.lightcurves.converted import scaled, valued
from orbital_kernel.science.lightcurves.point_bands import (
    GIVEN_AS,
    conversions_of,
    require_target,
)
from orbital_kernel.science.lightcurves.releases import without_other_releases
from orbital_kernel.science.lightcurves.repeats import REPEATED, repeats
from orbital_kernel.science.spectra import Band, SpectralModel

UNDATED = "no date, beside points of the object that have one"
COLUMNS = (
    *("observatory", "object", "instrument", "mode", "time", "since_s", "since_days"),
    *("time_err_minus_s", "time_err_plus_s", "value", "value_err_plus"),
    *("value_err_minus", "is_limit", "unit", "band", "exposure_s"),
    *("given_unit", "given_band", "factor", "factor_err", "conversion", "excluded"),
    "simulated",
)
_LINE = ("object", "observatory", "file_sha256", *GIVEN_AS)
_POINT = (
    *("time", "since_s", "since_days", "time_err_minus_s", "time_err_plus_s"),
    *("value", "value_err_plus", "value_err_minus", "is_limit", "exposure_s"),
    *("excluded", "simulated"),
)
_OBJECT = ("object", "observatory", "unit", "band")


def curves_of_objects(
    points: pl.DataFrame,
    *,
    unit: str = "erg / (cm2 s)",
    band_kev: tuple[float, float] = (0.3, 10.0),
    model: SpectralModel | None = None,
    counts_to_flux: Mapping[str, CountsToFlux] | None = None,
    bin_s: float | None = None,
) -> pl.DataFrame:
    """Return the points of many objects in one unit and band, in bins if asked for.

    Parameters
    ----------
    points : polars.DataFrame
        `photometry` rows with object and observatory. `since_s` of each object counts
        from its first point, or from T0 of its files if none has a date.
    unit, band_kev, model, counts_to_flux
        As in `joint`.
    bin_s : float, optional
        Width of bins from each object's first point, s.

    Returns
    -------
    polars.DataFrame
        Columns of a joint curve: object, observatory, time (TT), since_s (s), value and
        its errors, is_limit, unit, band, exposure_s (s), conversion, excluded and more;
        `averaged` (points) if they are in bins. Bins come by object and time, then
        limits and excluded points.
    """
    demand(points, "object", "time", "value", "unit", subject="points")
    band = Band.of(band_kev)
    require_target(unit, band)
    rows = numbered(points_of(points), _LINE, "_line")
    rows = rows.with_columns(pl.col("_line").cast(pl.Int64))
    lines = rows.select(*_LINE, "_line").unique("_line").sort("_line")
    lines = conversions_of(lines, unit, band, model, counts_to_flux or {})
    lines = _of_target(lines)
    at = rows["_line"]
    factors = (lines[name].gather(at) for name in ("factor", "refused"))
    rows = _counted_once(scaled(rows.with_columns(factors)), lines)
    rows = _since_first(rows, lines).with_columns(lines[SERIES].gather(at))
    rows = rows.select(*_POINT, "_line", SERIES)
    if bin_s is not None:
        rows = in_bins(rows, bin_s)
    constants = [name for name in COLUMNS if name not in _POINT]
    table = rows.hstack(lines.select(constants)[rows["_line"]])
    return table.select(*COLUMNS, *({"averaged"} & {*table.columns}))


def _of_target(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines in the unit and band of the answer, numbered by series."""
    given = [pl.col(name).alias(f"given_{name}") for name in ("unit", "band")]
    target = [pl.coalesce(f"to_{name}", name).alias(name) for name in ("unit", "band")]
    series = ("object", "observatory", "instrument", "mode", "unit", "band")
    return numbered(lines.with_columns(given).with_columns(target), series, SERIES)


def _since_first(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the time since the first point of each object.

    Of an object without any date it is the time since the T0 of its files.
    """
    owner = numbered(lines, ("object",), "_owner")["_owner"].gather(rows["_line"])
    time = rows["time"].cast(TT).cast(pl.Int64)
    first = np.full(lines["object"].n_unique(), np.iinfo(np.int64).max)
    dated = time.is_not_null().to_numpy()
    times, owners = time.fill_null(0).to_numpy(), owner.to_numpy()
    np.minimum.at(first, owners[dated], times[dated])
    has_date = first < np.iinfo(np.int64).max
    of_file = rows["since_t0_s"].to_numpy()
    since = np.where(has_date[owners], np.nan, of_file)
    since = np.where(dated, (times - first[owners]) / 1e9, since)
    undated = pl.Series(has_date[owners] & ~dated)
    return rows.with_columns(
        pl.Series("since_s", since, nan_to_null=True),
        pl.Series("since_days", since / 86400, nan_to_null=True),
        pl.coalesce("excluded", pl.when(undated).then(pl.lit(UNDATED))).alias(
            "excluded"
        ),
    )


def _counted_once(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with those excluded that another file of the object has too."""
    instruments = lines.group_by("object", "observatory", "instrument")
    several = instruments.agg((pl.col("file_sha256").n_unique() > 1).alias("several"))
    objects_ = several.filter("several")["object"].unique()
    if objects_.is_empty():
        return rows
    rows = rows.with_row_index("_index")
    excluded = rows["excluded"]
    answer = lines.select("_line", "conversion", "unit", "band")
    doubtful = rows.filter(pl.col("object").is_in(objects_))
    for points in doubtful.partition_by("object"):
        same = pl.when(repeats(points)).then(pl.lit(REPEATED))
        once = points.with_columns(pl.coalesce("excluded", same).alias("excluded"))
        once = once.drop("unit", "band").join(answer, on="_line", maintain_order="left")
        once = without_other_releases(once)
        excluded = excluded.scatter(once["_index"], once["excluded"])
    return valued(rows.with_columns(excluded.alias("excluded")).drop("_index"))
