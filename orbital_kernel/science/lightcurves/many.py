"""Light curves of many objects at once: assembled, averaged in bins and characterised.

The steps are those of one object's curve, done for all objects of a frame together: one
conversion for each kind of point, one sum for all bins, one for the numbers. What is the
same for many points (names, units, conversions) is kept once, in a table of lines: a line
is what one file holds of one object in one instrument, band and unit.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from orbital_kernel.science.columns import TT, demand, kinds, numbered
from orbital_kernel.science.lightcurves.assembly import points_of
from orbital_kernel.science.lightcurves.averaging import SERIES, in_bins
from orbital_kernel.science.lightcurves.bands import CountsToFlux
from orbital_kernel.science.lightcurves.converted import scaled, valued
from orbital_kernel.science.lightcurves.point_bands import (
    GIVEN_AS,
    conversions_of,
    require_target,
)
from orbital_kernel.science.lightcurves.point_counts import COUNTS
from orbital_kernel.science.lightcurves.releases import without_other_releases
from orbital_kernel.science.lightcurves.repeats import REPEATED, repeats
from orbital_kernel.science.spectra import Band, SpectralModel

LATEST = np.iinfo(np.int64).max
UNDATED = "no date, beside points of the object that have one"
COLUMNS = (
    *("observatory", "object", "instrument", "mode", "time", "since_s", "since_days"),
    *("time_err_minus_s", "time_err_plus_s", "value", "value_err_plus"),
    *("value_err_minus", "error_rule", "is_limit", "limit_confidence", "unit", "band"),
    *("exposure_s", "counts"),
    *("given_unit", "given_band", "factor", "factor_err", "conversion", "excluded"),
    "simulated",
)
_LINE = ("object", "observatory", "file_sha256", *GIVEN_AS)
_POINT = (
    *("time", "since_s", "since_days", "time_err_minus_s", "time_err_plus_s"),
    *("value", "value_err_plus", "value_err_minus", "error_rule", "is_limit"),
    *("limit_confidence", "exposure_s", "counts", "excluded", "simulated"),
)
_READ = (
    *(name for name in _POINT if name not in ("since_s", "since_days")),
    *("since_t0_s", "unit"),
)
"""Columns of the points themselves: others serve their lines, and repeated points."""


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
        Width of bins from each object's first point, s; errors are those of `averaged`.

    Returns
    -------
    polars.DataFrame
        Columns of a joint curve: object, observatory, time (TT), since_s (s), value and
        its errors, error_rule, is_limit, unit, band, exposure_s (s), counts, conversion,
        excluded and more; `averaged` (points) if they are in bins. Bins come by object and
        time, then limits without counts and excluded points.
    """
    demand(points, "object", "time", "value", "unit", subject="points")
    band = Band.of(band_kev)
    require_target(unit, band)
    given = points_of(points)
    lines, line = kinds(given, _LINE)
    lines = lines.with_row_index("_line")
    lines = conversions_of(lines, unit, band, model, counts_to_flux or {})
    lines = _of_target(lines)
    has_counts = given["counts"].null_count() < len(given)
    of_counts = [name for name in COUNTS if has_counts and name not in _POINT]
    rows = given.select(*_READ, *of_counts, line.alias("_line"))
    factors = (lines[name].gather(line) for name in ("factor", "refused"))
    rows = _counted_once(scaled(rows.with_columns(factors)), given, lines)
    rows = _since_first(rows, lines).with_columns(lines[SERIES].gather(line))
    factor = ("factor",) if has_counts else ()
    rows = rows.select(*_POINT, *of_counts, *factor, "_line", SERIES)
    if bin_s is not None:
        rows = in_bins(rows, bin_s)
    constants = [name for name in COLUMNS if name not in _POINT]
    table = rows.drop(*of_counts, *factor).hstack(
        lines.select(constants)[rows["_line"]]
    )
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
    owners = kinds(lines, ("object",))[1].gather(rows["_line"]).to_numpy()
    time = rows["time"].cast(TT).cast(pl.Int64)
    dated = time.is_not_null().to_numpy()
    times = time.fill_null(LATEST).to_numpy()
    first = np.full(lines["object"].n_unique(), LATEST)
    np.minimum.at(first, owners, times)
    since = (times - first[owners]) / 1e9
    undated = np.flatnonzero(~dated)
    without_date = first[owners[undated]] == LATEST
    of_file = rows["since_t0_s"].gather(undated).to_numpy()
    since[undated] = np.where(without_date, of_file, np.nan)
    excluded = rows["excluded"]
    beside = undated[~without_date]
    beside = beside[excluded.gather(beside).is_null().to_numpy()]
    return rows.with_columns(
        pl.Series("since_s", since, nan_to_null=True),
        pl.Series("since_days", since / 86400, nan_to_null=True),
        excluded.scatter(beside, UNDATED),
    )


def _counted_once(
    rows: pl.DataFrame, given: pl.DataFrame, lines: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows with those excluded that another file of the object has too.

    `given` are the rows as they were read, with all columns.
    """
    instruments = lines.group_by("object", "observatory", "instrument")
    several = instruments.agg((pl.col("file_sha256").n_unique() > 1).alias("several"))
    objects_ = several.filter("several")["object"].unique()
    if objects_.is_empty():
        return rows
    excluded = rows["excluded"]
    answer = lines.select("_line", "conversion", "unit", "band")
    own = rows.select("_line", "value", "value_err_plus", "value_err_minus", "excluded")
    doubtful = given.with_columns(own).with_row_index("_index")
    doubtful = doubtful.filter(pl.col("object").is_in(objects_.implode()))
    for points in doubtful.partition_by("object"):
        same = pl.when(repeats(points)).then(pl.lit(REPEATED))
        once = points.with_columns(pl.coalesce("excluded", same).alias("excluded"))
        once = once.drop("unit", "band").join(answer, on="_line", maintain_order="left")
        once = without_other_releases(once)
        excluded = excluded.scatter(once["_index"], once["excluded"])
    return valued(rows.with_columns(excluded.alias("excluded")))
