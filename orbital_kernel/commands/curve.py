"""`orbital curve`: the light curve of one object."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orbital_kernel.commands.frames import show_frame
from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.outputs import OutputFile
from orbital_kernel.commands.subjects import subject_of
from orbital_kernel.commands.terminal import echo

if TYPE_CHECKING:
    import polars as pl

    from orbital_kernel.questions.curve import LightCurve

SHOWN = (
    *("observatory", "instrument", "mode", "utc", "since_s", "value"),
    *("value_err_plus", "value_err_minus", "unit", "band", "is_limit"),
)
KEYS = {
    "observatory": "observatory",
    "object": "object",
    "obs_id": "obs_id",
    "instrument": "instrument",
    "mode": "mode",
    "time_utc": "utc",
    "since_s": "since_s",
    "time_err_plus_s": "time_err_plus_s",
    "time_err_minus_s": "time_err_minus_s",
    "time_rule": "time_rule",
    "time_place": "time_place",
    "value": "value",
    "value_err_plus": "value_err_plus",
    "value_err_minus": "value_err_minus",
    "error_rule": "error_rule",
    "value_err_model": "value_err_model",
    "value_err_model_plus": "value_err_model_plus",
    "value_err_model_minus": "value_err_model_minus",
    "unit": "unit",
    "band": "band",
    "band_low_kev": "band_low_kev",
    "band_high_kev": "band_high_kev",
    "band_low_nm": "band_low_nm",
    "band_high_nm": "band_high_nm",
    "is_limit": "is_limit",
    "limit_confidence": "limit_confidence",
    "exposure_s": "exposure_s",
    "counts": "counts",
    "background_counts": "background_counts",
    "averaged": "averaged",
    "not_binned": "not_binned",
    "conversion": "conversion",
    "absorption": "absorption",
    "rest_s": "rest_s",
    "luminosity_erg_s": "luminosity_erg_s",
    "quality": "quality",
    "quality_reason": "quality_reason",
    "luminosity_err_plus_erg_s": "luminosity_err_plus_erg_s",
    "luminosity_err_minus_erg_s": "luminosity_err_minus_erg_s",
    "reference": "reference",
    "simulated": "simulated",
    "excluded": "excluded",
}
"""Keys of a point in JSON, and the columns of a curve that they are of."""


@click.command(
    epilog='Example: orbital curve "GRB 130427A" --unit "erg / (cm2 s)" --band 0.3 10 --out curve.csv'
)
@click.argument("subject", metavar="OBJECT")
@click.option(
    "--unit", help="Unit to bring the points to. Default: each keeps its own."
)
@click.option(
    "--band",
    type=float,
    nargs=2,
    metavar="LOW HIGH",
    help="Band to convert to, keV. Default: 0.3 10 if a unit is given.",
)
@click.option(
    "--model",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with the spectrum, and factors from counts to flux.",
)
@click.option(
    "--nh",
    metavar="CM-2|galactic",
    help="Column of hydrogen, cm-2, that absorbs spectra; or that of the position.",
)
@click.option(
    "--absorption",
    type=click.Choice(["absorbed", "unabsorbed"]),
    help="Convert fluxes to this. Default: they stay as they are.",
)
@click.option(
    "--redshift",
    type=float,
    help="Redshift for the rest frame. Default: that of the first burst catalogue.",
)
@click.option("--t0", metavar="UTC", help="Start of the elapsed time, UTC.")
@click.option(
    "--bin",
    "bins",
    metavar="SECONDS|WORD",
    help="Average points in bins of this width, or 'log N' per decade since T0, "
    "'counts:N', 'snr:X', 'snapshots', 'observation' or 'blocks[:P0]'.",
)
@click.option(
    "--quality",
    type=click.Choice(["mark", "exclude", "refuse"]),
    help="Points in time that quality checks found bad: mark, exclude or refuse them.",
)
@click.option(
    "--background",
    is_flag=True,
    help="Count rates of a whole detector with its background as points.",
)
@click.option(
    "--out",
    type=OutputFile(),
    help="Write the curve: .csv, .ecsv, .fits or .vot (VOTable).",
)
@json_option
def curve(
    subject: str,
    unit: str | None,
    band: tuple[float, float] | None,
    model: Path | None,
    nh: str | None,
    absorption: str | None,
    redshift: float | None,
    t0: str | None,
    bins: str | None,
    out: Path | None,
    quality: str | None,
    *,
    background: bool,
    as_json: bool,
) -> None:
    """Show the light curve of OBJECT from all observatories.

    OBJECT is a name, an alias, or a position as 'RA,DEC' in degrees. Points that do not
    count are listed with the reason.
    """
    from orbital_kernel import connect
    from orbital_kernel.questions.curve_files import require_format

    if out is not None:
        require_format(out)
    spectrum, factors = (None, None) if model is None else _model(model)
    orbital = connect()
    width = None if bins is None else _number(bins)
    light_curve = orbital.light_curve(
        subject_of(subject),
        unit=unit,
        band_kev=band or None,
        model=spectrum,
        counts_to_flux=factors,
        nh=None if nh is None else _number(nh),
        absorption=absorption,
        redshift=redshift,
        t0=t0,
        bins=None if quality else width,
        background=background,
    )
    if quality:
        light_curve = orbital.quality.gate_curve(light_curve, bad=quality)
        light_curve = light_curve if width is None else light_curve.binned(width)
    if out is not None:
        light_curve.to_file(out)
    if as_json:
        print_json(document(light_curve))
        return
    _show(light_curve, out)


def document(curve: "LightCurve") -> dict[str, Any]:
    """Return the curve as a JSON document; excluded points have their given values."""
    import polars as pl

    is_excluded = pl.col("excluded").is_not_null()
    frame = curve.frame.with_columns(
        pl.when(is_excluded)
        .then(pl.coalesce(f"given_{name}", name))
        .otherwise(name)
        .alias(name)
        for name in ("value", "unit", "band", "band_low_kev", "band_high_kev")
    )
    columns = {key: name for key, name in KEYS.items() if name in frame.columns}
    points = frame.select(pl.col(name).alias(key) for key, name in columns.items())
    return {
        "object": curve.object,
        "names": curve.names,
        "t0_utc": curve.t0_utc,
        "t0_source": curve.t0_source,
        "redshift": curve.redshift,
        "redshift_source": curve.redshift_source,
        "points": points.to_dicts(),
        "neighbours": curve.neighbours.to_dicts(),
        "error_rules": curve.error_rules.to_dicts(),
        "excluded": curve.reasons.to_dicts(),
        "not_binned": curve.not_binned.to_dicts(),
        "simulated": bool(_simulated(frame)),
    }


def _simulated(frame: "pl.DataFrame") -> bool | None:
    return frame["simulated"].any()


def _show(curve: "LightCurve", out: Path | None) -> None:
    echo(repr(curve).splitlines()[0])
    points = curve.points
    columns = [*SHOWN, "simulated"] if _simulated(points) else [*SHOWN]
    show_frame(_series(points), {})
    echo()
    show_frame(points.select(columns), curve.units)
    for row in curve.error_rules.iter_rows(named=True):
        echo(f"errors {row['error_rule']}: {row['points']:,} of {row['observatory']}")
    for row in curve.reasons.iter_rows(named=True):
        echo(
            f"excluded: {row['points']:,} of {row['observatory']}: {row['excluded']}",
        )
    for row in curve.not_binned.iter_rows(named=True):
        echo(
            f"in no bin: {row['points']:,} of {row['observatory']}: {row['not_binned']}"
        )
    for row in curve.neighbours.iter_rows(named=True):
        listed = f" in {row['catalog']}" if row["catalog"] else ""
        echo(
            f'neighbour: {row["object"]}{listed}, {row["separation_arcsec"]:.2f}" away'
        )
    if out is not None:
        echo(f"{len(curve):,} points in {out}")


def _series(points: "pl.DataFrame") -> "pl.DataFrame":
    """Return what each instrument measured in a band and unit, one row each."""
    import polars as pl

    return points.group_by(
        "observatory", "instrument", "mode", "band", "unit", maintain_order=True
    ).agg(
        detections=(~pl.col("is_limit")).sum(),
        limits=pl.col("is_limit").sum(),
        first_utc=pl.col("utc").min(),
        last_utc=pl.col("utc").max(),
        first_since_s=pl.col("since_s").min(),
        last_since_s=pl.col("since_s").max(),
    )


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _model(path: Path) -> Any:
    """Return spectrum and factors of a TOML file."""
    from orbital_kernel.science.lightcurves import model_file

    return model_file(path.read_text(encoding="utf-8"), path.name)
