"""Arrival times of one curve at one place: the geocentre, where the position is known.

Arrival at the barycentre differs from arrival near Earth by up to 500 s, depending on
the source's position. With a position the difference is known to a millisecond, and the
times of a curve that mixes places are those at the geocentre; a spacecraft near Earth is
within 0.03 s (Swift) or 0.5 s (Chandra) of it. Without a position the places are kept
apart: `time_place` names them and the half-widths of the others are wider by 500 s.
"""

import polars as pl

from orbital_kernel.model.scales import offline
from orbital_kernel.model.times import SPACECRAFT, place_of
from orbital_kernel.science.columns import TT

LIGHT_TRAVEL_S = 500.0
"""Most that arrival at the solar system's barycentre differs from arrival near Earth, s."""
GEOCENTRE = "geocentre"
KINDS = {"barycentre": "barycentric", "heliocentre": "heliocentric"}
CORRECTED = "{}, corrected to geocentre from {}"


def placed(
    rows: pl.DataFrame, position: tuple[float, float] | None = None
) -> pl.DataFrame:
    """Return the points with `time_place`, at one place if the position is known.

    Parameters
    ----------
    rows : polars.DataFrame
        time (TT), time_rule, time_err_plus_s and time_err_minus_s (s).
    position : tuple of float, optional
        RA and Dec of the object, ICRS deg.

    Returns
    -------
    polars.DataFrame
        The rows with time_place. Of a curve that mixes places, times of a barycentre or
        heliocentre are corrected to the geocentre, and time_rule says so; without a
        position their half-widths are wider by 500 s instead.
    """
    rules = rows["time_rule"].unique().to_list()
    place = pl.col("time_rule").replace_strict(
        rules, [place_of(rule) for rule in rules], return_dtype=pl.String
    )
    rows = rows.with_columns(
        pl.when(pl.col("time").is_not_null()).then(place).alias("time_place")
    )
    if rows["time_place"].drop_nulls().n_unique() < 2:
        return rows
    if position is not None:
        return _at_geocentre(rows, position)
    is_away = pl.col("time_place") != SPACECRAFT
    return rows.with_columns(
        pl.when(is_away)
        .then(pl.col(name).fill_null(0) + LIGHT_TRAVEL_S)
        .otherwise(name)
        .alias(name)
        for name in ("time_err_plus_s", "time_err_minus_s")
    )


def _at_geocentre(rows: pl.DataFrame, position: tuple[float, float]) -> pl.DataFrame:
    """Return the rows with times of a barycentre or heliocentre seen from the geocentre."""
    for place, kind in KINDS.items():
        far = (pl.col("time_place") == place).fill_null(value=False)
        times = rows.filter(far)["time"].cast(TT)
        if times.is_empty():
            continue
        travel = light_travel_ns(times, position, kind)
        indices = rows.select(far.arg_true()).to_series()
        shifted = (times.cast(pl.Int64) - travel).cast(TT)
        rows = rows.with_columns(
            rows["time"].cast(TT).scatter(indices, shifted).alias("time"),
            pl.when(far)
            .then(pl.format(CORRECTED, "time_rule", pl.lit(place)))
            .otherwise("time_rule")
            .alias("time_rule"),
            pl.when(far)
            .then(pl.lit(GEOCENTRE))
            .otherwise("time_place")
            .alias("time_place"),
        )
    return rows


@offline()
def light_travel_ns(
    times: pl.Series, position: tuple[float, float], kind: str
) -> pl.Series:
    """Return how much later light is at the barycentre than at the geocentre, ns.

    Parameters
    ----------
    times : polars.Series
        Arrival at the barycentre (or heliocentre), TT.
    position : tuple of float
        RA and Dec, ICRS deg.
    kind : {'barycentric', 'heliocentric'}
        Where the times are of.

    Returns
    -------
    polars.Series
        Nanoseconds; positive where the Earth is nearer to the source.

    References
    ----------
    Eastman, Siverd & Gaudi 2010, PASP 122, 935; astropy's built-in ephemeris (ERFA
    epv00), good to 1e-5 s of light travel.
    """
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time, TimeDelta

    centre = EarthLocation.from_geocentric(0, 0, 0, unit="m")
    text = times.to_numpy().astype("datetime64[ns]").astype(str)
    arrival = Time(text.tolist(), format="isot", scale="tt", location=centre)
    source = SkyCoord(*position, unit="deg")
    travel = TimeDelta(0, format="sec")
    for _ in range(2):  # the Earth moves 30 km/s: after the first step 0.05 s remain
        travel = (arrival - travel).light_travel_time(source, kind, ephemeris="builtin")
    return pl.Series((travel.sec * 1e9).round().astype("int64"))
