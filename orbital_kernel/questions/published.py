"""Published results, computed again from the published measurements that come with Orbital.

Each function takes a callable that returns the points of an object since a T0, and returns
rows of `SCHEMA`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from orbital_kernel.errors import QueryError, unknown
from orbital_kernel.model.times import tt_from_utc
from orbital_kernel.science import shape

DAY_S = 86400.0
MJD_ZERO = datetime(1858, 11, 17)  # noqa: DTZ001 - barycentric dynamical time
SIGMAS = 3.0
SCHEMA = {
    **dict.fromkeys(("object", "paper", "quantity", "unit"), pl.String()),
    **dict.fromkeys(("published", "published_err"), pl.Float64()),
    **dict.fromkeys(("measured", "measured_err", "sigmas"), pl.Float64()),
    "consistent": pl.Boolean(),
    "remark": pl.String(),
}
Rows = list[dict[str, Any]]
PointsOf = Callable[[str, datetime | None], pl.DataFrame]


def results(points_of: PointsOf, subject: str | None = None) -> pl.DataFrame:
    """Return published values beside those measured here, of all objects or of one."""
    if subject is not None and subject not in RESULTS:
        raise QueryError(unknown("object with a published result", subject, RESULTS))
    names = RESULTS if subject is None else (subject,)
    rows = [row for name in names for row in RESULTS[name](points_of)]
    return pl.DataFrame(rows, schema=SCHEMA)


def late_decay(points_of: PointsOf) -> Rows:
    """Return the decay of GRB 130427A's X-ray afterglow after 47 ks.

    Points of Chandra get the 10 % of systematic error that the paper adds to them.
    """
    name, t0 = "GRB 130427A", _tt("2013-04-27T07:47:57.512")
    points = points_of(name, t0).filter(pl.col("since_s") > 47e3)
    added = pl.when(pl.col("observatory") == "chandra").then(0.1).otherwise(0.0)
    points = points.with_columns(
        (pl.col(error) ** 2 + (added * pl.col("value")) ** 2).sqrt()
        for error in ("value_err_plus", "value_err_minus")
    )
    fit = _decay(points, breaks=0)
    paper = "De Pasquale et al. 2016, MNRAS 462, 1111"
    remark = f"{fit.points} points of XRT and ACIS; those of XMM-Newton are not stored"
    quantity = "temporal index after 47 ks"
    measured = (fit.indices[0], fit.index_errs[0])
    return [_row(name, paper, quantity, "", (1.309, 0.007), measured, remark)]


def rise_and_fall(points_of: PointsOf) -> Rows:
    """Return the rise, the peak and the decline of GW170817 in X-rays alone."""
    name, t0 = "GW170817", _tt("2017-08-17T12:41:04")
    points = points_of(name, t0)
    fit = _decay(points.filter(pl.col("unit") == "erg / (cm2 s)"), breaks=1)
    rise, decline = (-index for index in fit.indices)
    paper = "Makhathini et al. 2021, ApJ 922, 154"
    remark = (
        f"{fit.points} X-ray points to 2019, a law with a sharp break; "
        "the paper fits radio, optical and X-rays together"
    )
    peak = (fit.breaks_s[0] / DAY_S, fit.break_errs_s[0] / DAY_S)
    return [
        _row(name, paper, quantity, unit, published, measured, remark)
        for quantity, unit, published, measured in (
            ("index of the rise", "", (0.86, 0.04), (rise, fit.index_errs[0])),
            ("peak after the merger", "d", (155.0, 4.0), peak),
            ("index of the decline", "", (-1.92, 0.12), (decline, fit.index_errs[1])),
        )
    ]


def dynamic_range(points_of: PointsOf) -> Rows:
    """Return how far the flux of NGC 925 ULX-3 rises above its deepest limit.

    A value of the paper that is a lower bound is met if the ratio reaches it within
    its error.
    """
    name = "NGC 925 ULX-3"
    points = points_of(name, None)
    limit = points.filter("is_limit")["value"].min()
    rows = []
    for observatory, chosen in (
        ("Chandra", points.filter(observatory="chandra")),
        ("Swift and Chandra", points),
    ):
        detections = chosen.filter(~pl.col("is_limit")).sort("value", descending=True)
        brightest = detections.row(0, named=True)
        ratio = brightest["value"] / limit
        error = brightest["value_err_minus"] / limit
        bound = _row(
            name,
            "Earnshaw et al. 2020, ApJ 891, 153",
            f"brightest detection of {observatory} over the deepest limit, at least",
            "",
            (26.0, None),
            (ratio, error),
            f"{brightest['instrument']} of {brightest['utc'][:10]}",
        )
        rows.append(bound | {"consistent": ratio + error >= 26.0})
    return rows


def two_declines(points_of: PointsOf) -> Rows:
    """Return the decline of SN 2010jl from 2012 to 2014 by Swift beside Chandra's."""
    name, paper = "SN 2010jl", "Chandra et al. 2015, ApJ 810, 32, table 5"
    t0 = _tt("2010-10-01T00:00:00")
    points = points_of(name, t0)
    indices, fluxes = {}, {}
    for observatory, first, last in (
        ("chandra", "2012-06-10", "2014-06-01"),
        ("swift", "2012-10-14", "2014-06-04"),
    ):
        pair = [
            points.filter(
                pl.col("observatory") == observatory, pl.col("utc").str.starts_with(day)
            ).row(0, named=True)
            for day in (first, last)
        ]
        indices[observatory] = _index_between(*pair)
        fluxes[observatory] = (
            1e13 * pair[1]["value"],
            1e13 * pair[1]["value_err_plus"],
        )
    remark = "published: Chandra's; measured: Swift's nearest epochs"
    return [
        _row(name, paper, quantity, unit, by["chandra"], by["swift"], remark)
        for quantity, unit, by in (
            ("temporal index, 2012 to 2014", "", indices),
            ("flux of 2014 June, 0.2-10 keV", "1e-13 erg / (cm2 s)", fluxes),
        )
    ]


def flare_night(points_of: PointsOf) -> Rows:
    """Return the flare of Sgr A* in ObsID 23739, found in bins of 300 s.

    Bins of 2-4 and 4-8 keV are added, Bayesian blocks of them found in live time, and
    `orbital_kernel.shape.flares` chooses the blocks above quiescence.
    """
    name, paper = "Sgr A*", "table of flares of the Chandra archive's Sgr A* ObsIDs"
    bins = _bins(points_of(name, None))
    flares = shape.flares(_blocks(bins))
    flare = flares.sort("excess", descending=True).row(0, named=True)
    start, stop = 59425.001908363, 59425.0477052716  # of the table, MJD
    first, last = flare["start_s"] / DAY_S, flare["stop_s"] / DAY_S
    half_bin = 150 / DAY_S
    window = bins.filter(pl.col("stop_s") / DAY_S <= stop + half_bin)
    counts = int(window["counts"].sum())
    seconds = (stop - start) * DAY_S
    early = 1440 * (first - start)
    begins = f"the table's flare begins with the observation, {early:.0f} min before"
    brightest = bins.sort("counts").row(-1, named=True)
    peak = brightest["counts"] / brightest["exposure_s"]
    peak_err = brightest["counts"] ** 0.5 / brightest["exposure_s"]
    values = (
        ("start, TDB", "MJD", (start, None), (first, half_bin), begins),
        ("stop, TDB", "MJD", (stop, None), (last, half_bin), "bins of 300 s"),
        (
            "mean rate of 2-8 keV over the table's window",
            "ct / s",
            (0.0933, 0.0049),
            (counts / seconds, counts**0.5 / seconds),
            f"{counts} counts; the table has 369",
        ),
        (
            "highest rate",
            "ct / s",
            (0.4997, 0.0375),
            (peak, peak_err),
            "mean of 300 s here; the table's is of a shorter block",
        ),
    )
    rows = [_row(name, paper, *value) for value in values]
    number = (name, paper, "flares of the night", "", (1.0, 0.0), (len(flares), 0.0))
    return [_row(*number, "Bayesian blocks, p0 = 0.05"), *rows]


RESULTS: dict[str, Callable[[PointsOf], Rows]] = {
    "GRB 130427A": late_decay,
    "GW170817": rise_and_fall,
    "NGC 925 ULX-3": dynamic_range,
    "SN 2010jl": two_declines,
    "Sgr A*": flare_night,
}


def _row(
    subject: str,
    paper: str,
    quantity: str,
    unit: str,
    published: tuple[float, float | None],
    measured: tuple[float, float],
    remark: str,
) -> dict[str, Any]:
    error = float(np.hypot(published[1] or 0.0, measured[1]))
    difference = abs(measured[0] - published[0])
    sigmas = difference / error if error else None
    is_near = difference == 0 if sigmas is None else sigmas <= SIGMAS
    values = (*published, *measured, sigmas, is_near, remark)
    return dict(zip(SCHEMA, (subject, paper, quantity, unit, *values), strict=True))


def _tt(utc: str) -> datetime:
    instant: datetime = tt_from_utc([utc])[0].astype("datetime64[us]").item()
    return instant


def _decay(points: pl.DataFrame, *, breaks: int) -> shape.Decay:
    return shape.decay(
        points["since_s"],
        points["value"],
        points["value_err_plus"],
        err_minus=points["value_err_minus"],
        is_limit=points["is_limit"],
        breaks=breaks,
    )


def _index_between(first: dict[str, Any], last: dict[str, Any]) -> tuple[float, float]:
    """Return the temporal index between two points and its error."""
    span = np.log(last["since_s"] / first["since_s"])
    error = np.hypot(*(p["value_err_plus"] / p["value"] for p in (first, last)))
    return float(np.log(last["value"] / first["value"]) / span), float(error / span)


def _bins(points: pl.DataFrame) -> pl.DataFrame:
    """Return start_s, stop_s (s of MJD), counts and exposure_s of all bands together.

    A rate is counts over live time, and a limit is a bin without counts.
    """
    seconds = (pl.col("time") - MJD_ZERO).dt.total_nanoseconds() / 1e9
    counts = (
        pl.when("is_limit").then(0.0).otherwise(pl.col("value") * pl.col("exposure_s"))
    )
    return (
        points.with_columns(middle_s=seconds, counts=counts.round().cast(pl.Int64))
        .group_by("time", maintain_order=True)
        .agg(
            (pl.col("middle_s") - pl.col("time_err_minus_s")).first().alias("start_s"),
            (pl.col("middle_s") + pl.col("time_err_plus_s")).first().alias("stop_s"),
            pl.col("counts").sum(),
            pl.col("exposure_s").first(),
        )
        .sort("time")
    )


def _blocks(bins: pl.DataFrame, p0: float = 0.05) -> pl.DataFrame:
    """Return Bayesian blocks of binned counts, edges at bins.

    Scargle et al. 2013, ApJ 764, 167, section 3.2 (binned events), in live time.
    """
    from astropy.stats import bayesian_blocks  # noqa: PLC0415 - slow

    live = np.append(0.0, bins["exposure_s"].cum_sum())
    counts = bins["counts"].to_numpy()
    middles = (live[1:] + live[:-1]) / 2
    edges = bayesian_blocks(middles, counts, fitness="events", p0=p0)
    block = np.searchsorted(edges[1:-1], middles, side="right")
    return (
        bins.with_columns(pl.Series("block", block))
        .group_by("block", maintain_order=True)
        .agg(
            pl.col("start_s").first(),
            pl.col("stop_s").last(),
            pl.col("counts", "exposure_s").sum(),
        )
    )
