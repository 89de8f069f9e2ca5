"""Run by a Python that has nway: pairs of two CSV files, number, seconds, CPU seconds."""

import json
import sys
import time

import numpy as np
import nwaylib
import pandas as pd
from nwaylib.logger import NullOutputLogger

SKY_DEG2 = 41_252.96
SIGMAS_IN_RADIUS = 2.1459660
COMPLETENESS = 0.5


def table_of(name, frame):
    """Return a catalogue as nway takes it; its errors are 90 % radii."""
    return {
        "name": name,
        "ra": frame["ra"].to_numpy(),
        "dec": frame["dec"].to_numpy(),
        "error": frame["error_radius_arcsec"].to_numpy() / SIGMAS_IN_RADIUS,
        "area": SKY_DEG2,
        "mags": [],
        "magnames": [],
        "maghists": [],
    }


def main(arcsec, *files):
    """Print how many pairs nway finds, and what that costs."""
    frames = [pd.read_csv(file) for file in files]
    start, cpu = time.perf_counter(), time.process_time()
    result = nwaylib.nway_match(
        [table_of(name, frame) for name, frame in zip("ab", frames, strict=True)],
        match_radius=float(arcsec),
        prior_completeness=np.array([1.0, COMPLETENESS]),
        logger=NullOutputLogger(),
    )
    pairs = int((result.reset_index()["b"] >= 0).sum())
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps([pairs, seconds, cpu]))


if __name__ == "__main__":
    main(*sys.argv[1:])
