"""A year of detections replayed into known sources: delay, completeness and false alerts.

    python benchmarks/bench_findings.py [--sources 1000000] [--files 365] [--write] [--quiet]

The store holds `--sources` known sources of both observatories in clustered fields, 60 %
of the places also with a limit. Each file is one day's pointing at one field: its sources
again, with Poisson-like errors, ingested as a catalogue by `orbital.ingest` while a
watcher polls the store. Of the detections 4 % are changed by a factor, up or down. Delays
run from the time in the file's ledger entry, just before its commit, to the alert at the
sink. `--write` puts the tables into RESULTS.md, section "Findings". Without `--quiet`
progress is printed, every ten days.
"""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
import polars as pl
from recorded import record

from orbital_kernel import Query, connect, embedded
from orbital_kernel.model.sky import healpix

FIELD, FIELD_DEG = 12, 0.1
FACTORS = (5.0, 10.0)
CHANGED = 0.04
SLICE = 500_000
LEVELS = (0.01, 0.1, 1.0)
MAPPING = """
table = "sources"
observatory = "swift"
format = "csv"
[columns]
source_id = "name"
ra = "ra"
dec = "dec"
value = "flux"
value_low = "low"
value_high = "high"
error_radius_arcsec = "error"
[constants]
catalog = "replayed"
obs_id = "{obs_id}"
error_confidence = 0.9
[unit]
value = "erg / (cm2 s)"
[band]
kev = [0.5, 7.0]
"""


class Received:
    """A sink that notes when each alert came."""

    name, waits = "received", False

    def __init__(self):
        self.at = {}

    def send(self, alert):
        """Note the time of an alert."""
        self.at[alert["id"]] = time.time()


def known(number, rng):
    """Return places, fluxes and relative errors of known sources, in fields."""
    fields = max(number // FIELD, 1)
    field = np.arange(number) // FIELD % fields
    ra, dec = (
        rng.uniform(0, 360, fields),
        np.degrees(np.arcsin(rng.uniform(-1, 1, fields))),
    )
    dec = np.clip(dec[field] + rng.normal(0, FIELD_DEG, number), -89, 89)
    ra = (ra[field] + rng.normal(0, FIELD_DEG, number) / np.cos(np.radians(dec))) % 360
    flux = 2e-15 * (1 - rng.uniform(size=number)) ** -0.8
    counts = np.clip(2e15 * flux * rng.uniform(3, 30, number), 15, 1e5)
    return pl.DataFrame(
        {"field": field, "ra": ra, "dec": dec, "flux": flux, "share": counts**-0.5}
    )


def measured(truth, rng, arcsec):
    """Return measurements of sources: positions, fluxes and their 1-sigma bounds."""
    flux = truth["flux"].to_numpy() * np.exp(
        truth["share"].to_numpy() * rng.normal(size=len(truth))
    )
    scatter = arcsec / 2.1460 / 3600  # 90 % radius of a 2-d Gaussian
    dec = truth["dec"].to_numpy() + rng.normal(0, scatter, len(truth))
    step = rng.normal(0, scatter, len(truth)) / np.cos(np.radians(dec))
    return truth.with_columns(
        pl.Series("ra", (truth["ra"].to_numpy() + step) % 360),
        pl.Series("dec", dec),
        pl.Series("flux", flux),
        low=pl.lit(flux) * (1 - truth["share"]),
        high=pl.lit(flux) * (1 + truth["share"]),
    )


def fill(store, truth, rng):
    """Insert the known sources, two thirds of Chandra, and limits at 60 % of the places."""
    rows = measured(truth, rng, 1.0)
    chandra = rng.uniform(size=len(truth)) < 2 / 3
    limited = rng.uniform(size=len(truth)) < 0.6
    limits = rows.with_columns(
        low=pl.lit(None, pl.Float64),
        high=3 * truth["flux"],
        flux=pl.lit(None, pl.Float64),
    )
    for table, part, is_limit in (
        ("chandra.sources", rows.filter(pl.Series(chandra)), False),
        ("swift.sources", rows.filter(pl.Series(~chandra)), False),
        ("swift.sources", limits.filter(pl.Series(limited)), True),
    ):
        frame = part.select(
            pl.lit("known").alias("catalog"),
            pl.format("K{}", pl.int_range(pl.len())).alias("source_id"),
            pl.lit("limits" if is_limit else "known").alias("obs_id"),
            "ra",
            "dec",
            pl.Series(
                "healpix", healpix(part["ra"].to_numpy(), part["dec"].to_numpy())
            ),
            pl.lit(1.0).alias("error_radius_arcsec"),
            pl.lit(0.9).alias("error_confidence"),
            "flux",
            pl.col("low").alias("flux_low"),
            pl.col("high").alias("flux_high"),
            pl.lit(is_limit).alias("is_limit"),
            pl.lit("erg / (cm2 s)").alias("flux_unit"),
            pl.lit(0.5).alias("band_low_kev"),
            pl.lit(7.0).alias("band_high_kev"),
            pl.lit(False).alias("simulated"),
            pl.lit(f"{table} {is_limit}").alias("file_sha256"),
            pl.int_range(pl.len()).alias("file_row"),
        )
        for at in range(0, len(frame), SLICE):
            store.insert(table, frame.slice(at, SLICE).to_arrow())


def detections(truth, files, rng):
    """Return one frame of detections a day, some changed by a factor (`change`)."""
    fields = rng.choice(truth["field"].n_unique(), files, replace=False)
    for day, field in enumerate(fields):
        part = truth.filter(pl.col("field") == field)
        change = np.ones(len(part))
        picked = rng.uniform(size=len(part)) < CHANGED
        factors = rng.choice([*FACTORS, *(1 / f for f in FACTORS)], len(part))
        change[picked] = factors[picked]
        rows = measured(part.with_columns(flux=part["flux"] * change), rng, 3.0)
        yield rows.with_columns(
            pl.Series("change", change),
            pl.format("D{}-{}", pl.lit(day), pl.int_range(pl.len())).alias("name"),
            error=pl.lit(3.0),
        )


def replay(orbital, days, folder, progress):
    """Ingest the days' detections while a watcher runs; return alerts' times and costs."""
    sink, stop, costs = Received(), Event(), []
    watcher = connect(orbital.home).bursts.watch(orbital.watch_folder, sinks=[sink])
    thread = Thread(target=watcher.run, args=(stop,), kwargs={"heartbeat_s": 1e9})
    thread.start()
    for day, rows in enumerate(days):
        table, mapping = folder / f"{day}.csv", folder / f"{day}.toml"
        mapping.write_text(MAPPING.format(obs_id=f"day{day}"))
        rows.select("name", "ra", "dec", "flux", "low", "high", "error").write_csv(
            table
        )
        report = orbital.ingest(table, mapping=mapping)
        if report.compared is None or report.compared.failed:
            raise SystemExit(f"day {day} was not compared: {report} {report.compared}")
        costs.append(
            (
                report.compared.seconds,
                report.compared.queries,
                report.compared.rows_read or 0,
            )
        )
        if (day + 1) % 10 == 0:
            middle = np.median([cost[0] for cost in costs])
            progress(
                f"{day + 1} of {len(days)} days, {len(sink.at)} alerts, "
                f"a comparison takes {middle:.2f} s"
            )
    time.sleep(1.0)
    stop.set()
    thread.join()
    return sink.at, np.array(costs, dtype=float)


def tables(sources, files, progress):
    """Return what was measured, in Markdown."""
    rng = np.random.default_rng(23)
    with TemporaryDirectory(prefix="bench-findings-") as folder:
        orbital = connect(Path(folder) / "home")
        try:
            orbital.storage.apply()
            truth = known(sources, rng)
            fill(orbital.store, truth, rng)
            progress(f"{sources:,} known sources are stored")
            days = list(detections(truth, files, rng))
            at, costs = replay(orbital, days, Path(folder), progress)
            return "\n".join(summary(orbital, days, at, costs, sources))
        finally:
            orbital.flush()
            embedded.stop(Path(folder) / "home")


def summary(orbital, days, at, costs, sources):
    """Return the lines of the report."""
    found = orbital.findings()
    names = pl.concat(days).select("name", "change")
    rows = found.join(names, left_on="object", right_on="name")
    ledger = orbital.query(_files()).frame
    begun = {sha[:16]: when for sha, when in ledger.iter_rows()}
    delays = [
        at[row["finding_id"]] - begun[row["key"][:16]].replace(tzinfo=UTC).timestamp()
        for row in rows.filter("alert").to_dicts()
        if row["finding_id"] in at
    ]
    missing = int(rows["alert"].sum()) - len(delays)
    p50, p99 = np.percentile(delays, [50, 99]) if delays else (np.nan, np.nan)
    number = sum(map(len, days))
    seconds, queries, read = np.percentile(costs, [50, 99], axis=0).T
    lines = [
        f"{sources:,} known sources, {len(days)} days with {number:,} detections.\n",
        "| | Orbital | STONKS |",
        "|---|---:|---:|",
        f"| delay from commit to alert, p50 | {p50:.2f} s | days |",
        f"| the same, p99 (goal: < 1 s) | {p99:.2f} s | |",
        f"| comparison of one ingest, p50 / p99 | {seconds[0]:.2f} / {seconds[1]:.2f} s | |",
        f"| its queries, p50 / p99 | {queries[0]:.0f} / {queries[1]:.0f} | |",
        f"| rows it opens, p50 / p99 | {read[0]:,.0f} / {read[1]:,.0f} | |",
        f"| load average at the end | {os.getloadavg()[0]:.1f} | |",
        f"| alerts that did not arrive | {missing} | |",
        f"| known sources | {sources:,} | about 10^6 |",
        "| places with a limit | 60 % | 60 % |",
        f"| alerts a day, all | {rows['alert'].sum() / len(days):.2f} | 0.7 (+0.7 -0.5) |",
    ]
    constant = rows.filter(pl.col("change") == 1)
    lines.append(
        f"| alerts of constant sources, in all days | {constant['alert'].sum()} | |"
    )
    lines += [
        "\n| change | injected | compared | rare by odds | alert |",
        "|---|---:|---:|---:|---:|",
    ]
    for factor in (*FACTORS, *(1 / f for f in FACTORS)):
        changed = rows.filter((pl.col("change") - factor).abs() < 1e-9)
        injected = int(((names["change"] - factor).abs() < 1e-9).sum())
        rare = int((changed["expected"] <= 0.01).sum())
        lines.append(
            f"| x {factor:g} | {injected} | {len(changed)} | {rare} "
            f"| {changed['alert'].sum()} |"
        )
    lines += [
        "\n| stated alerts of chance a day | stated in all | constant sources |",
        "|---:|---:|---:|",
    ]
    per_day = constant.with_columns(
        pl.len().over(pl.col("key").str.slice(0, 16)).alias("n")
    )
    for level in LEVELS:
        chance = int((per_day["p_value"] <= level / per_day["n"]).sum())
        lines.append(f"| {level:g} | {level * len(days):.1f} | {chance} |")
    lines.append(
        "\nAn alert needs a measured ratio of 5 and odds of 0.01 a day: half of the "
        "changes by exactly 5 are measured below it. Constant sources are the shuffled "
        "data: their detections differ by their errors only. STONKS: Quintin+ 2024, A&A "
        "687, A250 (abstract: 483 observations of 2021; alerts at a ratio over 5)."
    )
    return lines


def _files():
    return Query("ops.files", ("sha256", "ingested"), full_scan=True)


def main():
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=365)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    options = parser.parse_args()
    began = datetime.now(UTC)

    def progress(words):
        if not options.quiet:
            spent = (datetime.now(UTC) - began).total_seconds()
            print(f"{spent:6.0f} s  {words}", flush=True)

    text = tables(options.sources, options.files, progress)
    print(text)
    print(f"{(datetime.now(UTC) - began).total_seconds():.0f} s")
    if options.write:
        record("findings", "Findings: a year of detections against known sources", text)


if __name__ == "__main__":
    main()
