"""Growth of each call from the smallest to the largest recorded size, per row returned.

Read from the tables in RESULTS.md, those of all sizes and that of 10^8 points, so that it
is up to date whichever of them was recorded last. A call that returns three times as many
rows takes longer for these rows, whatever the table holds.
"""

import re

from question_results import COLUMNS, LARGEST_PART, PART, marks

GROWTH_PART = "questions-growth"
MANY = 10
NEEDED = ("rows", "call", "engine", "clients", "p50, ms", "returned")
HEADINGS = (
    *("call", "p50, ms, at the least rows", "at the most", "rows stored, times"),
    *("p50, times", "rows returned, times", "p50 per row returned, times"),
)


def growth(content):
    """Return the table of growth in Markdown, from the text of RESULTS.md."""
    entries = [*_entries(content, PART), *_entries(content, LARGEST_PART)]
    by_call = {}
    for entry in entries:
        is_alone = (entry["engine"], entry["clients"]) == ("Orbital", "1")
        if is_alone and entry["returned"]:
            by_call.setdefault(entry["call"], []).append(entry)
    lines = [f"| {' | '.join(HEADINGS)} |", f"| --- |{' ---: |' * (len(HEADINGS) - 1)}"]
    for call, several in by_call.items():
        ordered = sorted(several, key=lambda entry: _number(entry["rows"]))
        first, last = ordered[0], ordered[-1]
        stored, spent, returned = (
            _number(last[name]) / max(_number(first[name]), 1e-9)
            for name in ("rows", "p50, ms", "returned")
        )
        cells = (call, first["p50, ms"], last["p50, ms"], f"{stored:,.0f}")
        ratios = map(_ratio, (spent, returned, spent / returned))
        lines.append(f"| {' | '.join((*cells, *ratios))} |")
    return "\n".join(lines)


def with_growth(content):
    """Return the text of RESULTS.md with its table of growth brought up to date."""
    begin, end = marks(GROWTH_PART)
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n{growth(content)}\n{end}", content)


def _entries(content, part):
    """Yield the lines of a recorded table as mappings from heading to cell."""
    begin, end = marks(part)
    for row in content.partition(begin)[2].partition(end)[0].splitlines():
        cells = [cell.strip() for cell in row.strip("| ").split(" | ")]
        if len(cells) == len(COLUMNS) and cells[0][:1].isdigit():
            entry = dict(zip(COLUMNS.values(), cells, strict=True))
            yield {name: entry[name] for name in NEEDED}


def _number(cell):
    return float(cell.replace(",", ""))


def _ratio(value):
    return f"{value:.2f}" if value < MANY else f"{value:,.0f}"
