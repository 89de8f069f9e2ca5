"""`orbital queries`: how fast questions were answered, by kind, against their budgets."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orbital_kernel.commands.show import json_option, print_json, table

if TYPE_CHECKING:
    from orbital_kernel.query.latency import KindLatency, Slow


KINDS = ("kind", "queries", "p50 ms", "p95 ms", "p99 ms", "budget", "read/stored")
SLOWEST = ("asked (UTC)", "kind", "table", "ms", "rows", "what")


@click.command(epilog="Example: orbital queries --last 1000 --slowest 3")
@click.option("--kind", help="Only this kind: cone, time, object, …")
@click.option("--last", type=click.IntRange(1), help="Only the last so many queries.")
@click.option(
    "--slowest", type=click.IntRange(0), default=5, show_default=True, help="How many."
)
@json_option
def queries(kind: str | None, last: int | None, slowest: int, *, as_json: bool) -> None:
    """Latency by kind (p50, p95, p99) against budgets, and the slowest queries."""
    import polars as pl

    from orbital_kernel import connect
    from orbital_kernel.query import latency

    ledger = connect().require_tables().table("ops.queries").sort("asked")
    if kind is not None:
        ledger = ledger.filter(pl.col("kind") == kind)
    ledger = ledger.tail(last or len(ledger))
    kinds, slow = latency.by_kind(ledger), latency.slowest(ledger, slowest)
    if as_json:
        kept = [asdict(one) for one in kinds]
        print_json(
            {"queries": len(ledger), "kinds": kept, "slowest": [*map(asdict, slow)]}
        )
        return
    if not kinds:
        click.echo("no queries are in the ledger yet: ask one, e.g. `orbital query`")
        return
    table("Latency by kind", KINDS, (_line(one) for one in kinds))
    if slow:
        table("Slowest", SLOWEST, (_slow_line(one) for one in slow))


def _line(one: "KindLatency") -> tuple[object, ...]:
    read = "not told"
    if one.rows_read is not None and one.rows_stored:
        read = f"{one.rows_read / one.rows_stored:.2g}"
    budget = f"{one.budget.p50_ms:g}/{one.budget.p99_ms:g}"
    return (
        one.kind,
        one.queries,
        *(f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.p99_ms)),
        f"{budget} {'kept' if one.within else 'EXCEEDED'}",
        read,
    )


def _slow_line(one: "Slow") -> tuple[object, ...]:
    when = f"{one.asked:%Y-%m-%d %H:%M:%S}"
    what = one.predicate if len(one.predicate) <= 120 else one.predicate[:119] + "…"
    return when, one.kind, one.table, f"{one.milliseconds:.1f}", one.rows_returned, what
