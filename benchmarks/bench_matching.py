"""Matching of two catalogues beside astropy's, and what its posteriors promise.

    python benchmarks/bench_matching.py [--sizes 100000 1000000] [--calibrate 40000]
        [--nway PYTHON] [--lsdb PYTHON] [--curve SIZE ...] [--results]

The catalogues are those of a simulated pointed sky (tests/pointed_sky.py): fields of
Swift-XRT's and Chandra's size, a third of the sources clustered. Each method runs in a
process of its own (matching_methods.py): seconds and CPU seconds without start-up and
generation, those of the server included, and peak memory of the largest process. Ratios
to the other methods follow for each size. STILTS, nway and LSDB are measured if they are
installed: `stilts` in the PATH, the others in the environment of PYTHON. A method that
fails is listed as such, and the next one runs. `--nway` also compares posteriors with
nway's (nway_beside.py). `--calibrate` makes skies of so many fields with three lists,
matches each two of them, and compares, in ten bins of the match probability, true pairs
with the sum of the probabilities. `--curve` measures nothing but the match in the
database, at each of its sizes (matching_curve.py), 10,000,000 included: that takes 15 GB
of disk. `--results` writes the tables into RESULTS.md.
"""

import argparse
import itertools
import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import matching_curve
import numpy as np
from matching_methods import (
    ASTROPY,
    LSDB,
    METHODS,
    NWAY,
    OURS,
    STILTS,
    STORED,
    missing,
    sky,
)
from nway_beside import beside_nway
from recorded import record

from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.joining import joined, places

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
HEADING = "## Matching"
SEED = 5
SKIES = (51, 52)
BINS = 10
SURE = 0.5
SURELY = 3.0


RATIOS = (
    ("join / astropy's search_around_sky", OURS, ASTROPY, "at most 0.33"),
    ("store to stored / search_around_sky", STORED, ASTROPY, "at most 1"),
    ("store to stored / STILTS", STORED, STILTS, "below 1"),
    ("store to stored / LSDB", STORED, LSDB, "below 1"),
    ("store to stored / nway", STORED, NWAY, "none"),
)
SMALLEST_S = 0.01
NWAY_MOST = 1_000_000
"""Of larger lists nway holds more than this machine's memory."""


def measured(name, size):
    """Run one method in a process of its own; return its cost, or None if it fails."""
    done = subprocess.run(
        [sys.executable, str(HERE / "matching_methods.py"), name, str(size)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    return None if done.returncode else json.loads(done.stdout.splitlines()[-1])


def row(size, name, cost):
    """Return the line of one method in the table."""
    if cost is None:
        return f"| {size:,} | {name} | failed | | | |"
    return (
        f"| {size:,} | {name} | {cost['pairs']:,} | {cost['seconds']:.2f} | "
        f"{cost['cpu']:.2f} | {cost['peak_mb']:,.0f} |"
    )


def ratios(size, costs):
    """Return the lines that compare the methods of one size."""
    lines = []
    for label, ours, theirs, goal in RATIOS:
        if costs.get(ours) and costs.get(theirs):
            seconds, cpu = (
                costs[ours][unit] / max(costs[theirs][unit], SMALLEST_S)
                for unit in ("seconds", "cpu")
            )
            lines.append(f"| {size:,} | {label} | {seconds:.2f} | {cpu:.2f} | {goal} |")
    return lines


def calibrated(seed, fields):
    """Return the lines of one sky of three lists: each two of them, in both directions."""
    lists = dict(zip("abc", sky(seed, fields, third=True), strict=True))
    sizes = " x ".join(f"{frame.height:,}" for frame in lists.values())
    lines = [f"Sky {seed}: {sizes} sources.", ""]
    sigmas, shares = [], []
    for names in itertools.combinations(lists, 2):
        more, deviations = _of_two(names, *(lists[name] for name in names))
        lines += more
        sigmas += [d for deviation, _ in deviations for d in deviation.tolist()]
        shares += [d for _, deviation in deviations for d in deviation.tolist()]
    far = [d for d, sigma in zip(shares, sigmas, strict=True) if abs(sigma) > SURELY]
    beyond = ", ".join(f"{d:+.4f}" for d in far)
    lines += [
        (
            f"- Of {len(sigmas)} bins (three pairs of lists, both directions, ten bins) "
            f"{len(sigmas) - len(far)} hold within {SURELY:g} sigma; largest deviation "
            f"{max(map(abs, sigmas)):.2f} sigma. True less promised share of a bin: at "
            f"most {max(map(abs, shares)):.4f} in any"
            + (f", {beyond} in those beyond {SURELY:g} sigma." if far else ".")
        ),
        "",
    ]
    return lines


def _of_two(names, left, right):
    """Return the lines of two lists, and the deviations of the bins of both directions."""
    a, b = (places(f, n) for f, n in zip((left, right), names, strict=True))
    pairing = pairing_of(*names, a, b)
    a = pairing.offset.taken_out(a)
    pairs = joined(a, b, n_sigma=5.0)
    frame = with_priors(a, b, pairs, pairing.forth, pairing.back)
    true = left["truth"].gather(frame["left_row"]).to_numpy() == (
        right["truth"].gather(frame["right_row"]).to_numpy()
    )
    chances = {
        "left": frame["match_probability"].to_numpy(),
        "right": (frame["p_any_right"] * frame["p_i_right"]).to_numpy(),
    }
    lines = [
        f"Lists {' and '.join(names)}; `share` is the true less the promised share:",
        "",
        "| p of the left source's | pairs | true | promised | share | sigma | the right source's share | sigma |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    deviations = [deviation(p, true) for p in chances.values()]
    (left_sigma, left_share), (right_sigma, right_share) = deviations
    p = chances["left"]
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    for number in range(BINS):
        inside = place == number
        lines.append(
            f"| {number / BINS:.1f}-{(number + 1) / BINS:.1f} | {inside.sum():,} | "
            f"{true[inside].sum():,} | {p[inside].sum():,.1f} | "
            f"{left_share[number]:+.4f} | {left_sigma[number]:+.2f} | "
            f"{right_share[number]:+.4f} | {right_sigma[number]:+.2f} |"
        )
    sure = p >= SURE
    best = sure & frame["mutual"].to_numpy()
    lines += [
        "",
        (
            f"- Pairs with p of {SURE:g} or more: {sure.sum():,}, completeness "
            f"{true[sure].sum() / true.sum():.4f} (promised {p[sure].sum() / p.sum():.4f})"
            f", purity {true[sure].mean():.4f} (promised {p[sure].mean():.4f}). Those "
            f"that are each other's best: {best.sum():,}, purity {true[best].mean():.4f} "
            f"(promised at least {p[best].mean():.4f})."
        ),
        (
            f"- Chance: {pairing.chance.false_by_posterior:,.0f} false by the posteriors, "
            f"{pairing.chance.shifted:,.0f} on a shifted sky, "
            f"{np.sum(~true[best]):,} in truth."
        ),
        "",
    ]
    return lines, deviations


def deviation(p, true):
    """Return true less promised pairs of each bin: in binomial sigma, and as a share."""
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    less = np.bincount(place, true - p, minlength=BINS)
    sigma = np.sqrt(np.bincount(place, p * (1 - p), minlength=BINS))
    pairs = np.bincount(place, minlength=BINS)
    return less / np.maximum(sigma, 1e-9), less / np.maximum(pairs, 1)


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
        "| sources in each list | method | pairs | s | CPU s | peak MB |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    compared_lines = [
        "",
        "| sources in each list | ratio | of seconds | of CPU seconds | goal |",
        "| ---: | --- | ---: | ---: | --- |",
    ]
    print("\n".join(lines[2:]), flush=True)
    for size in options.sizes:
        costs = {}
        for name, method in METHODS.items():
            if missing(method) or (name == NWAY and size > NWAY_MOST):
                continue
            print(f"{datetime.now(UTC):%H:%M:%S} {size:,}: {name}", file=sys.stderr)
            costs[name] = measured(name, size)
            lines.append(row(size, name, costs[name]))
            print(lines[-1], flush=True)
        compared_lines += ratios(size, costs)
    lines += compared_lines
    print("\n".join(compared_lines), flush=True)
    beside = beside_nway(options.nway)
    reasons = [missing(method) for method in METHODS.values()]
    reasons += [] if beside else ["nway is in no Python that --nway names"]
    notes = ["", *beside]
    notes += [f"- Not measured: {reason}." for reason in reasons if reason]
    if options.calibrate:
        notes += ["", "Posteriors of fresh skies:", ""]
        for seed in SKIES:
            notes += calibrated(seed, options.calibrate)
    print("\n".join(notes))
    return "\n".join([*lines, *notes]) + "\n"


def write(section):
    """Replace the section of RESULTS.md, or add it."""
    text = RESULTS.read_text()
    pattern = re.compile(
        rf"^{HEADING}\n.*?(?=^## |^<!-- |\Z)", re.MULTILINE | re.DOTALL
    )
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
    parser.add_argument("--lsdb", metavar="PYTHON", help="a Python that has lsdb")
    parser.add_argument("--curve", type=int, nargs="+", metavar="SIZE")
    options = parser.parse_args()
    if options.curve:
        text = matching_curve.curve(options.curve)
        if options.results:
            title = matching_curve.TITLE
            record(matching_curve.NAME, title, text, after=HEADING.strip("# "))
        return
    for name, python in (("LSDB", options.lsdb), ("NWAY", options.nway)):
        if python:
            os.environ[name] = python
    section = report(options)
    if options.results:
        write(section)


if __name__ == "__main__":
    main()
