"""Light curves as files and as objects of other libraries; each keeps what it can hold.

Text cells of a CSV that a spreadsheet would run as a formula begin with a quote mark:
those that start with =, +, -, @, a tab or a carriage return.
"""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import polars.selectors as cs

from orbital_kernel.errors import QueryError
from orbital_kernel.query.units import qtable

if TYPE_CHECKING:
    from astropy.table import QTable
    from astropy.timeseries import TimeSeries

FORMULA = r"^([=+\-@\t\r])"
MJD_TT_AT_UNIX_EPOCH = 40587.0
NS_A_DAY = 86_400_000_000_000
FORMATS = {
    ".csv": "csv",
    ".ecsv": "ecsv",
    ".fits": "fits",
    ".fit": "fits",
    ".vot": "votable",
    ".xml": "votable",
    ".votable": "votable",
}
"""The formats of files by the ending of their names."""


def require_format(path: Path) -> str:
    """Return the format that a file's name ends with; QueryError if it is unknown."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise QueryError(
            f"{path.name}: a light curve is written as {', '.join(FORMATS)}; end the "
            "name of the file with one of these"
        )
    return kind


def write_csv(frame: pl.DataFrame, path: Path) -> Path:
    """Write all rows as CSV, times as ISO text (TT), formulas of spreadsheets disarmed."""
    guarded = frame.with_columns(pl.col(pl.String).str.replace(FORMULA, "'$1"))
    guarded.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.9f")
    return path


def write_ecsv(frame: pl.DataFrame, path: Path, about: Mapping[str, Any]) -> Path:
    """Write all rows as ECSV with units, masks and times (TT)."""
    from astropy.table import Table  # noqa: PLC0415 - slow

    Table(table(frame, about)).write(path, format="ascii.ecsv", overwrite=True)
    return path


def write_fits(frame: pl.DataFrame, path: Path, about: Mapping[str, Any]) -> Path:
    r"""Write all rows as a FITS binary table; text that is null becomes empty.

    FITS text is ASCII: another letter is written as its code, as in Andr\xe9.
    """
    from astropy.io import fits  # noqa: PLC0415 - slow
    from astropy.units import UnitsWarning  # noqa: PLC0415

    rows = table(_in_days(frame), {})
    for name in rows.colnames:
        if rows[name].dtype.kind in "OU":
            texts = [t.encode("ascii", "backslashreplace") for t in _texts(frame, name)]
            rows[name] = np.array(texts, dtype=bytes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # 'det' is written as it is
        hdu = fits.table_to_hdu(_filled(rows))
    hdu.header["EXTNAME"] = "LIGHTCURVE"
    hdu.header["TIMESYS"] = ("TT", "scale of the column time")
    for key, value in about.items():
        hdu.header[key[:8].upper()] = value
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return path


def write_votable(frame: pl.DataFrame, path: Path, about: Mapping[str, Any]) -> Path:
    """Write all rows as a VOTable; times are MJD (TT)."""
    from astropy.io.votable import from_table  # noqa: PLC0415 - slow
    from astropy.io.votable.exceptions import W50  # noqa: PLC0415
    from astropy.units import UnitsWarning  # noqa: PLC0415

    rows = table(_in_days(frame), about)
    for name in rows.colnames:
        if rows[name].dtype.kind in "OU":
            rows[name] = np.array(_texts(frame, name), dtype=object)
    facts = "; ".join(f"{key}: {value}" for key, value in about.items())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # 'erg' is old, and what all use
        warnings.simplefilter("ignore", W50)  # 'det' is written as it is
        document = from_table(_filled(rows))
        document.get_first_table().description = facts
        document.to_xml(str(path))
    return path


def table(frame: pl.DataFrame, about: Mapping[str, Any]) -> "QTable":
    """Return all rows as an astropy table with units and facts about the curve."""
    rows = qtable(frame)
    rows.meta.update(about)
    return rows


def time_series(points: pl.DataFrame, about: Mapping[str, Any]) -> "TimeSeries":
    """Return the points as an astropy TimeSeries, whose `flux` is value with its unit.

    Without dates its time is the time since T0; with some, points without a date are
    dropped and counted in its meta as `undated`.
    """
    from astropy.time import TimeDelta  # noqa: PLC0415 - slow
    from astropy.timeseries import TimeSeries  # noqa: PLC0415

    dated = points.filter(pl.col("time").is_not_null())
    rows = dated if len(dated) else points.filter(pl.col("since_s").is_not_null())
    columns = qtable(rows.drop("time"))
    if len(dated):
        times = qtable(rows.select("time"))["time"]
    else:
        times = TimeDelta(rows["since_s"].to_numpy(), format="sec")
    series = TimeSeries(time=times, data=columns)
    series["flux"] = columns["value"]
    error = pl.mean_horizontal("value_err_plus", "value_err_minus")
    unit = getattr(columns["value"], "unit", None) or ""
    errors = rows.select(error.fill_null(math.nan)).to_series().to_numpy()
    series["flux_err"] = errors << columns["value"].unit if unit else errors
    series.meta.update({**about, "undated": len(points) - len(rows)})
    return series


def lightkurve_curve(points: pl.DataFrame, about: Mapping[str, Any]) -> Any:
    """Return the dated detections as a lightkurve LightCurve; QueryError without any."""
    try:
        import lightkurve  # noqa: PLC0415
    except ImportError as error:
        raise QueryError(
            "a lightkurve light curve needs lightkurve: run `pip install lightkurve`"
        ) from error
    rows = points.filter(~pl.col("is_limit"), pl.col("time").is_not_null())
    _require_detections(rows, points, "a lightkurve light curve", "with a date")
    series = time_series(rows, about)
    curve = lightkurve.LightCurve(
        time=series.time, flux=series["flux"], flux_err=series["flux_err"]
    )
    for name in ("observatory", "instrument", "band"):
        curve[name] = series[name]
    curve.meta.update(series.meta)
    return curve


def stingray_curve(points: pl.DataFrame) -> Any:
    """Return the detections of one instrument, band and unit as a stingray Lightcurve.

    Its times are s since T0, and `dt` is the width of each bin where all have one.
    QueryError if the points are of several instruments, bands or units.
    """
    try:
        from stingray import (  # noqa: PLC0415
            Lightcurve,
        )
    except ImportError as error:
        raise QueryError(
            "a stingray light curve needs the extra 'timing': run "
            "`pip install 'orbital[timing]'`"
        ) from error
    rows = points.filter(~pl.col("is_limit"), pl.col("since_s").is_not_null())
    _require_detections(rows, points, "a stingray light curve", "with a time")
    for name in ("unit", "instrument", "band"):
        values = rows[name].unique().sort().to_list()
        if len(values) > 1:
            raise QueryError(
                f"a stingray light curve is of one {name}; this curve has "
                f"{', '.join(map(str, values[:5]))}: choose with curve.only({name}=…)"
            )
    rows = rows.sort("since_s")
    width = rows.select(
        (pl.col("time_err_plus_s") + pl.col("time_err_minus_s")).alias("w")
    )["w"]
    step = rows["since_s"].diff().drop_nulls()
    is_complete = width.null_count() == 0 and (width > 0).all()
    errors = pl.mean_horizontal("value_err_plus", "value_err_minus")
    since = rows["since_s"].to_numpy()
    spacing = float(np.median(step)) if len(step) else 1.0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SIMON|Some functional")
        return Lightcurve(
            since,
            rows["value"].to_numpy(),
            err=rows.select(errors).to_series().fill_null(math.nan).to_numpy(),
            input_counts=False,
            err_dist="gauss",
            dt=width.to_numpy() if is_complete else spacing,
            skip_checks=True,
            gti=[[since.min() - 1, since.max() + 1]],
        )


def _require_detections(
    rows: pl.DataFrame, points: pl.DataFrame, product: str, which: str
) -> None:
    if rows.is_empty():
        raise QueryError(
            f"{product} needs detections {which}; of this curve's {len(points):,} points "
            f"that count {int(points['is_limit'].sum()):,} are limits and none is one: see "
            "curve.reasons for why points are excluded"
        )


def _in_days(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with times as Modified Julian Date (TT), whole numbers signed.

    VOTable has no unsigned numbers but bytes.
    """
    times = [
        name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)
    ]
    days = pl.col(times).cast(pl.Datetime("ns")).cast(pl.Int64) / NS_A_DAY
    signed = cs.unsigned_integer().cast(pl.Int64)
    return frame.with_columns(days + MJD_TT_AT_UNIX_EPOCH, signed)


def _texts(frame: pl.DataFrame, name: str) -> list[str]:
    return [
        "" if value is None else str(value)
        for value in frame[name].cast(pl.String).to_list()
    ]


def _filled(rows: "QTable") -> Any:
    """Return a plain table whose missing numbers are NaN."""
    from astropy.table import Table  # noqa: PLC0415 - slow

    plain = Table(rows)
    for name in plain.colnames:
        column = plain[name]
        if getattr(column, "mask", None) is not None and column.dtype.kind == "f":
            plain[name] = column.filled(math.nan)
            plain[name].unit = column.unit
    return plain
