"""`orbital shape`: what the light curve of an object says."""

from typing import TYPE_CHECKING

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.subjects import subject_of
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.science.shape import Decay

SHOWN = (
    *("observatory", "instrument", "unit", "band_low_kev", "band_high_kev"),
    *("filter", "points", "limits", "mean"),
    *("fvar", "fvar_err", "p_constant", "slope_yr", "slope_err_yr", "reason"),
)
"""Columns of the table; --json has all."""
RATIOS = (
    *("observatory", "instrument", "obs_id", "utc", "since_s"),
    *("ratio", "ratio_low", "ratio_high", "method"),
)
"""Columns of hardness ratios."""


@click.command(epilog='Example: orbital shape "GRB 130427A" --since 47000 --breaks 0')
@click.argument("name", metavar="OBJECT")
@click.option("--since", type=float, metavar="S", help="Only points from T0 + S s on.")
@click.option("--until", type=float, metavar="S", help="Only points up to T0 + S s.")
@click.option(
    "--breaks",
    type=click.IntRange(0, 3),
    help="Breaks of the decay. Default: as many as AICc supports.",
)
@click.option(
    "--systematic",
    type=float,
    default=0.0,
    show_default=True,
    help="Relative error added to the points of the decay.",
)
@click.option("--t0", metavar="UTC", help="T0, if no catalogue and no file gives it.")
@click.option(
    "--hardness",
    nargs=2,
    metavar="SOFT HARD",
    help="Show (H - S) / (H + S) of points of two bands, named as in `orbital curve`.",
)
@json_option
def shape(
    name: str,
    since: float | None,
    until: float | None,
    breaks: int | None,
    systematic: float,
    t0: str | None,
    hardness: tuple[str, str] | None,
    *,
    as_json: bool,
) -> None:
    """Show variability, decay and trend of OBJECT, one row per instrument.

    OBJECT is a name, an alias, or a position as 'RA,DEC' in degrees.
    """
    from orbital_kernel import connect
    from orbital_kernel.science.shape import document, reasons_without

    orbital = connect()
    curve = orbital.light_curve(subject_of(name), t0=t0)
    ratios = curve.hardness(*hardness) if hardness else None
    result = orbital.shape(
        curve, since_s=(since, until), breaks=breaks, systematic=systematic
    )
    if as_json:
        answer = {"object": name} | document(result)
        if ratios is not None:
            found = ratios.filter(ratios["ratio"].is_not_null()).select(RATIOS)
            answer["hardness"] = found.to_dicts()
            answer["without_hardness"] = reasons_without(ratios)
        print_json(answer)
        return
    show_frame(result.rows.select(SHOWN), result.units)
    for group, fit in result.decays.items():
        echo(f"{group}: {_sentence(fit)}")
    for note in result.notes:
        echo(note)
    if ratios is not None:
        echo()
        show_frame(ratios.filter(ratios["ratio"].is_not_null()).select(RATIOS), {})
        for reason, number in reasons_without(ratios).items():
            echo(f"without hardness: {number:,}: {reason}")


def _sentence(fit: "Decay") -> str:
    """Return a decay in words: each segment with its index, each break with its time."""
    parts = []
    for k, name in enumerate(fit.names):
        which = k // 2
        if k % 2 == 0:
            value, error = fit.indices[which], fit.index_errs[which]
            parts.append(f"{name}, index {value:.3f} ± {error:.3f}")
        else:
            value, error = fit.breaks_s[which], fit.break_errs_s[which]
            parts.append(f"{name} at {value:.4g} ± {error:.2g} s")
    return f"{'; '.join(parts)} (chi2 {fit.chi2:.1f}, {fit.dof} degrees of freedom)"
