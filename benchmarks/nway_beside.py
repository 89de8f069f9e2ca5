"""Posteriors beside nway's: on an even sky of three lists, and on nway's test catalogue.

nway tests itself on sources in ten rings around the middle of a grid of positions an
arcsecond apart, with errors that grow from ring to ring. The catalogue is made here by
that recipe, with circular errors: of an ellipse nway uses the error along the separation,
which is another formula than that of Budavari & Szalay 2008 for two dimensions.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

from orbital_kernel.science.matching.joining import places
from orbital_kernel.science.matching.nway import combinations
from orbital_kernel.science.matching.priors import Priors

HERE = Path(__file__).resolve().parent
SEED = 5
MATTERS = 0.001
N_SIGMA = 7.0
ONE_SIGMA = 1 - np.exp(-0.5)
"""Confidence of a circle of one sigma an axis."""
GRID_DEG, STEP_DEG, SCATTER_DEG = 0.1, 1 / 3600, 0.01 / 3600
RINGS, IN_RING = 10, 12


def even_sky():
    """Return three lists of an even sky (ra, dec, sigma), the area, and completeness."""
    dice = np.random.default_rng(SEED)
    area, common = 0.25, 300
    place = dice.uniform([150, -0.25], [150.5, 0.25], (common, 2))
    tables = {}
    for name, sigma, alone in (("x", 3.0, 100), ("y", 1.0, 900), ("z", 0.5, 900)):
        seen = place[dice.random(common) < 0.8]
        seen = seen + dice.normal(0, sigma / 3600, seen.shape)
        every = [seen, dice.uniform([150, -0.25], [150.5, 0.25], (alone, 2))]
        ra, dec = np.concatenate(every).T
        tables[name] = (ra, dec, np.full(ra.size, sigma))
    return tables, area, [0.8, 0.6]


def geometric():
    """Return nway's test catalogue: sources in rings, and a grid an arcsecond apart."""
    dice = np.random.default_rng(SEED)
    steps = round(GRID_DEG / STEP_DEG)
    ra, dec = (low + np.arange(steps) * STEP_DEG for low in (150.0, 2.0))
    grid_ra, grid_dec = (axis.ravel() for axis in np.meshgrid(ra, dec))
    radius = (1 + np.arange(RINGS) ** 2.0) / 3600
    width = np.diff(radius, prepend=0.0) / 10
    long = np.where(np.arange(RINGS) % 2, 4.25, 2.0)  # (2 a)^2 + (a / 2)^2, and 2 a^2
    sigma = np.repeat(np.sqrt(long) * width * 3600, IN_RING)
    angle = np.tile(np.arange(IN_RING) * np.pi / 6, RINGS)
    around = np.repeat(radius, IN_RING)
    rings = ra.mean() + around * np.cos(angle), dec.mean() + around * np.sin(angle)
    scattered = grid_dec + dice.normal(0, SCATTER_DEG, grid_dec.size)
    tables = {
        "x": (*rings, sigma),
        "o": (grid_ra, scattered, np.full(grid_ra.size, 0.1)),
    }
    return tables, float(np.ptp(ra) * np.ptp(dec)), [1.0]


def by_nway(python, tables, area, completeness):
    """Return nway's combinations, or None if it fails."""
    columns = ("ra", "dec", "sigma")
    lists = {
        name: {c: values.tolist() for c, values in zip(columns, table, strict=True)}
        for name, table in tables.items()
    }
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
    return pl.DataFrame(json.loads(done.stdout)).select(
        *(pl.col(n).cast(pl.Int64) for n in tables),
        *("prob_has_match", "prob_this_match"),
    )


def by_us(tables, area, completeness):
    """Return our combinations with nway's priors."""
    first, *others = tables
    sources = {
        name: places(
            pl.DataFrame(
                {"ra": ra, "dec": dec, "error_radius_arcsec": sigma}
            ).with_columns(error_confidence=pl.lit(ONE_SIGMA)),
            name,
        )
        for name, (ra, dec, sigma) in tables.items()
    }
    even = {
        name: Priors.even(
            (tables[name][0].size + 1) / (area * 3600**2), share / (1 + share)
        )
        for name, share in zip(others, completeness, strict=True)
    }
    candidates = {name: sources[name] for name in others}
    return combinations(sources[first], candidates, even, n_sigma=N_SIGMA)


def compared(python, title, lists):
    """Return a line that compares p_any and p_i with nway's; None if it is missing."""
    tables, area, completeness = lists
    theirs = by_nway(python, tables, area, completeness)
    if theirs is None:
        return None
    first, *others = tables
    ours = by_us(tables, area, completeness)
    pairs = ours.with_columns(pl.col(f"{n}_row").fill_null(-1) for n in others).join(
        theirs,
        left_on=["primary_row", *(f"{n}_row" for n in others)],
        right_on=[first, *others],
    )
    chosen = pairs.filter(
        pl.col("prob_this_match") > 0, pl.col("prob_has_match") > MATTERS
    )
    p_any = (pairs["p_any"] - pairs["prob_has_match"]).abs().max()
    p_i = (chosen["p_i"] - chosen["prob_this_match"]).abs().max()
    return (
        f"- Beside nway, {title}: {pairs.height:,} of {theirs.height:,} combinations "
        f"compared; largest difference of p_any {p_any:.1e}, of p_i {p_i:.1e} (where "
        f"p_any is over {MATTERS:g})."
    )


def beside_nway(python):
    """Return the lines of both comparisons; none without a Python that has nway."""
    if not python:
        return []
    every = (
        ("three catalogues of an even sky", even_sky()),
        ("its own geometric test catalogue", geometric()),
    )
    lines = [compared(python, title, lists) for title, lists in every]
    return [line for line in lines if line]


if __name__ == "__main__":
    print("\n".join(beside_nway(sys.argv[1])))
