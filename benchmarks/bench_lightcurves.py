"""Light curves of many objects beside the same work object by object.

    python benchmarks/bench_lightcurves.py [--objects 10000] [--points 1000] [--alone 100]
        [--write]

All start from the same rows, one table of each observatory with the points of all objects,
and end with the same results for each object and observatory: the curve in bins of a day
(time, half-widths, value and errors of both signs weighted by width, points) and its
numbers (detections, limits, first and last time, mean, weighted mean, chi-squared, excess
variance and Fvar with their errors). Both observatories' points are brought into one band.
Orbital takes objects in batches, so that memory stays bounded. astropy's Table and pandas
do it object by object, as scripts do, on parts that their own `group_by` makes. stingray
does it with its own objects and segments, or with bins that numpy makes
(`object_by_stingray.py`). The last row is no library: numpy on slices of arrays, the least
that the sums cost. Each is measured for
`alone` objects and scaled by the number of objects. Times are of the processor (user and
system, all threads), which other work on the machine changes less than wall time. The
results of these objects must agree.
"""

import argparse
import resource
import time

import numpy as np
import polars as pl
from object_by_object import (
    BANDS,
    BIN_S,
    MODEL,
    UNIT,
    alone,
    as_arrays,
    as_pandas,
    as_table,
    with_arrays,
    with_astropy,
    with_pandas,
)
from object_by_stingray import on_numpy_bins, with_stingray
from recorded import record

from orbital_kernel.science.lightcurves import gather
from orbital_kernel.science.lightcurves.characters import characters
from orbital_kernel.science.lightcurves.many import curves_of_objects

BATCH = 500
TEXT = """
{objects:,} objects of {points:,} points of two observatories, brought into one band and unit,
averaged in bins of a day and characterised. All start from the same rows, one table of each
observatory, and return the same curves and numbers (within 1e-6); the others work object by object
and are scaled to all objects.

| | s of the processor | points/s | Orbital faster by | objects measured |
| --- | ---: | ---: | ---: | ---: |
{table}

{memory}.

stingray with its own segments is a script in which it does what it can: a StingrayTimeseries of the
points with good time intervals, `analyze_segments` for the bins, a Lightcurve of the bins with errors and
its `excess_variance` (of the population, ddof 0); weighted means, errors of two signs and bins of one
point, which it lacks, are of numpy. On numpy's bins it only makes the Lightcurve, with errors,
good time intervals and its checks, and the two variances: a twentieth of that is less than the sums
alone cost in numpy (last row), so that 20 times faster does not hold there. numpy on
slices of arrays reads each number a few times and keeps nothing of a point but its numbers; Orbital's
frame keeps name, unit, conversion, limits, origin of the errors and reasons of each point besides, and
finds objects, kinds and repeated points in rows of any order, where the arrays are cut at each change of
the name.
"""
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


def peak_mib():
    """Return the peak memory of the process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(given):
    """Return the lines of the table of Orbital beside the others, and a line on memory."""
    orbital(points(0, 2, given.points, seed=1))  # imports and first conversions
    seconds, first, peaks = 0.0, None, []
    for begin in range(0, given.objects, BATCH):
        size = min(BATCH, given.objects - begin)
        frames = points(begin, size, given.points, seed=begin)
        start = time.process_time()
        result = orbital(frames)
        seconds += time.process_time() - start
        peaks.append(peak_mib())
        first = first or (frames, result)
    rows = given.objects * given.points
    lines = [
        f"| Orbital | {seconds:.2f} | {rows / seconds:,.0f} | | {given.objects:,} |"
    ]
    frames, result = first
    chosen = [f"J{k:06d}" for k in range(min(given.alone, BATCH, given.objects))]
    for name, convert, measure in (
        ("astropy Table", as_table, with_astropy),
        ("pandas", as_pandas, with_pandas),
        ("stingray, its own segments", as_arrays, with_stingray),
        ("stingray on numpy's bins", as_arrays, on_numpy_bins),
        ("no library: numpy on slices of arrays", as_arrays, with_arrays),
    ):
        try:
            spent, _, expected = alone(frames, chosen, convert, measure)
        except ImportError:
            lines.append(f"| {name}: not installed | | | | |")
            continue
        check(result, expected, is_stingray="stingray" in name)
        spent *= given.objects / len(chosen)
        lines.append(
            f"| {name} | {spent:.2f} | {rows / spent:,.0f} | {spent / seconds:.1f} "
            f"| {len(chosen)} |"
        )
    tenth = peaks[max(len(peaks) // 10 - 1, 0)]
    return lines, (
        f"Peak memory of the process: {tenth:,.0f} MiB after a tenth of the objects, "
        f"{peaks[-1]:,.0f} MiB after all, with the rows of a batch of {BATCH} objects"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--alone", type=int, default=100)
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    given = parser.parse_args()
    lines, memory = measured(given)
    text = TEXT.format(
        objects=given.objects,
        points=given.points,
        table="\n".join(lines),
        memory=memory,
    )
    print(text)
    if given.write:
        record("light-curves", "Light curves", text, after="Light curves")


if __name__ == "__main__":
    main()
