"""The work of `bench_lightcurves.py` object by object, as scripts with stingray do it.

Points are a `StingrayTimeseries` with good time intervals, stingray's class for points at
uneven times; `analyze_segments` gives the points of each bin. The binned curve is a
`Lightcurve` with errors and good time intervals, and `excess_variance` measures it.
stingray has neither points with a width nor errors of two signs, weighted means, or bins
of one point (it skips them): those are of numpy, on what stingray hands over.
"""

import warnings

import numpy as np
from object_by_object import (
    BIN_S,
    FACTORS,
    curve_of,
    detections,
    numbers,
    sliced,
    with_arrays,
)


def with_stingray(tables):
    """Yield objects with their results by observatory, by stingray."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of segments with one point, and of gaps
        for key, start, by_observatory in sliced(tables):
            results = {}
            for name, points_ in by_observatory.items():
                edges, part = detections(points_, start)
                curve, values = _measured(part, FACTORS[name])
                results[name] = curve, values, edges
            yield key, results


def on_numpy_bins(tables):
    """Yield the same with numpy's bins, and stingray for the Lightcurve and its variances."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, by_observatory in with_arrays(tables):
            results = {}
            for name, (curve, _, edges) in by_observatory.items():
                days = curve["since_s"] // BIN_S * BIN_S
                results[name] = curve, _numbers(curve, days), edges
            yield key, results


def _measured(part, factor):
    """Return the binned curve of one observatory, and its numbers."""
    from stingray import StingrayTimeseries  # noqa: PLC0415 - extra 'timing'

    since = part["since"]
    order = np.argsort(since, kind="stable")
    days = int(since.max() // BIN_S) + 1
    series = StingrayTimeseries(
        time=since[order],
        array_attrs={
            "value": factor * part["value"][order],
            "plus": factor * part["value_err_plus"][order],
            "minus": factor * part["value_err_minus"][order],
            "before": part["time_err_minus_s"][order],
            "after": part["time_err_plus_s"][order],
        },
        gti=[[0.0, days * BIN_S]],
    )
    _, _, columns = series.analyze_segments(_sums, BIN_S)
    number = (series.time // BIN_S).astype(int)
    alone = [_sums(series[k : k + 1]) for k in _of_single_points(number)]
    rows = np.concatenate([np.asarray(columns).T, np.reshape(alone, (-1, len(NAMES)))])
    sums = dict(zip(NAMES, rows[np.argsort(rows[:, 0])].T, strict=True))
    curve = curve_of(sums)
    return curve, _numbers(curve, np.unique(number) * BIN_S)


def _numbers(curve, day):
    """Return the numbers of a binned curve, given the start of each bin in s."""
    from stingray import Lightcurve  # noqa: PLC0415
    from stingray.utils import excess_variance  # noqa: PLC0415

    light_curve = Lightcurve(
        day + BIN_S / 2,
        curve["value"],
        err=(curve["plus"] + curve["minus"]) / 2,
        err_dist="gauss",
        dt=BIN_S,
        gti=np.stack([day, day + BIN_S], axis=1),
    )
    excess = excess_variance(light_curve, normalization="none")
    fvar = excess_variance(light_curve, normalization="fvar")
    mean, weighted, chi2, *_ = numbers(curve)
    return mean, weighted, chi2, *excess, *fvar


NAMES = (
    *("start", "stop", "weight", "weighted", "since_weighted"),
    *("square_plus", "square_minus", "points"),
)


def _sums(part):
    """Return the sums of the points of a bin, in the order of NAMES."""
    weight = part.before + part.after
    return (
        np.min(part.time - part.before),
        np.max(part.time + part.after),
        np.sum(weight),
        np.sum(weight * part.value),
        np.sum(weight * part.time),
        np.sum((weight * part.plus) ** 2),
        np.sum((weight * part.minus) ** 2),
        len(part.time),
    )


def _of_single_points(number):
    """Return the points that are alone in their bin."""
    _, first, points = np.unique(number, return_index=True, return_counts=True)
    return first[points == 1]
