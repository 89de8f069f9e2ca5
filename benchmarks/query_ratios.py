"""Ratios of the lines of bench_queries.py, which the targets refer to."""

COLUMNS = (
    "rows",
    "kind",
    "Orbital p50, ms",
    "÷ DuckDB sorted",
    "÷ Polars sorted",
    "DuckDB unsorted ÷ it",
    "Polars unsorted ÷ it",
    "growth since the smallest",
    "p99, 8 clients, ingesting",
    "read/stored",
)


def print_ratios(lines):
    """Print ratios of p50 with one client, one line per size and kind."""
    at = {(x["rows"], x["kind"], x["engine"], x["clients"]): x for x in lines}
    print(f"\n| {' | '.join(COLUMNS)} |\n|" + " ---: |" * len(COLUMNS))
    first = {}
    for rows, kind in sorted({(x["rows"], x["kind"]) for x in lines}):
        ours = at[rows, kind, "Orbital", 1]

        def p50(engine, rows=rows, kind=kind):
            row = at.get((rows, kind, engine, 1))
            return None if row is None else row["p50_ms"]

        orbital_p50 = ours["p50_ms"]
        busy = at.get((rows, kind, "Orbital, ingesting", 8), {})
        shown = (
            f"{rows:,}",
            kind,
            _number(orbital_p50),
            _ratio(orbital_p50, p50("DuckDB sorted")),
            _ratio(orbital_p50, p50("Polars sorted")),
            _ratio(p50("DuckDB unsorted"), orbital_p50),
            _ratio(p50("Polars unsorted"), orbital_p50),
            _ratio(orbital_p50, first.setdefault(kind, orbital_p50)),
            _number(busy.get("p99_ms")),
            "" if ours["share"] is None else f"{ours['share']:.1e}",
        )
        print(f"| {' | '.join(shown)} |")


def _number(value):
    return "" if value is None else f"{value:.1f}"


def _ratio(above, below):
    return "" if above is None or below is None else f"{above / below:.2f}"
