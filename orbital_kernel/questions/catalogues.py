"""Catalogue sources with a position error each, told or typical."""

import polars as pl

from orbital_kernel.observatory import observatories

WIDEST_CONFIDENCE = 0.68
SOURCE = (
    *("catalog", "source_id", "ra", "dec", "error_radius_arcsec", "error_major_arcsec"),
    *("error_minor_arcsec", "error_angle_deg", "error_confidence", "kind", "simulated"),
    *("band_low_kev", "band_high_kev"),
)


def positioned(rows: pl.DataFrame, observatory: str) -> pl.DataFrame:
    """Return the sources with a position and its error, told or typical.

    A row that tells no error has the typical one of the instrument whose bands it is
    in, and one without a confidence is taken at 68 %, the widest usual reading.
    """
    untold = pl.all_horizontal(
        pl.col("error_radius_arcsec", "error_major_arcsec").fill_null(0) <= 0
    )
    for instrument in observatories()[observatory].instruments:
        edges = [edge for b in instrument.bands for edge in (b.low, b.high)]
        typical = instrument.position_error
        theirs = untold & (pl.col("band_low_kev") >= min(edges))
        theirs &= pl.col("band_high_kev") <= max(edges)
        rows = rows.with_columns(
            pl.when(theirs).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in (
                ("error_confidence", typical.confidence),
                ("error_radius_arcsec", typical.radius_arcsec),
            )
        )
    return rows.filter(
        ~untold, pl.all_horizontal(pl.col("ra", "dec").is_not_null())
    ).with_columns(pl.col("error_confidence").fill_null(WIDEST_CONFIDENCE))
