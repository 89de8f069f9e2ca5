"""Methods that match two catalogues of a simulated pointed sky, each timed by itself.

Run by bench_matching.py in a process of its own; prints what it cost as JSON. Seconds and
CPU seconds are those of the method, without start-up and the making of the lists; CPU
counts the processes it starts, and for a match in the database the server too, which has
sorted what was inserted before the match begins. Peak
memory of methods in this process includes the two lists.
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
SETTLED_S, IDLE_SHARE = 4.0, 0.02


def catalogues(size):
    """Return two lists of about `size` sources."""
    return sky(SEED, max(size // A_FIELD, 4))


def places_of(frames):
    return [(f["ra"].to_numpy(), f["dec"].to_numpy()) for f in frames]


class Cost:
    """Wall and CPU seconds of a block, with its children's."""

    def __enter__(self):
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self._wall
        self.cpu = cpu_seconds() - self._cpu

    def of(self, pairs, who=resource.RUSAGE_SELF):
        return result(pairs, self.seconds, self.cpu, peak_mb(who))


def cpu_seconds():
    return sum(os.times()[:4])


def peak_mb(who):
    return resource.getrusage(who).ru_maxrss / 1024


def result(pairs, seconds, cpu, peak):
    return {"pairs": int(pairs), "seconds": seconds, "cpu": cpu, "peak_mb": peak}


def join(frames):
    """Pairs within 5 arcsec by Orbital's join."""
    a, b = places_of(frames)
    with Cost() as cost:
        i, _, _ = neighbours(*a, *b, ARCSEC / 3600)
    return cost.of(i.size)


def astropy_join(frames):
    """Pairs within 5 arcsec by astropy's search_around_sky."""
    a, b = (SkyCoord(*place, unit="deg") for place in places_of(frames))
    with Cost() as cost:
        i, _, _, _ = search_around_sky(a, b, ARCSEC * u.arcsec)
    return cost.of(i.size)


def stilts_join(frames):
    """Pairs within 5 arcsec by STILTS, files in and out of its time."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.csv" for n in "ab"]
        for frame, file in zip(frames, files, strict=True):
            frame.select("ra", "dec").write_csv(file)
        out = Path(folder) / "out.csv"
        with Cost() as cost:
            subprocess.run(
                [
                    *("stilts", "tmatch2", "matcher=sky", f"params={ARCSEC}"),
                    *("find=all", "ifmt1=csv", "ifmt2=csv", "ofmt=csv", f"out={out}"),
                    *("values1=ra dec", "values2=ra dec"),
                    *(f"in{n + 1}={file}" for n, file in enumerate(files)),
                ],
                check=True,
                capture_output=True,
            )
        pairs = pl.scan_csv(out).select(pl.len()).collect().item()
        return cost.of(pairs, resource.RUSAGE_CHILDREN)


def lsdb_join(frames):
    """Pairs within 5 arcsec by LSDB, without its reading of files."""
    return _by_other(frames, os.environ["LSDB"], "lsdb_pairs.py", ("ra", "dec"))


def nway_match(frames):
    """Candidates within 5 arcsec with posteriors by nway, without its reading of files."""
    columns = ("ra", "dec", "error_radius_arcsec")
    return _by_other(frames, os.environ["NWAY"], "nway_pairs.py", columns)


def _by_other(frames, python, program, columns):
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.csv" for n in "ab"]
        for frame, file in zip(frames, files, strict=True):
            frame.select(columns).write_csv(file)
        done = subprocess.run(
            [python, str(HERE / program), str(ARCSEC), *files],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        pairs, seconds, cpu = json.loads(done.stdout.splitlines()[-1])
        return result(pairs, seconds, cpu, peak_mb(resource.RUSAGE_CHILDREN))


def posteriors(frames):
    """All candidates with posteriors by NWAY's formulae, in memory, priors included."""
    with Cost() as cost:
        a, b = (places(f, "its") for f in frames)
        pairing = pairing_of("a", "b", a, b)
        pairs = joined(a, b, n_sigma=5.0)
        frame = with_priors(a, b, pairs, pairing.forth, pairing.back)
    return cost.of(frame.height)


def from_store(frames):
    """From rows in the store to posteriors, objects and associations in the store."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            fill(folder, frames)
            server = settled(folder)
            done = subprocess.run(
                [sys.executable, __file__, "match", folder],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            cost = json.loads(done.stdout.splitlines()[-1])
            return cost | {"cpu": cost["cpu"] + server_cpu(folder) - server}
        finally:
            embedded.stop(Path(folder))


def fill(folder, frames):
    """Store two lists in the database of a folder."""
    orbital = connect(folder)
    orbital.storage.apply()
    for name, frame in zip(("swift", "chandra"), frames, strict=True):
        for part in frame.drop("truth").iter_slices(AT_ONCE):
            rows = part.with_columns(
                pl.Series("healpix", healpix(part["ra"], part["dec"])),
                pl.lit(name).alias("catalog"),
                pl.lit(value=True).alias("simulated"),
            )
            orbital.store.insert(f"{name}.sources", rows.to_arrow())


def match_stored(folder):
    """Match the catalogues of a store, in a process that has made no lists."""
    orbital = connect(folder)
    orbital.store.row_counts()
    with Cost() as cost:
        matching = orbital.objects.matching("swift", "chandra")
    pairs = sum(tile["pairs"] for tile in matching.tiles)
    children = peak_mb(resource.RUSAGE_CHILDREN)
    return cost.of(pairs) | {"peak_mb": max(peak_mb(resource.RUSAGE_SELF), children)}


def settled(folder):
    """Wait until the server has sorted what was inserted; return its CPU seconds."""
    before, since = server_cpu(folder), time.monotonic()
    while time.monotonic() - since < SETTLED_S:
        time.sleep(0.5)
        now = server_cpu(folder)
        if now - before > IDLE_SHARE * SETTLED_S:
            before, since = now, time.monotonic()
    return server_cpu(folder)


def server_cpu(folder):
    """Return the CPU seconds of a folder's server so far."""
    number = json.loads((Path(folder) / "standin.json").read_text())["pid"]
    fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


OURS = "join, 5 arcsec: Orbital"
ASTROPY = "join, 5 arcsec: astropy search_around_sky"
STILTS = "join, 5 arcsec: STILTS tmatch2, CSV in and out"
LSDB = "join, 5 arcsec: LSDB crossmatch, frames in memory"
NWAY = "candidates within 5 arcsec with posteriors: nway"
STORED = "from store to stored posteriors and objects"
METHODS = {
    OURS: join,
    ASTROPY: astropy_join,
    STILTS: stilts_join,
    LSDB: lsdb_join,
    NWAY: nway_match,
    "candidates and posteriors in memory, priors included": posteriors,
    STORED: from_store,
}


def missing(method):
    """Return why a method cannot be measured; an empty text if it can."""
    if method is stilts_join and shutil.which("stilts") is None:
        return "STILTS is not in the PATH (Debian package stilts)"
    if method is lsdb_join and not os.environ.get("LSDB"):
        return "LSDB names no Python that has lsdb (LSDB=PYTHON)"
    if method is nway_match and not os.environ.get("NWAY"):
        return "NWAY names no Python that has nway (NWAY=PYTHON)"
    return ""


def main(name, size):
    """Print the cost of a method, or of a match in the database of a folder."""
    if name == "match":
        print(json.dumps(match_stored(size)))
    else:
        print(json.dumps(METHODS[name](catalogues(int(size)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
