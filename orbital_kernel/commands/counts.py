"""`orbital counts`: photons of one ObsID in bins of live time."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.answers import explain_option
from orbital_kernel.commands.output import json_option, print_json, table
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    from orbital_kernel.questions.counts import Counted

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example: orbital counts chandra 1561 --band 2 8 --bin 300 --region src.reg"
)
@click.argument("observatory")
@click.argument("obs_id", metavar="OBSID")
@click.option(
    "--band",
    nargs=2,
    type=float,
    required=True,
    metavar="LO HI",
    help="Nominal energies to count, keV.",
)
@click.option(
    "--bin",
    "bins",
    required=True,
    metavar="S",
    help="Width of bins in s; or counts:N, snr:X, snapshots, observation, blocks.",
)
@click.option(
    "--region", type=_FILE, metavar="FILE", help="DS9 or CIAO region of the source."
)
@click.option(
    "--background", type=_FILE, metavar="FILE", help="Region of the background."
)
@click.option(
    "--exposure-ratio",
    type=float,
    default=1.0,
    show_default=True,
    help="Mean exposure map in the source region over that in the background.",
)
@click.option(
    "--start",
    type=float,
    metavar="S",
    help="Start of the first bin on the file's clock. Default: TSTART, if known.",
)
@click.option(
    "--confidence",
    type=float,
    metavar="P",
    help="Confidence of upper limits. Default: 0.9973 (3 sigma).",
)
@explain_option
@json_option
def counts(
    observatory: str,
    obs_id: str,
    band: tuple[float, float],
    bins: str,
    region: Path | None,
    background: Path | None,
    exposure_ratio: float,
    start: float | None,
    confidence: float | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Count the photons of OBSID in bins of live time.

    Only good time counts. A bin without detection shows its upper limit as the rate.
    """
    from orbital_kernel import connect
    from orbital_kernel.questions.counts_document import document
    from orbital_kernel.science.counting import LIMIT

    texts = [None if f is None else f.read_text() for f in (region, background)]
    counted = connect().questions.counts(
        observatory,
        obs_id,
        band_kev=band,
        bins=bins,
        region=texts[0],
        background=texts[1],
        exposure_ratio=exposure_ratio,
        start_s=start,
        limit_confidence=LIMIT if confidence is None else confidence,
    )
    if as_json:
        print_json(document(counted, observatory))
        return
    frame = counted.frame
    table(
        f"{observatory} {obs_id}, {band[0]:g}-{band[1]:g} keV",
        ("start [s]", "stop [s]", "counts", "live [s]", "rate [ct/s]", "+", "-"),
        map(_line, frame.iter_rows(named=True)),
        simulated=bool(frame["simulated"].any()),
    )
    for line in _remarks(counted):
        echo(line)
    if explain:
        echo(str(counted.how))


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    errors = (row["rate_err_plus"], row["rate_err_minus"])
    return (
        f"{row['start_s']:.3f}",
        f"{row['stop_s']:.3f}",
        row["counts"],
        f"{row['exposure_s']:.2f}",
        f"{'< ' if row['is_limit'] else ''}{row['rate']:.4g}",
        *("" if error is None else f"{error:.2g}" for error in errors),
    )


def _remarks(counted: "Counted") -> list[str]:
    """Return what was assumed, in lines."""
    lines = [*counted.notes]
    if counted.area_arcsec2 is not None:
        lines.append(f"source region {counted.area_arcsec2:.4g} arcsec2")
    if counted.backscale is not None:
        lines.append(
            f"background region {counted.background_arcsec2:.4g} arcsec2, its counts "
            f"times {counted.backscale:.4g}"
        )
    return [*lines, *(f"not corrected: {text}" for text in counted.not_corrected)]
