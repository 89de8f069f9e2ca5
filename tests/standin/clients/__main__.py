"""Try the operations of clients that people use, where the vendors' variables point.

`make clients` does it on an embedded platform of its own, and writes the counts into
benchmarks/RESULTS.md. Fewer that work than floor.json says is a failure, and so is an
operation of a client that floor.json calls complete.
"""

import argparse
import json
import sys
from pathlib import Path

import libraries
import programs
import sdk
from tried import Result, result_of

FLOOR = Path(__file__).parent / "floor.json"
RESULTS = Path(__file__).parents[3] / "benchmarks" / "RESULTS.md"
BEGIN, END = "<!-- make clients -->", "<!-- end of make clients -->"


def main() -> int:
    """Try, print and write; 1 if fewer work than did."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=[], help="names of clients")
    parser.add_argument("--write", action="store_true", help="write into RESULTS.md")
    given = parser.parse_args()
    clients = [*libraries.ALL, *programs.ALL, *sdk.ALL]
    chosen = [c for c in clients if not given.only or c.name in given.only]
    results = [result_of(client) for client in chosen]
    for result in results:
        print(_line(result))
        for name, reason in result.failed.items():
            print(f"  fails: {name}: {reason}")
    if given.write:
        _write(results)
    falls = _falls(results)
    print(*falls, sep="\n")
    return 1 if falls else 0


def _line(result: Result) -> str:
    if result.skipped:
        return f"{result.name}: skipped, {result.skipped}"
    return f"{result.name} {result.version}: {result.works} of {result.tried} work"


def _falls(results: list[Result]) -> list[str]:
    floor = json.loads(FLOOR.read_text())
    return [
        f"FALL: {result.name}: {result.works} operations work, {floor[result.name]} did"
        for result in results
        if not result.skipped and result.works < floor.get(result.name, 0)
    ]


def _write(results: list[Result]) -> None:
    rows = [
        f"| {r.name} | {r.version or '-'} | {r.works} ÷ {r.tried} | "
        f"{(r.skipped and f'skipped: {r.skipped}') or '; '.join(r.failed) or '-'} |"
        for r in results
    ]
    table = "\n".join(
        [
            "| client | version | operations that work ÷ tried | fails |",
            "| --- | --- | --- | --- |",
            *rows,
        ]
    )
    text = RESULTS.read_text()
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n## Clients\n\n`make clients` tries them.\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    RESULTS.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    sys.exit(main())
