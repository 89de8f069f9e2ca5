"""Points of one object from all observatories on one time axis, in one unit and band.

Points are `photometry` rows with a column `observatory`. A point that cannot be
converted to the requested band and unit remains in the answer with a null value and
the reason in `left_out`. Limits remain limits, errors remain asymmetric, and the error
of the conversion is a column of its own.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from orbital_kernel.model.times import to_utc_iso
from orbital_kernel.science.columns import TT, demand, fill, finite, with_seconds
from orbital_kernel.science.lightcurves.bands import (
    CountsToFlux,
    conversion,
    parse_unit,
)
from orbital_kernel.science.lightcurves.dating import placed
from orbital_kernel.science.lightcurves.point_bands import GIVEN_AS, conversions_of
from orbital_kernel.science.lightcurves.spectra import Band, PowerLaw, SpectralModel

FIRST_POINT, GIVEN = "first point", "given"
"""What `t0_source` says of a T0 that is from no catalogue."""
_TIES = (
    *("instrument", "mode", "object", "obs_id", "given_unit", "given_band"),
    *("given_value", "value_err_plus", "time_err_plus_s"),
)
_VALUES = ("value", "value_err_plus", "value_err_minus")
_SHAPE: Mapping[str, pl.DataType] = {
    "observatory": pl.String(),
    "object": pl.String(),
    "obs_id": pl.String(),
    "is_limit": pl.Boolean(),
    "limit_confidence": pl.Float64(),
    "band": pl.String(),
    "band_low_kev": pl.Float64(),
    "band_high_kev": pl.Float64(),
    "instrument": pl.String(),
    "mode": pl.String(),
    "exposure_s": pl.Float64(),
    "time_err_plus_s": pl.Float64(),
    "time_err_minus_s": pl.Float64(),
    "time_rule": pl.String(),
    "time_assumed_err_s": pl.Float64(),
    "value_err_plus": pl.Float64(),
    "value_err_minus": pl.Float64(),
    "simulated": pl.Boolean(),
}
_ORDER = (
    *("observatory", "object", "obs_id", "utc", "time", "since_s", "since_days"),
    *("t0_source", "time_rule", "time_place", "time_assumed_err_s"),
    *("time_err_minus_s", "time_err_plus_s", *_VALUES, "value_err_model"),
    *("is_limit", "limit_confidence", "unit", "band_low_kev", "band_high_kev"),
    *("instrument", "mode", "exposure_s", "given_value", "given_unit", "given_band"),
    *(
        "given_band_low_kev",
        "given_band_high_kev",
        "factor",
        "factor_err",
        "conversion",
    ),
    *("left_out", "simulated"),
)


def gather(by_observatory: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the observatories' `photometry` rows in one frame with a column `observatory`.

    Parameters
    ----------
    by_observatory
        Frames of `photometry` rows by the observatory's name.

    Returns
    -------
    polars.DataFrame
        All rows; columns that a frame lacks are null.
    """
    frames = [
        frame.with_columns(pl.lit(name).alias("observatory"))
        for name, frame in by_observatory.items()
    ]
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


def points_of_rates(rates: pl.DataFrame) -> pl.DataFrame:
    """Return `rates` rows with data as `photometry` rows, with times at mid-bin.

    Parameters
    ----------
    rates
        time (TT, start of the bin), bin_s (s), rate and rate_err (in `unit`), unit.

    Returns
    -------
    polars.DataFrame
        time (TT), time_err_plus_s and time_err_minus_s (half a bin, s), value,
        value_err_plus and value_err_minus (in `unit`), is_limit (false), and the others.

    Raises
    ------
    SchemaMismatch
        If one of these columns is absent.
    """
    demand(rates, "time", "bin_s", "rate", "rate_err", "unit", subject="rates")
    half = pl.col("bin_s") / 2
    return (
        rates.filter(finite("rate").is_not_null())
        .with_columns(
            pl.col("time").cast(TT) + pl.duration(nanoseconds=half * 1e9),
            half.alias("time_err_plus_s"),
            half.alias("time_err_minus_s"),
            pl.col("rate").alias("value"),
            pl.col("rate_err").alias("value_err_plus"),
            pl.col("rate_err").alias("value_err_minus"),
            pl.lit(value=False).alias("is_limit"),
        )
        .drop("rate", "rate_err", "bin_s")
    )


def joint(
    points: pl.DataFrame,
    *,
    unit: str = "erg / (cm2 s)",
    band_kev: tuple[float, float] = (0.3, 10.0),
    model: SpectralModel = PowerLaw(),  # noqa: B008 - frozen
    counts_to_flux: Mapping[str, CountsToFlux] | None = None,
    t0: datetime | None = None,
    t0_source: str | None = None,
) -> pl.DataFrame:
    """Return every point in one unit and band on one time axis, in order of time.

    Parameters
    ----------
    points
        `photometry` rows: time (TT), value and unit; if known observatory, instrument,
        mode, the errors, is_limit, band_low_kev and band_high_kev (keV).
    unit
        Unit to convert to: an energy flux or a photon flux.
    band_kev
        Band to convert to, keV. The default is the band of Swift-XRT.
    model
        Spectrum by which bands are converted; a power law of photon index 2.0 ± 0.3 by
        default.
    counts_to_flux
        Stated factor by 'INSTRUMENT/MODE' or 'INSTRUMENT' ('ACIS' serves 'ACIS-0123'
        too). Count rates without a factor are excluded.
    t0
        Start (TT) of `since_s`; the time of the first usable point by default.
    t0_source
        Name of the catalogue that gives `t0`.

    Returns
    -------
    polars.DataFrame
        Beside the columns of `photometry`: utc (text), since_s (s), since_days (d),
        t0_source; time_rule, time_place (spacecraft or barycentre; where a curve mixes
        them, times of the barycentre are uncertain by 500 s more) and time_assumed_err_s
        (s, of a trigger assumed as T0, else null); factor and factor_err (1 sigma, from the model); value_err_model (error
        of the value from the conversion: common to all points of one conversion, and
        therefore not part of the point's own errors); conversion (how); given_value,
        given_unit, given_band, given_band_low_kev, given_band_high_kev (keV); left_out
        (null, or why the point has no value).

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
    conversion("erg / (cm2 s)", band, to_unit=unit, to_band=band, model=model)
    rows = placed(fill(points, _SHAPE)).with_columns(
        pl.coalesce("observatory", "instrument", pl.lit("unknown")).alias(
            "observatory"
        ),
        pl.col("is_limit").fill_null(value=False),
        *(finite(name) for name in (*_VALUES, "band_low_kev", "band_high_kev")),
    )
    conversions = conversions_of(rows, unit, band, model, counts_to_flux or {})
    rows = _converted(rows.join(conversions, on=GIVEN_AS, nulls_equal=True, how="left"))
    rows = rows.with_columns(
        pl.lit(parse_unit(unit).to_string()).alias("unit"),
        pl.lit(band.low_kev).alias("band_low_kev"),
        pl.lit(band.high_kev).alias("band_high_kev"),
    )
    source = t0_source or (FIRST_POINT if t0 is None else GIVEN)
    return (
        _timed(rows, t0)
        .with_columns(pl.lit(source).alias("t0_source"))
        .select(_ORDER)
        .sort("time", "observatory", *_TIES, nulls_last=True)
    )


def left_out(curve: pl.DataFrame) -> pl.DataFrame:
    """Return how many points of a joint curve have no value, by observatory and reason.

    Parameters
    ----------
    curve
        What `joint` returns.

    Returns
    -------
    polars.DataFrame
        observatory, left_out (reason), points.
    """
    return (
        curve.filter(pl.col("left_out").is_not_null())
        .group_by("observatory", "left_out")
        .agg(pl.len().alias("points"))
        .sort("observatory", "left_out")
    )


def _converted(rows: pl.DataFrame) -> pl.DataFrame:
    reason = pl.coalesce(
        pl.when(pl.col("time").is_null()).then(pl.lit("no absolute time")),
        pl.when(pl.col("value").is_null()).then(pl.lit("no value")),
        "no_way",
    )
    usable = pl.when(pl.col("left_out").is_null())
    return rows.with_columns(
        reason.alias("left_out"),
        *(pl.col(name).alias(f"given_{name}") for name in ("value", "unit", "band")),
        *(
            pl.col(f"band_{e}_kev").alias(f"given_band_{e}_kev")
            for e in ("low", "high")
        ),
    ).with_columns(
        *(usable.then(pl.col(name) * pl.col("factor")).alias(name) for name in _VALUES),
        usable.then(pl.col("value").abs() * pl.col("factor_err")).alias(
            "value_err_model"
        ),
    )


def _timed(rows: pl.DataFrame, t0: datetime | None) -> pl.DataFrame:
    time = rows["time"].cast(TT)
    usable = rows.filter(pl.col("left_out").is_null())["time"]
    zero = pl.lit(t0 if t0 is not None else usable.min(), dtype=TT)
    rows = rows.with_columns(
        time, pl.Series("utc", to_utc_iso(time.to_numpy()), dtype=pl.String)
    )
    rows = with_seconds(rows, "since_s", pl.col("time") - zero)
    return rows.with_columns((pl.col("since_s") / 86400).alias("since_days"))
