"""The outcome of an ingest, on the screen or as JSON."""

from collections import Counter
from typing import TYPE_CHECKING

from orbital_kernel.commands.output import print_json, table
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.ingest import IngestReport


def show(report: "IngestReport", *, as_json: bool) -> None:
    """Print what became of each file and its rows."""
    if as_json:
        print_json(report.to_json())
        return
    echo(repr(report))
    remarks = Counter(text for file in report.files for text in file.understood)
    if remarks:
        table(
            "remarks of the readers",
            ("files", "remark"),
            [(f"{n:,}", r) for r, n in remarks.most_common()],
        )
    _account(report)
    if report.compared:
        echo(f"compared: {report.compared}")
    for fault in report.faults:
        echo(f"quality: {fault}")
    refused = report.in_state("refused")
    if refused:
        table("refused", ("file", "reason"), [(r.path, r.reason) for r in refused])


def _account(report: "IngestReport") -> None:
    """Print what became of the rows: by table, and those replaced or skipped by reason."""
    states = ("inserted", "updated", "unchanged")
    totals: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {"replaced": Counter(), "skipped": Counter()}
    for file in report.files:
        for name, counts in file.tables.items():
            totals.setdefault(name, Counter()).update(counts)
        reasons["replaced"].update(file.replaced)
        reasons["skipped"].update(file.skipped)
    if totals:
        counted = [
            (name, *(f"{total[state]:,}" for state in states))
            for name, total in sorted(totals.items())
        ]
        table("rows", ("table", "new", "updated", "already there"), counted)
    places = sum((Counter(file.places) for file in report.files), Counter[str]())
    if places:
        by_source = [(f"{points:,}", name) for name, points in places.most_common()]
        table("places of points", ("points", "position of"), by_source)
    for verb, counter in reasons.items():
        if counter:
            by_reason = [(f"{rows:,}", why) for why, rows in counter.most_common()]
            table(f"rows {verb}", ("rows", "reason"), by_reason)
