"""Points of one object from all observatories on one time axis.

Points are `photometry` rows with a column `observatory`. Without a unit each keeps its
own; with one they are brought into it. A point that is excluded remains in the answer
with the reason in `excluded`. Limits remain limits, errors remain asymmetric, and the
error of the conversion is a column of its own.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, demand, fill, finite, with_seconds
from orbital_kernel.science.lightcurves.bands import CountsToFlux
from orbital_kernel.science.lightcurves.converted import (
    MODEL_ERRORS,
    VALUES,
    as_given,
    converted,
    valued,
)
from orbital_kernel.science.lightcurves.dating import t0_of_files
from orbital_kernel.science.lightcurves.places import placed
from orbital_kernel.science.lightcurves.point_bands import (
    conversions_of,
    require_target,
    with_absorption,
    with_kind,
)
from orbital_kernel.science.lightcurves.point_counts import COUNTS, with_counts
from orbital_kernel.science.lightcurves.point_errors import with_point_errors
from orbital_kernel.science.lightcurves.releases import without_other_releases
from orbital_kernel.science.lightcurves.repeats import REPEATED, repeats
from orbital_kernel.science.spectra import Band, SpectralModel

FIRST_POINT, GIVEN, OF_FILE = "first point", "given", "the file"
UNDATED = "the file, without a date"
"""What `t0_source` says of a T0 that is from no catalogue."""
NO_TIME = "no absolute time, and none since a T0"
NOT_OF_OBJECT = "rate of the detector with its background, not of the object alone"
_TIES = (
    *("instrument", "mode", "object", "obs_id", "given_unit", "given_band"),
    *("given_value", "value_err_plus", "time_err_plus_s"),
)
_SHAPE: Mapping[str, pl.DataType] = {
    "observatory": pl.String(),
    "object": pl.String(),
    "obs_id": pl.String(),
    "since_t0_s": pl.Float64(),
    "is_limit": pl.Boolean(),
    "limit_confidence": pl.Float64(),
    "band": pl.String(),
    **{f"band_{edge}": pl.Float64() for edge in ("low_kev", "high_kev")},
    **{f"band_{edge}": pl.Float64() for edge in ("low_nm", "high_nm")},
    "instrument": pl.String(),
    "mode": pl.String(),
    "exposure_s": pl.Float64(),
    "time_err_plus_s": pl.Float64(),
    "time_err_minus_s": pl.Float64(),
    "time_rule": pl.String(),
    "time_assumed_err_s": pl.Float64(),
    "value_err_plus": pl.Float64(),
    "value_err_minus": pl.Float64(),
    **COUNTS,
    "simulated": pl.Boolean(),
    "extra": pl.String(),
    "reference": pl.String(),
    "excluded": pl.String(),
    "file_sha256": pl.String(),
    "file_row": pl.Int64(),
}
_ORDER = (
    *("observatory", "object", "obs_id", "utc", "time", "since_s", "since_days"),
    *("t0_source", "time_rule", "time_place", "time_assumed_err_s"),
    *("time_err_minus_s", "time_err_plus_s", *VALUES, "error_rule", *MODEL_ERRORS),
    *("is_limit", "limit_confidence", "unit", "band", "band_low_kev", "band_high_kev"),
    *("band_low_nm", "band_high_nm", "instrument", "mode", "exposure_s", "absorption"),
    *COUNTS,
    *("given_value", "given_unit", "given_band"),
    *("given_band_low_kev", "given_band_high_kev"),
    *("factor", "factor_err", "factor_err_plus", "factor_err_minus"),
    *("conversion", "reference"),
    *("left_out", "excluded", "simulated", "file_sha256", "file_row"),
)


def joint(
    points: pl.DataFrame,
    *,
    unit: str | None = "erg / (cm2 s)",
    band_kev: tuple[float, float] = (0.3, 10.0),
    model: SpectralModel | None = None,
    counts_to_flux: Mapping[str, CountsToFlux] | None = None,
    t0: datetime | None = None,
    t0_source: str | None = None,
    position: tuple[float, float] | None = None,
    nh_1e22: float | None = None,
    absorption: str | None = None,
) -> pl.DataFrame:
    """Return every point on one time axis, in one unit and band or in its own.

    Parameters
    ----------
    points
        `photometry` rows: time (TT), value and unit; if known observatory, instrument,
        mode, the errors, is_limit, band_low_kev and band_high_kev (keV), since_t0_s (s).
    unit
        Unit to convert to: an energy flux, a photon flux, or a flux density; None keeps
        each point's own unit and band.
    band_kev
        Band to convert to, keV; one energy for a flux density. The default is the band
        of Swift-XRT.
    model
        Spectrum by which bands are converted. By default the one that the record of the
        point states, else a power law of photon index 2.0 ± 0.3.
    counts_to_flux
        Stated factor by 'INSTRUMENT/MODE' or 'INSTRUMENT' ('ACIS' serves 'ACIS-0123'
        too). Count rates without a factor of their band are excluded.
    t0
        Start (TT) of `since_s`. By default the T0 of the files, else the time of the
        first usable point.
    t0_source
        Name of the catalogue that gives `t0`.
    position
        RA and Dec of the object, ICRS deg: with it times of a barycentre beside others
        are corrected to the geocentre.
    nh_1e22
        Column of hydrogen towards the object, 1e22 cm-2: spectra are absorbed by it.
    absorption
        'absorbed' or 'unabsorbed': what fluxes are converted to; by default they stay
        as they are.

    Returns
    -------
    polars.DataFrame
        Beside the columns of `photometry`: utc (text), since_s (s; of points without a
        date the time since the file's T0), since_days, t0_source; error_rule (origin of
        the errors, of counts where known: `point_errors`); time_rule, time_place
        (spacecraft, geocentre or barycentre) and time_assumed_err_s (s, of a trigger
        assumed as T0, else null); factor and factor_err (1 sigma, from the model);
        value_err_model (error of the value from the conversion: common to all points of
        one conversion, and therefore not part of the point's own errors); conversion
        (how); absorption (absorbed, unabsorbed, or null: not stated); given_value,
        given_unit, given_band, given_band_low_kev, given_band_high_kev (keV); excluded
        and left_out (null, or why the point is excluded).

    Raises
    ------
    QueryError
        If `unit` or `band_kev` cannot be converted to.
    SchemaMismatch
        If time, value or unit is absent.

    Examples
    --------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from orbital_kernel.science import lightcurves
    >>> point = {"time": datetime(2026, 1, 1), "value": 3e-11, "unit": "erg / (cm2 s)"}
    >>> point |= {"band_low_kev": 0.3, "band_high_kev": 10.0}
    >>> curve = lightcurves.joint(pl.DataFrame([point]))
    >>> curve.select("value", "conversion", "left_out").row(0)
    (3e-11, 'as given', None)
    """
    demand(points, "time", "value", "unit", subject="points")
    band = Band(*band_kev)
    if unit is not None:
        require_target(unit, band)
    return scaled(
        prepared(points, position),
        unit=unit,
        band=band,
        model=model,
        counts_to_flux=counts_to_flux,
        t0=t0,
        t0_source=t0_source,
        nh_1e22=nh_1e22,
        absorption=absorption,
    )


def prepared(
    points: pl.DataFrame, position: tuple[float, float] | None
) -> pl.DataFrame:
    """Return points with what no unit changes: all columns, times at one place, repeats."""
    rows = _shaped(points)
    rows = placed(rows.with_columns(pl.col("time").cast(TT)), position)
    utc = pl.Series("utc", to_utc_iso(rows["time"].to_numpy()), dtype=pl.String)
    rows = with_absorption(_with_reasons(rows.with_columns(utc)))
    return with_point_errors(with_counts(rows))


def scaled(
    rows: pl.DataFrame,
    *,
    unit: str | None,
    band: Band,
    model: SpectralModel | None,
    counts_to_flux: Mapping[str, CountsToFlux] | None,
    t0: datetime | None,
    t0_source: str | None,
    nh_1e22: float | None,
    absorption: str | None,
) -> pl.DataFrame:
    """Return prepared points in a unit and band, or in their own; see `joint`."""
    if unit is None:
        rows = as_given(rows)
    else:
        rows = conversions_of(
            rows,
            unit,
            band,
            model,
            counts_to_flux or {},
            nh_1e22=nh_1e22,
            absorption=absorption,
        )
        rows = converted(rows)
    rows = without_other_releases(rows)
    if unit is not None:
        rows = valued(rows)
    return (
        _timed(rows, t0, t0_source)
        .select(_ORDER)
        .sort("time", "since_s", "observatory", *_TIES, nulls_last=True)
    )


def points_of(points: pl.DataFrame) -> pl.DataFrame:
    """Return points of many objects with all columns; repeated points are kept."""
    rows = with_absorption(_with_reasons(_shaped(points), repeated=False))
    return with_kind(with_point_errors(with_counts(rows)))


def _shaped(points: pl.DataFrame) -> pl.DataFrame:
    """Return points with all columns; NaN and infinities become null."""
    edges = (f"band_{e}_{u}" for u in ("kev", "nm") for e in ("low", "high"))
    return fill(points, _SHAPE).with_columns(
        pl.coalesce("observatory", "instrument", pl.lit("unknown")).alias(
            "observatory"
        ),
        pl.col("is_limit").fill_null(value=False),
        pl.col("unit").cast(pl.String),
        *(finite(name) for name in (*VALUES, "since_t0_s", *edges)),
    )


def zero_of(curve: pl.DataFrame) -> datetime | None:
    """Return T0 (TT) of a joint curve to the microsecond; None if no point has a date."""
    dated = curve.filter(pl.col("time").is_not_null() & pl.col("since_s").is_not_null())
    if dated.is_empty():
        return None
    nearest = dated.sort(pl.col("since_s").abs())[0]
    since = pl.duration(nanoseconds=(pl.col("since_s") * 1e9).cast(pl.Int64))
    start = nearest.select((pl.col("time") - since).dt.round("1us")).item()
    return start if isinstance(start, datetime) else None


def left_out(curve: pl.DataFrame) -> pl.DataFrame:
    """Return how many points of a joint curve are excluded: observatory, left_out, points."""
    return (
        curve.filter(pl.col("left_out").is_not_null())
        .group_by("observatory", "left_out")
        .agg(pl.len().alias("points"))
        .sort("observatory", "left_out")
    )


def _with_reasons(rows: pl.DataFrame, *, repeated: bool = True) -> pl.DataFrame:
    """Return the rows with what they were, and why they cannot be points, if so."""
    same = repeats(rows) if repeated else pl.lit(value=False)
    undated = pl.col("time").is_null() & pl.col("since_t0_s").is_null()
    unexposed = (pl.col("exposure_s") == 0).fill_null(value=False)
    reason = pl.coalesce(
        "excluded",
        pl.when(undated).then(pl.lit(NO_TIME)),
        pl.when(pl.col("value").is_null() & unexposed).then(
            pl.lit("no value: the bin has no exposure")
        ),
        pl.when(pl.col("value").is_null()).then(pl.lit("no value")),
        pl.when(same).then(pl.lit(REPEATED)),
    )
    return rows.with_columns(
        reason.alias("excluded"),
        *(pl.col(name).alias(f"given_{name}") for name in ("value", "unit", "band")),
        *(
            pl.col(f"band_{e}_kev").alias(f"given_band_{e}_kev")
            for e in ("low", "high")
        ),
    )


def _timed(
    rows: pl.DataFrame, t0: datetime | None, t0_source: str | None
) -> pl.DataFrame:
    """Return the rows with the time since T0; undated rows keep the file's."""
    source, zero = t0_source or GIVEN, pl.lit(t0, dtype=TT)
    if t0 is None:
        start, source = t0_of_files(rows), OF_FILE
        zero = pl.lit(start, dtype=TT)
        if start is None:
            usable = rows.filter(pl.col("excluded").is_null())["time"]
            nanoseconds, source = usable.cast(pl.Int64).min(), FIRST_POINT
            zero = pl.lit(nanoseconds, dtype=pl.Int64).cast(TT)
    time = rows["time"]
    rows = rows.with_columns(
        pl.when(time.is_not_null() | pl.col("since_t0_s").is_null())
        .then(pl.lit(source))
        .otherwise(pl.lit(UNDATED))
        .alias("t0_source"),
        pl.col("excluded").alias("left_out"),
    )
    rows = with_seconds(rows, "since_s", pl.col("time") - zero)
    return rows.with_columns(
        pl.coalesce("since_s", "since_t0_s").alias("since_s")
    ).with_columns((pl.col("since_s") / 86400).alias("since_days"))
