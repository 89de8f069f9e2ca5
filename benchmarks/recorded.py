"""Tables that a benchmark writes into RESULTS.md itself, between two marks of its name."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def record(name, title, text, *, after=None):
    """Put a section into RESULTS.md, in place of the one recorded under that name.

    A new one is put behind the section with the heading `after`, else at the end.
    """
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {day}"
    section = (
        f"<!-- {name} -->\n## {title}\n\n{text.strip()}\n\n{machine}.\n<!-- /{name} -->"
    )
    results = RESULTS.read_text(encoding="utf-8")
    old = re.compile(rf"<!-- {name} -->.*<!-- /{name} -->", re.DOTALL)
    if old.search(results):
        results = old.sub(lambda _: section, results)
    elif after and (heading := re.search(rf"^## {after}$", results, re.MULTILINE)):
        following = re.compile(r"^(## |<!-- )", re.MULTILINE)
        end = following.search(results, heading.end())
        at = end.start() if end else len(results)
        results = f"{results[:at].rstrip()}\n\n{section}\n\n{results[at:]}"
    else:
        results = f"{results.rstrip()}\n\n{section}\n"
    RESULTS.write_text(results, encoding="utf-8")
