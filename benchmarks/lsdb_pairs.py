"""Run by a Python that has lsdb: pairs of two CSV files, number, seconds and CPU seconds on stdout."""

import json
import sys
import time

import lsdb
import pandas as pd

NEIGHBOURS = 20


def main(arcsec, *files):
    frames = [pd.read_csv(file) for file in files]
    start, cpu = time.perf_counter(), time.process_time()
    first, second = (
        lsdb.from_dataframe(
            frame,
            ra_column="ra",
            dec_column="dec",
            margin_threshold=2 * float(arcsec),
            catalog_name=name,
        )
        for frame, name in zip(frames, "ab", strict=True)
    )
    pairs = first.crossmatch(
        second,
        radius_arcsec=float(arcsec),
        n_neighbors=NEIGHBOURS,
        suffixes=("_a", "_b"),
    ).compute()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps([len(pairs), seconds, cpu]))


if __name__ == "__main__":
    main(*sys.argv[1:])
