"""Seconds until a command of the shell has answered, beside the vendor's import alone.

    python benchmarks/bench_cli.py [--repeat 7] [--record]

Each command runs as a new process against an embedded platform that is up and holds the
sample sky. The commands take turns with `python -c "import vastdb"`, so that other work on
the machine slows both: read the ratio. `--record` puts the table into RESULTS.md.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recorded import record

from orbital_kernel import connect, embedded

VENDOR = (sys.executable, "-c", "import vastdb")
COMMANDS = (
    ("--help",),
    ("query", "cone", "--help"),
    ("status",),
    ("query", "cone", "swift.sources", "--ra", "0.8", "--dec", "-0.5", "--radius=10"),
    ("query", "time", "swift.rates", "2012-01-02T12:00", "2012-01-02T12:01"),
    ("query", "objects", "swift", "chandra"),
)


def seconds_of(words, environment):
    start = time.perf_counter()
    subprocess.run(words, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


def measured(home, repeat):
    """Return (command, median, fastest, median of the ratios to the vendor's import)."""
    orbital = Path(sys.executable).with_name("orbital")
    environment = {**os.environ, "ORBITAL_HOME": str(home)}
    runs = [VENDOR, *((str(orbital), *words) for words in COMMANDS)]
    for words in runs:  # compiled files and caches
        seconds_of(words, environment)
    seconds = [
        [seconds_of(words, environment) for words in runs] for _ in range(repeat)
    ]
    columns = list(zip(*seconds, strict=True))
    labels = [
        'python -c "import vastdb"',
        *(f"orbital {' '.join(w)}" for w in COMMANDS),
    ]
    return [
        (
            label,
            statistics.median(column),
            min(column),
            statistics.median(s / v for s, v in zip(column, columns[0], strict=True)),
        )
        for label, column in zip(labels, columns, strict=True)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as box:
        orbital = connect(Path(box) / "platform")
        try:
            orbital.prepare()
            rows = measured(orbital.home, options.repeat)
        finally:
            embedded.stop(orbital.home)
    lines = [
        "| command | median, s | fastest, s | of the vendor's import |",
        "| --- | ---: | ---: | ---: |",
        *(f"| `{c}` | {m:.2f} | {f:.2f} | {r:.2f} |" for c, m, f, r in rows),
    ]
    print("\n".join(lines))
    if options.record:
        about = (
            f"`make bench-cli`: new processes, {options.repeat} runs each in turn, against a "
            "platform with the sample sky. Ratios are medians of pairs that ran side by side."
        )
        record("bench_cli", "Commands", about + "\n\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
