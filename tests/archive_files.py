"""Small files of the archives' formats, made on the spot, and a way to read any file."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.io import fits

from orbital_kernel.archives import detect, open_source
from orbital_kernel.archives.reading import Account
from orbital_kernel.model import schema

SWIFT = {
    "TELESCOP": "SWIFT",
    "INSTRUME": "BAT",
    "OBS_ID": "00554620000",
    "OBJECT": "GRB130427a",
    "TIMESYS": "TT",
    "MJDREFI": 51910.0,
    "MJDREFF": 0.00074287037,
    "CLOCKAPP": False,
    "TSTART": 388741449.0,
    "UTCFINIT": -10.48836,
}
CHANDRA = {
    "TELESCOP": "CHANDRA",
    "MISSION": "AXAF",
    "INSTRUME": "ACIS",
    "DETNAM": "ACIS-3",
    "OBS_ID": "16454",
    "OBJECT": "Chandra Deep Field-South",
    "TIMESYS": "TT",
    "MJDREF": 50814.0,
    "TIMEZERO": 0.0,
    "RA_NOM": 53.118280793516,
    "DEC_NOM": -27.799210340036,
}


def rows_of(path: Path) -> tuple[dict[str, pa.Table], Account]:
    """Return every table a file gives, with all columns of its schema, and the account."""
    account = Account("")
    pieces: dict[str, list[pa.Table]] = {}
    for name, batch in detect(path).read(open_source(path), account):
        pieces.setdefault(name, []).append(batch)
    observatory = account.observatory
    return {
        name: pa.concat_tables(
            schema.conform(
                batch, schema.table(name if "." in name else f"{observatory}.{name}")
            )
            for batch in batches
        )
        for name, batches in pieces.items()
    }, account


def table(
    name: str, columns: list[fits.Column], *, keywords: dict[str, object]
) -> fits.BinTableHDU:
    """Return a FITS table with these columns and keywords."""
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    hdu.header.update(keywords)
    return hdu


def write(path: Path, *tables: fits.BinTableHDU, **primary: object) -> Path:
    """Write a FITS file; gzipped where the name ends so; return the path."""
    head = fits.PrimaryHDU()
    head.header.update(primary)
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    fits.HDUList([head, *tables]).writeto(plain, overwrite=True, checksum=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(plain.read_bytes(), 1))
        plain.unlink()
    return path


def bat_lightcurve(
    path: Path,
    rate: np.ndarray,
    error: np.ndarray,
    *,
    met: np.ndarray | None = None,
    **keywords: object,
) -> Path:
    """Write a BAT mask-weighted light curve of one or several channels."""
    bins, channels = rate.reshape(len(rate), -1).shape
    start = 388741449.0 + np.arange(bins) if met is None else met
    low = np.array([15.0, 25.0, 50.0, 100.0])[:channels]
    high = np.append(low[1:], 350.0)
    form = "D" if channels == 1 else f"{channels}D"
    lightcurve = table(
        "RATE",
        [
            fits.Column("TIME", "D", "s", array=start),
            fits.Column("RATE", form, "count/s", array=rate),
            fits.Column("ERROR", form, "count/s", array=error),
            fits.Column("FRACEXP", "D", array=np.ones(bins)),
        ],
        keywords=SWIFT
        | {"HDUCLAS2": "NET", "TIMEDEL": 1.0, "TIMEPIXR": 0.0}
        | keywords,
    )
    bounds = table(
        "EBOUNDS",
        [
            fits.Column("CHANNEL", "I", array=np.arange(channels)),
            fits.Column("E_MIN", "E", "keV", array=low),
            fits.Column("E_MAX", "E", "keV", array=high),
        ],
        keywords=SWIFT,
    )
    gti = table(
        "STDGTI",
        [
            fits.Column("START", "D", "s", array=start[:1]),
            fits.Column("STOP", "D", "s", array=start[-1:] + 1),
        ],
        keywords={"TELESCOP": "SWIFT"},
    )
    return write(path, lightcurve, bounds, gti, TELESCOP="SWIFT", INSTRUME="BAT")


def bat_rates(path: Path, counts: np.ndarray, **keywords: object) -> Path:
    """Write a BAT raw rate file, counts of shape (bins,) int32 or (bins, 4) uint16."""
    start = 752463483.0 + np.arange(len(counts))
    column = (
        fits.Column("COUNTS", "1J", "count", array=counts)
        if counts.ndim == 1
        else fits.Column("COUNTS", "4I", "count", array=counts, bzero=32768)
    )
    rate = table(
        "RATE",
        [fits.Column("TIME", "1D", "s", array=start), column],
        keywords=SWIFT
        | {"HDUCLAS2": "TOTAL", "TIMEDEL": 1.0, "TIMEPIXR": 0.0, "UTCFINIT": -34.47804}
        | keywords,
    )
    return write(path, rate, TELESCOP="SWIFT", INSTRUME="BAT")


def chandra_gti(chip: int, start: list[float], stop: list[float]) -> fits.BinTableHDU:
    """Return one chip's GTI table; all chips' are called GTI."""
    return table(
        "GTI",
        [
            fits.Column("START", "1D", "s", array=np.array(start)),
            fits.Column("STOP", "1D", "s", array=np.array(stop)),
        ],
        keywords={"CCD_ID": chip, "TIMESYS": "TT", "MJDREF": 50814.0},
    )
