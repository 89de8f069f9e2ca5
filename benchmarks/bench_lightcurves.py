"""Light curves of many objects beside the same work object by object.

    python benchmarks/bench_lightcurves.py [--objects 10000] [--points 1000] [--alone 100]

All start from the same rows, one table of each observatory with the points of all objects,
and end with the same results for each object and observatory: the curve in bins of a day
(time, half-widths, value and errors of both signs weighted by width, points) and its
numbers (detections, limits, first and last time, mean, weighted mean, chi-squared, excess
variance and Fvar with their errors). Both observatories' points are brought into one band.
Orbital takes objects in batches, so that memory stays bounded. astropy's Table and pandas
do it object by object, as scripts do, on parts that their own `group_by` makes. stingray
has no bins of unevenly spaced points and no weighted mean: its row is plain numpy for all
but excess variance and Fvar, on slices of arrays, without tables. Each is measured for
`alone` objects and scaled by the number of objects. Times are of the processor (user and
system, all threads), which other work on the machine changes less than wall time. The
results of these objects must agree.
"""

import argparse
import pickle
import resource
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
from astropy.table import Table, vstack

from orbital_kernel.science.lightcurves import PowerLaw, conversion, gather
from orbital_kernel.science.lightcurves.characters import characters
from orbital_kernel.science.lightcurves.many import curves_of_objects
from orbital_kernel.science.spectra import Band

BATCH = 500
BIN_S = 86_400.0
BANDS = {"swift": (0.3, 10.0), "chandra": (0.5, 7.0)}
XRT = Band(0.3, 10.0)
MODEL = PowerLaw(1.8, 0.2)
UNIT = "erg / (cm2 s)"
VALUES = ("value", "value_err_plus", "value_err_minus")
NUMBERS = ("ns", *VALUES, "time_err_plus_s", "time_err_minus_s", "is_limit")
CURVE = {
    "since_s": "since_s",
    "time_err_minus_s": "before_s",
    "time_err_plus_s": "after_s",
    "value": "value",
    "value_err_plus": "plus",
    "value_err_minus": "minus",
    "averaged": "points",
}
"""Columns of the curve of orbital, and those of the others."""


def points(first, objects, size, seed):
    """Return seeded points of objects by observatory, in turn."""
    rng = np.random.default_rng(seed)
    number = objects * size
    chandra = np.tile(np.arange(size) % 2 == 1, objects)
    since = np.sort(rng.uniform(0, 1e7, (objects, size)), axis=1).ravel()
    value = rng.lognormal(0, 0.3, number) * 1e-12
    frame = pl.DataFrame(
        {
            "object": np.repeat([f"J{first + k:06d}" for k in range(objects)], size),
            "observatory": np.where(chandra, "chandra", "swift"),
            "time": (1.4e18 + since * 1e9).astype("datetime64[ns]"),
            "value": value,
            "value_err_plus": 0.1 * value,
            "value_err_minus": 0.1 * value,
            "time_err_plus_s": rng.uniform(100, 1000, number),
            "time_err_minus_s": 0.0,
            "is_limit": rng.random(number) < 0.05,
            "unit": UNIT,
            "band": np.where(chandra, "0.5-7 keV", "0.3-10 keV"),
            "band_low_kev": np.where(chandra, 0.5, 0.3),
            "band_high_kev": np.where(chandra, 7.0, 10.0),
            "instrument": np.where(chandra, "ACIS", "XRT"),
        }
    )
    frame = frame.with_columns(file_sha256=pl.format("{} {}", "observatory", "object"))
    return {name: frame.filter(observatory=name) for name in BANDS}


def orbital(frames):
    """Return the binned curves and numbers of the objects of both observatories."""
    curves = curves_of_objects(gather(frames), unit=UNIT, model=MODEL, bin_s=BIN_S)
    return curves, characters(curves)


FACTORS = {
    name: conversion(UNIT, Band(*band), to_band=XRT, model=MODEL).factor
    for name, band in BANDS.items()
}


def numbers(curve):
    """Return mean, weighted mean, chi-squared, excess variance and Fvar with errors."""
    value, error = curve["value"], (curve["plus"] + curve["minus"]) / 2
    weight = 1 / error**2
    mean, count = np.mean(value), len(value)
    weighted = np.sum(weight * value) / np.sum(weight)
    chi2 = np.sum(weight * (value - weighted) ** 2)
    noise = np.mean(error**2)
    excess = np.var(value, ddof=1) - noise
    real = max(excess, 0)
    excess_err = np.sqrt(2 / count * noise**2 + 4 * noise * real / count)
    fvar = np.sqrt(real) / mean
    fvar_err = excess_err / (2 * fvar * mean**2)
    return mean, weighted, chi2, excess, excess_err, fvar, fvar_err


def ends(ns, is_limit):
    """Return number of limits, first and last time of an observatory's points."""
    return int(np.sum(is_limit)), int(np.min(ns)), int(np.max(ns))


def curve_of(sums):
    """Return the binned curve of the sums of each bin."""
    weight = np.asarray(sums["weight"])
    since = np.asarray(sums["since_weighted"]) / weight
    return {
        "since_s": since,
        "before_s": since - np.asarray(sums["start"]),
        "after_s": np.asarray(sums["stop"]) - since,
        "value": np.asarray(sums["weighted"]) / weight,
        "plus": np.sqrt(np.asarray(sums["square_plus"])) / weight,
        "minus": np.sqrt(np.asarray(sums["square_minus"])) / weight,
        "points": np.asarray(sums["points"]),
    }


SUMMED = (
    "weight",
    "weighted",
    "since_weighted",
    "square_plus",
    "square_minus",
    "points",
)


def with_columns(part, since):
    """Add to a table's detections what is summed in each bin."""
    weight = part["time_err_plus_s"] + part["time_err_minus_s"]
    part["bin"] = (since // BIN_S).astype(int)
    part["weight"] = weight
    part["weighted"] = part["value"] * weight
    part["since_weighted"] = since * weight
    part["square_plus"] = (part["value_err_plus"] * weight) ** 2
    part["square_minus"] = (part["value_err_minus"] * weight) ** 2
    part["start"] = since - part["time_err_minus_s"]
    part["stop"] = since + part["time_err_plus_s"]
    part["points"] = 1


def with_astropy(tables):
    """Yield objects with their results by observatory, by astropy's Table."""
    parts = {}
    for name, table in tables.items():
        grouped = table.group_by("object")
        for key, part in zip(
            grouped.groups.keys["object"], grouped.groups, strict=True
        ):
            parts.setdefault(key, {})[name] = part
    for key, by_observatory in parts.items():
        for name, part in by_observatory.items():
            for column in VALUES:
                part[column] = part[column] * FACTORS[name]
        joint = vstack(list(by_observatory.values()), metadata_conflicts="silent")
        start = joint["ns"].min()
        results = {}
        for name in FACTORS:
            part = joint[joint["observatory"] == name]
            edges = ends(part["ns"], part["is_limit"])
            part = part[~part["is_limit"]]
            with_columns(part, np.asarray((part["ns"] - start) / 1e9))
            by_bin = part["bin", "start", "stop", *SUMMED].group_by("bin")
            sums = by_bin["bin", *SUMMED].groups.aggregate(np.sum)
            sums["start"] = by_bin["start"].groups.aggregate(np.min)
            sums["stop"] = by_bin["stop"].groups.aggregate(np.max)
            curve = curve_of(sums)
            results[name] = curve, numbers(curve), edges
        yield key, results


def with_pandas(frames):
    """Yield the same by pandas."""
    parts = {}
    for name, frame in frames.items():
        for key, part in frame.groupby("object", sort=False):
            parts.setdefault(key, {})[name] = part
    for key, by_observatory in parts.items():
        scaled = []
        for name, part in by_observatory.items():
            frame = part.copy()
            frame[[*VALUES]] *= FACTORS[name]
            scaled.append(frame)
        joint = pd.concat(scaled)
        start = joint["ns"].min()
        results = {}
        for name in FACTORS:
            part = joint[joint["observatory"] == name]
            edges = ends(part["ns"], part["is_limit"])
            part = part[~part["is_limit"]].copy()
            with_columns(part, (part["ns"] - start) / 1e9)
            rules = dict.fromkeys(SUMMED, "sum") | {"start": "min", "stop": "max"}
            curve = curve_of(part.groupby("bin").agg(rules))
            results[name] = curve, numbers(curve), edges
        yield key, results


def with_stingray(tables):
    """Yield the same with numpy's bins, and excess variance and Fvar of stingray."""
    from stingray import Lightcurve  # noqa: PLC0415 - the extra 'timing'
    from stingray.utils import excess_variance  # noqa: PLC0415

    parts = {}
    for name, table in tables.items():
        objects = table["object"]
        cuts = np.flatnonzero(objects[1:] != objects[:-1]) + 1
        for first, last in pairwise([0, *cuts, len(objects)]):
            part = {key: table[key][first:last] for key in NUMBERS}
            parts.setdefault(objects[first], {})[name] = part
    for key, by_observatory in parts.items():
        start = min(part["ns"].min() for part in by_observatory.values())
        results = {}
        for name, points_ in by_observatory.items():
            is_limit = points_["is_limit"]
            edges = ends(points_["ns"], is_limit)
            part = {n: column[~is_limit] for n, column in points_.items()}
            since, factor = (part["ns"] - start) / 1e9, FACTORS[name]
            bins = (since // BIN_S).astype(int)
            before, after = part["time_err_minus_s"], part["time_err_plus_s"]
            weight = before + after
            scaled = weight * factor
            columns = {
                "weight": weight,
                "weighted": scaled * part["value"],
                "since_weighted": weight * since,
                "square_plus": (scaled * part["value_err_plus"]) ** 2,
                "square_minus": (scaled * part["value_err_minus"]) ** 2,
                "points": None,
            }
            full = np.flatnonzero(np.bincount(bins))
            sums = {n: np.bincount(bins, column)[full] for n, column in columns.items()}
            first, last = np.full(full[-1] + 1, np.inf), np.full(full[-1] + 1, -np.inf)
            np.minimum.at(first, bins, since - before)
            np.maximum.at(last, bins, since + after)
            sums |= {"start": first[full], "stop": last[full]}
            curve = curve_of(sums)
            light_curve = Lightcurve(
                full * BIN_S,
                curve["value"],
                err=(curve["plus"] + curve["minus"]) / 2,
                err_dist="gauss",
                dt=BIN_S,
                skip_checks=True,
            )
            excess = excess_variance(light_curve, normalization="none")
            fvar = excess_variance(light_curve, normalization="fvar")
            mean, weighted, chi2, *_ = numbers(curve)
            results[name] = curve, (mean, weighted, chi2, *excess, *fvar), edges
        yield key, results


def alone(frames, objects, convert, measure):
    """Return seconds (of the processor, and wall) and results of objects, one by one."""
    tables = {
        observatory: convert(
            frame.filter(pl.col("object").is_in(objects)).with_columns(
                ns=pl.col("time").cast(pl.Int64)
            )
        )
        for observatory, frame in frames.items()
    }
    next(measure(pickle.loads(pickle.dumps(tables))))  # imports; leaves the tables
    start, wall = time.process_time(), time.perf_counter()
    results = dict(measure(tables))
    spent = time.process_time() - start
    return spent, time.perf_counter() - wall, results


def as_arrays(frame):
    """Return a frame's columns as arrays."""
    return {name: frame[name].to_numpy() for name in frame.columns}


def as_table(frame):
    """Return an astropy Table of a frame."""
    return Table(as_arrays(frame))


def as_pandas(frame):
    """Return a pandas frame of a frame."""
    return pd.DataFrame(as_arrays(frame))


def check(result, expected, *, is_stingray):
    """Raise AssertionError if a binned curve or a number of an object differs.

    stingray's excess variance is of the population (ddof 0), and its errors follow.
    """
    curves, characters_ = result
    names = ("mean", "weighted_mean", "chi2", "excess_variance", "excess_variance_err")
    for name, by_observatory in expected.items():
        for observatory, (curve, values, edges) in by_observatory.items():
            one = {"object": name, "observatory": observatory}
            bins = curves.filter(~pl.col("is_limit"), **one).sort("since_s")
            for ours, theirs in CURVE.items():
                np.testing.assert_allclose(
                    bins[ours].to_numpy(), curve[theirs], rtol=1e-6, atol=1e-5
                )
                if ours.startswith("value"):
                    np.testing.assert_allclose(bins[ours], curve[theirs], rtol=1e-9)
            row = characters_.filter(**one)
            for k, column in enumerate((*names, "fvar", "fvar_err")):
                tolerance = 0.05 if is_stingray and k > 2 else 1e-6
                np.testing.assert_allclose(row[column][0], values[k], rtol=tolerance)
            assert row["limits"][0] == edges[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--alone", type=int, default=100)
    given = parser.parse_args()
    orbital(points(0, 2, given.points, seed=1))  # imports and first conversions
    seconds, wall, first = 0.0, 0.0, None
    for begin in range(0, given.objects, BATCH):
        size = min(BATCH, given.objects - begin)
        frames = points(begin, size, given.points, seed=begin)
        start, clock = time.process_time(), time.perf_counter()
        result = orbital(frames)
        seconds += time.process_time() - start
        wall += time.perf_counter() - clock
        if first is None:
            first = frames, result
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = given.objects * given.points
    print(
        f"{given.objects:,} objects x {given.points:,} points = {rows:,} points, "
        f"batches of {BATCH} objects; peak memory {memory:,.0f} MiB\n"
        f"orbital        {seconds:9.2f} s of the processor, {wall:9.2f} s wall, "
        f"{rows / seconds:12,.0f} points/s"
    )
    frames, result = first
    chosen = [f"J{k:06d}" for k in range(min(given.alone, BATCH, given.objects))]
    for name, convert, measure in (
        ("astropy Table", as_table, with_astropy),
        ("pandas", as_pandas, with_pandas),
        ("stingray", as_arrays, with_stingray),
    ):
        try:
            spent, passed, expected = alone(frames, chosen, convert, measure)
        except ImportError:
            print(f"{name}: not installed; `pip install 'orbital[timing]'`")
            continue
        check(result, expected, is_stingray=name == "stingray")
        scale = given.objects / len(chosen)
        print(
            f"{name:14} {spent * scale:9.2f} s of the processor, {passed * scale:9.2f} s "
            f"wall, {rows / scale / spent:12,.0f} points/s: "
            f"{spent * scale / seconds:5.1f} x ({len(chosen)} objects in {spent:.2f} s)"
        )


if __name__ == "__main__":
    main()
