"""The work of `bench_lightcurves.py` object by object, with astropy, pandas and numpy."""

import pickle
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
from astropy.table import Table, vstack

from orbital_kernel.science.lightcurves import PowerLaw, conversion
from orbital_kernel.science.spectra import Band

BIN_S = 86_400.0
BANDS = {"swift": (0.3, 10.0), "chandra": (0.5, 7.0)}
XRT = Band(0.3, 10.0)
MODEL = PowerLaw(1.8, 0.2)
UNIT = "erg / (cm2 s)"
VALUES = ("value", "value_err_plus", "value_err_minus")
NUMBERS = ("ns", *VALUES, "time_err_plus_s", "time_err_minus_s", "is_limit")


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


def with_arrays(tables):
    """Yield the same by numpy on slices of arrays: the least that the sums cost."""
    for key, start, by_observatory in sliced(tables):
        results = {}
        for name, points_ in by_observatory.items():
            edges, part = detections(points_, start)
            since, factor = part["since"], FACTORS[name]
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
            results[name] = curve, numbers(curve), edges
        yield key, results


def sliced(tables):
    """Yield each object with its first time and its arrays by observatory."""
    parts = {}
    for name, table in tables.items():
        objects = table["object"]
        cuts = np.flatnonzero(objects[1:] != objects[:-1]) + 1
        for first, last in pairwise([0, *cuts, len(objects)]):
            part = {key: table[key][first:last] for key in NUMBERS}
            parts.setdefault(objects[first], {})[name] = part
    for key, by_observatory in parts.items():
        start = min(part["ns"].min() for part in by_observatory.values())
        yield key, start, by_observatory


def detections(points_, start):
    """Return limits and ends of an observatory's points, and the arrays of detections."""
    is_limit = points_["is_limit"]
    part = {n: column[~is_limit] for n, column in points_.items()}
    part["since"] = (part["ns"] - start) / 1e9
    return ends(points_["ns"], is_limit), part


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
