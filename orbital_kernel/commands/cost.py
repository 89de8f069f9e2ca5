"""`orbital cost`: what storage and queries cost a month, and one observatory more."""

from math import fsum
from pathlib import Path
from typing import Any

import click

from orbital_kernel.commands import show

MONTH_DAYS = 365.25 / 12
ENDS = LOW, LIKELY, HIGH = ("low_a_month", "likely_a_month", "high_a_month")


@click.command(epilog="Example: orbital cost --what-if nicer swift 0.5")
@click.option(
    "--prices",
    "price_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A site's own prices; default is the file of assumptions that comes along.",
)
@click.option(
    "--what-if",
    "guest",
    type=(str, str, click.FloatRange(min=0)),
    metavar="NAME LIKE SHARE",
    help="One more observatory, SHARE times the size of LIKE.",
)
@click.option(
    "--months",
    type=click.FloatRange(min=0, min_open=True),
    default=12.0,
    show_default=True,
    help="How far ahead the cost to come is told.",
)
@show.json_option
def cost(
    *,
    price_file: Path | None,
    guest: tuple[str, str, float] | None,
    months: float,
    as_json: bool,
) -> None:
    """Tell the monthly bill of each observatory; every price is an assumption.

    Bytes are those in use now, queries those of the last month. Without --what-if, the
    bill with a third observatory as large as the largest is told too. The cost to come
    follows the growth of what quota automation has sampled.
    """
    from orbital_kernel import connect
    from orbital_kernel.storage.cost import cost as costs
    from orbital_kernel.storage.cost.spending import SHARED, bill_rows, query_costs

    storage = connect().storage
    asked = storage.queries(days=MONTH_DAYS)
    uses = storage.uses(asked)
    price = storage.prices(price_file or costs.PRICES)
    bills = costs.bills(uses, price)
    largest = next(bill.owner for bill in bills if bill.owner != SHARED)
    name, like, share = guest or ("third", largest, 1.0)
    coming = storage.future_costs(months=months, price=price)
    more = costs.what_if(uses, name, like=like, share=share, price=price)
    document = {
        "bills": bill_rows(bills, uses, price),
        "queries": query_costs(asked, price),
        "what_if": {
            "name": name,
            "like": like,
            "share": share,
            "total_a_month": sum(bill.total for bill in more),
            "more_a_month": fsum(
                (*(b.total for b in more), *(-b.total for b in bills))
            ),
        },
        "to_come": [
            {"quota": quota, "months": months, **dict(zip(ENDS, ends, strict=True))}
            for quota, ends in sorted(coming.items())
        ],
        "prices": vars(price),
    }
    if as_json:
        show.print_json(document)
    else:
        _print(document)


def _print(told: dict[str, Any]) -> None:
    from orbital_kernel.model.sizes import size_text

    money = told["prices"]["currency"]
    show.table(
        f"Bills, {money} a month",
        ("owner", "stored", "node seconds", "storage", "queries", "total"),
        [
            (
                one["owner"],
                size_text(one["stored_bytes"]),
                f"{one['node_seconds_a_month']:.3g}",
                *(f"{one[f'{what}_a_month']:.4g}" for what in _SUMS),
            )
            for one in told["bills"]
        ],
    )
    if told["queries"]:
        show.table(
            f"Queries of the last month, {money} a thousand",
            ("kind", "queries", "mean ms", "cost"),
            [
                (
                    one["kind"],
                    one["queries"],
                    f"{one['mean_milliseconds']:.4g}",
                    f"{one['cost_of_1000']:.3g}",
                )
                for one in told["queries"]
            ],
        )
    if told["to_come"]:
        show.table(
            f"Storage in {told['to_come'][0]['months']:g} months, {money} a month",
            ("quota", "likely", "90 % interval"),
            [
                (
                    one["quota"],
                    f"{one[LIKELY]:.4g}",
                    f"{one[LOW]:.4g} to {one[HIGH]:.4g}",
                )
                for one in told["to_come"]
            ],
        )
    else:
        click.echo(
            "Cost to come: unknown, quotas were sampled less than three times (orbital "
            "quotas --watch 3600)"
        )
    guest = told["what_if"]
    click.echo(
        f"With {guest['name']}, {guest['share']:g} times {guest['like']}: "
        f"{guest['more_a_month']:.4g} {money} a month more"
    )
    click.echo(
        f"Data reduction {told['prices']['data_reduction']:.3g} to 1. Prices are "
        "assumptions:"
    )
    for reason in told["prices"]["reasons"]:
        click.echo(f"  {reason}")


_SUMS = ("storage", "queries", "total")
