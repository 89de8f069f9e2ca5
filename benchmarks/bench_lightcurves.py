"""Light curves of many objects beside the same work object by object.

    python benchmarks/bench_lightcurves.py [--objects 10000] [--points 1000] [--alone 100]

All assemble (the two observatories' points of an object in one table, band and unit),
average in bins of time weighted by width, and characterise (weighted mean, chi-squared,
excess variance) the same seeded points. Orbital takes objects in batches, so that memory
stays bounded. astropy's Table, pandas and stingray (excess variance; numpy for its bins) do
it object by object, as scripts do, for `alone` objects; their tables are split before, and
their factors computed once. Their time for all is scaled by the number of objects, and so
it is printed. Times are of the processor (user and system, all threads), which other work
on the machine changes little, and wall time. The numbers of these objects must agree.
"""

import argparse
import pickle
import resource
import time

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
NUMBERS = ("ns", "value", "value_err_plus", "time_err_plus_s")


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
    """Return the characters of the objects of both observatories' frames, in bins."""
    curves = curves_of_objects(gather(frames), unit=UNIT, model=MODEL, bin_s=BIN_S)
    return characters(curves)


def numbers(value, error):
    """Return weighted mean, chi-squared and excess variance."""
    weight = 1 / error**2
    mean = np.sum(weight * value) / np.sum(weight)
    chi2 = np.sum(weight * (value - mean) ** 2)
    return mean, chi2, np.var(value, ddof=1) - np.mean(error**2)


FACTORS = {
    name: conversion(UNIT, Band(*band), to_band=XRT, model=MODEL).factor
    for name, band in BANDS.items()
}


def with_astropy(tables):
    """Return the numbers of each observatory of one object, by astropy's Table."""
    for name, table in tables.items():
        for column in ("value", "value_err_plus", "value_err_minus"):
            table[column] = table[column] * FACTORS[name]
    joint = vstack([tables[name] for name in FACTORS], metadata_conflicts="silent")
    joint["bin"] = ((joint["ns"] - joint["ns"].min()) / 1e9 // BIN_S).astype(int)
    joint = joint[~joint["is_limit"]]
    joint["weight"] = joint["time_err_plus_s"]
    joint["weighted"] = joint["value"] * joint["weight"]
    joint["squared"] = (joint["value_err_plus"] * joint["weight"]) ** 2
    grouped = joint["observatory", "bin", "weight", "weighted", "squared"].group_by(
        ["observatory", "bin"]
    )
    summed = grouped.groups.aggregate(np.sum)
    return {
        name: numbers(
            np.asarray(part["weighted"] / part["weight"]),
            np.asarray(np.sqrt(part["squared"]) / part["weight"]),
        )
        for name in FACTORS
        for part in [summed[summed["observatory"] == name]]
    }


def with_pandas(frames):
    """Return the same by pandas."""
    scaled = []
    for name, factor in FACTORS.items():
        frame = frames[name].copy()
        frame[["value", "value_err_plus", "value_err_minus"]] *= factor
        scaled.append(frame)
    joint = pd.concat(scaled)
    start = joint["ns"].min()
    joint = joint[~joint["is_limit"]]
    weight = joint["time_err_plus_s"]
    columns = pd.DataFrame(
        {
            "observatory": joint["observatory"],
            "bin": ((joint["ns"] - start) / 1e9 // BIN_S).astype(int),
            "weight": weight,
            "weighted": joint["value"] * weight,
            "squared": (joint["value_err_plus"] * weight) ** 2,
        }
    )
    summed = columns.groupby(["observatory", "bin"]).sum()
    return {
        name: numbers(
            (part["weighted"] / part["weight"]).to_numpy(),
            (np.sqrt(part["squared"]) / part["weight"]).to_numpy(),
        )
        for name in FACTORS
        for part in [summed.loc[name]]
    }


def with_stingray(tables):
    """Return the same with numpy's bins and stingray's excess variance."""
    from stingray import Lightcurve  # noqa: PLC0415 - the extra 'timing'
    from stingray.utils import excess_variance  # noqa: PLC0415

    result = {}
    start = min(columns["ns"].min() for columns in tables.values())
    for name, factor in FACTORS.items():
        seen = ~tables[name]["is_limit"]
        part = {key: tables[name][key][seen] for key in NUMBERS}
        bins = ((part["ns"] - start) / 1e9 // BIN_S).astype(int)
        weight, value = part["time_err_plus_s"], part["value"] * factor
        error = part["value_err_plus"] * factor
        total = np.bincount(bins, weight)
        full = total > 0
        value = np.bincount(bins, weight * value)[full] / total[full]
        error = np.sqrt(np.bincount(bins, (weight * error) ** 2)[full]) / total[full]
        curve = Lightcurve(
            np.flatnonzero(full) * BIN_S,
            value,
            err=error,
            err_dist="gauss",
            dt=BIN_S,
            skip_checks=True,
        )
        mean, chi2, _ = numbers(value, error)
        result[name] = mean, chi2, excess_variance(curve, normalization="none")[0]
    return result


def alone(frames, objects, convert, measure):
    """Return seconds (of the processor, and wall) and numbers of objects, one by one."""
    parts = {
        name: {
            observatory: convert(part.with_columns(ns=pl.col("time").cast(pl.Int64)))
            for observatory, frame in frames.items()
            for part in [frame.filter(object=name)]
        }
        for name in objects
    }
    measure(pickle.loads(pickle.dumps(parts[objects[0]])))  # imports; leaves the parts
    start, wall = time.process_time(), time.perf_counter()
    results = {name: measure(part) for name, part in parts.items()}
    spent = time.process_time() - start
    return spent, time.perf_counter() - wall, results


def as_table(frame):
    """Return an astropy Table of a frame."""
    return Table({name: frame[name].to_numpy() for name in frame.columns})


def as_arrays(frame):
    """Return a frame's columns as arrays."""
    return {name: frame[name].to_numpy() for name in frame.columns}


def as_pandas(frame):
    """Return a pandas frame of a frame."""
    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def check(result, expected):
    """Raise AssertionError if the numbers of an object differ."""
    for name, by_observatory in expected.items():
        for observatory, (mean, chi2, excess) in by_observatory.items():
            row = result.filter(object=name, observatory=observatory)
            np.testing.assert_allclose(row["weighted_mean"][0], mean, rtol=1e-9)
            np.testing.assert_allclose(row["chi2"][0], chi2, rtol=1e-6)
            np.testing.assert_allclose(row["excess_variance"][0], excess, rtol=0.02)


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
        check(result, expected)
        scale = given.objects / len(chosen)
        print(
            f"{name:14} {spent * scale:9.2f} s of the processor, {passed * scale:9.2f} s "
            f"wall, {rows / scale / spent:12,.0f} points/s: "
            f"{spent * scale / seconds:5.1f} x ({len(chosen)} objects in {spent:.2f} s)"
        )


if __name__ == "__main__":
    main()
