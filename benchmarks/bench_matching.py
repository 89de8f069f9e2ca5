"""Matching of two catalogues beside astropy's, and what its posteriors promise.

    python benchmarks/bench_matching.py [--sizes 100000 1000000] [--calibrate 40000]
        [--nway PYTHON] [--results]

The catalogues are those of a simulated pointed sky (tests/pointed_sky.py): fields of
Swift-XRT's and Chandra's size, a third of the sources clustered. Each method runs in a
process of its own: seconds without start-up and generation, peak memory of the process
(of the largest one, where it starts others). STILTS, nway and LSDB are measured if they
are installed: `stilts` in the PATH, nway in the environment of PYTHON. `--calibrate`
matches a sky of so many fields and compares, in ten bins of the match probability, true
pairs with the sum of the probabilities. `--results` writes the tables into RESULTS.md.
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky

from orbital_kernel import connect, embedded
from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.science.matching import neighbours
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.joining import joined, places
from orbital_kernel.science.matching.nway import combinations
from orbital_kernel.science.matching.priors import Priors

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from pointed_sky import sky  # noqa: E402  the path is set above

RESULTS = HERE / "RESULTS.md"
HEADING = "## Matching"
ARCSEC = 5.0
A_FIELD = 26
"""Sources of a list per field, about."""
SEED = 5
BINS = 10
MATTERS = 0.001


def catalogues(size):
    """Return two lists of about `size` sources."""
    return sky(SEED, max(size // A_FIELD, 4))


def places_of(frames):
    return [(f["ra"].to_numpy(), f["dec"].to_numpy()) for f in frames]


def join(frames):
    """Pairs within 5 arcsec by Orbital's join."""

    (a, b), start = places_of(frames), time.perf_counter()
    i, _, _ = neighbours(*a, *b, ARCSEC / 3600)
    return i.size, time.perf_counter() - start


def astropy_join(frames):
    """Pairs within 5 arcsec by astropy's search_around_sky."""

    a, b = (SkyCoord(*place, unit="deg") for place in places_of(frames))
    start = time.perf_counter()
    i, _, _, _ = search_around_sky(a, b, ARCSEC * u.arcsec)
    return i.size, time.perf_counter() - start


def stilts_join(frames):
    """Pairs within 5 arcsec by STILTS, files in and out of its time."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.csv" for n in "ab"]
        for frame, file in zip(frames, files, strict=True):
            frame.select("ra", "dec").write_csv(file)
        out = Path(folder) / "out.csv"
        start = time.perf_counter()
        subprocess.run(
            [
                *("stilts", "tmatch2", "matcher=sky", f"params={ARCSEC}", "find=all"),
                *("ifmt1=csv", "ifmt2=csv", "ofmt=csv", f"out={out}"),
                *("values1=ra dec", "values2=ra dec"),
                *(f"in{n + 1}={file}" for n, file in enumerate(files)),
            ],
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - start
        return pl.scan_csv(out).select(pl.len()).collect().item(), seconds


def posteriors(frames):
    """All candidates with posteriors, in memory, priors included."""

    start = time.perf_counter()
    a, b = (places(f, "its") for f in frames)
    pairing = pairing_of("a", "b", a, b)
    pairs = joined(a, b, n_sigma=5.0)
    frame = with_priors(a, b, pairs, pairing.forth, pairing.back)
    return frame.height, time.perf_counter() - start


def from_store(frames):
    """From rows in the store to posteriors, objects and associations in the store."""

    with tempfile.TemporaryDirectory() as folder:
        try:
            orbital = connect(folder)
            orbital.storage.apply()
            for name, frame in zip(("swift", "chandra"), frames, strict=True):
                rows = frame.drop("truth").with_columns(
                    pl.Series("healpix", healpix(frame["ra"], frame["dec"])),
                    pl.lit(name).alias("catalog"),
                    pl.lit(value=True).alias("simulated"),
                )
                for part in rows.iter_slices(1_000_000):
                    orbital.store.insert(f"{name}.sources", part.to_arrow())
            start = time.perf_counter()
            matching = orbital.objects.matching("swift", "chandra")
            seconds = time.perf_counter() - start
            return sum(tile["pairs"] for tile in matching.tiles), seconds
        finally:
            embedded.stop(Path(folder))


METHODS = {
    "join, 5 arcsec: Orbital": join,
    "join, 5 arcsec: astropy search_around_sky": astropy_join,
    "join, 5 arcsec: STILTS tmatch2, CSV in and out": stilts_join,
    "candidates and posteriors in memory, priors included": posteriors,
    "from store to stored posteriors and objects": from_store,
}


def available(method):
    return method is not stilts_join or shutil.which("stilts") is not None


def measured(name, size):
    """Run one method in a process of its own; return pairs, seconds, megabytes."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, str(size)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def run_one(name, size):
    """Print pairs, seconds and peak memory (MB) above the catalogues' own."""
    pairs, seconds = METHODS[name](catalogues(size))
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps([pairs, seconds, peak / 1024]))


def beside_nway(python):
    """Return a line that compares p_any and p_i with nway's; None if it is missing."""
    if not python:
        return None
    dice = np.random.default_rng(SEED)
    area, common = 0.25, 300
    place = dice.uniform([150, -0.25], [150.5, 0.25], (common, 2))
    tables = {}
    for name, sigma, alone in (("x", 3.0, 100), ("y", 1.0, 900), ("z", 0.5, 900)):
        seen = place[dice.random(common) < 0.8]
        seen = seen + dice.normal(0, sigma / 3600, seen.shape)
        every = [seen, dice.uniform([150, -0.25], [150.5, 0.25], (alone, 2))]
        ra, dec = np.concatenate(every).T
        sigmas = np.full(ra.size, sigma)
        tables[name] = {"ra": ra, "dec": dec, "sigma": sigmas}
    completeness = [0.8, 0.6]
    lists = {n: {k: v.tolist() for k, v in t.items()} for n, t in tables.items()}
    task = {"tables": lists, "area_deg2": area, "radius_arcsec": 30.0}
    done = subprocess.run(
        [python, str(HERE / "nway_numbers.py")],
        input=json.dumps(task | {"completeness": completeness}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return None
    theirs = pl.DataFrame(json.loads(done.stdout)).select(
        *(pl.col(n).cast(pl.Int64) for n in tables),
        *("prob_has_match", "prob_this_match"),
    )
    sources = {
        name: places(
            pl.DataFrame({"ra": t["ra"], "dec": t["dec"]}).with_columns(
                error_radius_arcsec=t["sigma"] * 2.1459660, error_confidence=0.9
            ),
            name,
        )
        for name, t in tables.items()
    }
    even = {
        name: Priors.even(
            (tables[name]["ra"].size + 1) / (area * 3600**2), share / (1 + share)
        )
        for name, share in zip(("y", "z"), completeness, strict=True)
    }
    others = {name: sources[name] for name in ("y", "z")}
    ours = combinations(sources["x"], others, even, n_sigma=7.0)
    pairs = ours.with_columns(pl.col("y_row", "z_row").fill_null(-1)).join(
        theirs,
        left_on=["primary_row", "y_row", "z_row"],
        right_on=list(tables),
    )
    some = (pl.col("prob_this_match") > 0) & (pl.col("prob_has_match") > MATTERS)
    p_any = (pairs["p_any"] - pairs["prob_has_match"]).abs().max()
    chosen = pairs.filter(some)
    p_i = (chosen["p_i"] - chosen["prob_this_match"]).abs().max()
    return (
        f"- Beside nway, three catalogues of an even sky: {pairs.height:,} of "
        f"{theirs.height:,} combinations compared; largest difference of p_any "
        f"{p_any:.1e}, of p_i {p_i:.1e} (where p_any is over {MATTERS:g})."
    )


def calibrated(fields):
    """Return the lines of the calibration table, and the largest deviation."""

    left, right = sky(SEED + 1, fields)
    a, b = places(left, "left"), places(right, "right")
    pairing = pairing_of("a", "b", a, b)
    pairs = joined(a, b, n_sigma=5.0)
    frame = with_priors(a, b, pairs, pairing.forth, pairing.back)
    true = left["truth"].gather(frame["left_row"]).to_numpy() == (
        right["truth"].gather(frame["right_row"]).to_numpy()
    )
    p = frame["match_probability"].to_numpy()
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    lines = [
        "| p | pairs | true | promised | deviation, sigma |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    worst = 0.0
    for number in range(BINS):
        inside = place == number
        promised, sigma = p[inside].sum(), np.sqrt((p * (1 - p))[inside].sum())
        off = (true[inside].sum() - promised) / max(sigma, 1e-9)
        worst = max(worst, abs(off))
        lines.append(
            f"| {number / BINS:.1f}-{(number + 1) / BINS:.1f} | {inside.sum():,} | "
            f"{true[inside].sum():,} | {promised:,.1f} | {off:+.2f} |"
        )
    sure = frame["mutual"].to_numpy() & (p >= 0.5)
    common = len(set(left["truth"]) & set(right["truth"]))
    lines += [
        "",
        (
            f"- {left.height:,} x {right.height:,} sources, {common:,} in common. Best pairs "
            f"with p of 0.5 or more: {sure.sum():,}, completeness "
            f"{true[sure].sum() / common:.4f}, purity {true[sure].mean():.4f} "
            f"(promised at least {p[sure].mean():.4f})."
        ),
        f"- Largest deviation of the ten bins: {worst:.2f} sigma.",
        (
            f"- Chance: {pairing.chance.false_by_posterior:,.0f} false by the posteriors, "
            f"{pairing.chance.shifted:,.0f} on a shifted sky, "
            f"{np.sum(~true[sure]):,} in truth."
        ),
    ]
    return lines


def report(options):
    """Return the section of RESULTS.md, printing it as it grows."""
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    lines = [
        HEADING,
        "",
        (
            f"`make bench-matching`, {when}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}: two lists of a simulated pointed sky; load "
            f"average {os.getloadavg()[0]:.1f} at the start."
        ),
        "",
        "| sources in each list | method | pairs | s | peak MB |",
        "| ---: | --- | ---: | ---: | ---: |",
    ]
    print("\n".join(lines[2:]), flush=True)
    for size in options.sizes:
        for name, method in METHODS.items():
            if not available(method):
                continue
            pairs, seconds, peak = measured(name, size)
            lines.append(
                f"| {size:,} | {name} | {pairs:,} | {seconds:.2f} | {peak:,.0f} |"
            )
            print(lines[-1], flush=True)
    missing = [n for n, method in METHODS.items() if not available(method)]
    missing += [n for n in ("lsdb",) if importlib.util.find_spec(n) is None]
    compared = beside_nway(options.nway)
    missing += [] if compared else ["nway"]
    notes = [
        "",
        *([compared] if compared else []),
        f"- Not installed, therefore not measured: {', '.join(missing)}.",
    ]
    if options.calibrate:
        notes += ["", "Posteriors of a larger sky:", "", *calibrated(options.calibrate)]
    print("\n".join(notes))
    return "\n".join([*lines, *notes]) + "\n"


def write(section):
    """Replace the section of RESULTS.md, or add it."""
    text = RESULTS.read_text()
    pattern = re.compile(rf"^{HEADING}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = text.rstrip() + "\n\n" + section
    RESULTS.write_text(text.rstrip() + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    parser.add_argument("--calibrate", type=int, default=3000, metavar="FIELDS")
    parser.add_argument("--nway", metavar="PYTHON", help="a Python that has nway")
    parser.add_argument("--results", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "SIZE"))
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], int(options.one[1]))
        return
    section = report(options)
    if options.results:
        write(section)


if __name__ == "__main__":
    main()
