"""`orbital queries`: latency of past queries, and projections that would reduce it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.output import json_option, print_json, table
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    import polars as pl

    from orbital_kernel.query.latency import Course, KindLatency, Slow
    from orbital_kernel.session import Orbital


KINDS = ("kind", "queries", "p50 ms", "p95 ms", "p99 ms", "budget", "read/stored")
COURSE = ("kind", "from (UTC)", "queries", "p50 ms", "p95 ms", "p99 ms", "")
MOST_CHARACTERS = 120
SLOWEST = ("asked (UTC)", "kind", "table", "ms", "rows", "predicate")


@click.group(
    invoke_without_command=True,
    epilog="Example: orbital queries --last 1000 --every 1h --slowest 3",
)
@click.option("--kind", help="Only queries of this kind: cone, time, object, …")
@click.option(
    "--last", type=click.IntRange(1), help="Only the last N queries.", metavar="N"
)
@click.option(
    "--slowest",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    metavar="N",
    help="Show the N slowest queries.",
)
@click.option(
    "--every",
    default="1d",
    show_default=True,
    help="Time step of the trend: 10m, 1h, 1d, 1w.",
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
    """Show latency by kind and over time, with budgets, regressions and the slowest queries.

    Every query that Orbital answers has a row in the table ops.queries.
    """
    if context.invoked_subcommand is not None:
        return
    from orbital_kernel import connect
    from orbital_kernel.query import latency

    ledger = _ledger(connect(), kind, last)
    kinds, slow = latency.by_kind(ledger), latency.slowest(ledger, slowest)
    steps = latency.over_time(ledger, every)
    if as_json:
        print_json(
            {
                "queries": len(ledger),
                "kinds": [asdict(kind_latency) for kind_latency in kinds],
                "over_time": [asdict(step) for step in steps],
                "slowest": [asdict(slow_query) for slow_query in slow],
            }
        )
        return
    if not kinds:
        of_kind = "" if kind is None else f" of kind {kind!r}"
        echo(
            f"no queries{of_kind} are in the ledger yet: run one, for example `orbital query cone`"
        )
        return
    table("Latency by kind", KINDS, map(_line, kinds))
    table(f"Over time, steps of {every}", COURSE, map(_step, steps))
    if slow:
        table("Slowest", SLOWEST, map(_slow_line, slow))


@queries.command(epilog="Example: orbital queries advise --last 1000 --apply")
@click.option(
    "--last", type=click.IntRange(1), help="Only the last N queries.", metavar="N"
)
@click.option(
    "--apply",
    is_flag=True,
    help="Create the recommended projections and measure the saving.",
)
@json_option
def advise(last: int | None, *, apply: bool, as_json: bool) -> None:
    """Recommend projections that reduce the rows read, and measure the saving."""
    from orbital_kernel import connect
    from orbital_kernel.query import advice

    orbital = connect()
    recommended = advice.advise(_ledger(orbital, None, last), orbital.store)
    followed = (
        [advice.follow(entry, orbital.store) for entry in recommended] if apply else []
    )
    if as_json:
        entries = [_advice(entry) for entry in recommended]
        measured = [_followed(entry) for entry in followed]
        print_json({"advice": entries, "followed": measured})
        return
    for entry in followed or recommended:
        echo(str(entry))
    if not recommended:
        echo("no projection would reduce the rows that the observed queries read")


def _ledger(orbital: "Orbital", kind: str | None, last: int | None) -> "pl.DataFrame":
    import polars as pl

    ledger = orbital.require_tables().table("ops.queries").sort("asked")
    if kind is not None:
        ledger = ledger.filter(pl.col("kind") == kind)
    return ledger.tail(last or len(ledger))


def _advice(entry: Any) -> dict[str, Any]:
    return {
        "table": entry.table,
        "projection": entry.projection.name,
        "sorted_by": list(entry.projection.sort),
        "queries": entry.queries,
        "tried": len(entry.tried),
        "rows_read": entry.rows_read,
        "estimated_rows": entry.estimated_rows,
        "saving": entry.saving,
        "sort_first": entry.sort_first,
        "said": str(entry),
    }


def _followed(entry: Any) -> dict[str, Any]:
    return {
        "table": entry.advice.table,
        "projection": entry.advice.projection.name,
        "rows_before": entry.rows_before,
        "rows_after": entry.rows_after,
        "ms_before": entry.ms_before,
        "ms_after": entry.ms_after,
        "saving": entry.saving,
        "estimated_saving": entry.advice.saving,
        "said": str(entry),
    }


def _line(kind: "KindLatency") -> tuple[object, ...]:
    read = "unknown"
    if kind.rows_read is not None and kind.rows_stored:
        read = f"{kind.rows_read / kind.rows_stored:.2g}"
    budget = f"{kind.budget.p50_ms:g}/{kind.budget.p99_ms:g}"
    return (
        kind.kind,
        kind.queries,
        *(f"{ms:.1f}" for ms in (kind.p50_ms, kind.p95_ms, kind.p99_ms)),
        f"{budget} {'met' if kind.within else 'EXCEEDED'}",
        read,
    )


def _step(step: "Course") -> tuple[object, ...]:
    return (
        step.kind,
        f"{step.start:%Y-%m-%d %H:%M}",
        step.queries,
        *(f"{ms:.1f}" for ms in (step.p50_ms, step.p95_ms, step.p99_ms)),
        step.said,
    )


def _slow_line(query: "Slow") -> tuple[object, ...]:
    when = f"{query.asked:%Y-%m-%d %H:%M:%S}"
    predicate = query.predicate
    if len(predicate) > MOST_CHARACTERS:
        predicate = predicate[: MOST_CHARACTERS - 1] + "…"
    return (
        when,
        query.kind,
        query.table,
        f"{query.milliseconds:.1f}",
        query.rows_returned,
        predicate,
    )
