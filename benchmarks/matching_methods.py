"""Methods that match two catalogues of a simulated pointed sky, each timed by itself.

Run by bench_matching.py in a process of its own; prints pairs, seconds, megabytes.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky

from orbital_kernel import connect, embedded
from orbital_kernel.model.sky import healpix
from orbital_kernel.questions.matching.pairing import pairing_of
from orbital_kernel.science.matching import neighbours
from orbital_kernel.science.matching.candidates import with_priors
from orbital_kernel.science.matching.joining import joined, places

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from pointed_sky import sky  # noqa: E402  the path is set above

ARCSEC = 5.0
A_FIELD = 26
"""Sources of a list per field, about."""
SEED = 5
AT_ONCE = 1_000_000


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


def lsdb_join(frames):
    """Pairs within 5 arcsec by LSDB, without its reading of files."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.parquet" for n in "ab"]
        for frame, file in zip(frames, files, strict=True):
            frame.select("ra", "dec").write_parquet(file)
        done = subprocess.run(
            [os.environ["LSDB"], str(HERE / "lsdb_pairs.py"), str(ARCSEC), *files],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        pairs, seconds = json.loads(done.stdout.splitlines()[-1])
        return pairs, seconds


def posteriors(frames):
    """All candidates with posteriors by NWAY's formulae, in memory, priors included."""
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
                for part in rows.iter_slices(AT_ONCE):
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
    "join, 5 arcsec: LSDB crossmatch, frames in memory": lsdb_join,
    "candidates and posteriors in memory, priors included": posteriors,
    "from store to stored posteriors and objects": from_store,
}


def missing(method):
    """Return why a method cannot be measured; an empty text if it can."""
    if method is stilts_join and shutil.which("stilts") is None:
        return "STILTS is not in the PATH (Debian package stilts)"
    if method is lsdb_join and not os.environ.get("LSDB"):
        return "LSDB names no Python that has lsdb (LSDB=PYTHON)"
    return ""


def main(name, size):
    """Print pairs, seconds and peak memory (MB) of the largest process."""
    pairs, seconds = METHODS[name](catalogues(int(size)))
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps([pairs, seconds, peak / 1024]))


if __name__ == "__main__":
    main(*sys.argv[1:])
