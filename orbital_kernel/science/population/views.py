"""Views of burst catalogues: rate, duration and hardness, fluence, redshift.

Each view states how many bursts it uses and how they were selected. Nothing is
corrected: a rate is that of catalogued bursts, a distribution that of detected ones.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orbital_kernel.errors import QueryError
from orbital_kernel.science.columns import demand
from orbital_kernel.science.counting import poisson_bounds
from orbital_kernel.science.population.view import View, median, sources, view_of
from orbital_kernel.science.precedence import (
    FLUENCE,
    LIMITS,
    PHOTON_INDEX,
    REDSHIFT,
    T90,
    TIME,
    united,
)

Reals = NDArray[np.float64]

NEEDED = (
    *("catalog", "name", "time", "t90_s", "fluence_erg_cm2", "photon_index"),
    "redshift",
)
SOFT_KEV, HARD_KEV = (25.0, 50.0), (50.0, 100.0)
SHORT_S = 2.0
BINS = 24
DAYS_A_YEAR = 365.25


def views(grbs: pl.DataFrame) -> dict[str, View]:
    """Return every view by its name: rate, hardness, fluence and redshift.

    Parameters
    ----------
    grbs
        Rows of the burst catalogues, as `Orbital.bursts.catalog` returns them.

    Raises
    ------
    QueryError
        If a view has no bursts.

    Examples
    --------
    >>> from orbital_kernel import connect
    >>> from orbital_kernel.science import population
    >>> orbital = connect()
    >>> sorted(population.views(orbital.bursts.catalog()))
    ['fluence', 'hardness', 'rate', 'redshift']
    """
    return {
        "rate": rate_by_year(grbs),
        "hardness": hardness(grbs),
        "fluence": distribution(grbs),
        "redshift": redshifts(grbs),
    }


def bursts(grbs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per burst of catalogue rows, by the order of precedence.

    Parameters
    ----------
    grbs
        Rows of the burst catalogues. Rows without a name are bursts of their own.

    Returns
    -------
    polars.DataFrame
        name, trigger_id, catalogs, simulated; time (TT) and t0_source; t90_s (s; limits
        excluded) and t90_catalog; fluence_erg_cm2 (erg cm⁻²); photon_index; redshift,
        redshift_catalog and redshift_doubt (quotes the catalogues that doubt it).
    """
    demand(grbs, *NEEDED, subject="burst catalogue rows")
    return united(_measured(grbs), TIME, T90, FLUENCE, PHOTON_INDEX, REDSHIFT)


def rate_by_year(grbs: pl.DataFrame) -> View:
    """Return the number of bursts per calendar year (TT), and their rate.

    Parameters
    ----------
    grbs
        Rows of the burst catalogues.

    Returns
    -------
    View
        Rows: year, bursts, days (covered, d), rate_yr with rate_low_yr and rate_high_yr
        (per 365.25 d, 68 %), whole (false for the first and last year). A rate is the
        count over the days between the first and last known burst in that year.

    Raises
    ------
    QueryError
        If no burst has a time.

    References
    ----------
    Gehrels 1986, ApJ 303, 336 (bounds; see `science.counting.poisson_bounds`).
    """
    known_bursts = bursts(grbs)
    dated = known_bursts.drop_nulls("time")
    if dated.is_empty():
        raise QueryError("no burst has a time: a rate by year needs some")
    days = dated["time"].cast(pl.Datetime("ns")).to_numpy().astype("datetime64[D]")
    years = days.astype("datetime64[Y]").astype(int) + 1970
    every = np.arange(years.min(), years.max() + 1)
    count = np.array([(years == year).sum() for year in every])
    covered = np.array([_covered(int(year), days.min(), days.max()) for year in every])
    low, high = poisson_bounds(count)
    scale = DAYS_A_YEAR / covered
    rows = pl.DataFrame(
        {
            "year": every,
            "bursts": count,
            "days": covered,
            "rate_yr": count * scale,
            "rate_low_yr": low * scale,
            "rate_high_yr": high * scale,
            "whole": (every > every[0]) & (every < every[-1]),
        }
    )
    full_years = rows.filter("whole")
    numbers = {
        "bursts with a time": float(dated.height),
        "whole years": float(full_years.height),
        "median bursts a whole year": median(full_years["rate_yr"]),
    }
    used = sources("trigger times", dated["t0_source"])
    return view_of("rate", rows, dated.height, known_bursts, numbers, used)


def hardness(grbs: pl.DataFrame) -> View:
    """Return duration, hardness ratio and class of bursts with T90 and photon index.

    Parameters
    ----------
    grbs
        Rows of the burst catalogues.

    Returns
    -------
    View
        Rows: name, t90_s (s), hardness (fluence 50-100 keV over 25-50 keV), kind ('short'
        below 2 s, else 'long'), photon_index, t90_catalog.

    References
    ----------
    Kouveliotou et al. 1993, ApJ 413, L101 (2 s, from BATSE).
    """
    known_bursts = bursts(grbs)
    rows = (
        known_bursts.filter(pl.col("t90_s") > 0, pl.col("photon_index").is_finite())
        .with_columns(
            hardness=pl.col("photon_index").map_batches(
                lambda index: pl.Series(hardness_ratio(index.to_numpy())),
                return_dtype=pl.Float64,
            ),
            kind=pl.when(pl.col("t90_s") < SHORT_S)
            .then(pl.lit("short"))
            .otherwise(pl.lit("long")),
        )
        .select("name", "t90_s", "hardness", "kind", "photon_index", "t90_catalog")
    )
    timed = known_bursts.filter(pl.col("t90_s") > 0)
    short = timed.filter(pl.col("t90_s") < SHORT_S).height
    numbers = {
        "bursts with T90": float(timed.height),
        "short (T90 < 2 s)": float(short),
        "short, % of those with T90": 100 * short / max(timed.height, 1),
    } | {
        f"median hardness, {kind}": median(
            rows.filter(pl.col("kind") == kind)["hardness"]
        )
        for kind in ("short", "long")
    }
    used = sources("durations", rows["t90_catalog"])
    return view_of("hardness", rows, rows.height, known_bursts, numbers, used)


def distribution(grbs: pl.DataFrame, column: str = "fluence_erg_cm2") -> View:
    """Return the number of bursts in logarithmic bins of a column.

    Parameters
    ----------
    grbs
        Rows of the burst catalogues.
    column
        Column of `bursts`; fluence_erg_cm2 (erg cm⁻²) by default.

    Returns
    -------
    View
        Rows: low and high (edges, in the column's unit), bursts, above (bursts at or above
        `low`).

    Raises
    ------
    QueryError
        If no burst has a value above zero.
    """
    known_bursts = bursts(grbs)
    demand(known_bursts, column, subject="bursts")
    values = np.sort(known_bursts.filter(pl.col(column) > 0)[column].to_numpy())
    if not values.size:
        raise QueryError(f"no burst has a {column} above zero")
    wide = values[0] < values[-1]
    edges = np.geomspace(values[0], values[-1] * (1 if wide else 1.1), BINS + 1)
    edges[-1] = max(edges[-1], values[-1])
    edges[0] = min(edges[0], values[0])
    counts, _ = np.histogram(values, bins=edges)
    rows = pl.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "bursts": counts,
            "above": values.size - np.searchsorted(values, edges[:-1], side="left"),
        }
    )
    low, median, high = np.quantile(values, (0.05, 0.5, 0.95))
    numbers = {
        f"5 % of {column}": float(low),
        f"median {column}": float(median),
        f"95 % of {column}": float(high),
    }
    return view_of("fluence", rows, values.size, known_bursts, numbers)


def redshifts(grbs: pl.DataFrame) -> View:
    """Return the bursts with a redshift.

    Parameters
    ----------
    grbs
        Rows of the burst catalogues.

    Returns
    -------
    View
        Rows: name, redshift, t90_s and t90_rest_s (T90 / (1 + z), s), fluence_erg_cm2 (erg
        cm⁻²), redshift_catalog, redshift_doubt, t90_catalog.
    """
    known_bursts = bursts(grbs)
    rows = (
        known_bursts.filter(pl.col("redshift") > 0)
        .with_columns(t90_rest_s=pl.col("t90_s") / (1 + pl.col("redshift")))
        .select(
            *("name", "redshift", "t90_s", "t90_rest_s", "fluence_erg_cm2"),
            *("redshift_catalog", "redshift_doubt", "t90_catalog"),
        )
        .sort("redshift", "name")
    )
    numbers = {
        "redshifts that a catalogue doubts": float(rows["redshift_doubt"].count()),
        "median redshift": median(rows["redshift"]),
        "largest redshift": median(rows["redshift"].tail(1)),
        "median T90 at the source (s)": median(rows["t90_rest_s"]),
    }
    used = sources("redshifts", rows["redshift_catalog"])
    return view_of("redshift", rows, rows.height, known_bursts, numbers, used)


def hardness_ratio(photon_index: Reals) -> Reals:
    """Return the fluence 50-100 keV over 25-50 keV of power laws N(E) ~ E^-index, shape (n,)."""
    slope = 2.0 - np.asarray(photon_index, dtype=np.float64)
    return _energy(slope, *HARD_KEV) / _energy(slope, *SOFT_KEV)


def _measured(grbs: pl.DataFrame) -> pl.DataFrame:
    """Return rows without the durations that are limits."""
    if "t90_limit" not in grbs.columns:
        return grbs
    limit = pl.col("t90_limit").is_in(LIMITS).fill_null(value=False)
    return grbs.with_columns(pl.when(~limit).then("t90_s").alias("t90_s"))


def _energy(slope: Reals, low: float, high: float) -> Reals:
    """Return the integral of E^(slope - 1) from low to high, continuous at slope 0."""
    small = np.abs(slope) < 1e-9
    safe = np.where(small, 1.0, slope)
    area: Reals = np.where(small, np.log(high / low), (high**safe - low**safe) / safe)
    return area


def _covered(year: int, first: np.datetime64, last: np.datetime64) -> float:
    """Return the days of a year between the first and the last known burst."""
    begin = max(np.datetime64(f"{year}-01-01", "D"), first)
    end = min(np.datetime64(f"{year + 1}-01-01", "D"), last + np.timedelta64(1, "D"))
    return float((end - begin).astype(int))
