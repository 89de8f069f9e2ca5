"""`orbital cost`: cost per month of storage and queries, and of another observatory."""

from math import fsum
from pathlib import Path
from typing import Any

import click

from orbital_kernel.commands import output
from orbital_kernel.commands.terminal import echo

MONTH_DAYS = 365.25 / 12
ENDS = LOW, LIKELY, HIGH = ("low_a_month", "likely_a_month", "high_a_month")


@click.command(epilog="Example: orbital cost --what-if nicer swift 0.5")
@click.option(
    "--prices",
    "price_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Prices of your site, as TOML. Default: the assumptions in Orbital's own file.",
)
@click.option(
    "--what-if",
    "guest",
    type=(str, str, click.FloatRange(min=0)),
    metavar="NAME LIKE SHARE",
    help="Add observatory NAME, SHARE times as large as observatory LIKE.",
)
@click.option(
    "--months",
    type=click.FloatRange(min=0, min_open=True),
    default=12.0,
    show_default=True,
    help="Months ahead to forecast.",
)
@output.json_option
def cost(
    *,
    price_file: Path | None,
    guest: tuple[str, str, float] | None,
    months: float,
    as_json: bool,
) -> None:
    """Show the monthly bill of each observatory. All prices are assumptions.

    Bytes are those in use now, queries those of the last month. Without --what-if, the
    command also shows the cost of adding a third observatory as large as the largest.
    The forecast extrapolates the usage that `orbital quotas` has sampled.
    """
    from orbital_kernel import connect
    from orbital_kernel.storage.cost import cost as costs
    from orbital_kernel.storage.cost.spending import SHARED, bill_rows, query_costs

    storage = connect().storage
    queries = storage.queries(days=MONTH_DAYS)
    uses = storage.uses(queries)
    price = storage.prices(price_file or costs.PRICES)
    bills = costs.bills(uses, price)
    largest = next(bill.owner for bill in bills if bill.owner != SHARED)
    name, like, share = guest or ("third", largest, 1.0)
    forecast = storage.future_costs(months=months, price=price)
    extended = costs.what_if(uses, name, like=like, share=share, price=price)
    document = {
        "bills": bill_rows(bills, uses, price),
        "queries": query_costs(queries, price),
        "what_if": {
            "name": name,
            "like": like,
            "share": share,
            "total_a_month": sum(bill.total for bill in extended),
            "more_a_month": fsum(
                (*(b.total for b in extended), *(-b.total for b in bills))
            ),
        },
        "to_come": [
            {"quota": quota, "months": months, **dict(zip(ENDS, ends, strict=True))}
            for quota, ends in sorted(forecast.items())
        ],
        "prices": vars(price),
    }
    if as_json:
        output.print_json(document)
    else:
        _print(document)


def _print(document: dict[str, Any]) -> None:
    from orbital_kernel.model.sizes import size_text

    money = document["prices"]["currency"]
    output.table(
        f"Bills, {money} per month",
        ("owner", "stored", "node seconds", "storage", "queries", "total"),
        [
            (
                row["owner"],
                size_text(row["stored_bytes"]),
                f"{row['node_seconds_a_month']:.3g}",
                *(f"{row[f'{part}_a_month']:.4g}" for part in _SUMS),
            )
            for row in document["bills"]
        ],
    )
    if document["queries"]:
        output.table(
            f"Queries of the last month, {money} per thousand",
            ("kind", "queries", "mean ms", "cost"),
            [
                (
                    row["kind"],
                    row["queries"],
                    f"{row['mean_milliseconds']:.4g}",
                    f"{row['cost_of_1000']:.3g}",
                )
                for row in document["queries"]
            ],
        )
    if document["to_come"]:
        output.table(
            f"Storage in {document['to_come'][0]['months']:g} months, {money} per month",
            ("quota", "likely", "90 % interval"),
            [
                (
                    row["quota"],
                    f"{row[LIKELY]:.4g}",
                    f"{row[LOW]:.4g} to {row[HIGH]:.4g}",
                )
                for row in document["to_come"]
            ],
        )
    else:
        echo(
            "Forecast: unknown, because quotas were sampled fewer than three times; run "
            "`orbital quotas --watch 3600`"
        )
    guest = document["what_if"]
    echo(
        f"With {guest['name']}, {guest['share']:g} times {guest['like']}: "
        f"{guest['more_a_month']:.4g} {money} more per month"
    )
    echo(
        f"Data reduction {document['prices']['data_reduction']:.3g} to 1. Prices are "
        "assumptions:"
    )
    for reason in document["prices"]["reasons"]:
        echo(f"  {reason}")


_SUMS = ("storage", "queries", "total")
