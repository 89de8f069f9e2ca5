"""One sample file through a real platform of its own, and back.

The platform is the embedded one in a temporary folder: provisioned, the file ingested,
read back and compared, ingested again, replaced, and taken down.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from orbital_kernel import connect, embedded
from orbital_kernel.errors import OrbitalError
from orbital_kernel.model import times
from orbital_kernel.model.observatory import Observatory
from orbital_kernel.session import Orbital

Step = tuple[str, str, str]
CLOCK_NS = 1_000


def round_trip(observatory: Observatory, sample: Path) -> Iterator[Step]:
    """Yield (check, state, found) for each step; the first that fails ends it."""
    with tempfile.TemporaryDirectory() as box:
        try:
            orbital = connect(Path(box) / "platform")
            orbital.storage.apply()
            for step in _steps(orbital, observatory, sample):
                yield step
                if step[1] == "fails":
                    break
            orbital.flush()
        except OrbitalError as error:
            yield "round trip", "fails", str(error)
        finally:
            embedded.stop(Path(box) / "platform")


def _steps(orbital: Orbital, observatory: Observatory, sample: Path) -> Iterator[Step]:
    yield _taken_in(orbital, observatory, sample)
    counts = {
        n: r
        for n, r in orbital.tables().items()
        if n.startswith(f"{observatory.name}.")
    }
    frames = {n: orbital.table(n) for n, rows in counts.items() if rows}
    for name, test in SENSE.items():
        wrong = "; ".join(
            f"{table}: {text}"
            for table, rows in frames.items()
            if (text := test(observatory, rows))
        )
        yield f"sample: {name}", "fails" if wrong else "ok", wrong or "as it should be"
    again = orbital.ingest(sample).files
    states = {file.state for file in again}
    yield _judged(
        "ingested again", states == {"unchanged"}, "adds nothing", str(states)
    )
    compared = orbital.validate(sample)
    differing = [f"{f.path}: {f.state}" for f in compared.files if f.state != "same"]
    yield _judged(
        "source and store",
        compared.agrees and not differing,
        "the same rows, checksums of every numeric column",
        "; ".join(differing),
    )
    orbital.ingest(sample, replace=True)
    after = {n: r for n, r in orbital.tables().items() if n in counts}
    yield _judged("replaced", after == counts, "the same rows again", f"{after}")


def _taken_in(orbital: Orbital, observatory: Observatory, sample: Path) -> Step:
    report = orbital.ingest(sample, observatory=observatory.name)
    refused = report.in_state("refused")
    if refused or not report.rows:
        why = refused[0].reason if refused else "no row came of it"
        return "sample: ingested", "fails", str(why)
    file = report.files[0]
    if file.format not in observatory.readers:
        return (
            "sample: ingested",
            "fails",
            f"{file.format} read it, which the file's `readers` do not name",
        )
    rows = ", ".join(
        f"{counts['inserted']:,} {name}" for name, counts in file.tables.items()
    )
    return "sample: ingested", "ok", f"by {file.format}: {rows}"


def _judged(name: str, good: bool, evidence: str, wrong: str) -> Step:
    return f"sample: {name}", "ok" if good else "fails", evidence if good else wrong


def _times(observatory: Observatory, rows: pl.DataFrame) -> str:
    """Report what is wrong with the time column; '' if nothing."""
    if "time" not in rows.columns or not len(rows.drop_nulls("time")):
        return "" if "time" not in rows.columns else "no row has a time"
    instants = rows.drop_nulls("time")["time"].to_numpy()
    first, last = instants.min(), instants.max()
    epoch = times.to_tt(observatory.clock.rule, 0.0)[0]
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "ns")
    if not epoch <= first <= last <= now + np.timedelta64(366, "D"):
        return f"times reach from {first} to {last}, the epoch is {epoch}"
    return ""


def _clock(observatory: Observatory, rows: pl.DataFrame) -> str:
    """Report where time is not the clock's value by its own rule."""
    if not {"time_rule", "met_s"} <= set(rows.columns):
        return ""
    timed = rows.filter(time_rule=observatory.clock.rule).drop_nulls(["time", "met_s"])
    if not len(timed):
        return ""
    met = timed["met_s"].to_numpy()
    correction = (
        timed["utcf_s"].fill_null(0.0).to_numpy()
        if "utcf_s" in timed.columns
        else np.zeros(len(met))
    )
    computed = times.to_tt(observatory.clock.rule, met, utcf_s=correction)
    off = np.abs((computed - timed["time"].to_numpy()).astype(np.int64)).max()
    if off > CLOCK_NS:
        return f"time is up to {off / 1e9:g} s off what met_s gives by {observatory.clock.rule}"
    return ""


def _instruments(observatory: Observatory, rows: pl.DataFrame) -> str:
    if "instrument" not in rows.columns:
        return ""
    names = tuple(i.name.casefold() for i in observatory.instruments)
    written = rows["instrument"].drop_nulls().unique().sort()
    strangers = [n for n in written if not n.casefold().startswith(names)]
    if strangers:
        return f"instruments {strangers} begin like none of the file's"
    return ""


def _values(_observatory: Observatory, rows: pl.DataFrame) -> str:
    """Report values without a unit, negative errors and places off the sky."""
    if {"value", "unit"} <= set(rows.columns):
        bare = rows.filter(pl.col("value").is_not_null(), pl.col("unit").is_null())
        if len(bare):
            return f"{len(bare)} values have no unit"
    errors = [n for n in rows.columns if "_err" in n and rows[n].dtype.is_float()]
    negative = [n for n in errors if (rows[n].min() or 0) < 0]  # type: ignore[operator]
    if negative:
        return f"negative errors in {', '.join(negative)}"
    if {"ra", "dec"} <= set(rows.columns):
        off = rows.filter(~pl.col("ra").is_between(0, 360) | (pl.col("dec").abs() > 90))
        if len(off):
            return f"{len(off)} places are off the sky"
    return ""


SENSE = {
    "times": _times,
    "clock": _clock,
    "instruments": _instruments,
    "values": _values,
}
