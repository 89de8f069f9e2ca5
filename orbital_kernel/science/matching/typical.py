"""Typical position errors of rows whose catalogue states none, and their origin in words.

XRT: 3.5 arcsec (90 %) of the star trackers (www.swift.ac.uk/xrtpos2.php) and in quadrature
the centroid's 22.6 arcsec x counts^-0.48 (90 %; assumed, after Moretti et al. 2006, A&A
448, L9). Chandra: the 95 % error of Kim et al. 2007, ApJS 169, 401, of off-axis angle and
counts, as the Chandra Source Catalog gives it (equations 1 and 2 of
cxc.cfa.harvard.edu/csc1/why/err_ellipse_cio.html, for up to 2,000 counts). The others: the
value in the observatory's file.
"""

from collections.abc import Sequence

import polars as pl

from orbital_kernel.model.instruments import Instrument
from orbital_kernel.science.columns import fill, finite

STATED = "stated by the catalogue"
NO_CONFIDENCE = "radius as stated, its confidence taken as 68 %"
WIDEST_CONFIDENCE = 0.68
XRT_FLOOR_ARCSEC = 3.5
XRT_ONE_COUNT_ARCSEC = 22.6
XRT_SLOPE = -0.48
CHANDRA_OFF_AXIS_ARCMIN = 5.0
CHANDRA_COUNTS = 30.0
CHANDRA_BREAK = 2.1393
_TYPES = {
    **dict.fromkeys(
        (
            *("error_radius_arcsec", "error_major_arcsec", "error_minor_arcsec"),
            *("error_angle_deg", "error_confidence", "band_low_kev", "band_high_kev"),
            *("flux", "exposure_s"),
        ),
        pl.Float64(),
    ),
    **dict.fromkeys(("catalog", "flux_unit", "extra"), pl.String()),
}


def with_typical_errors(
    rows: pl.DataFrame, instruments: Sequence[Instrument]
) -> pl.DataFrame:
    """Return the rows with an error each, and `error_origin`, the rule it is from.

    Parameters
    ----------
    rows
        Rows of `sources`: catalog, position error, band_low_kev and band_high_kev, flux,
        flux_unit and exposure_s (for counts), extra (for off-axis angle and counts).
    instruments
        Those of the observatory. A row's instrument is the first whose bands hold the
        row's band; else one that the catalogue's name begins with; else the one with the
        widest typical error.

    Returns
    -------
    polars.DataFrame
        The rows with error_radius_arcsec, error_confidence and error_origin.
    """
    rows = fill(rows, _TYPES).with_columns(
        pl.when(finite(name) > 0).then(finite(name)).alias(name)
        for name in ("error_radius_arcsec", "error_major_arcsec", "error_minor_arcsec")
    )
    unstated = pl.all_horizontal(
        pl.col("error_radius_arcsec", "error_major_arcsec").is_null()
    )
    confidence = finite("error_confidence")
    usable = confidence.is_between(0, 1, closed="none").fill_null(value=False)
    rows = rows.with_columns(
        pl.when(usable).then(confidence).alias("error_confidence"),
        pl.when(unstated)
        .then(pl.lit(None, dtype=pl.String))
        .when(usable)
        .then(pl.lit(STATED))
        .otherwise(pl.lit(NO_CONFIDENCE))
        .alias("error_origin"),
    )
    if rows["error_origin"].null_count():
        rows = _filled(rows, instruments)
    return rows.with_columns(
        pl.col("error_confidence").fill_null(WIDEST_CONFIDENCE),
    )


def _filled(rows: pl.DataFrame, instruments: Sequence[Instrument]) -> pl.DataFrame:
    """Return the rows with errors by instrument where `error_origin` is null."""
    rows = rows.with_columns(_instrument(instruments).alias("_instrument"))
    for number, instrument in enumerate(instruments):
        rules = [*RULES.get(instrument.name, ()), _general(instrument)]
        for radius, confidence, origin in rules:
            takes = (
                pl.col("error_origin").is_null()
                & (pl.col("_instrument") == number)
                & radius.is_not_null()
            )
            rows = rows.with_columns(
                pl.when(takes).then(value).otherwise(pl.col(name)).alias(name)
                for name, value in (
                    ("error_radius_arcsec", radius),
                    ("error_confidence", pl.lit(confidence)),
                    ("error_origin", pl.lit(origin)),
                )
            )
    return rows.drop("_instrument")


def _instrument(instruments: Sequence[Instrument]) -> pl.Expr:
    widths = [i.position_error.radius_arcsec for i in instruments]
    choice = pl.lit(widths.index(max(widths)))
    name = pl.col("catalog").str.to_lowercase()
    for number, instrument in reversed(list(enumerate(instruments))):
        named = name.str.starts_with(instrument.name.lower())
        choice = pl.when(named.fill_null(value=False)).then(number).otherwise(choice)
    for number, instrument in reversed(list(enumerate(instruments))):
        edges = [
            e for b in instrument.bands if b.unit == "keV" for e in (b.low, b.high)
        ]
        if edges:
            inside = pl.col("band_low_kev") >= min(edges)
            inside &= pl.col("band_high_kev") <= max(edges)
            choice = (
                pl.when(inside.fill_null(value=False)).then(number).otherwise(choice)
            )
    return choice


def _general(instrument: Instrument) -> tuple[pl.Expr, float, str]:
    typical = instrument.position_error
    return (
        pl.lit(typical.radius_arcsec),
        typical.confidence,
        (
            f"none stated: {typical.radius_arcsec:g} arcsec ({typical.confidence:.0%}) of "
            f"{instrument.name}, {typical.holds_for}"
        ),
    )


def _number(*keys: str) -> pl.Expr:
    extra = pl.col("extra")
    found = [extra.str.json_path_match(f"$.{key}") for key in keys]
    return pl.coalesce(text.cast(pl.Float64, strict=False) for text in found)


def _xrt() -> pl.Expr:
    counts = finite("flux") * finite("exposure_s")
    counted = pl.col("flux_unit").str.replace_all(" ", "").is_in(["count/s", "ct/s"])
    spread = XRT_ONE_COUNT_ARCSEC * counts.clip(1.0, None).pow(XRT_SLOPE)
    radius = (XRT_FLOOR_ARCSEC**2 + spread**2).sqrt()
    return pl.when(counted & (counts > 0)).then(radius)


def _chandra(off_axis: pl.Expr, counts: pl.Expr) -> pl.Expr:
    log = counts.clip(1.0, 2000.0).log10()
    few = 0.1145 * off_axis - 0.4958 * log + 0.1932
    many = 0.0968 * off_axis - 0.2064 * log - 0.4260
    exponent = pl.when(log <= CHANDRA_BREAK).then(few).otherwise(many)
    return pl.lit(10.0).pow(exponent)


def _chandra_rules() -> list[tuple[pl.Expr, float, str]]:
    counts = _number("cnts_aper_b", "cnts_aper_w", "counts", "COUNTS", "net_counts")
    off_axis = _number("theta", "off_axis", "theta_mean")
    rule = "Kim et al. 2007 (95 %)"
    return [
        (
            pl.when(counts > 0).then(_chandra(off_axis, counts)),
            0.95,
            f"none stated: from off-axis angle and counts, {rule}",
        ),
        (
            _chandra(pl.lit(CHANDRA_OFF_AXIS_ARCMIN), pl.lit(CHANDRA_COUNTS)),
            0.95,
            (
                f"none stated: {CHANDRA_OFF_AXIS_ARCMIN:g} arcmin off axis and "
                f"{CHANDRA_COUNTS:g} counts assumed, {rule}"
            ),
        ),
    ]


RULES: dict[str, list[tuple[pl.Expr, float, str]]] = {
    "XRT": [
        (
            _xrt(),
            0.9,
            (
                "none stated: 3.5 arcsec and 22.6 arcsec x counts^-0.48 in quadrature"
                " (90 %) of XRT"
            ),
        )
    ],
    "ACIS": _chandra_rules(),
    "HRC": _chandra_rules(),
}
"""By instrument: radius (null if it does not apply), confidence and words, in order."""
