"""Light curves of many objects beside the same work object by object.

    python benchmarks/bench_lightcurves.py [--objects 10000] [--points 1000] [--alone 100]

All three assemble (one band and unit under a power law), average in bins of time weighted
by width, and characterise (weighted mean, chi-squared, excess variance) the same seeded
points of two observatories. Orbital takes objects in batches, so that memory stays
bounded. astropy's Table and pandas do it object by object, as scripts do, for `alone`
objects; their time for all is scaled by the number of objects, and so it is printed. The
numbers of these objects must agree.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd
import polars as pl
from astropy.table import Table

from orbital_kernel.science.lightcurves import PowerLaw, conversion
from orbital_kernel.science.lightcurves.many import characters, curves_of_objects
from orbital_kernel.science.spectra import Band

BATCH = 500
BIN_S = 86_400.0
BANDS = {"swift": (0.3, 10.0), "chandra": (0.5, 7.0)}
XRT = Band(0.3, 10.0)
MODEL = PowerLaw(1.8, 0.2)
UNIT = "erg / (cm2 s)"


def points(first, objects, size, seed):
    """Return seeded points of objects, from both observatories in turn."""
    rng = np.random.default_rng(seed)
    number = objects * size
    chandra = np.tile(np.arange(size) % 2 == 1, objects)
    since = np.sort(rng.uniform(0, 1e7, (objects, size)), axis=1).ravel()
    value = rng.lognormal(0, 0.3, number) * 1e-12
    return pl.DataFrame(
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


def orbital(frame):
    """Return the characters of the objects of a frame, in bins."""
    curves = curves_of_objects(frame, unit=UNIT, model=MODEL, bin_s=BIN_S)
    return characters(curves)


def numbers(value, error):
    """Return weighted mean, chi-squared and excess variance."""
    weight = 1 / error**2
    mean = np.sum(weight * value) / np.sum(weight)
    chi2 = np.sum(weight * (value - mean) ** 2)
    return mean, chi2, np.var(value, ddof=1) - np.mean(error**2)


def factors():
    """Return the factor of each observatory's band."""
    return {
        name: conversion(UNIT, Band(*band), to_band=XRT, model=MODEL).factor
        for name, band in BANDS.items()
    }


def with_astropy(table):
    """Return the numbers of each observatory of one object, by astropy's Table."""
    result = {}
    start = table["ns"].min()
    for name, factor in factors().items():
        part = table[(table["observatory"] == name) & ~table["is_limit"]]
        bins = np.floor((part["ns"] - start) / 1e9 / BIN_S).astype(int)
        part["weight"] = part["time_err_plus_s"]
        part["weighted"] = part["value"] * factor * part["weight"]
        part["squared"] = (part["value_err_plus"] * factor * part["weight"]) ** 2
        columns = part["weight", "weighted", "squared"]
        summed = columns.group_by(bins).groups.aggregate(np.sum)
        value = np.asarray(summed["weighted"] / summed["weight"])
        error = np.asarray(np.sqrt(summed["squared"]) / summed["weight"])
        result[name] = numbers(value, error)
    return result


def with_pandas(frame):
    """Return the same by pandas."""
    result = {}
    start = frame["ns"].min()
    for name, factor in factors().items():
        part = frame[(frame["observatory"] == name) & ~frame["is_limit"]]
        weight = part["time_err_plus_s"]
        summed = (
            pd.DataFrame(
                {
                    "bin": ((part["ns"] - start) / 1e9 // BIN_S).astype(int),
                    "weight": weight,
                    "weighted": part["value"] * factor * weight,
                    "squared": (part["value_err_plus"] * factor * weight) ** 2,
                }
            )
            .groupby("bin")
            .sum()
        )
        value = (summed["weighted"] / summed["weight"]).to_numpy()
        error = (np.sqrt(summed["squared"]) / summed["weight"]).to_numpy()
        result[name] = numbers(value, error)
    return result


def alone(frame, objects, convert, measure):
    """Return seconds and numbers of objects, one after another."""
    table = convert(frame.with_columns(ns=pl.col("time").cast(pl.Int64)))
    names = np.asarray(table["object"])
    start, results = time.perf_counter(), {}
    for name in objects:
        results[name] = measure(table[names == name])
    return time.perf_counter() - start, results


def as_table(frame):
    """Return an astropy Table of a frame."""
    return Table({name: frame[name].to_numpy() for name in frame.columns})


def as_pandas(frame):
    """Return a pandas frame of a frame."""
    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def check(result, expected):
    """Raise AssertionError if the numbers of an object differ."""
    for name, by_observatory in expected.items():
        for observatory, (mean, chi2, _) in by_observatory.items():
            row = result.filter(object=name, observatory=observatory)
            np.testing.assert_allclose(row["weighted_mean"][0], mean, rtol=1e-9)
            np.testing.assert_allclose(row["chi2"][0], chi2, rtol=1e-6)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--alone", type=int, default=100)
    given = parser.parse_args()
    orbital(points(0, 2, given.points, seed=1))  # imports and first conversions
    seconds, first = 0.0, None
    for begin in range(0, given.objects, BATCH):
        size = min(BATCH, given.objects - begin)
        frame = points(begin, size, given.points, seed=begin)
        start = time.perf_counter()
        result = orbital(frame)
        seconds += time.perf_counter() - start
        if first is None:
            first = frame, result
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = given.objects * given.points
    print(
        f"{given.objects:,} objects x {given.points:,} points = {rows:,} points, "
        f"batches of {BATCH} objects\n"
        f"orbital        {seconds:9.2f} s  {rows / seconds:12,.0f} points/s  "
        f"peak memory {memory:,.0f} MiB"
    )
    frame, result = first
    chosen = [f"J{k:06d}" for k in range(min(given.alone, BATCH, given.objects))]
    part = frame.filter(pl.col("object").is_in(chosen))
    for name, convert, measure in (
        ("astropy Table", as_table, with_astropy),
        ("pandas", as_pandas, with_pandas),
    ):
        spent, expected = alone(part, chosen, convert, measure)
        check(result, expected)
        scaled = spent * given.objects / len(chosen)
        print(
            f"{name:14} {scaled:9.2f} s  {rows / scaled:12,.0f} points/s  "
            f"{scaled / seconds:5.1f} x  ({len(chosen)} objects in {spent:.2f} s, scaled)"
        )


if __name__ == "__main__":
    main()
