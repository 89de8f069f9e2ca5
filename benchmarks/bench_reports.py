"""The size of the page of every report, and how long it takes, on the sample sky.

    python benchmarks/bench_reports.py [NAME ...] [--write]

Exits with 1 if a page is larger than 3 MB. `--write` puts the table into RESULTS.md,
section "Reports".
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from recorded import record

from orbital_kernel import connect, embedded, reports

LARGEST_MB = 3.0


def measured(out, names):
    """Yield name, size (MB) and seconds of each report."""
    for name in names:
        start = time.monotonic()
        page = reports.run(reports.find(name), out)
        yield name, page.stat().st_size / 1e6, time.monotonic() - start


def main():
    """Run the reports on a platform of their own; print or record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(reports.reports()))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "platform")
        os.environ["ORBITAL_HOME"] = str(home)
        try:
            orbital = connect()
            orbital.prepare()
            orbital.bursts.scan_store()
            orbital.match()
            rows = list(measured(Path(folder, "out"), given.names))
        finally:
            embedded.stop(home)
    lines = ["| report | page (MB) | time (s) |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {size:.2f} | {seconds:.0f} |" for name, size, seconds in rows
    ]
    print("\n".join(lines))
    if given.write:
        intro = f"Pages on the sample sky; a page may have {LARGEST_MB:g} MB."
        record("reports", "Reports", "\n".join((intro, "", *lines)))
    return int(any(size > LARGEST_MB for _name, size, _seconds in rows))


if __name__ == "__main__":
    sys.exit(main())
