"""`orbital queries`: how fast questions were answered, and what would make them faster."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.show import json_option, print_json, table

if TYPE_CHECKING:
    import polars as pl

    from orbital_kernel.query.latency import Course, KindLatency, Slow
    from orbital_kernel.session import Orbital


KINDS = ("kind", "queries", "p50 ms", "p95 ms", "p99 ms", "budget", "read/stored")
COURSE = ("kind", "from (UTC)", "queries", "p50 ms", "p95 ms", "p99 ms", "")
SLOWEST = ("asked (UTC)", "kind", "table", "ms", "rows", "what")


@click.group(
    invoke_without_command=True,
    epilog="Example: orbital queries --last 1000 --every 1h --slowest 3",
)
@click.option("--kind", help="Only this kind: cone, time, object, …")
@click.option("--last", type=click.IntRange(1), help="Only the last so many queries.")
@click.option(
    "--slowest", type=click.IntRange(0), default=5, show_default=True, help="How many."
)
@click.option(
    "--every", default="1d", show_default=True, help="Step over time: 10m, 1h, 1d, 1w."
)
@json_option
@click.pass_context
def queries(
    context: click.Context,
    kind: str | None,
    last: int | None,
    slowest: int,
    every: str,
    *,
    as_json: bool,
) -> None:
    """Latency by kind and over time against budgets, regressions, the slowest."""
    if context.invoked_subcommand is not None:
        return
    from orbital_kernel import connect
    from orbital_kernel.query import latency

    ledger = _ledger(connect(), kind, last)
    kinds, slow = latency.by_kind(ledger), latency.slowest(ledger, slowest)
    course = latency.over_time(ledger, every)
    if as_json:
        print_json(
            {
                "queries": len(ledger),
                "kinds": [asdict(one) for one in kinds],
                "over_time": [asdict(one) for one in course],
                "slowest": [asdict(one) for one in slow],
            }
        )
        return
    if not kinds:
        of_kind = "" if kind is None else f" of kind {kind!r}"
        click.echo(
            f"no queries{of_kind} are in the ledger yet: ask one, e.g. `orbital query`"
        )
        return
    table("Latency by kind", KINDS, (_line(one) for one in kinds))
    table(f"Over time, steps of {every}", COURSE, (_step(one) for one in course))
    if slow:
        table("Slowest", SLOWEST, (_slow_line(one) for one in slow))


@queries.command(epilog="Example: orbital queries advise --last 1000 --apply")
@click.option("--last", type=click.IntRange(1), help="Only the last so many queries.")
@click.option("--apply", is_flag=True, help="Make what is advised, and measure it.")
@json_option
def advise(last: int | None, *, apply: bool, as_json: bool) -> None:
    """Tell which projections would have spared reading, and what they really save."""
    from orbital_kernel import connect
    from orbital_kernel.query import advice

    orbital = connect()
    found = advice.advise(_ledger(orbital, None, last), orbital.store)
    followed = [advice.follow(one, orbital.store) for one in found] if apply else []
    if as_json:
        told = [_advice(one) for one in found]
        measured = [_followed(one) for one in followed]
        print_json({"advice": told, "followed": measured})
        return
    for one in followed or found:
        click.echo(str(one))
    if not found:
        click.echo("the observed queries are served by what there is")


def _ledger(orbital: "Orbital", kind: str | None, last: int | None) -> "pl.DataFrame":
    import polars as pl

    ledger = orbital.require_tables().table("ops.queries").sort("asked")
    if kind is not None:
        ledger = ledger.filter(pl.col("kind") == kind)
    return ledger.tail(last or len(ledger))


def _advice(one: Any) -> dict[str, Any]:
    return {
        "table": one.table,
        "projection": one.projection.name,
        "sorted_by": list(one.projection.sort),
        "queries": one.queries,
        "tried": len(one.tried),
        "rows_read": one.rows_read,
        "estimated_rows": one.estimated_rows,
        "saving": one.saving,
        "sort_first": one.sort_first,
        "said": str(one),
    }


def _followed(one: Any) -> dict[str, Any]:
    return {
        "table": one.advice.table,
        "projection": one.advice.projection.name,
        "rows_before": one.rows_before,
        "rows_after": one.rows_after,
        "ms_before": one.ms_before,
        "ms_after": one.ms_after,
        "saving": one.saving,
        "estimated_saving": one.advice.saving,
        "said": str(one),
    }


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


def _step(one: "Course") -> tuple[object, ...]:
    return (
        one.kind,
        f"{one.start:%Y-%m-%d %H:%M}",
        one.queries,
        *(f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.p99_ms)),
        one.said,
    )


def _slow_line(one: "Slow") -> tuple[object, ...]:
    when = f"{one.asked:%Y-%m-%d %H:%M:%S}"
    what = one.predicate if len(one.predicate) <= 120 else one.predicate[:119] + "…"
    return when, one.kind, one.table, f"{one.milliseconds:.1f}", one.rows_returned, what
