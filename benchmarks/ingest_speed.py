"""Ingest of one large event list, one long catalogue and many small files, in ratios.

`python benchmarks/bench_ingest.py --speed [--archive DIR] [--record]` calls it. The large
files are made of the rows and headers of the archive's own: an event list of 120 MB of the
photons of its largest one, one after the other, each with real numbers of its own (off by
0.01 %, as an instrument's list repeats few of them), and the CSC extract repeated under new
names. The small ones are XRT curves as text and BAT light curves as FITS, an object each.
"Comparing" is the part of an ingest that compares its rows with those known.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from astropy.io import fits
from ingest_floor import floor_of

from orbital_kernel.archives import detect
from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.items import Rows, Task
from orbital_kernel.ingest.parsing import parse

MEGABYTES = 120
CATALOGUE_ROWS = 200_000
SMALL_FILES = 2_000
POINTS, BINS = 40, 60
IMPORTS = "from orbital_kernel.ingest import worker, parsing; parsing.readers()"
START = (sys.executable, "-c", IMPORTS)
"""What a process that reads does before its first file."""
HEADINGS = (
    *("work", "Orbital, s", "", "reader alone, s", "comparing, s"),
    *("read and write Parquet, s", "ratio", "goal", "met"),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def largest_of(folder, name):
    """Return the largest file of a format; None if the archive has none."""
    paths = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and detect(path).name == name:
                paths.append(path)
        except ArchiveError:
            continue
    return max(paths, key=lambda path: path.stat().st_size, default=None)


def large_events(source, path):
    """Write the photons of a list again and again, at even times, as one of 120 MB."""
    with fits.open(source) as hdus:
        table = hdus["EVENTS"]
        rows = np.asarray(table.data)
        count = int(MEGABYTES * 1e6 / rows.dtype.itemsize)
        many = np.tile(rows, -(-count // len(rows)))[:count]
        clock = next(n for n in rows.dtype.names if n.lower() == "time")
        many[clock] = rows[clock].min() + np.arange(count) * (
            np.ptp(rows[clock]) / count
        )
        chance = np.random.default_rng(17)
        for name in rows.dtype.names:
            kind = rows.dtype[name]
            if kind.kind == "f" and not kind.shape and name != clock:
                many[name] *= 1 + 1e-4 * chance.standard_normal(count)
        others = [hdu.copy() for hdu in hdus[1:] if hdu.name != "EVENTS"]
        events = fits.BinTableHDU(many, header=table.header, name="EVENTS")
        new = fits.HDUList([hdus[0].copy(), events, *others])
        new.writeto(path, checksum=True)
    return count


def by_astropy_and_polars(path, box):
    """Read the photons with astropy and write them with Polars."""
    with fits.open(path, memmap=False) as hdus:
        data = hdus["EVENTS"].data
        columns = {}
        for name in data.names:
            column = data[name]
            if column.ndim == 1:
                columns[name] = column.astype(column.dtype.newbyteorder("="))
    pl.DataFrame(columns).write_parquet(box / "events.parquet")


def long_catalogue(source, path):
    """Repeat the rows of a delimited catalogue, each time under other names."""
    text = source.read_text(encoding="utf-8")
    head, *lines = [line for line in text.splitlines() if line and line[0] != "#"]
    place = [cell.strip().lower() for cell in head.split(",")].index("name")
    with path.open("w", encoding="utf-8") as file:
        file.write(head + "\n")
        for row in range(CATALOGUE_ROWS):
            cells = lines[row % len(lines)].split(",")
            cells[place] += f" {row // len(lines)}"
            file.write(",".join(cells) + "\n")
    return CATALOGUE_ROWS


def burst(number):
    """Return a burst's name for a number."""
    day, letter = divmod(number, len(LETTERS))
    year, day = divmod(day, 336)
    return f"{10 + year:02d}{1 + day // 28:02d}{1 + day % 28:02d}{LETTERS[letter]}"


def small_texts(folder, count):
    """Write XRT flux curves of so many bursts."""
    folder.mkdir()
    chance = np.random.default_rng(17)
    for number in range(count):
        name, since = burst(number), np.sort(chance.uniform(100, 1e5, POINTS))
        flux = chance.uniform(1e-12, 1e-9, POINTS)
        lines = [
            "! SIMULATED",
            f"! Swift/XRT lightcurve of trigger: {400_000 + number}, name: GRB {name}",
            "! T0 for this burst is Swift MET=229641335.0 s, = 2008 Apr 11 at 21:15:32.329 UT",
            "READ TERR 1 2",
            "! PC data",
            "!Time T_+ve T_-ve Flux Fluxpos Fluxneg",
            *(
                f"{t:.3f}\t9.1\t-9.2\t{f:.5e}\t{f / 5:.5e}\t{-f / 5:.5e}"
                for t, f in zip(since, flux, strict=True)
            ),
        ]
        (folder / f"GRB{name}_flux.qdp").write_text("\n".join(lines) + "\n")


def small_fits(source, folder, count):
    """Write the first bins of a BAT light curve as those of so many bursts."""
    folder.mkdir()
    with fits.open(source) as hdus:
        first = hdus[1]
        for number in range(count):
            new = [hdu.copy() for hdu in hdus]
            data = np.asarray(first.data)[:BINS].copy()
            data["RATE"] = data["RATE"] * (1 + number * 1e-4)
            new[1] = fits.BinTableHDU(data, header=first.header, name=first.name)
            for hdu in new:
                hdu.header["OBS_ID"] = f"{10_000_000 + number:011d}"
                hdu.header["OBJECT"] = f"GRB{burst(number)}"
            path = folder / f"grb_{burst(number)}_1chan_1s.lc"
            fits.HDUList(new).writeto(path, checksum=True)


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def emptied(orbital):
    with orbital.store.transaction() as tx:
        for name, rows in orbital.tables().items():
            if rows:
                tx.delete(name, [])


def paired(orbital, path, other, repeat):
    """Return medians of ingest, comparing, the other, and the ratio, taken in turn."""
    rows = []
    for _ in range(repeat):
        emptied(orbital)
        reports = []
        ours = seconds_of(lambda: reports.append(orbital.ingest(path)))  # noqa: B023
        theirs = seconds_of(other)
        rows.append((ours, comparing(reports[0]), theirs, ours / theirs))
    return tuple(map(statistics.median, zip(*rows, strict=True)))


def comparing(report):
    """Return how long an ingest compared its rows with earlier ones, s."""
    return report.compared.seconds if report.compared else 0.0


def at_prompt(orbital, path, repeat):
    """Return the median seconds of `orbital ingest` as a process of its own."""
    command = str(Path(sys.executable).with_name("orbital"))
    environment = {**os.environ, "ORBITAL_HOME": str(orbital.home)}

    def run():
        words = [command, "ingest", str(path), "--json"]
        subprocess.run(words, env=environment, capture_output=True, check=True)

    seconds = []
    for _ in range(repeat):
        emptied(orbital)
        seconds.append(seconds_of(run))
    return statistics.median(seconds)


def stages(path):
    """Return the seconds of reading alone, by a process that has the readers imported."""
    return seconds_of(lambda: [i for i in parse(path, Task()) if isinstance(i, Rows)])


def line(work, seconds, *, rate="", alone="", compared="", other="", ratio="", goal):
    """Return one row of the table; `goal` is its text and whether it is met, None of a floor."""
    text, is_met = goal
    cells = (f"{seconds:.2f}", rate, alone, compared, other, ratio, text)
    met = {None: "", True: "yes", False: "no"}[is_met]
    return f"| {work} | {' | '.join(cells)} | {met} |"


def of_events(orbital, folder, box, repeat):
    """Return the rows of the event list: in this process, and at the prompt."""
    if (source := largest_of(folder, "chandra-events")) is None:
        return []
    path = box / "events.fits"
    count = large_events(source, path)
    alone = stages(path)

    def reference():
        by_astropy_and_polars(path, box)

    ours, compared, others, ratio = paired(orbital, path, reference, repeat)
    start = statistics.median(
        seconds_of(lambda: subprocess.run(START, check=True)) for _ in range(repeat)
    )
    net = (ours - start) / others
    prompt = at_prompt(orbital, path, repeat)
    floor = floor_of(path, repeat)
    least = min(floor.seconds.values())
    work = f"event list of {MEGABYTES} MB, {count:,} photons"
    return [
        line(
            work,
            ours,
            rate=f"{count / ours:,.0f} rows/s",
            alone=f"{alone:.2f}",
            compared=f"{compared:.2f}",
            other=f"{others:.2f}",
            ratio=f"{ratio:.2f}, {net:.2f} without start-up ({start:.2f} s)",
            goal=("ratio <= 2 without start-up", net <= 2),
        ),
        line(
            "the same by `orbital ingest`, a new process",
            prompt,
            rate=f"{count / prompt:,.0f} rows/s",
            other=f"{others:.2f}",
            ratio=f"{prompt / others:.2f}",
            goal=("ratio <= 3", prompt / others <= 3),
        ),
        line(
            "its rows sent by the vendor's client to a server that stores nothing",
            least,
            rate=str(floor),
            other=f"{others:.2f}",
            ratio=f"{least / others:.2f}",
            goal=("floor of any ingest by inserts", None),
        ),
    ]


def of_catalogue(orbital, folder, box, repeat):
    """Return the row of the CSC extract."""
    if (source := largest_of(folder, "chandra-csc")) is None:
        return []
    path = box / "csc.csv"
    count = long_catalogue(source, path)
    alone = stages(path)

    def reference():
        rows = pl.read_csv(path, infer_schema=False)
        rows.write_parquet(box / "c.parquet")

    ours, compared, others, ratio = paired(orbital, path, reference, repeat)
    return [
        line(
            f"CSC extract, {count:,} rows",
            ours,
            rate=f"{count / ours:,.0f} rows/s ({count / alone:,.0f} read)",
            alone=f"{alone:.2f}",
            compared=f"{compared:.2f}",
            other=f"{others:.2f}",
            ratio=f"{ratio:.2f}",
            goal=("100,000 rows/s", count / ours >= 100_000),
        )
    ]


def of_small(orbital, folder, box):
    """Return the rows of small files."""
    small_texts(box / "text", SMALL_FILES)
    kinds = [("text", box / "text", 100)]
    if source := largest_of(folder, "swift-bat-lightcurve"):
        small_fits(source, box / "fits", SMALL_FILES)
        kinds.append(("FITS", box / "fits", 40))
    lines = []
    for kind, path, goal in kinds:
        emptied(orbital)
        reports = []
        ours = seconds_of(lambda p=path, r=reports: r.append(orbital.ingest(p)))
        rate = SMALL_FILES / ours
        lines.append(
            line(
                f"{SMALL_FILES:,} small files as {kind}",
                ours,
                rate=f"{rate:,.0f} files/s",
                compared=f"{comparing(reports[0]):.2f}",
                goal=(f"{goal} files/s", rate >= goal),
            )
        )
    return lines


def measured(orbital, folder, box, repeat):
    """Return the rows of the table; modules are compiled before, as in an installation."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(START, check=True)
    return [
        f"| {' | '.join(HEADINGS)} |",
        f"| --- |{' ---: |' * 6} --- | --- |",
        *of_events(orbital, folder, box, repeat),
        *of_catalogue(orbital, folder, box, repeat),
        *of_small(orbital, folder, box),
    ]
