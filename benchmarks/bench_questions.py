"""Public calls by name and place, beside DuckDB and Polars over sorted Parquet.

    python benchmarks/bench_questions.py [--rows 100000 1000000 10000000] [--largest]
        [--asks 20] [--clients 8] [--settle 900] [--out benchmarks/RESULTS.md]
        [--plot docs/question_latency.png] [--keep notebooks/questions.csv]

Each size has a platform of its own with so many points and so many sources
(question_tables.py). Cold is the first call of a new session, warm the median of the
further ones, each about another object. The files of DuckDB and Polars are sorted by what
the question searches by, as a careful user would: points by object and by HEALPix index,
sources by HEALPix index and by identifier, names by their normalised spelling. Their
answers are those of the same selections; at 10^5 rows all are compared with brute force.
Lines with several clients are of as many processes that make the same call at once, each
about another object, alone and beside another process that inserts 1,000 points a second.
The last three questions are of all rows (analytical_questions.py). `bytes` is what the
answers of Orbital's queries hold; `queries` are those that were sent: a table without rows
is not asked. These and the numbers of rows are medians of the calls. A public call does more than the selection: it searches names, bursts and
notices of all observatories, and converts units.
`--largest` measures 10^8 points beside 10^7 sources, of Orbital alone; its photometry has no
projections by value and ObsID, so that it fits into 40 GB.
"""

import argparse
import json
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp

import analytical_questions as whole
import polars as pl
import question_tables as tables
from query_plot import draw
from question_calls import CALLS, asks_of, choose
from question_clients import by_clients, ingesting
from question_growth import with_growth
from question_parquet import Parquet, compare
from question_results import (
    LARGEST_PART,
    PART,
    asked,
    circumstances,
    keep,
    line,
    record,
    table,
)

from orbital_kernel import connect, embedded
from orbital_kernel.storage.cost.question_model import fitted_to, read_asked

REPEATS = 3
EXACT_ROWS = 100_000
LARGEST = 100_000_000
ORBITAL = "Orbital"


def main():
    arguments = _arguments()
    lines, notes, measured = [], [circumstances()], []
    sizes = [LARGEST] if arguments.largest else arguments.rows
    for rows in sizes:
        folder = Path(mkdtemp(prefix="bench-questions-"))
        try:
            run = Run(folder, rows, arguments)
            lines += run.lines()
            notes.append(run.note)
            measured += run.measured
        finally:
            embedded.stop(folder)
            shutil.rmtree(folder)
    notes[0] = circumstances()
    print(text := table(lines))
    print(*notes, sep="\n")
    if arguments.out:
        part = LARGEST_PART if arguments.largest else PART
        record(arguments.out, text, "\n\n".join(notes), part, with_growth)
    if arguments.keep:
        keep(arguments.keep, measured)
        if len(sizes) > 2:
            print(fitted_to(read_asked(arguments.keep)))
    if arguments.plot:
        draw(lines, arguments.plot)


class Run:
    """The measurements of one size."""

    def __init__(self, folder, rows, arguments):
        self.folder, self.rows, self.arguments = folder, rows, arguments
        self.measured = []
        self._start = time.perf_counter()
        self.orbital = connect(folder)
        self.orbital.storage.apply()
        self.objects = tables.fill(self.orbital.store, rows, self._say)
        start = time.perf_counter()
        self.orbital.names.rebuild()
        self.rebuilt = time.perf_counter() - start
        self._say(f"names registered in {self.rebuilt:.1f} s")
        settled = tables.settle(self.orbital.store, arguments.settle)
        if settled is None:
            raise SystemExit(
                f"{rows:,} rows were not sorted within {arguments.settle} s: give a "
                "larger --settle"
            )
        built = time.perf_counter() - self._start
        size = tables.disk_bytes(folder)
        self.note = (
            f"{rows:,} points and {tables.number_of_sources(rows):,} sources: built and "
            f"sorted in {built:.0f} s, {size / 1e9:.1f} GB on disk."
        )
        self._say(self.note)

    def _say(self, text):
        print(f"{time.perf_counter() - self._start:7.0f} s  {text}", flush=True)

    def lines(self):
        """Return one line per call, engine and number of clients."""
        rows, frames, whole_lines = self.rows, None, []
        if rows < tables.SLIM_FROM:
            points = tables.photometry(self.objects)
            frames = Parquet(self.folder, points, tables.sources(rows))
            del points
            self._say("Parquet sorted and written")
        targets = self._targets(frames)
        lines = [line(rows, "names.rebuild", ORBITAL, [self.rebuilt])]
        for call, ask in CALLS.items():
            lines += self._call(call, ask, targets, frames)
        if frames is not None:
            whole_lines = self._analytical(frames.files["by_object"])
        if self.arguments.clients > 1:
            lines += self._clients(targets)
        self.orbital.flush()
        return lines + whole_lines

    def _targets(self, frames):
        most = max(asks_of(call, self.arguments.asks) for call in CALLS)
        if frames is not None:
            return choose(self.objects, frames.sources, most)
        few = next(tables.source_slices(tables.number_of_sources(self.rows)))
        return choose(self.objects, pl.from_arrow(few), most)

    def _call(self, call, ask, targets, frames):
        """Return the lines of one call by one client, of all engines."""
        targets = targets[: asks_of(call, self.arguments.asks) + 1]
        fresh = connect(self.folder)
        first = timed(lambda: ask(fresh, targets[0]))
        fresh.flush()
        ask(self.orbital, targets[0])
        spent, explanations = [first], []
        for target in targets[1:]:
            with self.orbital.explained() as explanation:
                spent.append(timed(lambda t=target: ask(self.orbital, t)))
            explanations.append(explanation)
            self.measured.append(asked(self.rows, call, explanation, spent[-1]))
        lines = [line(self.rows, call, ORBITAL, spent, explanations)]
        for engine in ("DuckDB", "Polars") if frames is not None else ():
            query = getattr(frames, engine.lower()).get(call)
            if query is None:
                continue
            name = f"{engine} sorted"
            if self.rows <= EXACT_ROWS:
                answer = ask(self.orbital, targets[1])
                compare(call, name, answer, query(targets[1]), frames, targets[1])
            spent = [timed(lambda t=t, query=query: query(t)) for t in targets]
            lines.append(line(self.rows, call, name, spent))
        self._say(json.dumps(lines[0]))
        return lines

    def _clients(self, targets):
        """Return the lines of several clients at once, alone and beside an ingest."""
        number, targets = self.arguments.clients, targets[: self.arguments.asks + 1]
        alone = by_clients(self.folder, targets, number)
        self._say(f"{number} clients measured")
        with ingesting(self.folder):
            beside = by_clients(self.folder, targets, number)
        self._say(f"{number} clients measured beside an ingest")
        return [
            line(self.rows, call, engine, spent[call], clients=number, cold=False)
            for engine, spent in ((ORBITAL, alone), (f"{ORBITAL}, ingesting", beside))
            for call in CALLS
        ]

    def _analytical(self, photometry):
        """Return the lines of the questions of all rows, beside DuckDB."""
        good_times = whole.fill(self.orbital.store, self.rows, self.folder)
        statements = whole.statements(photometry, good_times)
        lines = []
        for call, ask in whole.CALLS.items():
            spent = []
            for _ in range(REPEATS + 1):
                with self.orbital.explained() as explanation:
                    spent.append(timed(lambda ask=ask: ask(self.orbital)))
            self.measured.append(asked(self.rows, call, explanation, spent[-1]))
            lines.append(line(self.rows, call, ORBITAL, spent, [explanation]))
            text = statements[call]
            whole.compare(call, ask(self.orbital), whole.asked(text))
            spent = [timed(lambda t=text: whole.asked(t)) for _ in range(REPEATS + 1)]
            lines.append(line(self.rows, call, "DuckDB sorted", spent))
        self._say("questions of all rows measured")
        return lines


def timed(ask):
    """Return the duration of a call, s."""
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = [100_000, 1_000_000, 10_000_000]
    parser.add_argument("--rows", type=int, nargs="*", default=sizes)
    parser.add_argument(
        "--largest",
        action="store_true",
        help="10^8 points instead, in a table of its own; needs 40 GB",
    )
    parser.add_argument("--asks", type=int, default=20)
    parser.add_argument(
        "--clients", type=int, default=8, help="processes at once; 1: none but this"
    )
    parser.add_argument("--settle", type=float, default=900.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument(
        "--keep", type=Path, help="write what the scale model is fitted to (CSV)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
