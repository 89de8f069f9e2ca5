"""Public calls by name and place, beside DuckDB and Polars over sorted Parquet.

    python benchmarks/bench_questions.py [--rows 100000 1000000] [--asks 20]
        [--settle 60] [--out benchmarks/RESULTS.md] [--plot docs/question_latency.png]

Each size has a platform of its own with so many points and so many sources
(question_tables.py). Cold is the first call of a new session, warm the median of the
further ones, each about another object. The files of DuckDB and Polars are sorted by what
the question searches by, as a careful user would: points by object and by HEALPix index,
sources by HEALPix index and by identifier, names by their normalised spelling. Their
answers are those of the same selections; at 10^5 rows all are compared with brute force.
The last three questions
are of all rows (analytical_questions.py). `bytes` is what the answers of Orbital's queries
hold. A public call does more than the selection: it searches names, bursts and notices of all
observatories, and converts units.
"""

import argparse
import json
import os
import shutil
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import analytical_questions as whole
import duckdb
import numpy as np
import polars as pl
import question_tables as tables
from query_plot import draw

from orbital_kernel import Cone, Query, connect, embedded
from orbital_kernel.model.sky import separation_deg
from orbital_kernel.model.spelling import normalised
from orbital_kernel.storage.cost.question_model import Asked, predicted_largest

RADIUS_ARCMIN = 1.0
NEARBY_ARCSEC = 5.0
REPEATS = 3
EXACT_ROWS = 100_000
BEGIN, END = "<!-- questions: begin -->", "<!-- questions: end -->"
HEADING = "## Questions"


@dataclass(frozen=True)
class Target:
    """What a call is about."""

    name: str
    ra: float
    dec: float
    source: str
    source_ra: float
    source_dec: float


def main():
    arguments = _arguments()
    lines = []
    for rows in arguments.rows:
        folder = Path(mkdtemp(prefix="bench-questions-"))
        try:
            lines += measure(folder, rows, arguments.asks, arguments.settle)
        finally:
            embedded.stop(folder)
            shutil.rmtree(folder)
    print(text := table(lines))
    print(json.dumps(lines))
    if arguments.out:
        record(arguments.out, text)
    for checked in predictions(lines):
        print(checked)
    if arguments.plot:
        draw(lines, arguments.plot)


def measure(folder, rows, asks, settle):
    """Return one line per call and engine."""
    orbital = connect(folder)
    orbital.storage.apply()
    objects = tables.fill(orbital.store, rows)
    start = time.perf_counter()
    orbital.names.rebuild()
    rebuilt = time.perf_counter() - start
    sorted_in = tables.settle(orbital.store, settle)
    frames = Parquet(folder, tables.photometry(objects), tables.sources(rows))
    targets = choose(objects, frames.sources, asks)
    lines = [line(rows, "names.rebuild", "Orbital", [rebuilt], None)]
    for call, ask in CALLS.items():
        cold = connect(folder)
        first = timed(lambda ask=ask, s=cold: ask(s, targets[0]))
        cold.flush()
        ask(orbital, targets[0])
        warm = [timed(lambda t=t, ask=ask: ask(orbital, t)) for t in targets[1:]]
        with orbital.explained() as explanation:
            answer = ask(orbital, targets[1])
        lines.append(line(rows, call, "Orbital", [first, *warm], explanation))
        for engine in ("DuckDB sorted", "Polars sorted"):
            query = getattr(frames, engine.partition(" ")[0].lower()).get(call)
            if query is None:
                continue
            if rows <= EXACT_ROWS:
                compare(call, engine, answer, query(targets[1]), frames, targets[1])
            spent = [timed(lambda t=t, query=query: query(t)) for t in targets]
            lines.append(line(rows, call, engine, spent, None))
        print(json.dumps(lines[-3:]), flush=True)
    lines[-1]["sorted_after_s"] = sorted_in
    lines += analytical(orbital, folder, rows, frames.files["by_object"])
    orbital.flush()
    return lines


def analytical(orbital, folder, rows, photometry):
    """Return the lines of the questions of all rows, beside DuckDB."""
    good_times = whole.fill(orbital.store, rows, folder)
    statements = whole.statements(photometry, good_times)
    lines = []
    for call, ask in whole.CALLS.items():
        spent = [timed(lambda ask=ask: ask(orbital)) for _ in range(REPEATS)]
        with orbital.explained() as explanation:
            answer = ask(orbital)
        lines.append(line(rows, call, "Orbital", spent, explanation))
        text = statements[call]
        whole.compare(call, answer, whole.asked(text))
        spent = [timed(lambda text=text: whole.asked(text)) for _ in range(REPEATS)]
        lines.append(line(rows, call, "DuckDB sorted", spent, None))
    print(json.dumps(lines), flush=True)
    return lines


CALLS = {
    "position by name": lambda s, t: s.objects.position(t.name),
    "position by source id": lambda s, t: s.objects.position(t.source),
    "points by name": lambda s, t: (
        s.query(Query("swift.photometry", sets={"object": [t.name]})).frame
    ),
    "points by place": lambda s, t: (
        s.query(
            Query("swift.photometry", cone=Cone(t.ra, t.dec, NEARBY_ARCSEC / 60))
        ).frame
    ),
    "light curve by name": lambda s, t: s.light_curve(t.name),
    "light curve by place": lambda s, t: s.light_curve((t.ra, t.dec)),
    "known at a place": lambda s, t: s.known_at((t.ra, t.dec)),
    "cone of sources": lambda s, t: s.cone(
        "chandra.sources",
        ra=t.source_ra,
        dec=t.source_dec,
        radius_arcmin=RADIUS_ARCMIN,
    ),
    "names complete": lambda s, t: s.names.complete(t.name[:-1]),
    "object": lambda s, t: s.object(t.name),
}


class Parquet:
    """The same rows as sorted files, and the same selections by DuckDB and Polars."""

    def __init__(self, folder, photometry, sources):
        self.photometry, self.sources = map(pl.from_arrow, (photometry, sources))
        names = self.photometry.group_by("object").agg(pl.col("ra", "dec").first())
        keys = pl.Series("normalised", [*map(normalised, names["object"])])
        self.files = {
            name: folder / f"{name}.parquet"
            for name in ("by_object", "by_place", "sources", "ids", "names")
        }
        self.photometry.sort("object", "time").write_parquet(self.files["by_object"])
        self.photometry.sort("healpix").write_parquet(self.files["by_place"])
        self.sources.sort("healpix").write_parquet(self.files["sources"])
        self.sources.sort("source_id").write_parquet(self.files["ids"])
        names.with_columns(keys).sort("normalised").write_parquet(self.files["names"])
        self.database = duckdb.connect()
        self.database.execute("SET enable_progress_bar = false")

    @property
    def duckdb(self):
        """The selections as SQL."""
        return {
            "position by name": lambda t: self._name(t, self._sql),
            "position by source id": lambda t: self._id(t, self._sql),
            "points by name": lambda t: self._object(t, self._sql),
            "points by place": lambda t: self._near(t, self._sql),
            "cone of sources": lambda t: self._cone(t, self._sql),
        }

    @property
    def polars(self):
        """The selections as lazy frames."""
        return {
            "position by name": lambda t: self._name(t, self._lazy),
            "position by source id": lambda t: self._id(t, self._lazy),
            "points by name": lambda t: self._object(t, self._lazy),
            "points by place": lambda t: self._near(t, self._lazy),
            "cone of sources": lambda t: self._cone(t, self._lazy),
        }

    def _name(self, target, select):
        return select("names", "normalised", [(normalised(target.name),) * 2])

    def _id(self, target, select):
        return select("ids", "source_id", [(target.source,) * 2])

    def _object(self, target, select):
        return select("by_object", "object", [(target.name,) * 2])

    def _near(self, target, select):
        cone = Cone(target.ra, target.dec, NEARBY_ARCSEC / 60)
        return within(cone, select("by_place", "healpix", cone.cover))

    def _cone(self, target, select):
        cone = Cone(target.source_ra, target.source_dec, RADIUS_ARCMIN)
        return within(cone, select("sources", "healpix", cone.cover))

    def _sql(self, file, column, ranges):
        values = [end for pair in ranges for end in pair]
        where = " OR ".join([f"{column} BETWEEN ? AND ?"] * len(ranges))
        text = f"SELECT * FROM read_parquet('{self.files[file]}') WHERE {where}"
        rows = self.database.cursor().sql(text, params=values)
        return pl.from_arrow(rows.to_arrow_table())

    def _lazy(self, file, column, ranges):
        where = pl.any_horizontal(
            pl.col(column).is_between(pl.lit(low), pl.lit(high)) for low, high in ranges
        )
        return pl.scan_parquet(self.files[file]).filter(where).collect()


def within(cone, frame):
    """Return the rows within a cone."""
    apart = separation_deg(cone.ra, cone.dec, frame["ra"], frame["dec"])
    return frame.filter(pl.Series(apart * 60 <= cone.radius_arcmin))


def compare(call, engine, answer, rows, frames, target):
    """Stop if an answer is not that of brute force over all rows in memory."""
    exact = {
        "position by name": lambda: frames.photometry.filter(object=target.name).head(
            1
        ),
        "position by source id": lambda: frames.sources.filter(source_id=target.source),
        "points by name": lambda: frames.photometry.filter(object=target.name),
        "points by place": lambda: within(
            Cone(target.ra, target.dec, NEARBY_ARCSEC / 60), frames.photometry
        ),
        "cone of sources": lambda: within(
            Cone(target.source_ra, target.source_dec, RADIUS_ARCMIN), frames.sources
        ),
    }[call]()
    if call.startswith("position"):
        expected = [(exact["ra"][0], exact["dec"][0])]
        pairs = [answer], [(rows["ra"][0], rows["dec"][0])]
    else:
        label = "time" if call.startswith("points") else "source_id"
        expected = exact[label].sort().to_list()
        pairs = answer[label].sort().to_list(), rows[label].sort().to_list()
    for name, selection in zip(("Orbital", engine), pairs, strict=True):
        if selection != expected:
            raise SystemExit(f"{call}: {name} differs from brute force")


def choose(objects, sources, asks):
    """Return targets with about the same number of points, so that times compare."""
    order = np.argsort(np.abs(np.log(objects.points / 5_000)))[: asks + 1]
    rows = sources.sample(asks + 1, seed=tables.SEED)
    return [
        Target(
            objects.names[k],
            float(objects.ra[k]),
            float(objects.dec[k]),
            row["source_id"],
            row["ra"],
            row["dec"],
        )
        for k, row in zip(
            np.resize(order, asks + 1), rows.iter_rows(named=True), strict=True
        )
    ]


def predictions(lines):
    """Yield what the scale model makes of each call at the largest size, from smaller."""
    for call in dict.fromkeys(entry["kind"] for entry in lines):
        measured = [
            Asked(e["rows_stored"], e["rows_read"], e["bytes"], e["rows_returned"])
            for e in lines
            if e["kind"] == call and e["rows_read"] is not None
        ]
        if len({query.rows_stored for query in measured}) > 2:
            yield f"{call}: {predicted_largest(measured)}"


def timed(ask):
    """Return the duration of a call, s."""
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def line(rows, call, engine, spent, explanation):
    """Return one line of the result; the first duration is the cold one."""
    warm = spent[1:] or spent
    return {
        "rows": rows,
        "kind": call,
        "engine": engine,
        "clients": 1,
        "cold_ms": round(1e3 * spent[0], 1),
        "p50_ms": round(1e3 * statistics.median(warm), 1),
        "queries": None if explanation is None else len(explanation.queries),
        "rows_read": None if explanation is None else explanation.rows_read,
        "bytes": None
        if explanation is None
        else sum(query.bytes for query in explanation.queries),
        "rows_stored": None if explanation is None else explanation.rows_stored,
        "rows_returned": None if explanation is None else explanation.rows_returned,
    }


def table(lines):
    """Return the lines as a table in Markdown."""
    heads = (
        *("rows", "call", "engine", "cold, ms", "warm p50, ms", "queries"),
        *("rows read", "of stored", "returned", "bytes"),
    )
    keys = (
        *("rows", "kind", "engine", "cold_ms", "p50_ms", "queries"),
        *("rows_read", "rows_stored", "rows_returned", "bytes"),
    )
    body = [
        "| " + " | ".join(_cell(entry[key]) for key in keys) + " |" for entry in lines
    ]
    return "\n".join(
        [
            "| " + " | ".join(heads) + " |",
            "| " + " | ".join("---" for _ in heads) + " |",
            *body,
        ]
    )


def _cell(value):
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def record(path, text):
    """Write the table into RESULTS.md, in place of the one of an earlier run."""
    content = path.read_text(encoding="utf-8")
    if BEGIN not in content:
        intro = __doc__.split("\n\n", 2)[2].strip()
        content = f"{content.rstrip()}\n\n{HEADING}\n\n{intro}\n\n{BEGIN}\n{END}\n"
    before, remainder = content.split(BEGIN)
    after = remainder.split(END)[1]
    date = time.strftime("%Y-%m-%d", time.gmtime())
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    cores = os.cpu_count()
    note = (
        f"Measured on {date} (UTC) on {cores} cores; load at the end {load} (more than "
        f"{cores} means that other work slowed all engines down)."
    )
    path.write_text(
        f"{before}{BEGIN}\n{note}\n\n{text}\n{END}{after}", encoding="utf-8"
    )


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--asks", type=int, default=20)
    parser.add_argument("--settle", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
