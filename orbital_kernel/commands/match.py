"""`orbital match`: which sources of several observatories are one object."""

from typing import TYPE_CHECKING

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json, progress, table
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.questions.matching import Matching
    from orbital_kernel.science.matching.offset import FrameOffset

UNITS = {"separation_arcsec": "arcsec"}
SHOWN = ("left_id", "right_id", "separation_arcsec", "p_any", "p_i", "simulated")


@click.command(
    epilog="Example: orbital match swift chandra --region 83.63 22.01 5; the embedded "
    "platform's own Dask workers: `orbital exec -- dask worker ADDRESS`"
)
@click.argument("names", nargs=-1, metavar="[FIRST SECOND]...")
@click.option(
    "--region",
    type=(float, float, float),
    metavar="RA DEC RADIUS_DEG",
    help="Match only sources in this circle, ICRS degrees.",
)
@click.option(
    "--within",
    "within_arcsec",
    type=float,
    metavar="ARCSEC",
    help="Largest separation. Default: 5 combined errors.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Let the workers of this Dask cluster do the work.",
)
@json_option
def match(
    names: tuple[str, ...],
    region: tuple[float, float, float] | None,
    within_arcsec: float | None,
    dask: str | None,
    *,
    as_json: bool,
) -> None:
    """Match the sources of observatories (default: swift and chandra).

    Stores the candidate pairs in cross.pairs, and the objects in cross.objects and
    cross.associations. Ctrl-C keeps finished tiles: the same command continues.
    """
    from orbital_kernel import connect

    if len(names) == 1:
        raise click.UsageError("name two or more observatories, or none")
    orbital = connect()
    with progress(1, "matching") as bar:
        (task,) = bar.task_ids
        matching = orbital.objects.matching(
            *(names or ("swift", "chandra")),
            region=region,
            within_arcsec=within_arcsec,
            dask=dask,
            progress=lambda done, total: bar.update(
                task, completed=done, total=max(total, 1)
            ),
        )
    if as_json:
        print_json(matching.to_json())
        return
    _show(matching)


def _rotation(offset: "FrameOffset") -> str:
    """Return the rotation of the frame in words."""
    if max(offset.rotation_error_arcsec) == float("inf"):
        return "no rotation fitted: the pairs are too few or too close together"
    turns = zip(offset.rotation_arcsec, offset.rotation_error_arcsec, strict=True)
    text = ", ".join(f"{value:+.2f} +- {error:.2f}" for value, error in turns)
    fate = "taken out" if offset.turned else "not significant"
    return f"rotated by {text} arcsec about x, y, z ({fate})"


def _show(matching: "Matching") -> None:
    """Print counts, what was assumed and excluded, frame offsets and the best pairs."""
    names = matching.names
    best = matching.pairs.filter("mutual").sort("p_any", "left_id", descending=True)
    show_frame(best.select(SHOWN).head(20), UNITS)
    echo(
        f"{matching.objects:,} objects of {', '.join(names)}, {matching.blends:,} of them "
        f"blends; {len(matching.pairs):,} candidate pairs; {matching.seconds:.1f} s"
    )
    table(
        "rows",
        ("observatory", "rows", "sources"),
        [(n, f"{matching.rows[n]:,}", f"{matching.sources[n]:,}") for n in names],
    )
    for title, counts in (
        ("rows excluded", matching.excluded),
        ("position errors", matching.errors),
    ):
        if counts:
            table(
                title,
                ("rows", "reason"),
                [(f"{n:,}", text) for text, n in counts.items()],
            )
    for pairing in matching.plan.pairings:
        offset, chance = pairing.offset, pairing.chance
        echo(
            f"{pairing.right} minus {pairing.left}: {offset.east_arcsec:+.2f} arcsec east, "
            f"{offset.north_arcsec:+.2f} arcsec north, +- {offset.error_arcsec:.2f} "
            f"({'taken out' if offset.applied else 'not significant'}); "
            f"{_rotation(offset)}; in a sample of "
            f"{chance.sources:,} sources {chance.matches:,} matches, {chance.excess:.1f} "
            f"+- {chance.excess_error:.1f} above shifted skies; "
            f"{chance.false_by_posterior:.1f} false by the posteriors"
        )
