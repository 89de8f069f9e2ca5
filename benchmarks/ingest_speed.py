"""Ingest of one large event list, one long catalogue and many small files, in ratios.

`python benchmarks/bench_ingest.py --speed [--archive DIR] [--record]` calls it. The large
files are made of the rows and headers of the archive's own: an event list of 120 MB of the
photons of its largest one, one after the other, and the CSC extract repeated under new
names. The small ones are XRT curves as text and BAT light curves as FITS, an object each.
"""

import statistics
import time

import numpy as np
import polars as pl
from astropy.io import fits

from orbital_kernel.archives import detect
from orbital_kernel.errors import ArchiveError
from orbital_kernel.ingest.items import Rows, Task
from orbital_kernel.ingest.parsing import parse

MEGABYTES = 120
CATALOGUE_ROWS = 200_000
SMALL_FILES = 2_000
POINTS, BINS = 40, 60
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
    """Return medians of ingest, of the other, and of their ratios, taken in turn."""
    pairs = []
    for _ in range(repeat):
        emptied(orbital)
        pairs.append((seconds_of(lambda: orbital.ingest(path)), seconds_of(other)))
    ours, others = zip(*pairs, strict=True)
    ratios = [a / b for a, b in pairs]
    return tuple(map(statistics.median, (ours, others, ratios)))


def stages(path):
    """Return the seconds of reading alone, by a process that has the readers imported."""
    return seconds_of(lambda: [i for i in parse(path, Task()) if isinstance(i, Rows)])


def measured(orbital, folder, box, repeat):
    """Return the rows of the table."""
    lines = []
    if source := largest_of(folder, "chandra-events"):
        path = box / "events.fits"
        count = large_events(source, path)
        alone = stages(path)
        ours, others, ratio = paired(
            orbital, path, lambda: by_astropy_and_polars(path, box), repeat
        )
        lines.append(
            f"| event list of {MEGABYTES} MB, {count:,} photons | {ours:.2f} | "
            f"{count / ours:,.0f} rows/s | {alone:.2f} | {others:.2f} | {ratio:.2f} |"
        )
    source = largest_of(folder, "chandra-csc")
    if source and source.suffix == ".csv":
        path = box / "csc.csv"
        count = long_catalogue(source, path)
        alone = stages(path)
        ours, others, ratio = paired(
            orbital,
            path,
            lambda: pl.read_csv(path, infer_schema=False).write_parquet(
                box / "c.parquet"
            ),
            repeat,
        )
        lines.append(
            f"| CSC extract, {count:,} rows | {ours:.2f} | {count / ours:,.0f} rows/s "
            f"({count / alone:,.0f} read) | {alone:.2f} | {others:.2f} | {ratio:.2f} |"
        )
    small_texts(box / "text", SMALL_FILES)
    kinds = [("text", box / "text")]
    if source := largest_of(folder, "swift-bat-lightcurve"):
        small_fits(source, box / "fits", SMALL_FILES)
        kinds.append(("FITS", box / "fits"))
    for kind, path in kinds:
        emptied(orbital)
        ours = seconds_of(lambda p=path: orbital.ingest(p))
        lines.append(
            f"| {SMALL_FILES:,} small files as {kind} | {ours:.2f} | "
            f"{SMALL_FILES / ours:,.0f} files/s | | | |"
        )
    return [
        "| work | Orbital, s | | reader alone, s | read and write Parquet, s | ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *lines,
    ]
